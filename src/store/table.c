/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/table.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/quiesce.h"
#include "base/rand.h"
#include "store/entry.h"

#define GROW_AT   6  /* average entries per bucket above which one is split */
#define SHRINK_AT 3  /* and below which two are merged */
#define LAST      (BUCKET_SLOTS - 1)
#define NO_DUE    UINT32_MAX

/* The counters are written under the lock only, and read by anyone. */
static inline void count_add(_Atomic size_t *count, ptrdiff_t n)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline size_t count_get(_Atomic size_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* ---- a bucket ---- */

static inline uint8_t tag_of(uint64_t hash)
{
    uint8_t tag = hash >> 40;

    return tag | (tag == 0);
}

static inline bool is_chained(const struct bucket *b)
{
    return b->bytes[BUCKET_SLOTS] != 0;
}

static inline void *ref_get(const struct bucket *b, unsigned i)
{
    uint64_t word;

    memcpy(&word, b->bytes + 8 + 6 * i, sizeof word);
    return (void *)(uintptr_t)(word >> 16);
}

static inline void ref_set(struct bucket *b, unsigned i, const void *p)
{
    uint64_t word = (uintptr_t)p;

    sane(word >> 48 == 0);
    memcpy(b->bytes + 10 + 6 * i, &word, 6);
}

static inline struct bucket *chain_next(const struct bucket *b)
{
    return is_chained(b) ? ref_get(b, LAST) : NULL;
}

/* Slots that may hold entries: the last one is the link where there is a chain. */
static inline unsigned slots(const struct bucket *b)
{
    return BUCKET_SLOTS - is_chained(b);
}

/* A bit for each slot whose tag is `tag`. */
static inline unsigned match(const struct bucket *b, uint8_t tag)
{
#if defined(__SSE2__)
    __m128i line = _mm_load_si128((const __m128i *)b->bytes);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8(tag))) & ((1u << BUCKET_SLOTS) - 1);
#else
    unsigned bits = 0;

    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        bits |= (unsigned)(b->bytes[i] == tag) << i;
    return bits;
#endif
}

static inline unsigned free_slots(const struct bucket *b)
{
    return match(b, 0) & ((1u << slots(b)) - 1);
}

static inline unsigned used_slots(const struct bucket *b)
{
    return ~match(b, 0) & ((1u << slots(b)) - 1);
}

/* Puts e into the chain of b, lengthening it if it is full. */
static void bucket_put(struct table *t, struct bucket *b, uint8_t tag, struct entry *e)
{
    unsigned i;

    for (;;) {
        unsigned room = free_slots(b);
        struct bucket *more;

        if (room != 0) {
            i = __builtin_ctz(room);
            break;
        }
        if (is_chained(b)) {
            b = chain_next(b);
            continue;
        }
        more = mem_aligned_zero(sizeof *more, sizeof *more);
        more->bytes[0] = b->bytes[LAST];
        ref_set(more, 0, ref_get(b, LAST));
        b->bytes[LAST] = 0;
        ref_set(b, LAST, more);
        b->bytes[BUCKET_SLOTS] = 1;
        count_add(&t->chained, 1);
        b = more;
    }
    b->bytes[i] = tag;
    ref_set(b, i, e);
}

/* Frees the overflow buckets behind b, whose entries have been moved elsewhere. Retired: a prefetch may be looking. */
static void chain_drop(struct table *t, struct bucket *b)
{
    struct bucket *next = chain_next(b);

    while (next != NULL) {
        struct bucket *after = chain_next(next);

        quiesce_retire(next, mem_free);
        count_add(&t->chained, -1);
        next = after;
    }
    memset(b, 0, sizeof *b);
}

struct taken {
    uint64_t hash;
    struct entry *e;
};

static unsigned chain_length(const struct bucket *b)
{
    unsigned n = 0;

    for (; b != NULL; b = chain_next(b))
        n += __builtin_popcount(used_slots(b));
    return n;
}

