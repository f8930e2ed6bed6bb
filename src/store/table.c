/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/table.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/quiesce.h"
#include "base/rand.h"
#include "store/entry.h"
#include "store/keyspace.h"
#include "store/table_layout.h"

#define GROW_AT   6 /* average entries per bucket above which one is split */
#define SHRINK_AT 3 /* and below which two are merged */

/* ---- the table ---- */

static struct directory *directory_new(unsigned cap)
{
    struct directory *d = mem_zalloc(sizeof *d + cap * sizeof *d->segment);

    d->cap = cap;
    return d;
}

struct table *table_new(void)
{
    struct table *t = mem_aligned_zero(sizeof *t, sizeof *t);
    struct directory *d = directory_new(DIRECTORY_FIRST);
    struct bucket *first = arena_zalloc(LINEAR_FIRST * sizeof *first);

    atomic_init(&d->segment[0], first);
    atomic_init(&t->directory, d);
    atomic_init(&t->buckets, LINEAR_FIRST);
    t->sweep_due = NO_DUE;
    atomic_init(&t->next_due, NO_DUE);
    t->magic = TABLE_MAGIC;
    return t;
}

static void release(void *entry)
{
    entry_free(entry);
}

static size_t bucket_sum(const struct bucket *b)
{
    size_t sum = 0;

    for (; b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1)
            sum += entry_size(bucket_ref(b, __builtin_ctz(bits)));
    return sum;
}

/* Whether every change of an entry's size was counted. */
__attribute__((unused)) static bool is_exact(struct table *t)
{
    uint32_t n = size_of(t);
    size_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        sum += bucket_sum(bucket_at(t, i));
    return sum == t->bytes;
}

bool table_empty(struct table *t, size_t entries)
{
    uint32_t n = size_of(t);

    must_be(t, TABLE_MAGIC);
    sane(t->bytes == 0 || is_exact(t)); /* before the first part */
    if (t->bytes != 0)
        t->sweep = 0;
    t->bytes = 0;
    for (size_t freed = 0; t->sweep < n && freed <= entries; freed++) {
        struct bucket *b = bucket_at(t, t->sweep++);

        freed += bucket_length(b);
        bucket_free_all(b, release);
        memset(b, 0, sizeof *b);
    }
    if (t->sweep < n)
        return false;
    atomic_store_explicit(&t->chained, 0, memory_order_relaxed);
    return true;
}

void table_free(void *table)
{
    struct table *t = table;
    struct directory *d = directory_of(t);
    uint32_t **due = due_of(t), n = size_of(t);

    must_be(t, TABLE_MAGIC);
    sane(is_exact(t));
    for (uint32_t i = 0; i < n; i++)
        bucket_free_all(bucket_at(t, i), release);
    for (unsigned k = 0; k < d->cap; k++) {
        arena_free(d->segment[k]);
        if (due != NULL)
            mem_free(due[k]);
    }
    mem_free(due);
    mem_free(d);
    t->magic = 0;
    mem_free(t);
}

size_t table_overhead(struct table *t)
{
    size_t room = linear_room(size_of(t)), cap = directory_of(t)->cap;
    uint32_t offset;
    unsigned segments = linear_segment(size_of(t) - 1, &offset) + 1;
    size_t n = sizeof *t + sizeof(struct directory) + cap * sizeof(struct bucket *) +
               ((size_t)count_get(&t->chained) + room) * sizeof(struct bucket) +
               linear_pages(segments, sizeof(struct bucket));

    if (due_of(t) != NULL)
        n += room * sizeof(uint32_t) + cap * sizeof(uint32_t *) + linear_pages(segments, sizeof(uint32_t));
    return n;
}

struct entry *table_find(struct table *t, uint64_t hash, struct slice key)
{
    uint8_t tag = bucket_tag(hash);

    for (struct bucket *b = bucket_of(t, hash); b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_match(b, tag); bits != 0; bits &= bits - 1) {
            struct entry *e = bucket_ref(b, __builtin_ctz(bits));

            if (LIKELY(slice_eq(entry_key(e), key)))
                return e;
        }
    return NULL;
}

static void directory_grow(struct table *t)
{
    struct directory *d = directory_of(t), *more = directory_new(d->cap * 2);
    uint32_t **due = due_of(t);

    for (unsigned k = 0; k < d->cap; k++)
        atomic_init(&more->segment[k], segment_at(t, k));
    atomic_store_explicit(&t->directory, more, memory_order_release);
    if (due != NULL) {
        due = mem_realloc(due, more->cap * sizeof *due);
        memset(due + d->cap, 0, d->cap * sizeof *due);
        atomic_store_explicit(&t->due, due, memory_order_relaxed);
    }
    quiesce_retire(d, mem_free);
}

/* Allocates memory for bucket i if it is the first of its segment. False: there is none. A table that cannot grow goes
 * on with longer chains. */
