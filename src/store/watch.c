/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/watch.h"

#include "store/entry.h"

static struct watch *watch_of(struct interest *i)
{
    must(i->kind == &interest_watch);
    return (struct watch *)i; /* its first member */
}

/* The removal of a key that had already expired at WATCH is no change. */
static void note_change(struct interest *i, const struct event *event)
{
    struct watch *w = watch_of(i);

    if (event->unwatched)
        return;
    if (event->class == EVENT_EXPIRED) {
        w->changed |= !w->was_expired;
        w->was_expired = false;
    } else {
        w->changed = true;
    }
}

/* A key that had expired at WATCH, or did not exist, has changed only if a live key replaces it. */
static void note_exchange(struct interest *i, const struct entry *before, const struct entry *after, int64_t now)
{
    struct watch *w = watch_of(i);
    bool is_absent = after == NULL || entry_expired(after, now);

    if (w->was_expired || before == NULL) {
        w->changed |= !is_absent;
        w->was_expired = after != NULL && is_absent;
    } else {
        w->changed = true;
    }
}

const struct interest_kind interest_watch = {INTEREST_WATCH, note_change, note_exchange};