/* Fills `out` with the entries of the chain. Their lines are fetched together: each is a miss of its own. */
static unsigned chain_take(const struct bucket *b, struct taken *out)
{
    unsigned n = 0;

    for (; b != NULL; b = chain_next(b))
        for (unsigned bits = used_slots(b); bits != 0; bits &= bits - 1) {
            out[n].e = ref_get(b, __builtin_ctz(bits));
            __builtin_prefetch(out[n].e);
            n++;
        }
    for (unsigned i = 0; i < n; i++)
        out[i].hash = hash_bytes(entry_key(out[i].e));
    return n;
}

/* ---- addresses ---- */

#define FIRST_BITS      3 /* TABLE_FIRST is 2^3 */
#define DIRECTORY_FIRST 8

/* Another one takes its place when it is full; readers without the lock may still be in the old one. */
struct directory {
    unsigned cap;
    struct bucket *_Atomic segment[];
};

/* The segment of bucket i, and its place there. */
static inline unsigned segment_of(uint32_t i, uint32_t *offset)
{
    unsigned bits;

    if (i < TABLE_FIRST) {
        *offset = i;
        return 0;
    }
    bits = 31 - __builtin_clz(i) - FIRST_BITS; /* of the offset: an eighth of the doubling */
    *offset = i & ((1u << bits) - 1);
    return 1 + bits * 8 + (i >> bits & 7);
}

static inline uint32_t segment_size(unsigned k)
{
    return k == 0 ? TABLE_FIRST : 1u << (k - 1) / 8;
}

/* Buckets that there is room for where n are in use. */
static uint32_t room_of(uint32_t n)
{
    uint32_t offset;
    unsigned k = segment_of(n - 1, &offset);

    return n - offset - 1 + segment_size(k);
}

static inline struct directory *directory_of(struct table *t)
{
    return atomic_load_explicit(&t->directory, memory_order_acquire);
}

static inline struct bucket *segment_at(struct table *t, unsigned k)
{
    return atomic_load_explicit(&directory_of(t)->segment[k], memory_order_relaxed);
}

static inline struct bucket *bucket_at(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = segment_of(i, &offset);

    return segment_at(t, k) + offset;
}

/* The bucket of a hash among n: by its low bits, one bit more for those that have been split already. */
static inline uint32_t index_of(uint64_t hash, uint32_t n)
{
    uint32_t mask = (2u << (31 - __builtin_clz(n))) - 1; /* below 2P, where P <= n < 2P */
    uint32_t i = hash & mask;

    return i < n ? i : i & (mask >> 1);
}

static inline uint32_t bucket_count(struct table *t)
{
    return atomic_load_explicit(&t->buckets, memory_order_relaxed);
}

static inline struct bucket *bucket_of(struct table *t, uint64_t hash)
{
    return bucket_at(t, index_of(hash, bucket_count(t)));
}

static inline uint32_t **due_of(struct table *t)
{
    return atomic_load_explicit(&t->due, memory_order_relaxed);
}

/* The due word of bucket i; NULL: nothing in the table is due ever. */
static inline uint32_t *due_at(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = segment_of(i, &offset);

    return due_of(t) ? due_of(t)[k] + offset : NULL;
}

/* ---- the table ---- */

static struct directory *directory_new(unsigned cap)
{
    struct directory *d = mem_zalloc(sizeof *d + cap * sizeof *d->segment);

    d->cap = cap;
    return d;
}

struct table *table_new(void)
{
    struct table *t = mem_zalloc(sizeof *t);
    struct directory *d = directory_new(DIRECTORY_FIRST);
    struct bucket *first = mem_aligned_zero(sizeof *first, TABLE_FIRST * sizeof *first);

    atomic_init(&d->segment[0], first);
    atomic_init(&t->directory, d);
    atomic_init(&t->buckets, TABLE_FIRST);
    t->sweep_due = NO_DUE;
    atomic_init(&t->next_due, NO_DUE);
    return t;
}

static void free_entries(struct bucket *b)
{
    for (struct bucket *chain = b; chain != NULL; chain = chain_next(chain))
        for (unsigned bits = used_slots(chain); bits != 0; bits &= bits - 1)
            entry_free(ref_get(chain, __builtin_ctz(bits)));
    for (struct bucket *chain = chain_next(b), *after; chain != NULL; chain = after) {
        after = chain_next(chain);
        mem_free(chain);
    }
}

