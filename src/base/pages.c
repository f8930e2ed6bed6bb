/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/pages.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include "base/huge.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/reserve.h"

#define REGION_BYTES  ((size_t)32 * 1024 * 1024)
#define REGION_PIECES (REGION_BYTES / PAGES_BYTES)
#define REGIONS       65536 /* 2 TiB */
#define WORDS         (REGION_PIECES / 64)
#define SPANS         (REGION_BYTES / PAGES_SPAN_BYTES)
#define SPAN_PIECES   (PAGES_SPAN_BYTES / PAGES_BYTES)
#define SPAN_MASK     (((uint64_t)1 << SPAN_PIECES) - 1)
#define SPANS_A_WORD  (64 / SPAN_PIECES)
#define BLOCK_WORDS   (HUGE_BYTES / PAGES_BYTES / 64)
#define SMALL_BYTES   ((size_t)16 << 20) /* of the first region: in small pages until they are full */

/* The kinds of free pieces: with memory, or with address space only. */
enum { WARM, COLD, KINDS };

/*
 * A region is aligned to its size and begins with two bitmaps of its free pieces, one for each kind, and the notes of
 * its spans. The pieces of this header are in neither bitmap.
 *
 *   +-----------+-----------+--------+-------+-- - - - - - - --+
 *   | warm bits | cold bits | counts | notes | piece 3 .. 4095 |
 *   +-----------+-----------+--------+-------+-- - - - - - - --+
 */
struct region {
    uint64_t bits[KINDS][WORDS];
    uint32_t free[KINDS];
    uint32_t number; /* in `pool` */
    _Alignas(PAGES_NOTE_BYTES) char notes[SPANS][PAGES_NOTE_BYTES];
};

#define HEADER_PIECES ((sizeof(struct region) + PAGES_BYTES - 1) / PAGES_BYTES)

_Static_assert(HEADER_PIECES < SPAN_PIECES, "the header of a region is in its first span");
_Static_assert(REGION_PIECES % 64 == 0 && 64 % SPAN_PIECES == 0, "the bits of a span are in one word");

static struct lock lock = LOCK_INIT(PAGES);
static struct {
    struct region *regions[REGIONS]; /* in the order of their creation */
    unsigned n;
    unsigned from[KINDS]; /* no region before this one has a free piece of the kind */
    unsigned from_span;   /* nor a free span, before this one */
    size_t free[KINDS];   /* pieces, in all regions */
    size_t min_warm;      /* the lowest free[WARM] since the last trim */
    size_t surplus;       /* pieces that the running trim still has to return */
    size_t step;          /* pieces that it returns per call */
    char *full;           /* a block of HUGE_BYTES that the running allocation has made full; NULL: none */
} pool GUARDED_BY(lock);

static _Atomic bool low; /* a region could not be mapped */

static struct region *region_of(const void *p)
{
    return (struct region *)((uintptr_t)p & ~(uintptr_t)(REGION_BYTES - 1));
}

/* The bytes at the beginning of a region that get huge pages only when they are full: so neither a small cache nor the
 * header of a new region takes a huge page. */
static size_t small_bytes(const struct region *r)
{
    return r->number == 0 ? SMALL_BYTES : HUGE_BYTES;
}

/* NULL: no memory. */
static struct region *region_new(unsigned number)
{
    struct region *r = huge_map(REGION_BYTES, REGION_BYTES);

    if (r == NULL)
        return NULL;
    must(region_of(r) == r);
    for (unsigned i = 0; i < WORDS; i++)
        r->bits[COLD][i] = UINT64_MAX;
    r->bits[COLD][0] &= ~(((uint64_t)1 << HEADER_PIECES) - 1);
    r->free[COLD] = REGION_PIECES - HEADER_PIECES;
    r->number = number;
    huge_advise((char *)r + small_bytes(r), REGION_BYTES - small_bytes(r));
    return r;
}

static void pool_add(struct region *r) REQUIRES(lock)
{
    must(pool.n < REGIONS);
    r->number = pool.n;
    pool.regions[pool.n++] = r;
    pool.free[COLD] += r->free[COLD];
}

