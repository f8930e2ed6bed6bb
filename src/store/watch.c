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

void watch_mark(struct watch_list *l, unsigned db, uint64_t hash, struct slice key)
{
    for (struct watch *w = l->first; w != NULL; w = w->next)
        if (w->hash == hash && w->db == db && slice_eq(w->key, key))
            w->changed = true;
}
