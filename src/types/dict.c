/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/dict.h"

#include "base/bucket.h"
#include "base/hash.h"
#include "base/linear.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "base/slab.h"

#define GROW_AT     7 /* a bucket is split above this average number of elements per bucket */
#define SHRINK_AT   3 /* two buckets are merged below it */
#define BUCKETS_MAX (1u << 29)
#define CHAIN_MAX   64 /* elements of one chain; twelve is the average of the fullest, more do not occur */
#define LONG_KEY    255

struct element {
    unsigned char klen;
    char bytes[];
};

struct dict {
    uint32_t magic;
    uint32_t buckets;
    size_t used;
    size_t element_bytes; /* the blocks of all elements */
    struct bucket **segment;
    uint32_t segments;
    uint32_t chained; /* overflow buckets */
};

/* ---- elements ---- */

static inline size_t prefix_of(size_t klen)
{
    return klen < LONG_KEY ? 1 : 5;
}

struct slice element_key(const struct element *e)
{
    uint32_t n;

    if (LIKELY(e->klen < LONG_KEY))
        return slice_of(e->bytes, e->klen);
    memcpy(&n, e->bytes, sizeof n);
    return slice_of(e->bytes + sizeof n, n);
}

char *element_rest(const struct element *e)
{
    struct slice k = element_key(e);

    return (char *)k.p + k.n;
}

static size_t allocated(const struct element *e, size_t rest)
{
    size_t klen = element_key(e).n;

    return prefix_of(klen) + klen + rest;
}

struct element *element_new(struct slice key, size_t rest)
{
    size_t prefix = prefix_of(key.n);
    struct element *e = slab_alloc(prefix + key.n + rest);

    must(key.n <= UINT32_MAX);
    e->klen = prefix == 1 ? key.n : LONG_KEY;
    if (prefix != 1)
        memcpy(e->bytes, &(uint32_t){key.n}, 4);
    if (key.n != 0)
        memcpy((char *)e + prefix, key.p, key.n);
    return e;
}

void element_free(struct element *e, size_t rest)
{
    slab_free(e, allocated(e, rest));
}

size_t element_size(const struct element *e, size_t rest)
{
    return slab_usable_size(allocated(e, rest));
}

/* ---- the table ---- */

static inline struct bucket *bucket_at(const struct dict *d, uint32_t i)
{
    uint32_t offset;
    unsigned k = linear_segment(i, &offset);

    return d->segment[k] + offset;
}

static inline struct bucket *bucket_of(const struct dict *d, uint64_t hash)
{
    return bucket_at(d, linear_index(hash, d->buckets));
}

static uint64_t hash_of(const void *element)
{
    return hash_bytes(element_key(element));
}

static void set_segments(struct dict *d, uint32_t n)
{
    d->segment = mem_realloc(d->segment, n * sizeof *d->segment);
    d->segments = n;
}

/* False: there is no memory. A table that cannot grow goes on with longer chains. */
static bool add_segment(struct dict *d)
{
    size_t n = linear_segment_size(d->segments);
    struct bucket *b = mem_try_aligned_zero(sizeof *b, n * sizeof *b);

    if (b == NULL)
        return false;
    set_segments(d, d->segments + 1);
    d->segment[d->segments - 1] = b;
    return true;
}

/* The number of buckets that the first n segments have. */
static uint32_t buckets_in(unsigned n)
{
    uint32_t sum = 0;

    for (unsigned k = 0; k < n; k++)
        sum += linear_segment_size(k);
    return sum;
}

struct dict *dict_new(void)
{
    struct dict *d = mem_zalloc(sizeof *d);

    d->magic = DICT_MAGIC;
    d->buckets = LINEAR_FIRST;
    set_segments(d, 1);
    d->segment[0] = mem_aligned_zero(sizeof(struct bucket), LINEAR_FIRST * sizeof(struct bucket));
    return d;
}