static bool make_bucket(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = linear_segment(i, &offset);
    struct bucket *b;

    if (offset != 0)
        return true;
    if (k >= directory_of(t)->cap)
        directory_grow(t);
    must(k < directory_of(t)->cap && segment_at(t, k) == NULL);
    b = arena_try_zalloc(linear_segment_size(k) * sizeof *b);
    if (b == NULL)
        return false;
    atomic_store_explicit(&directory_of(t)->segment[k], b, memory_order_release);
    if (due_of(t) != NULL)
        table_make_due(t, k);
    return true;
}

/* Puts e into a bucket, or into an overflow bucket if it is full. */
static void put(struct table *t, struct bucket *b, uint64_t hash, struct entry *e)
{
    count_add(&t->chained, (int32_t)bucket_put(b, bucket_tag(hash), e));
}

static uint64_t hash_of(const void *entry)
{
    return keyspace_hash(entry_key(entry));
}

/* Threads without the lock may still read an overflow bucket. */
static void retire(void *bucket)
{
    quiesce_retire(bucket, mem_free);
}

/* Splits the next bucket in turn: about half of its entries move to the new last bucket. */
static void split(struct table *t)
{
    uint32_t n = size_of(t);
    uint32_t from = linear_split(n);
    struct bucket *b = bucket_at(t, from);
    unsigned count = bucket_length(b);
    struct bucket_taken taken[count + 1];

    if (n >= 1u << 29)
        return;
    if (!make_bucket(t, n))
        return;
    bucket_take(b, hash_of, taken);
    count_add(&t->chained, -(int32_t)bucket_clear(b, retire));
    if (due_of(t) != NULL)
        *due_at(t, n) = *due_at(t, from);
    atomic_store_explicit(&t->buckets, n + 1, memory_order_release);
    for (unsigned i = 0; i < count; i++)
        put(t, bucket_at(t, linear_index(taken[i].hash, n + 1)), taken[i].hash, taken[i].p);
}

static void drop_segment(struct table *t, unsigned k)
{
    struct bucket *b = segment_at(t, k);

    must(b != NULL);
    atomic_store_explicit(&directory_of(t)->segment[k], NULL, memory_order_release);
    quiesce_retire(b, arena_free); /* after it was unlinked */
    if (due_of(t) != NULL) {
        mem_free(due_of(t)[k]);
        due_of(t)[k] = NULL;
    }
}

bool table_is_sparse(struct table *t)
{
    return count_get(&t->used) < (size_t)size_of(t) * SHRINK_AT && size_of(t) > LINEAR_FIRST;
}

/* Merges the last bucket into the one it was split from. */
static void merge(struct table *t)
{
    uint32_t n = size_of(t) - 1, offset, into = linear_split(n);
    unsigned k = linear_segment(n, &offset), count;
    struct bucket *last = bucket_at(t, n), *b;

    must(n >= LINEAR_FIRST && into < n);
    b = bucket_at(t, into);
    count = bucket_length(last);
    {
        struct bucket_taken taken[count + 1];

        bucket_take(last, hash_of, taken);
        count_add(&t->chained, -(int32_t)bucket_clear(last, retire));
        atomic_store_explicit(&t->buckets, n, memory_order_release);
        for (unsigned i = 0; i < count; i++)
            put(t, b, taken[i].hash, taken[i].p);
    }
    if (due_of(t) != NULL && *due_at(t, n) < *due_at(t, into)) {
        *due_at(t, into) = *due_at(t, n);
        if (*due_at(t, into) < t->sweep_due) /* the sweep may have passed it already */
            t->sweep_due = *due_at(t, into);
    }
    if (offset == 0)
        drop_segment(t, k);
}

void table_insert(struct table *t, uint64_t hash, struct entry *e)
{
    sane(table_find(t, hash, entry_key(e)) == NULL);
    if (UNLIKELY(count_get(&t->used) >= (size_t)size_of(t) * GROW_AT))
        split(t);
    put(t, bucket_of(t, hash), hash, e);
    count_add(&t->used, 1);
    count_flags(t, 0, e->flags);
    t->bytes += entry_size(e);
}

void table_recount(struct table *t, const struct entry_tally *was, const struct entry *e)
{
    count_anew(t, was, e);
}

void table_replace(struct table *t, uint64_t hash, const struct entry *old, const struct entry_tally *was,
                   struct entry *e)
{
    struct bucket *b = bucket_of(t, hash);
    unsigned i = bucket_find(&b, hash, old);

    bucket_set_ref(b, i, e);
    table_recount(t, was, e);
}

void table_remove(struct table *t, uint64_t hash, const struct entry *e)
{
    struct bucket *b = bucket_of(t, hash);
    unsigned i = bucket_find(&b, hash, e);

    b->bytes[i] = 0;
    count_add(&t->used, -1);
    count_flags(t, e->flags, 0);
    count_bytes(t, entry_size(e), 0);
    if (UNLIKELY(table_is_sparse(t)))
        merge(t);
}

