/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/pages.h"
#include "base/sanitize.h"

#define STEP       8
#define SHELVES    (SLAB_LARGEST / STEP)
#define SLAB_BYTES PAGES_BYTES
#define LEVELS     8 /* of how full a slab is */

/*
 * A slab is aligned to its size, so that a block's address tells where its slab begins.
 *
 *   0      8    16     18       20     22      23      24                                        SLAB_BYTES
 *   +------+----+------+--------+------+-------+-------+---------------+------+-----+---------+---------+
 *   | next | at | size | blocks | used | level | shift | a bit a block | lost | ... | block 1 | block 0 |
 *   +------+----+------+--------+------+-------+-------+---------------+------+-----+---------+---------+
 *
 * Blocks are numbered from the end: so those of 16, 32 or 64 bytes lie within a cache line. Which are free is told by
 * bits and not by links in the blocks, so that no block is touched but by its owner, and one that is freed twice is
 * noticed.
 */
struct slab {
    struct slab *next;
    struct slab **at; /* what points to this slab in its list; NULL while it is in none, being full */
    uint16_t size;    /* of a block */
    uint16_t blocks;
    uint16_t used;
    uint8_t level; /* used >> shift: the list it is in */
    uint8_t shift;
    uint64_t free[];
};

_Static_assert(sizeof(struct slab) == 24, "the header of a slab is 24 bytes and the bits");
_Static_assert(SLAB_BYTES / STEP <= UINT16_MAX, "blocks are counted in 16 bits");

/* The slabs of one size. */
static struct shelf {
    _Alignas(64) struct lock lock;
    uint32_t occupied;           /* bit n: level n has slabs */
    size_t out;                  /* blocks given out, those in magazines too */
    struct slab *levels[LEVELS]; /* those with free blocks, by how full they are */
} shelves[SHELVES] = {[0 ... SHELVES - 1] = {.lock = LOCK_INIT(SLAB)}};

#define MAGAZINE_BLOCKS 32
#define MAGAZINE_BYTES  4096

/* The free blocks of one size that a thread has at hand. The last one is used next: it is likely still in the cache. */
static _Thread_local struct magazine {
    uint32_t n;
    uint32_t room; /* 0 as long as it is unused */
    void *blocks[MAGAZINE_BLOCKS];
} magazines[SHELVES];

/* The address sanitizer shall see each block by itself. */
static inline bool is_small(size_t size)
{
    return size - 1 < SLAB_LARGEST && !SANITIZE_ADDRESS;
}

static inline unsigned shelf_of(size_t size)
{
    return (unsigned)((size - 1) / STEP);
}

static inline size_t shelf_size(unsigned number)
{
    return (size_t)(number + 1) * STEP;
}

/* ---- a slab ---- */

static inline struct slab *slab_of(const void *p)
{
    return (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB_BYTES - 1));
}

static inline void *block_at(struct slab *s, unsigned i)
{
    return (char *)s + SLAB_BYTES - (size_t)(i + 1) * s->size;
}

static inline unsigned index_of(const struct slab *s, const void *p)
{
    unsigned from_end = (unsigned)((const char *)s + SLAB_BYTES - (const char *)p);

    must(from_end % s->size == 0);
    return from_end / s->size - 1;
}

/* Words of bits for so many blocks. */
static size_t words(size_t blocks)
{
    return (blocks + 63) / 64;
}

static unsigned blocks_of(size_t size)
{
    size_t n = (SLAB_BYTES - sizeof(struct slab)) / size;

    while (sizeof(struct slab) + words(n) * sizeof(uint64_t) + n * size > SLAB_BYTES)
        n--;
    return (unsigned)n;
}

static struct slab *slab_new(size_t size)
{
    struct slab *s = pages_alloc();
    unsigned n = blocks_of(size);

    *s = (struct slab){.size = (uint16_t)size, .blocks = (uint16_t)n};
    while (n >> s->shift >= LEVELS)
        s->shift++;
    for (unsigned i = 0; i < words(n); i++)
        s->free[i] = i < n / 64 ? UINT64_MAX : ((uint64_t)1 << n % 64) - 1;
    return s;
}

/* Takes up to `want` free blocks; returns how many. */
static unsigned take_from(struct slab *s, void **to, unsigned want)
{
    unsigned have = (unsigned)s->blocks - s->used;
    unsigned most = want < have ? want : have;
    unsigned n = 0;

    for (unsigned i = 0; n < most; i++) {
        uint64_t bits = s->free[i];

        for (; bits != 0 && n < most; bits &= bits - 1)
            to[n++] = block_at(s, i * 64 + (unsigned)__builtin_ctzll(bits));
        s->free[i] = bits;
    }
    s->used += (uint16_t)n;
    return n;
}

static void give_to(struct slab *s, const void *p)
{
    unsigned i = index_of(s, p);
    uint64_t bit = (uint64_t)1 << i % 64;

    must(i < s->blocks);
    must(!(s->free[i / 64] & bit)); /* it was freed before */
    s->free[i / 64] |= bit;
    s->used--;
}

/* ---- the slabs of a size ---- */

static void unlist(struct shelf *shelf, struct slab *s) REQUIRES(shelf->lock)
{
    *s->at = s->next;
    if (s->next != NULL)
        s->next->at = s->at;
    if (shelf->levels[s->level] == NULL)
        shelf->occupied &= ~(1u << s->level);
    s->at = NULL;
}

