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
#define CLASSES    (SLAB_LARGEST / STEP)
#define SLAB_BYTES PAGES_BYTES
#define LEVELS     8 /* slabs are listed by how full they are */

/*
 * A slab is aligned to its size, so that the address of a block gives that of its slab.
 *
 *   0      8    16     18       20     22      23      24                                        SLAB_BYTES
 *   +------+----+------+--------+------+-------+-------+---------------+------+-----+---------+---------+
 *   | next | at | size | blocks | used | level | shift | a bit a block | lost | ... | block 1 | block 0 |
 *   +------+----+------+--------+------+-------+-------+---------------+------+-----+---------+---------+
 *
 * Blocks are numbered from the end, so that those of 16, 32 or 64 bytes lie within a cache line. A bitmap, not links in
 * the blocks, says which are free: a free block is not touched, and a double free is noticed.
 */
struct slab {
    struct slab *next;
    struct slab **at; /* the pointer to this slab in its list; NULL: it is full and in no list */
    uint16_t size;    /* of a block */
    uint16_t blocks;
    uint16_t used;
    uint8_t level; /* used >> shift: the list that it is in */
    uint8_t shift;
    uint64_t free[];
};

_Static_assert(sizeof(struct slab) == 24, "the header of a slab is 24 bytes and the bitmap");
_Static_assert(SLAB_BYTES / STEP <= UINT16_MAX, "blocks are counted in 16 bits");

static struct size_class {
    _Alignas(64) struct lock lock;
    uint32_t occupied;           /* bit n: level n has slabs */
    size_t out;                  /* blocks that have left the slabs, those in magazines too */
    struct slab *levels[LEVELS]; /* the slabs with free blocks */
} classes[CLASSES] = {[0 ... CLASSES - 1] = {.lock = LOCK_INIT(SLAB)}};

#define MAGAZINE_BLOCKS 32
#define MAGAZINE_BYTES  4096

_Static_assert(MAGAZINE_BYTES / SLAB_LARGEST >= 2, "half of a magazine is at least one block");

/* A thread's free blocks of one size class. The last one is used next: it is probably still in the cache. */
static _Thread_local struct magazine {
    uint32_t n;
    uint32_t room; /* 0: it has not been used yet */
    void *blocks[MAGAZINE_BLOCKS];
} magazines[CLASSES];

/* With AddressSanitizer every block comes from libc, so that it can be checked. */
static inline bool is_small(size_t size)
{
    return size - 1 < SLAB_LARGEST && !SANITIZE_ADDRESS;
}

static inline unsigned class_of(size_t size)
{
    return (unsigned)((size - 1) / STEP);
}

static inline size_t class_size(unsigned number)
{
    sane(number < CLASSES);
    return (size_t)(number + 1) * STEP;
}

/* ---- a slab ---- */

static inline struct slab *slab_of(const void *p)
{
    return (struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB_BYTES - 1));
}

/* The address of block i. */
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

/* Words in the bitmap of so many blocks. */
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

    must(slab_of(s) == s && n > 0);
    *s = (struct slab){.size = (uint16_t)size, .blocks = (uint16_t)n};
    while (n >> s->shift >= LEVELS)
        s->shift++;
    for (unsigned i = 0; i < words(n); i++)
        s->free[i] = i < n / 64 ? UINT64_MAX : ((uint64_t)1 << n % 64) - 1;
    return s;
}