bool table_trim(struct table *t, unsigned merges)
{
    for (; merges != 0 && table_is_sparse(t); merges--)
        merge(t);
    return table_is_sparse(t);
}

/* ---- walks ---- */

uint64_t table_scan(struct table *t, uint64_t at, void (*visit)(void *arg, struct entry *e), void *arg)
{
    uint32_t n = size_of(t);

    for (const struct bucket *b = bucket_at(t, linear_index(at, n)); b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1)
            visit(arg, bucket_ref(b, __builtin_ctz(bits)));
    return linear_scan_next(at, n);
}

struct entry *table_random(struct table *t)
{
    uint32_t n = size_of(t);

    if (count_get(&t->used) == 0)
        return NULL;
    for (;;) {
        struct bucket *b = bucket_at(t, rand_below(n));
        unsigned count = bucket_length(b);

        if (count != 0)
            return bucket_pick(b, rand_below(count));
    }
}

struct entry *table_random_volatile(struct table *t)
{
    uint32_t n = size_of(t);
    uint32_t i = rand_below(n);

    if (count_get(&t->volatiles) == 0)
        return NULL;
    must(due_of(t) != NULL);
    for (;; i = (i + 1) % n) {
        struct entry *pick = NULL;
        unsigned seen = 0, fields = 0;

        if (*due_at(t, i) == NO_DUE)
            continue;
        for (struct bucket *b = bucket_at(t, i); b != NULL; b = bucket_next(b))
            for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1) {
                struct entry *e = bucket_ref(b, __builtin_ctz(bits));

                fields |= e->flags & ENTRY_FIELDS_EXPIRE;
                if ((e->flags & ENTRY_EXPIRES) && rand_below(++seen) == 0)
                    pick = e;
            }
        if (pick != NULL)
            return pick;
        if (!fields)
            *due_at(t, i) = NO_DUE;
    }
}

/* Copies references to at most `max` entries of a chain to out. */
static unsigned gather(const struct bucket *b, struct entry **out, unsigned max)
{
    unsigned n = 0;

    for (; b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_used(b); bits != 0 && n < max; bits &= bits - 1) {
            out[n] = bucket_ref(b, __builtin_ctz(bits));
            __builtin_prefetch(out[n++]);
        }
    return n;
}

unsigned table_look(struct table *t, uint32_t *at, bool only_volatile, struct entry **out, unsigned want,
                    unsigned max_buckets)
{
    uint32_t size = size_of(t), i = *at < size ? *at : 0, n = 0;

    must(want <= TABLE_LOOK_MAX);
    for (; n < want && max_buckets > 0 && i < size; i++, max_buckets--)
        if (!only_volatile || (due_of(t) != NULL && *due_at(t, i) != NO_DUE))
            n += gather(bucket_at(t, i), out + n, TABLE_LOOK_MAX - n);
    *at = i < size ? i : 0;
    __builtin_prefetch(bucket_at(t, *at)); /* the next call reads it */
    return n;
}

bool table_holds(struct table *t, uint64_t hash, const struct entry *e)
{
    uint8_t tag = bucket_tag(hash);

    for (struct bucket *b = bucket_of(t, hash); b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_match(b, tag); bits != 0; bits &= bits - 1)
            if (bucket_ref(b, __builtin_ctz(bits)) == e)
                return true;
    return false;
}

/* ---- hints ---- */

#define FETCHED 48 /* bytes of an entry; it may begin anywhere in a cache line */

/* The bucket's address, read without the lock; NULL if the table grows or shrinks at that moment. */
static inline struct bucket *peek(struct table *t, uint64_t hash)
{
    struct directory *d = directory_of(t);
    uint32_t offset;
    unsigned k = linear_segment(linear_index(hash, size_of(t)), &offset);
    struct bucket *segment = k < d->cap ? atomic_load_explicit(&d->segment[k], memory_order_acquire) : NULL;

    return segment ? segment + offset : NULL;
}

void table_prefetch_bucket(struct table *t, uint64_t hash)
{
    __builtin_prefetch(peek(t, hash));
}

/* A torn reference is possible here and harmless: the address is only a hint to the cache. Builds with the thread
 * sanitizer, which would report it, leave this out. */
void table_prefetch_entry(struct table *t, uint64_t hash)
{
#ifdef __SANITIZE_THREAD__
    (void)t;
    (void)hash;
#else
    const struct bucket *b = peek(t, hash);
    unsigned bits = b ? bucket_match(b, bucket_tag(hash)) : 0;

    if (bits != 0) {
        const char *e = (const char *)bucket_ref(b, __builtin_ctz(bits));

        __builtin_prefetch(e);
        __builtin_prefetch(e + FETCHED - 1);
    }
#endif
}
