/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/watch.h"

#include <stddef.h>

void watch_add(struct watch_list *l, struct watch *w)
{
    w->prev = NULL;
    w->next = l->first;
    if (w->next != NULL)
        w->next->prev = w;
    l->first = w;
}

void watch_remove(struct watch_list *l, struct watch *w)
{
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        l->first = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
}

/* The next watch of the key from w on, w included. */
static struct watch *watch_of(struct watch *w, unsigned db, uint64_t hash, struct slice key)
{
    while (w != NULL && (w->hash != hash || w->db != db || !slice_eq(w->key, key)))
        w = w->next;
    return w;
}

void watch_mark(struct watch_list *l, unsigned db, uint64_t hash, struct slice key)
{
    for (struct watch *w = l->first; (w = watch_of(w, db, hash, key)) != NULL; w = w->next)
        w->changed = true;
}

void watch_expired(struct watch_list *l, unsigned db, uint64_t hash, struct slice key)
{
    for (struct watch *w = l->first; (w = watch_of(w, db, hash, key)) != NULL; w = w->next) {
        w->changed |= !w->was_expired;
        w->was_expired = false;
    }
}