/* Takes up to `wanted` free blocks; returns how many. */
static unsigned take_from(struct slab *s, void **to, unsigned wanted)
{
    unsigned free = (unsigned)s->blocks - s->used;
    unsigned max = wanted < free ? wanted : free;
    unsigned n = 0;

    must(s->used < s->blocks);
    for (unsigned i = 0; n < max; i++) {
        uint64_t bits = s->free[i];

        must(i < words(s->blocks)); /* the bitmap has as many bits as `used` says */
        for (; bits != 0 && n < max; bits &= bits - 1)
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

    must(i < s->blocks && s->used > 0);
    must(!(s->free[i / 64] & bit)); /* it has been freed before */
    s->free[i / 64] |= bit;
    s->used--;
}

/* ---- the slabs of a size class ---- */

static void list_remove(struct size_class *c, struct slab *s) REQUIRES(c->lock)
{
    must(*s->at == s);
    *s->at = s->next;
    if (s->next != NULL)
        s->next->at = s->at;
    if (c->levels[s->level] == NULL)
        c->occupied &= ~(1u << s->level);
    s->at = NULL;
}

static void list_insert(struct size_class *c, struct slab *s) REQUIRES(c->lock)
{
    struct slab **first = &c->levels[s->level];

    must(s->level < LEVELS && s->at == NULL);
    s->at = first;
    s->next = *first;
    if (s->next != NULL)
        s->next->at = &s->next;
    *first = s;
    c->occupied |= 1u << s->level;
}

/* Moves s to the list of its level, after blocks of it were taken or returned. */
static void place(struct size_class *c, struct slab *s) REQUIRES(c->lock)
{
    unsigned level = s->used >> s->shift;
    bool full = s->used == s->blocks;

    if (s->at != NULL) {
        if (level == s->level && !full)
            return;
        list_remove(c, s);
    }
    s->level = (uint8_t)level;
    if (!full)
        list_insert(c, s);
}

/* Takes up to `wanted` blocks, from the fullest slabs first, so that the others can become empty; returns how many. */
static unsigned take_blocks(struct size_class *c, void **to, unsigned wanted) REQUIRES(c->lock)
{
    unsigned n = 0;

    while (n < wanted && c->occupied != 0) {
        struct slab *s = c->levels[31 - __builtin_clz(c->occupied)];

        must(s != NULL);
        n += take_from(s, to + n, wanted - n);
        place(c, s);
    }
    c->out += n;
    return n;
}

static bool is_only(const struct size_class *c, const struct slab *s) REQUIRES(c->lock)
{
    return c->occupied == 1u << s->level && c->levels[s->level] == s && s->next == NULL;
}

/* Returns the slabs that have become empty, linked by `next`. The only slab with free blocks is kept even if it is
 * empty: otherwise it might be freed and allocated again and again. */
static struct slab *give_blocks(struct size_class *c, void *const *from, unsigned n) REQUIRES(c->lock)
{
    size_t size = class_size((unsigned)(c - classes));
    struct slab *empty = NULL;

    must(c->out >= n);
    for (unsigned i = 0; i < n; i++) {
        struct slab *s = slab_of(from[i]);

        must(s->size == size);
        give_to(s, from[i]);
        place(c, s);
        if (s->used == 0 && !is_only(c, s)) {
            list_remove(c, s);
            s->next = empty;
            empty = s;
        }
    }
    c->out -= n;
    return empty;
}

/* ---- magazines ---- */

static uint32_t room_for(unsigned number)
{
    size_t n = MAGAZINE_BYTES / class_size(number);

    return n < MAGAZINE_BLOCKS ? (uint32_t)n : MAGAZINE_BLOCKS;
}

__attribute__((noinline)) static void refill(struct magazine *m, unsigned number)
{
    struct size_class *c = &classes[number];

    if (m->room == 0)
        m->room = room_for(number);
    lock_take(&c->lock);
    if (c->occupied == 0) {
        struct slab *s;

        lock_drop(&c->lock); /* slab_new may wait for the kernel */
        s = slab_new(class_size(number));
        lock_take(&c->lock);
        list_insert(c, s);
    }
    m->n = take_blocks(c, m->blocks, m->room / 2);
    lock_drop(&c->lock);
    must(m->n > 0);
}

/* Returns the n blocks that have been in the magazine for longest. */
static void give_back(struct magazine *m, unsigned number, unsigned n)
{
    struct size_class *c = &classes[number];
    struct slab *empty, *next;

    must(n <= m->n && m->n <= m->room);
    for (unsigned i = 0; i < n; i++)
        __builtin_prefetch(slab_of(m->blocks[i]), 1);
    lock_take(&c->lock);
    empty = give_blocks(c, m->blocks, n);
    lock_drop(&c->lock);
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

/* Stops the process if a block that is being freed is in the magazine already. */
static inline void check_not_in(const struct magazine *m, const void *p)
{
    sane((uintptr_t)p % STEP == 0);
    for (unsigned i = 0; i < m->n; i++)
        sane(m->blocks[i] != p);
}

void *slab_alloc(size_t size)
{
    struct magazine *m;

    if (UNLIKELY(!is_small(size)))
        return mem_alloc(size);
    m = &magazines[class_of(size)];
    if (UNLIKELY(m->n == 0))
        refill(m, class_of(size));
    mem_count((int64_t)class_size(class_of(size)));
    return m->blocks[--m->n];
}

void slab_free(void *p, size_t size)
{
    struct magazine *m;

    if (UNLIKELY(!is_small(size))) {
        mem_free_sized(p, size);
        return;
    }
    m = &magazines[class_of(size)];
    check_not_in(m, p);
    if (UNLIKELY(m->n == m->room))
        make_room(m, class_of(size));
    mem_count(-(int64_t)class_size(class_of(size)));
    m->blocks[m->n++] = p;
}

size_t slab_usable_size(size_t size)
{
    return LIKELY(is_small(size)) ? class_size(class_of(size)) : mem_usable_size(size);
}

void slab_stats(struct mem_stats *stats)
{
    size_t used = pages_used();

    for (unsigned number = 0; number < CLASSES; number++) {
        struct size_class *c = &classes[number];

        lock_take(&c->lock);
        stats->allocated += c->out * class_size(number);
        lock_drop(&c->lock);
    }
    stats->active += used;
    stats->resident += used + pages_idle();
}

void slab_thread_done(void)
{
    for (unsigned number = 0; number < CLASSES; number++)
        if (magazines[number].n != 0)
            give_back(&magazines[number], number, magazines[number].n);
}