void dict_reserve(struct dict *d, size_t n)
{
    size_t buckets = n / GROW_AT + 1;
    uint32_t offset;

    must(d->used == 0);
    must_be(d, DICT_MAGIC);
    if (buckets <= d->buckets)
        return;
    if (buckets > BUCKETS_MAX)
        buckets = BUCKETS_MAX;
    d->buckets = (uint32_t)buckets;
    while (linear_segment(d->buckets - 1, &offset) >= d->segments)
        if (!add_segment(d)) {
            d->buckets = buckets_in(d->segments);
            return;
        }
}

/* The last segment is freed with its first bucket, so that memory comes back while the elements are freed. */
bool dict_free_part(struct dict *d, void (*release)(void *element), size_t elements)
{
    uint32_t offset;

    must_be(d, DICT_MAGIC);
    for (size_t freed = 0; d->buckets > 0 && freed <= elements; freed++) {
        unsigned k = linear_segment(--d->buckets, &offset);
        struct bucket *b = &d->segment[k][offset];

        freed += bucket_length(b);
        bucket_free_all(b, release);
        while (offset == 0 && d->segments > k) /* dict_reserve may have made more of them */
            mem_free(d->segment[--d->segments]);
    }
    if (d->buckets > 0)
        return false;
    mem_free(d->segment);
    d->magic = 0;
    mem_free(d);
    return true;
}

void dict_free(struct dict *d, void (*release)(void *element))
{
    while (!dict_free_part(d, release, SIZE_MAX))
        ;
}

size_t dict_count(const struct dict *d)
{
    must_be(d, DICT_MAGIC);
    return d->used;
}

size_t dict_bytes(const struct dict *d)
{
    must_be(d, DICT_MAGIC);
    /* Segment sizes are powers of two, which the allocator does not round up. */
    return mem_usable_size(sizeof *d) + mem_usable_size(d->segments * sizeof *d->segment) +
           ((size_t)linear_room(d->buckets) + d->chained) * sizeof(struct bucket) +
           linear_pages(d->segments, sizeof(struct bucket)) + d->element_bytes;
}

struct element *dict_find(const struct dict *d, struct slice key)
{
    uint64_t hash = hash_bytes(key);
    uint8_t tag = bucket_tag(hash);

    must_be(d, DICT_MAGIC);
    for (const struct bucket *b = bucket_of(d, hash); b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_match(b, tag); bits != 0; bits &= bits - 1) {
            struct element *e = bucket_ref(b, __builtin_ctz(bits));

            if (LIKELY(slice_eq(element_key(e), key)))
                return e;
        }
    return NULL;
}

/* Moves the elements of the chain at b to the buckets they belong to now. */
static void redistribute(struct dict *d, struct bucket *b)
{
    unsigned count = bucket_length(b);
    struct bucket_taken taken[count + 1];

    bucket_take(b, hash_of, taken);
    d->chained -= bucket_clear(b, mem_free);
    for (unsigned i = 0; i < count; i++)
        d->chained += bucket_put(bucket_of(d, taken[i].hash), bucket_tag(taken[i].hash), taken[i].p);
}

static void split(struct dict *d)
{
    uint32_t n = d->buckets, offset;

    if (n >= BUCKETS_MAX)
        return;
    if (linear_segment(n, &offset) == d->segments && !add_segment(d))
        return;
    d->buckets = n + 1;
    redistribute(d, bucket_at(d, linear_split(n)));
}

static void merge(struct dict *d)
{
    uint32_t last = d->buckets - 1, offset;
    unsigned k = linear_segment(last, &offset);

    must(k + 1 == d->segments);
    d->buckets = last;
    redistribute(d, &d->segment[k][offset]);
    if (offset == 0) {
        mem_free(d->segment[k]);
        set_segments(d, k);
    }
}

void dict_insert(struct dict *d, struct element *e, size_t rest)
{
    uint64_t hash = hash_of(e);

    must_be(d, DICT_MAGIC);
    sane(dict_find(d, element_key(e)) == NULL);
    if (UNLIKELY(d->used >= (size_t)d->buckets * GROW_AT))
        split(d);
    d->chained += bucket_put(bucket_of(d, hash), bucket_tag(hash), e);
    d->used++;
    d->element_bytes += element_size(e, rest);
}

struct element *dict_resize(struct dict *d, struct element *e, size_t rest, size_t new_rest)
{
    size_t before = allocated(e, rest), after = allocated(e, new_rest);
    uint64_t hash;
    struct bucket *b;
    struct element *moved;
    unsigned i;