static void enlist(struct shelf *shelf, struct slab *s) REQUIRES(shelf->lock)
{
    struct slab **first = &shelf->levels[s->level];

    s->at = first;
    s->next = *first;
    if (s->next != NULL)
        s->next->at = &s->next;
    *first = s;
    shelf->occupied |= 1u << s->level;
}

/* Puts s where it belongs, now that blocks of it were taken or given back. */
static void sort(struct shelf *shelf, struct slab *s) REQUIRES(shelf->lock)
{
    unsigned level = s->used >> s->shift;
    bool full = s->used == s->blocks;

    if (s->at != NULL) {
        if (level == s->level && !full)
            return;
        unlist(shelf, s);
    }
    s->level = (uint8_t)level;
    if (!full)
        enlist(shelf, s);
}

/* Takes up to `want` blocks, of the fullest slabs first, so that the others may become empty; returns how many. */
static unsigned take_blocks(struct shelf *shelf, void **to, unsigned want) REQUIRES(shelf->lock)
{
    unsigned n = 0;

    while (n < want && shelf->occupied != 0) {
        struct slab *s = shelf->levels[31 - __builtin_clz(shelf->occupied)];

        n += take_from(s, to + n, want - n);
        sort(shelf, s);
    }
    shelf->out += n;
    return n;
}

static bool is_only(const struct shelf *shelf, const struct slab *s) REQUIRES(shelf->lock)
{
    return shelf->occupied == 1u << s->level && shelf->levels[s->level] == s && s->next == NULL;
}

/* Returns the slabs that are empty now, linked by `next`. The only one with room stays, lest it come and go. */
static struct slab *give_blocks(struct shelf *shelf, void *const *from, unsigned n) REQUIRES(shelf->lock)
{
    size_t size = shelf_size((unsigned)(shelf - shelves));
    struct slab *empty = NULL;

    for (unsigned i = 0; i < n; i++) {
        struct slab *s = slab_of(from[i]);

        must(s->size == size);
        give_to(s, from[i]);
        sort(shelf, s);
        if (s->used == 0 && !is_only(shelf, s)) {
            unlist(shelf, s);
            s->next = empty;
            empty = s;
        }
    }
    shelf->out -= n;
    return empty;
}

/* ---- the blocks at hand ---- */

static uint32_t room_for(unsigned number)
{
    size_t n = MAGAZINE_BYTES / shelf_size(number);

    return n < MAGAZINE_BLOCKS ? (uint32_t)n : MAGAZINE_BLOCKS;
}

__attribute__((noinline)) static void refill(struct magazine *m, unsigned number)
{
    struct shelf *shelf = &shelves[number];

    if (m->room == 0)
        m->room = room_for(number);
    lock_take(&shelf->lock);
    if (shelf->occupied == 0) {
        struct slab *s;

        lock_drop(&shelf->lock); /* a new slab may have to wait for the kernel */
        s = slab_new(shelf_size(number));
        lock_take(&shelf->lock);
        enlist(shelf, s);
    }
    m->n = take_blocks(shelf, m->blocks, m->room / 2);
    lock_drop(&shelf->lock);
}

/* Gives back the n blocks that have been there for longest. */
static void give_back(struct magazine *m, unsigned number, unsigned n)
{
    struct shelf *shelf = &shelves[number];
    struct slab *empty, *next;

    for (unsigned i = 0; i < n; i++)
        __builtin_prefetch(slab_of(m->blocks[i]), 1);
    lock_take(&shelf->lock);
    empty = give_blocks(shelf, m->blocks, n);
    lock_drop(&shelf->lock);
    for (; empty != NULL; empty = next) {
        next = empty->next;
        pages_free(empty);
    }
    m->n -= n;
    memmove(m->blocks, m->blocks + n, m->n * sizeof *m->blocks);
}

__attribute__((noinline)) static void make_room(struct magazine *m, unsigned number)
{
    if (m->room == 0)
        m->room = room_for(number);
    else
        give_back(m, number, m->room / 2);
}

void *slab_alloc(size_t size)
{
    struct magazine *m;

    if (UNLIKELY(!is_small(size)))
        return mem_alloc(size);
    m = &magazines[shelf_of(size)];
    if (UNLIKELY(m->n == 0))
        refill(m, shelf_of(size));
    mem_count((int64_t)shelf_size(shelf_of(size)));
    return m->blocks[--m->n];
}

void slab_free(void *p, size_t size)
{
    struct magazine *m;

    if (UNLIKELY(!is_small(size))) {
        mem_free_sized(p, size);
        return;
    }
    m = &magazines[shelf_of(size)];
    if (UNLIKELY(m->n == m->room))
        make_room(m, shelf_of(size));
    mem_count(-(int64_t)shelf_size(shelf_of(size)));
    m->blocks[m->n++] = p;
}

size_t slab_usable_size(size_t size)
{
    return LIKELY(is_small(size)) ? shelf_size(shelf_of(size)) : mem_usable_size(size);
}

void slab_stats(struct mem_stats *stats)
{
    size_t used = pages_used();

    for (unsigned number = 0; number < SHELVES; number++) {
        struct shelf *shelf = &shelves[number];

        lock_take(&shelf->lock);
        stats->allocated += shelf->out * shelf_size(number);
        lock_drop(&shelf->lock);
    }
    stats->active += used;
    stats->resident += used + pages_idle();
}

void slab_thread_done(void)
{
    for (unsigned number = 0; number < SHELVES; number++)
        if (magazines[number].n != 0)
            give_back(&magazines[number], number, magazines[number].n);
}
