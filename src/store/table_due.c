/* SPDX-License-Identifier: BSD-3-Clause */
/* When the entries of a table are due, and the sweep over those that are. */
#include "base/mem.h"
#include "store/entry.h"
#include "store/table_layout.h"

void table_make_due(struct table *t, unsigned k)
{
    size_t bytes = linear_segment_size(k) * sizeof(uint32_t);

    must(k < directory_of(t)->cap && due_of(t)[k] == NULL);
    due_of(t)[k] = memset(mem_alloc(bytes), 0xff, bytes);
}

/* Allocates the due words of all segments. */
static void make_all_due(struct table *t)
{
    struct directory *d = directory_of(t);

    must(due_of(t) == NULL);
    atomic_store_explicit(&t->due, mem_zalloc(d->cap * sizeof(uint32_t *)), memory_order_relaxed);
    for (unsigned k = 0; k < d->cap && segment_at(t, k) != NULL; k++)
        table_make_due(t, k);
}

void table_note_due(struct table *t, uint64_t hash, uint32_t tick)
{
    uint32_t *due;

    must(tick != NO_DUE);
    if (UNLIKELY(due_of(t) == NULL))
        make_all_due(t);
    due = due_at(t, linear_index(hash, size_of(t)));
    if (tick < *due)
        *due = tick;
    if (tick < atomic_load_explicit(&t->next_due, memory_order_relaxed))
        atomic_store_explicit(&t->next_due, tick, memory_order_relaxed);
    if (tick < t->sweep_due)
        t->sweep_due = tick;
}

void table_forget_due(struct table *t)
{
    uint32_t n = size_of(t);

    must_be(t, TABLE_MAGIC);
    if (due_of(t) == NULL)
        return;
    for (uint32_t i = 0; i < n; i++)
        if (*due_at(t, i) != NO_DUE)
            *due_at(t, i) = 0;
    t->sweep = 0;
    t->sweep_due = NO_DUE;
    atomic_store_explicit(&t->next_due, 0, memory_order_relaxed);
}

/* Removes the entries of bucket i that are due; returns the tick at which the next entry is due. */
static uint32_t sweep_bucket(struct table *t, uint32_t i, struct table_sweep *s)
{
    uint32_t next = NO_DUE;

    for (struct bucket *b = bucket_at(t, i); b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1) {
            unsigned slot = __builtin_ctz(bits);
            struct entry *e = bucket_ref(b, slot);
            struct entry_tally was;
            uint32_t tick;

            if (!(e->flags & ENTRY_VOLATILE))
                continue;
            was = entry_tally(e);
            if (s->due(s->arg, &e, &tick)) {
                b->bytes[slot] = 0;
                count_add(&t->used, -1);
                count_flags(t, was.flags, 0);
                count_bytes(t, was.bytes, 0);
                s->max_removals -= s->max_removals != 0;
                s->removed(s->arg, e);
                continue;
            }
            bucket_set_ref(b, slot, e);
            count_anew(t, &was, e);
            if (tick < next)
                next = tick;
        }
    return next;
}

bool table_sweep(struct table *t, struct table_sweep *s)
{
    uint32_t n = size_of(t);

    must_be(t, TABLE_MAGIC);
    must(s->due != NULL && s->removed != NULL);
    for (unsigned looked = 0; looked < s->buckets && s->max_removals != 0; looked++) {
        uint32_t *due;

        if (t->sweep >= n) {
            t->sweep = 0;
            atomic_store_explicit(&t->next_due, t->sweep_due, memory_order_relaxed);
            t->sweep_due = NO_DUE;
            return true;
        }
        due = due_at(t, t->sweep);
        if (due != NULL && *due <= s->now)
            *due = sweep_bucket(t, t->sweep, s);
        if (due != NULL && *due < t->sweep_due)
            t->sweep_due = *due;
        if (due != NULL && *due <= s->now)
            return false;
        t->sweep++;
    }
    return false;
}