    must_be(d, DICT_MAGIC);
    if (slab_usable_size(before) == slab_usable_size(after))
        return e;
    hash = hash_of(e);
    b = bucket_of(d, hash);
    i = bucket_find(&b, hash, e);
    moved = slab_alloc(after);
    memcpy(moved, e, before < after ? before : after);
    bucket_set_ref(b, i, moved);
    d->element_bytes += slab_usable_size(after) - slab_usable_size(before);
    slab_free(e, before);
    return moved;
}

void dict_remove(struct dict *d, struct element *e, size_t rest)
{
    size_t bytes = element_size(e, rest);
    uint64_t hash = hash_of(e);
    struct bucket *b = bucket_of(d, hash);
    unsigned i = bucket_find(&b, hash, e);

    must_be(d, DICT_MAGIC);
    must(d->used > 0 && d->element_bytes >= bytes);
    b->bytes[i] = 0;
    d->used--;
    d->element_bytes -= bytes;
    if (UNLIKELY(d->used < (size_t)d->buckets * SHRINK_AT && d->buckets > LINEAR_FIRST))
        merge(d);
}

/* ---- walks ---- */

static void prefetch_elements(const struct bucket *b)
{
    for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1)
        __builtin_prefetch(bucket_ref(b, __builtin_ctz(bits)));
}

uint64_t dict_scan(const struct dict *d, uint64_t at, void (*visit)(void *arg, struct element *e), void *arg)
{
    must_be(d, DICT_MAGIC);
    for (const struct bucket *b = bucket_at(d, linear_index(at, d->buckets)); b != NULL; b = bucket_next(b)) {
        prefetch_elements(b);
        for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1)
            visit(arg, bucket_ref(b, __builtin_ctz(bits)));
    }
    return linear_scan_next(at, d->buckets);
}

/* Draws a bucket and a position in it together, and draws again if the position is empty. So each element is equally
 * likely, however full its bucket is. */
struct element *dict_random(const struct dict *d)
{
    unsigned positions = d->chained == 0 ? BUCKET_SLOTS : CHAIN_MAX;

    must_be(d, DICT_MAGIC);
    if (d->used == 0)
        return NULL;
    for (;;) {
        const struct bucket *b = bucket_at(d, rand_below(d->buckets));
        unsigned position = rand_below(positions);

        if (position < bucket_length(b))
            return bucket_pick(b, position);
    }
}

struct element *dict_next(const struct dict *d, struct dict_walk *w)
{
    struct element *e;

    sane(d->magic == DICT_MAGIC);
    while (w->left == 0) {
        if (w->bucket != NULL)
            w->bucket = bucket_next(w->bucket);
        if (w->bucket == NULL) {
            if (w->next == d->buckets)
                return NULL;
            w->bucket = bucket_at(d, w->next++);
        }
        w->left = bucket_used(w->bucket);
    }
    e = bucket_ref(w->bucket, __builtin_ctz(w->left));
    w->left &= w->left - 1;
    return e;
}

/* ---- compaction ---- */

static void compact_bucket(struct bucket *b, struct slab_work *w, const struct dict_mover *m)
{
    prefetch_elements(b);
    for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1) {
        unsigned slot = __builtin_ctz(bits);
        struct element *e = bucket_ref(b, slot), *moved;
        size_t size = allocated(e, m->rest_of(e));

        moved = slab_move(w, e, size);
        if (moved == NULL)
            continue;
        if (m->moved != NULL)
            m->moved(m->arg, e, moved);
        bucket_set_ref(b, slot, moved);
        slab_moved(e, size);
    }
}

uint32_t dict_compact(struct dict *d, uint32_t at, struct slab_work *w, const struct dict_mover *m)
{
    must_be(d, DICT_MAGIC);
    for (; at < d->buckets && w->left > 0; at++) {
        w->left--;
        for (struct bucket *b = bucket_at(d, at); b != NULL; b = bucket_next(b))
            compact_bucket(b, w, m);
    }
    return at < d->buckets ? at : 0;
}
