/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/slots.h"

#include <stddef.h>

#include "base/must.h"
#include "proto/client_memory.h"

#define FIRST_SLOTS 64

void slots_init(struct slots *s, uint32_t worker)
{
    *s = (struct slots){.worker = worker, .free = SLOT_NONE};
}

void slots_fini(struct slots *s)
{
    must(s->used == 0);
    client_memory_free(s->all);
    s->all = NULL;
    s->count = s->cap = 0;
}

/* A slot that was never used. */
static uint32_t new_slot(struct slots *s)
{
    if (s->count == s->cap) {
        must(s->cap <= SLOT_NONE / 2);
        s->cap = s->cap ? 2 * s->cap : FIRST_SLOTS;
        s->all = client_memory_realloc(s->all, s->cap * sizeof *s->all);
    }
    s->all[s->count] = (struct slot){.generation = 1, .next_free = SLOT_NONE};
    return s->count++;
}

static uint32_t take_slot(struct slots *s)
{
    uint32_t at = s->free;

    if (at == SLOT_NONE)
        return new_slot(s);
    must(at < s->count);
    s->free = s->all[at].next_free;
    return at;
}

struct mail_address slots_add(struct slots *s, struct conn *c)
{
    uint32_t at = take_slot(s);
    struct slot *slot = &s->all[at];

    must(slot->conn == NULL && slot->generation != 0);
    slot->conn = c;
    s->used++;
    return (struct mail_address){s->worker, at, slot->generation};
}

void slots_remove(struct slots *s, struct mail_address a)
{
    struct slot *slot = &s->all[a.slot];

    must(slots_find(s, a) != NULL);
    slot->conn = NULL;
    if (++slot->generation == 0)
        slot->generation = 1; /* an address never has 0 */
    slot->next_free = s->free;
    s->free = a.slot;
    s->used--;
}

struct conn *slots_find(const struct slots *s, struct mail_address a)
{
    must(a.worker == s->worker && a.slot < s->count);
    return s->all[a.slot].generation == a.generation ? s->all[a.slot].conn : NULL;
}