void table_empty(struct table *t)
{
    uint32_t n = bucket_count(t);

    for (uint32_t i = 0; i < n; i++) {
        free_entries(bucket_at(t, i));
        memset(bucket_at(t, i), 0, sizeof(struct bucket));
    }
}

void table_free(void *table)
{
    struct table *t = table;
    struct directory *d = directory_of(t);
    uint32_t **due = due_of(t), n = bucket_count(t);

    for (uint32_t i = 0; i < n; i++)
        free_entries(bucket_at(t, i));
    for (unsigned k = 0; k < d->cap; k++) {
        mem_free(d->segment[k]);
        if (due != NULL)
            mem_free(due[k]);
    }
    mem_free(due);
    mem_free(d);
    mem_free(t);
}

size_t table_overhead(struct table *t)
{
    size_t room = room_of(bucket_count(t)), cap = directory_of(t)->cap;
    size_t n = sizeof *t + sizeof(struct directory) + cap * sizeof(struct bucket *) +
               (count_get(&t->chained) + room) * sizeof(struct bucket);

    return due_of(t) ? n + room * sizeof(uint32_t) + cap * sizeof(uint32_t *) : n;
}

struct entry *table_find(struct table *t, uint64_t hash, struct slice key)
{
    uint8_t tag = tag_of(hash);

    for (struct bucket *b = bucket_of(t, hash); b != NULL; b = chain_next(b))
        for (unsigned bits = match(b, tag); bits != 0; bits &= bits - 1) {
            struct entry *e = ref_get(b, __builtin_ctz(bits));

            if (LIKELY(slice_eq(entry_key(e), key)))
                return e;
        }
    return NULL;
}

/* The slot that refers to e. */
static unsigned slot_of(struct bucket **b, uint64_t hash, const struct entry *e)
{
    uint8_t tag = tag_of(hash);

    for (; *b != NULL; *b = chain_next(*b))
        for (unsigned bits = match(*b, tag); bits != 0; bits &= bits - 1)
            if (ref_get(*b, __builtin_ctz(bits)) == e)
                return __builtin_ctz(bits);
    must(!"an entry that was found is in its bucket");
    return 0;
}

/* Due words for segment k, none of which knows of anything. */
static void make_due(struct table *t, unsigned k)
{
    size_t bytes = segment_size(k) * sizeof(uint32_t);

    due_of(t)[k] = memset(mem_alloc(bytes), 0xff, bytes);
}

