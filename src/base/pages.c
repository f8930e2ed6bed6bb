/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/pages.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/must.h"

#define REGION_BYTES  ((size_t)32 * 1024 * 1024)
#define REGION_PIECES (REGION_BYTES / PAGES_BYTES)
#define REGIONS       65536 /* 2 TiB */
#define WORDS         (REGION_PIECES / 64)

/* The kinds of free pieces: with memory, or with address space only. */
enum { WARM, COLD, KINDS };

/*
 * A region is aligned to its size and begins with two bitmaps of its free pieces, one for each kind. Piece 0, which
 * holds the bitmaps, is in neither.
 *
 *   +-----------+-----------+--------+-- - - - - - - --+
 *   | warm bits | cold bits | counts | piece 1 .. 4095 |
 *   +-----------+-----------+--------+-- - - - - - - --+
 */
struct region {
    uint64_t bits[KINDS][WORDS];
    uint32_t free[KINDS];
    uint32_t number; /* in `pool` */
};

_Static_assert(sizeof(struct region) <= PAGES_BYTES, "the header of a region fits in its first piece");
_Static_assert(REGION_PIECES % 64 == 0, "the bits fill whole words");

static struct lock lock = LOCK_INIT(PAGES);
static struct {
    struct region *regions[REGIONS]; /* in the order of their creation */
    unsigned n;
    unsigned from[KINDS]; /* no region before this one has a free piece of the kind */
    size_t free[KINDS];   /* pieces, in all regions */
    size_t min_warm;      /* the lowest free[WARM] since the last trim */
    size_t surplus;       /* pieces that the running trim still has to return */
} pool GUARDED_BY(lock);

static struct region *region_of(const void *p)
{
    return (struct region *)((uintptr_t)p & ~(uintptr_t)(REGION_BYTES - 1));
}

/* Address space for a region, cut out of a mapping of twice the size. */
static char *map_aligned(void)
{
    char *p = mmap(NULL, 2 * REGION_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t before;

    if (p == MAP_FAILED)
        return NULL;
    before = -(uintptr_t)p & (REGION_BYTES - 1);
    if (before != 0)
        munmap(p, before);
    munmap(p + before + REGION_BYTES, REGION_BYTES - before);
    return mprotect(p + before, REGION_BYTES, PROT_READ | PROT_WRITE) == 0 ? p + before : NULL;
}

static struct region *region_new(void)
{
    struct region *r = (struct region *)map_aligned();

    if (r == NULL)
        mem_exhausted(REGION_BYTES);
    must(region_of(r) == r);
    for (unsigned i = 0; i < WORDS; i++)
        r->bits[COLD][i] = UINT64_MAX;
    r->bits[COLD][0] &= ~(uint64_t)1;
    r->free[COLD] = REGION_PIECES - 1;
    return r;
}

static void pool_add(struct region *r) REQUIRES(lock)
{
    must(pool.n < REGIONS);
    r->number = pool.n;
    pool.regions[pool.n++] = r;
    pool.free[COLD] += r->free[COLD];
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
    return (char *)r + i * PAGES_BYTES;
}

/* Adds the pieces of a mask to the free pieces of a kind. They must not be free yet. */
static void put(struct region *r, unsigned word, uint64_t mask, unsigned kind) REQUIRES(lock)
{
    unsigned n = (unsigned)__builtin_popcountll(mask);

    must(r->number < pool.n && pool.regions[r->number] == r);
    must(((r->bits[WARM][word] | r->bits[COLD][word]) & mask) == 0);
    must(r->free[WARM] + r->free[COLD] + n < REGION_PIECES);
    r->bits[kind][word] |= mask;
    r->free[kind] += n;
    pool.free[kind] += n;
    if (r->number < pool.from[kind])
        pool.from[kind] = r->number;
}

void *pages_alloc(void)
{
    void *p;

    lock_take(&lock);
    if (pool.free[WARM] + pool.free[COLD] == 0) {
        struct region *r;

        lock_drop(&lock); /* mapping a region may take long */
        r = region_new();
        lock_take(&lock);
        pool_add(r);
    }
    p = take_first(pool.free[WARM] != 0 ? WARM : COLD);
    if (pool.free[WARM] < pool.min_warm)
        pool.min_warm = pool.free[WARM];
    lock_drop(&lock);
    return p;
}

void pages_free(void *p)
{
    struct region *r = region_of(p);
    size_t i = (size_t)((char *)p - (char *)r) / PAGES_BYTES;

    must(i > 0 && (uintptr_t)p % PAGES_BYTES == 0);
    lock_take(&lock);
    put(r, (unsigned)(i / 64), (uint64_t)1 << i % 64, WARM);
    lock_drop(&lock);
}

/* The last warm pieces of a word, at most `max` of them. */
static uint64_t last_warm(const struct region *r, unsigned word, size_t max)
{
    uint64_t mask = r->bits[WARM][word];

    while ((size_t)__builtin_popcountll(mask) > max)
        mask &= mask - 1;
    return mask;
}

/* Returns the memory of these pieces to the kernel; adjacent pieces in one call. */
static void cool(struct region *r, unsigned word, uint64_t mask)
{
    while (mask != 0) {
        unsigned first = (unsigned)__builtin_ctzll(mask);
        uint64_t rest = ~(mask >> first);
        unsigned n = rest != 0 ? (unsigned)__builtin_ctzll(rest) : 64;

        madvise((char *)r + ((size_t)word * 64 + first) * PAGES_BYTES, n * PAGES_BYTES, MADV_DONTNEED);
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

bool pages_trim(size_t max_bytes)
{
    size_t n;

    must(max_bytes >= PAGES_BYTES); /* otherwise it would never end */
    lock_take(&lock);
    if (pool.surplus == 0)
        pool.surplus = pool.min_warm;
    n = pool.surplus < max_bytes / PAGES_BYTES ? pool.surplus : max_bytes / PAGES_BYTES;
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
    n = pool.n * (REGION_PIECES - 1);
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