/* Notes the block that a word of the bitmaps is in if no piece of it is cold any more. */
static void note_full(struct region *r, unsigned word) REQUIRES(lock)
{
    unsigned first = word / BLOCK_WORDS * BLOCK_WORDS;
    uint64_t cold = 0;

    for (unsigned i = first; i < first + BLOCK_WORDS; i++)
        cold |= r->bits[COLD][i];
    if (cold == 0)
        pool.full = (char *)r + first * 64 * PAGES_BYTES;
}

/* Takes the first free piece of a kind, so that allocated pieces stay close together. There must be one. */
static void *take_first(unsigned kind) REQUIRES(lock)
{
    struct region *r = pool.regions[pool.from[kind]];
    unsigned i = 0;

    must(pool.free[kind] > 0);
    while (r->free[kind] == 0) {
        must(pool.from[kind] + 1 < pool.n);
        r = pool.regions[++pool.from[kind]];
    }
    while (r->bits[kind][i] == 0) {
        i++;
        must(i < WORDS);
    }
    r->free[kind]--;
    pool.free[kind]--;
    i = i * 64 + (unsigned)__builtin_ctzll(r->bits[kind][i]);
    r->bits[kind][i / 64] &= ~((uint64_t)1 << i % 64);
    if (kind == COLD)
        note_full(r, i / 64);
    return (char *)r + i * PAGES_BYTES;
}

/* The first span of a word whose pieces are all free; SPANS_A_WORD: none. */
static unsigned free_span(uint64_t free)
{
    unsigned i = 0;

    while (i < SPANS_A_WORD && (free >> i * SPAN_PIECES & SPAN_MASK) != SPAN_MASK)
        i++;
    return i;
}

static uint64_t free_bits(const struct region *r, unsigned word)
{
    return r->bits[WARM][word] | r->bits[COLD][word];
}

/* Removes the pieces of a mask, which are free, from the free pieces. */
static void take_all(struct region *r, unsigned word, uint64_t mask) REQUIRES(lock)
{
    for (unsigned kind = 0; kind < KINDS; kind++) {
        unsigned n = (unsigned)__builtin_popcountll(r->bits[kind][word] & mask);

        must(r->free[kind] >= n && pool.free[kind] >= n);
        r->bits[kind][word] &= ~mask;
        r->free[kind] -= n;
        pool.free[kind] -= n;
    }
}

/* Takes the first free span of a region, or returns NULL. */
static void *take_span(struct region *r) REQUIRES(lock)
{
    if (r->free[WARM] + r->free[COLD] < SPAN_PIECES)
        return NULL;
    for (unsigned word = 0; word < WORDS; word++) {
        unsigned i = free_span(free_bits(r, word));
        bool was_cold = r->bits[COLD][word] != 0;

        if (i == SPANS_A_WORD)
            continue;
        take_all(r, word, SPAN_MASK << i * SPAN_PIECES);
        if (was_cold)
            note_full(r, word);
        return (char *)r + ((size_t)word * SPANS_A_WORD + i) * PAGES_SPAN_BYTES;
    }
    return NULL;
}

/* Takes the first free span of all regions, or returns NULL. */
static void *take_first_span(void) REQUIRES(lock)
{
    for (; pool.from_span < pool.n; pool.from_span++) {
        void *p = take_span(pool.regions[pool.from_span]);

        if (p != NULL)
            return p;
    }
    return NULL;
}

/* Adds the pieces of a mask to the free pieces of a kind. They must not be free yet. */
static void put(struct region *r, unsigned word, uint64_t mask, unsigned kind) REQUIRES(lock)
{
    unsigned n = (unsigned)__builtin_popcountll(mask);

    must(r->number < pool.n && pool.regions[r->number] == r);
    must(((r->bits[WARM][word] | r->bits[COLD][word]) & mask) == 0);
    must(r->free[WARM] + r->free[COLD] + n <= REGION_PIECES - HEADER_PIECES);
    r->bits[kind][word] |= mask;
    r->free[kind] += n;
    pool.free[kind] += n;
    if (r->number < pool.from[kind])
        pool.from[kind] = r->number;
    if (r->number < pool.from_span && free_span(free_bits(r, word)) != SPANS_A_WORD)
        pool.from_span = r->number;
}