/* Due words for all segments. */
static void make_all_due(struct table *t)
{
    struct directory *d = directory_of(t);

    atomic_store_explicit(&t->due, mem_zalloc(d->cap * sizeof(uint32_t *)), memory_order_relaxed);
    for (unsigned k = 0; k < d->cap && segment_at(t, k) != NULL; k++)
        make_due(t, k);
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

/* Room for bucket i, which may be the first of a segment. */
static void make_bucket(struct table *t, uint32_t i)
{
    uint32_t offset;
    unsigned k = segment_of(i, &offset);
    struct bucket *b;

    if (offset != 0)
        return;
    if (k >= directory_of(t)->cap)
        directory_grow(t);
    b = mem_aligned_zero(sizeof *b, segment_size(k) * sizeof *b);
    atomic_store_explicit(&directory_of(t)->segment[k], b, memory_order_release);
    if (due_of(t) != NULL)
        make_due(t, k);
}

/* Splits the next bucket in turn: half of what is in it moves to the new last one. */
static void split(struct table *t)
{
    uint32_t n = bucket_count(t);
    uint32_t from = n - (1u << (31 - __builtin_clz(n)));
    struct bucket *b = bucket_at(t, from);
    unsigned count = chain_length(b);
    struct taken taken[count + 1];

    if (n >= 1u << 29)
        return;
    make_bucket(t, n);
    chain_take(b, taken);
    chain_drop(t, b);
    if (due_of(t) != NULL)
        *due_at(t, n) = *due_at(t, from);
    atomic_store_explicit(&t->buckets, n + 1, memory_order_release);
    for (unsigned i = 0; i < count; i++)
        bucket_put(t, bucket_at(t, index_of(taken[i].hash, n + 1)), tag_of(taken[i].hash), taken[i].e);
}

static void drop_segment(struct table *t, unsigned k)
{
    quiesce_retire(segment_at(t, k), mem_free);
    atomic_store_explicit(&directory_of(t)->segment[k], NULL, memory_order_release);
    if (due_of(t) != NULL) {
        mem_free(due_of(t)[k]);
        due_of(t)[k] = NULL;
    }
}

bool table_is_sparse(struct table *t)
{
    return count_get(&t->used) < (size_t)bucket_count(t) * SHRINK_AT && bucket_count(t) > TABLE_FIRST;
}

/* Merges the last bucket into the one it was split from. */
static void merge(struct table *t)
{
    uint32_t n = bucket_count(t) - 1, offset, into;
    unsigned k = segment_of(n, &offset), count;
    struct bucket *last = bucket_at(t, n), *b;

    into = n - (1u << (31 - __builtin_clz(n)));
    b = bucket_at(t, into);
    count = chain_length(last);
    {
        struct taken taken[count + 1];

        chain_take(last, taken);
        chain_drop(t, last);
        atomic_store_explicit(&t->buckets, n, memory_order_release);
        for (unsigned i = 0; i < count; i++)
            bucket_put(t, b, tag_of(taken[i].hash), taken[i].e);
    }
    if (due_of(t) != NULL && *due_at(t, n) < *due_at(t, into)) {
        *due_at(t, into) = *due_at(t, n);
        if (*due_at(t, into) < t->sweep_due) /* the walk may have passed it already */
            t->sweep_due = *due_at(t, into);
    }
    if (offset == 0)
        drop_segment(t, k);
}

void table_insert(struct table *t, uint64_t hash, struct entry *e)
{
    if (UNLIKELY(count_get(&t->used) >= (size_t)bucket_count(t) * GROW_AT))
        split(t);
    bucket_put(t, bucket_of(t, hash), tag_of(hash), e);
    count_add(&t->used, 1);
    if (e->flags & ENTRY_EXPIRES)
        count_add(&t->volatiles, 1);
}

void table_replace(struct table *t, uint64_t hash, const struct entry *old, bool did_expire, struct entry *e)
{
    struct bucket *b = bucket_of(t, hash);
    unsigned i = slot_of(&b, hash, old);

    ref_set(b, i, e);
    count_add(&t->volatiles, (e->flags & ENTRY_EXPIRES ? 1 : 0) - did_expire);
}

void table_remove(struct table *t, uint64_t hash, const struct entry *e)
{
    struct bucket *b = bucket_of(t, hash);
    unsigned i = slot_of(&b, hash, e);

    b->bytes[i] = 0;
    count_add(&t->used, -1);
    if (e->flags & ENTRY_EXPIRES)
        count_add(&t->volatiles, -1);
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

static void visit_chain(struct bucket *b, void (*visit)(void *arg, struct entry *e), void *arg)
{
    for (; b != NULL; b = chain_next(b))
        for (unsigned bits = used_slots(b); bits != 0; bits &= bits - 1)
            visit(arg, ref_get(b, __builtin_ctz(bits)));
}

static uint32_t reverse_bits(uint32_t v)
{
    v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
    v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(v);
}

uint64_t table_scan(struct table *t, uint64_t at, void (*visit)(void *arg, struct entry *e), void *arg)
{
    uint32_t n = bucket_count(t);
    uint32_t i = index_of(at, n);
    unsigned level = 31 - __builtin_clz(n);
    /* A bucket that is split, or came from a split, has one bit of the hash more than the others. */
    unsigned bits = i >= 1u << level || i < n - (1u << level) ? level + 1 : level;
    uint32_t part = reverse_bits((uint32_t)at) >> (32 - bits);

    visit_chain(bucket_at(t, i), visit, arg);
    /* Count up in the order of the reversed bits: a prefix that was passed stays passed at any later size. */
    part++;
    return part >> bits ? 0 : reverse_bits(part << (32 - bits));
}

/* A slot drawn from those of the chain that `count` counts. */
static struct entry *chain_pick(const struct bucket *b, unsigned pick)
{
    unsigned bits = used_slots(b);

    for (; pick >= (unsigned)__builtin_popcount(bits); bits = used_slots(b)) {
        pick -= __builtin_popcount(bits);
        b = chain_next(b);
    }
    while (pick-- > 0)
        bits &= bits - 1;
    return ref_get(b, __builtin_ctz(bits));
}

struct entry *table_random(struct table *t)
{
    uint32_t n = bucket_count(t);

    if (count_get(&t->used) == 0)
        return NULL;
    for (;;) {
        struct bucket *b = bucket_at(t, rand_below(n));
        unsigned count = chain_length(b);

        if (count != 0)
            return chain_pick(b, rand_below(count));
    }
}

struct entry *table_random_volatile(struct table *t)
{
    uint32_t n = bucket_count(t);
    uint32_t i = rand_below(n);

    if (count_get(&t->volatiles) == 0)
        return NULL;
    for (;; i = (i + 1) % n) {
        struct entry *pick = NULL;
        unsigned seen = 0;

        if (*due_at(t, i) == NO_DUE)
            continue;
        for (struct bucket *b = bucket_at(t, i); b != NULL; b = chain_next(b))
            for (unsigned bits = used_slots(b); bits != 0; bits &= bits - 1) {
                struct entry *e = ref_get(b, __builtin_ctz(bits));

                if ((e->flags & ENTRY_EXPIRES) && rand_below(++seen) == 0)
                    pick = e;
            }
        if (pick != NULL)
            return pick;
        *due_at(t, i) = NO_DUE;
    }
}

/* ---- hints ---- */

/* The bucket's address as it looks without the lock; NULL while the table grows or shrinks under it. */
static inline struct bucket *peek(struct table *t, uint64_t hash)
{
    struct directory *d = directory_of(t);
    uint32_t offset;
    unsigned k = segment_of(index_of(hash, bucket_count(t)), &offset);
    struct bucket *segment = k < d->cap ? atomic_load_explicit(&d->segment[k], memory_order_acquire) : NULL;

    return segment ? segment + offset : NULL;
}

void table_prefetch_bucket(struct table *t, uint64_t hash)
{
    __builtin_prefetch(peek(t, hash));
}

/* A torn reference is possible here and harmless: the address is only a hint to the cache. The thread sanitizer cannot
 * know that, so its builds do without. */
void table_prefetch_entry(struct table *t, uint64_t hash)
{
#ifdef __SANITIZE_THREAD__
    (void)t;
    (void)hash;
#else
    const struct bucket *b = peek(t, hash);
    unsigned bits = b ? match(b, tag_of(hash)) : 0;

    if (bits != 0)
        __builtin_prefetch(ref_get(b, __builtin_ctz(bits)));
#endif
}

/* ---- expiry ---- */

void table_note_due(struct table *t, uint64_t hash, uint32_t tick)
{
    uint32_t *due;

    if (UNLIKELY(due_of(t) == NULL))
        make_all_due(t);
    due = due_at(t, index_of(hash, bucket_count(t)));
    if (tick < *due)
        *due = tick;
    if (tick < atomic_load_explicit(&t->next_due, memory_order_relaxed))
        atomic_store_explicit(&t->next_due, tick, memory_order_relaxed);
    if (tick < t->sweep_due)
        t->sweep_due = tick;
}

/* Removes what is due in bucket i; returns the tick at which the next entry is. */
static uint32_t sweep_bucket(struct table *t, uint32_t i, struct table_sweep *s)
{
    uint32_t next = NO_DUE;

    for (struct bucket *b = bucket_at(t, i); b != NULL; b = chain_next(b))
        for (unsigned bits = used_slots(b); bits != 0; bits &= bits - 1) {
            unsigned slot = __builtin_ctz(bits);
            struct entry *e = ref_get(b, slot);
            uint32_t tick;

            if (!(e->flags & ENTRY_EXPIRES))
                continue;
            if (s->due(s->arg, e, &tick)) {
                b->bytes[slot] = 0;
                count_add(&t->used, -1);
                count_add(&t->volatiles, -1);
                s->most -= s->most != 0;
                s->gone(s->arg, hash_bytes(entry_key(e)), e);
            } else if (tick < next) {
                next = tick;
            }
        }
    return next;
}

bool table_sweep(struct table *t, struct table_sweep *s)
{
    uint32_t n = bucket_count(t);

    for (unsigned looked = 0; looked < s->buckets && s->most != 0; looked++) {
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
        t->sweep++;
    }
    return false;
}
