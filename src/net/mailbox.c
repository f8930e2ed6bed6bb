/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mailbox.h"

#include <unistd.h>

#include "base/must.h"
#include "proto/client_memory.h"

void mailbox_init(struct mailbox *m, unsigned number)
{
    m->magic = MAILBOX_MAGIC;
    lock_init(&m->lock, LOCK_MAILBOX, number);
    lock_take(&m->lock);
    m->first = NULL;
    m->last = &m->first;
    m->bytes = 0;
    m->last_payload = NULL;
    lock_drop(&m->lock);
    atomic_init(&m->signals, 0);
    atomic_init(&m->any, false);
}

void mailbox_fini(struct mailbox *m)
{
    uint32_t signals;
    struct letter *next;

    for (struct letter *l = mailbox_take(m, &signals); l != NULL; l = next) {
        next = l->next;
        if (l->kind == LETTER_CONNECTION || l->kind == LETTER_UNLISTEN)
            close(l->fd);
        letter_free(l);
    }
    m->magic = 0;
}

/* The fields that a kind needs. */
static bool is_whole(const struct letter *l)
{
    switch (l->kind) {
    case LETTER_CONNECTION:
    case LETTER_LISTEN:
    case LETTER_UNLISTEN:
        return l->fd >= 0 && l->payload == NULL;
    case LETTER_KILL:
        return l->to.generation != 0 && l->payload == NULL;
    case LETTER_PUSH:
        return l->to.generation != 0 && l->payload != NULL;
    case LETTER_RECEIPT:
        return l->to.generation != 0 && l->receipts > 0 && l->from.generation == 0;
    }
    return false;
}

static struct letter *copy_letter(const struct letter *from)
{
    struct letter *l = client_memory_alloc(sizeof *l);

    must(is_whole(from));
    must(!from->wants_receipt || from->from.generation != 0);
    *l = *from;
    l->magic = LETTER_MAGIC;
    l->next = NULL;
    if (l->payload != NULL)
        blob_ref(l->payload);
    return l;
}

void letter_free(struct letter *l)
{
    must_be(l, LETTER_MAGIC);
    if (l->payload != NULL)
        blob_unref(l->payload);
    l->magic = 0;
    client_memory_free(l);
}

/* Puts it behind the others, and decides on the receipt. */
static void append(struct mailbox *m, struct letter *l) REQUIRES(m->lock)
{
    lock_must_hold(&m->lock);
    m->bytes += sizeof *l;
    if (l->payload != NULL && l->payload != m->last_payload)
        m->bytes += sizeof *l->payload + l->payload->cap;
    m->last_payload = l->payload;
    if (l->from.generation != 0 && m->bytes > MAILBOX_BOUND)
        l->wants_receipt = true;
    *m->last = l;
    m->last = &l->next;
}

struct posted mailbox_post(struct mailbox *m, const struct letter *template)
{
    struct letter *l = copy_letter(template);
    struct posted posted;

    must_be(m, MAILBOX_MAGIC);
    lock_take(&m->lock);
    append(m, l);
    posted.wants_receipt = l->wants_receipt;
    lock_drop(&m->lock);
    posted.wake = !atomic_exchange(&m->any, true);
    return posted;
}

bool mailbox_signal(struct mailbox *m, uint32_t bits)
{
    must_be(m, MAILBOX_MAGIC);
    atomic_fetch_or(&m->signals, bits);
    return !atomic_exchange(&m->any, true);
}

/* Empties the box. */
static struct letter *take_all(struct mailbox *m) REQUIRES(m->lock)
{
    struct letter *l = m->first;

    must((l == NULL) == (m->bytes == 0));
    m->first = NULL;
    m->last = &m->first;
    m->bytes = 0;
    m->last_payload = NULL;
    return l;
}

struct letter *mailbox_take(struct mailbox *m, uint32_t *signals)
{
    struct letter *l;

    *signals = 0;
    if (!mailbox_has_mail(m))
        return NULL;
    /* Cleared first, so that a letter posted after this wakes the worker again. */
    atomic_store(&m->any, false);
    *signals = atomic_exchange(&m->signals, 0);
    lock_take(&m->lock);
    l = take_all(m);
    lock_drop(&m->lock);
    return l;
}