static void note_warm(void) REQUIRES(lock)
{
    if (pool.free[WARM] < pool.min_warm)
        pool.min_warm = pool.free[WARM];
}

static size_t left(void) REQUIRES(lock)
{
    return pool.free[WARM] + pool.free[COLD];
}

/* Maps a region without the lock, since that may take long. False: memory is out. */
static bool add_region(void) REQUIRES(lock)
{
    unsigned number = pool.n; /* unless another thread adds one meanwhile */
    struct region *r;

    lock_drop(&lock);
    r = region_new(number);
    lock_take(&lock);
    if (r != NULL)
        pool_add(r);
    atomic_store_explicit(&low, r == NULL, memory_order_relaxed);
    return r != NULL;
}

/* Adds a region with the help of the thread's reserve. */
static void add_region_surely(void) REQUIRES(lock)
{
    while (!add_region())
        if (!reserve_release())
            mem_exhausted(REGION_BYTES);
}

bool pages_are_low(void)
{
    return UNLIKELY(atomic_load_explicit(&low, memory_order_relaxed));
}

/* Once that has failed, only pages_keep tries again. */
static void add_region_ahead(void) REQUIRES(lock)
{
    if (UNLIKELY(left() <= PAGES_AHEAD) && !pages_are_low())
        add_region();
}

void pages_keep(void)
{
    lock_take(&lock);
    if (left() > PAGES_AHEAD)
        atomic_store_explicit(&low, false, memory_order_relaxed);
    else
        add_region();
    lock_drop(&lock);
}

/* Ends an allocation. A block that has become full may have been in small pages until now. */
static void done(void) RELEASES(lock)
{
    char *full = pool.full;

    pool.full = NULL;
    note_warm();
    lock_drop(&lock);
    if (full != NULL)
        huge_advise(full, HUGE_BYTES);
}

void *pages_alloc(void)
{
    void *p;

    lock_take(&lock);
    add_region_ahead();
    while (left() == 0)
        add_region_surely();
    p = take_first(pool.free[WARM] != 0 ? WARM : COLD);
    done();
    return p;
}

void *pages_alloc_span(void)
{
    void *p;

    lock_take(&lock);
    add_region_ahead();
    while ((p = take_first_span()) == NULL)
        add_region_surely();
    done();
    return p;
}

static void free_pieces(void *p, uint64_t mask)
{
    struct region *r = region_of(p);
    size_t i = (size_t)((char *)p - (char *)r) / PAGES_BYTES;

    must(i >= HEADER_PIECES && (uintptr_t)p % PAGES_BYTES == 0);
    lock_take(&lock);
    put(r, (unsigned)(i / 64), mask << i % 64, WARM);
    lock_drop(&lock);
}

void pages_free(void *p)
{
    free_pieces(p, 1);
}

void pages_free_span(void *span)
{
    must((uintptr_t)span % PAGES_SPAN_BYTES == 0);
    free_pieces(span, SPAN_MASK);
}

void *pages_note(const void *in_span)
{
    struct region *r = region_of(in_span);

    return r->notes[(size_t)((const char *)in_span - (char *)r) / PAGES_SPAN_BYTES];
}

void *pages_span_of(const void *note)
{
    struct region *r = region_of(note);
    size_t i = (size_t)((const char *)note - (char *)r->notes) / PAGES_NOTE_BYTES;

    must(i > 0 && i < SPANS);
    return (char *)r + i * PAGES_SPAN_BYTES;
}

uint64_t pages_whole(uint64_t mask, unsigned n)
{
    uint64_t whole = 0, run = n < 64 ? ((uint64_t)1 << n) - 1 : UINT64_MAX;

    must(n > 0 && n <= 64 && (n & (n - 1)) == 0);
    if (LIKELY(n == 1))
        return mask;
    for (unsigned i = 0; i < 64; i += n)
        if ((mask >> i & run) == run)
            whole |= run << i;
    return whole;
}

