/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/mailbox.h"

#include <stddef.h>

#include "base/mem.h"

void mailbox_init(struct mailbox *m, unsigned number) UNCHECKED_LOCKS /* nobody else knows it yet */
{
    lock_init(&m->lock, LOCK_MAILBOX, number);
    m->first = NULL;
    m->last = &m->first;
    atomic_init(&m->signals, 0);
    atomic_init(&m->any, false);
}

bool mailbox_post(struct mailbox *m, enum letter_kind kind, int fd)
{
    struct letter *l = mem_alloc(sizeof *l);

    *l = (struct letter){NULL, kind, fd};
    lock_take(&m->lock);
    *m->last = l;
    m->last = &l->next;
    lock_drop(&m->lock);
    return !atomic_exchange(&m->any, true);
}

bool mailbox_signal(struct mailbox *m, uint32_t bits)
{
    atomic_fetch_or(&m->signals, bits);
    return !atomic_exchange(&m->any, true);
}

struct letter *mailbox_take(struct mailbox *m, uint32_t *signals)
{
    struct letter *l;

    *signals = 0;
    if (!atomic_load_explicit(&m->any, memory_order_acquire))
        return NULL;
    /* First, so that what is posted from here on wakes again. */
    atomic_store(&m->any, false);
    *signals = atomic_exchange(&m->signals, 0);
    lock_take(&m->lock);
    l = m->first;
    m->first = NULL;
    m->last = &m->first;
    lock_drop(&m->lock);
    return l;
}
