/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * table_layout: how the parts of a table are found.
 *
 * Role:    its counters, the directory of its segments, the addresses of buckets and of their due words.
 * Threads: as table.
 * Used by: table.c and table_due.c only.
 */
#ifndef LARDER_STORE_TABLE_LAYOUT_H
#define LARDER_STORE_TABLE_LAYOUT_H

#include "base/bucket.h"
#include "base/linear.h"
#include "base/must.h"
#include "store/entry.h"
#include "store/table.h"

#define NO_DUE UINT32_MAX

/* The counters are written under the lock only, and read by anyone. */
static inline void count_add(_Atomic uint32_t *count, int32_t n)
{
    uint32_t before = atomic_load_explicit(count, memory_order_relaxed);

    must(n >= 0 ? before <= UINT32_MAX - (uint32_t)n : before >= (uint32_t)-n);
    atomic_store_explicit(count, before + (uint32_t)n, memory_order_relaxed);
}

static inline uint32_t count_get(_Atomic uint32_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* The flags of an entry have changed; 0: it was not in the table, or was removed. */
static inline void count_flags(struct table *t, unsigned was, unsigned is)
{
    if ((was ^ is) & ENTRY_EXPIRES)
        count_add(&t->volatiles, is & ENTRY_EXPIRES ? 1 : -1);
    if ((was ^ is) & ENTRY_FIELDS_EXPIRE)
        count_add(&t->partials, is & ENTRY_FIELDS_EXPIRE ? 1 : -1);
}

/* An entry is no longer what it was. Whether that was counted is checked where the table is emptied. */
static inline void count_bytes(struct table *t, size_t was, size_t is)
{
    must(t->bytes >= was);
    t->bytes += is - was;
}

/* As table_recount. */
static inline void count_anew(struct table *t, const struct entry_tally *was, const struct entry *e)
{
    count_flags(t, was->flags, e->flags);
    count_bytes(t, was->bytes, entry_size(e));
}

/* ---- addresses ---- */

#define DIRECTORY_FIRST 8

/* Replaced by a larger one when it is full; readers without the lock may still use the old one. */
struct directory {
    unsigned cap;
    struct bucket *_Atomic segment[];
};

static inline struct directory *directory_of(struct table *t)
{
    return atomic_load_explicit(&t->directory, memory_order_acquire);
}

static inline struct bucket *segment_at(struct table *t, unsigned k)
{
    return atomic_load_explicit(&directory_of(t)->segment[k], memory_order_relaxed);
}

static inline uint32_t size_of(struct table *t)
{
    return atomic_load_explicit(&t->buckets, memory_order_relaxed);
}

static inline struct bucket *bucket_at(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = linear_segment(i, &offset);

    sane(i < size_of(t) && k < directory_of(t)->cap);
    return segment_at(t, k) + offset;
}

static inline struct bucket *bucket_of(struct table *t, uint64_t hash)
{
    return bucket_at(t, linear_index(hash, size_of(t)));
}

static inline uint32_t **due_of(struct table *t)
{
    return atomic_load_explicit(&t->due, memory_order_relaxed);
}

/* The due word of bucket i; NULL: no entry of the table ever had an expiry. */
static inline uint32_t *due_at(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = linear_segment(i, &offset);

    return due_of(t) ? due_of(t)[k] + offset : NULL;
}

/* Allocates the due words of segment k. */
void table_make_due(struct table *t, unsigned k);

#endif