/* Pieces in a page of the system. */
static unsigned pieces_in_page(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return page > PAGES_BYTES ? (unsigned)(page / PAGES_BYTES) : 1;
}

/* The last warm pieces of a word, at most `max` of them, that are whole pages of the system. */
static uint64_t last_warm(const struct region *r, unsigned word, size_t max)
{
    unsigned n = pieces_in_page();
    uint64_t mask = pages_whole(r->bits[WARM][word], n);

    while ((size_t)__builtin_popcountll(mask) > max)
        mask &= mask - 1;
    return pages_whole(mask, n);
}

/* Returns the memory of these pieces to the kernel; adjacent pieces in one call. */
static void cool(struct region *r, unsigned word, uint64_t mask)
{
    while (mask != 0) {
        unsigned first = (unsigned)__builtin_ctzll(mask);
        uint64_t rest = ~(mask >> first);
        unsigned n = rest != 0 ? (unsigned)__builtin_ctzll(rest) : 64;
        size_t at = ((size_t)word * 64 + first) * PAGES_BYTES;

        huge_return((char *)r + at, n * PAGES_BYTES, at >= small_bytes(r));
        mask &= n < 64 ? ~((((uint64_t)1 << n) - 1) << first) : 0;
    }
}

/* Returns the memory of up to `max` warm pieces of a region, beginning at its end; returns how many. While that is
 * done, the pieces are in neither bitmap, so no thread can allocate them. */
static size_t cool_region(struct region *r, size_t max)
{
    size_t done = 0;

    for (unsigned word = WORDS; word-- > 0 && done < max;) {
        uint64_t mask;

        lock_take(&lock);
        mask = last_warm(r, word, max - done);
        must(r->free[WARM] >= (unsigned)__builtin_popcountll(mask));
        r->bits[WARM][word] &= ~mask;
        r->free[WARM] -= (uint32_t)__builtin_popcountll(mask);
        pool.free[WARM] -= (size_t)__builtin_popcountll(mask);
        lock_drop(&lock);
        if (mask == 0)
            continue;
        cool(r, word, mask);
        lock_take(&lock);
        put(r, word, mask, COLD);
        lock_drop(&lock);
        done += (size_t)__builtin_popcountll(mask);
    }
    return done;
}

/* Returns the memory of up to n warm pieces, beginning with the last region. */
static void cool_last(size_t n)
{
    unsigned i;

    lock_take(&lock);
    i = pool.n;
    lock_drop(&lock);
    while (i-- > 0 && n > 0) {
        struct region *r;

        lock_take(&lock);
        r = pool.regions[i]->free[WARM] != 0 ? pool.regions[i] : NULL;
        lock_drop(&lock);
        if (r != NULL)
            n -= cool_region(r, n);
    }
}

#define TRIM_STEPS 32

bool pages_trim(size_t step_bytes)
{
    size_t n;

    must(step_bytes >= PAGES_BYTES); /* otherwise it would never end */
    lock_take(&lock);
    if (pool.surplus == 0) {
        pool.surplus = pool.min_warm;
        pool.step = step_bytes / PAGES_BYTES;
        if (pool.step < pool.surplus / TRIM_STEPS)
            pool.step = pool.surplus / TRIM_STEPS;
    }
    n = pool.surplus < pool.step ? pool.surplus : pool.step;
    pool.surplus -= n;
    lock_drop(&lock);
    cool_last(n);
    lock_take(&lock);
    n = pool.surplus;
    if (n == 0)
        pool.min_warm = pool.free[WARM];
    lock_drop(&lock);
    return n != 0;
}

void pages_purge(void)
{
    cool_last(SIZE_MAX);
}

size_t pages_used(void)
{
    size_t n;

    lock_take(&lock);
    n = pool.n * (REGION_PIECES - HEADER_PIECES);
    must(pool.free[WARM] + pool.free[COLD] <= n);
    n -= pool.free[WARM] + pool.free[COLD];
    lock_drop(&lock);
    return n * PAGES_BYTES;
}

size_t pages_idle(void)
{
    size_t n;

    lock_take(&lock);
    n = pool.free[WARM];
    lock_drop(&lock);
    return n * PAGES_BYTES;
}
