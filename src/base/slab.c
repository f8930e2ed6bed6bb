/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/slab.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/pages.h"
#include "base/sanitize.h"

#define STEP         8
#define FINE         1024 /* classes are STEP apart up to here, and their slabs are pieces; larger ones are in spans */
#define FINE_CLASSES (FINE / STEP)
#define LEVELS       8 /* slabs are listed by how full they are */

/* The coarse classes, by the number of blocks in a span: about 8 % apart in the middle. */
#define COARSE(n) (PAGES_SPAN_BYTES / (n) & ~(size_t)(STEP - 1))
static const uint16_t coarse_size[] = {
    COARSE(120), COARSE(113), COARSE(106), COARSE(99), COARSE(93), COARSE(87), COARSE(81), COARSE(75),
    COARSE(69),  COARSE(64),  COARSE(60),  COARSE(56), COARSE(52), COARSE(48), COARSE(44), COARSE(40),
    COARSE(37),  COARSE(34),  COARSE(32),  COARSE(30), COARSE(28), COARSE(26), COARSE(24), COARSE(22),
    COARSE(20),  COARSE(19),  COARSE(18),  COARSE(17), COARSE(16), COARSE(15), COARSE(14), COARSE(13),
    COARSE(12),  COARSE(11),  COARSE(10),  COARSE(9),  COARSE(8),  COARSE(7)};

#define COARSE_CLASSES (sizeof coarse_size / sizeof *coarse_size)
#define CLASSES        (FINE_CLASSES + COARSE_CLASSES)

_Static_assert(SLAB_LARGEST == COARSE(7), "the largest size is that of the last class");

/*
 * A slab is aligned to its size, so that the address of a block gives that of its slab. The header of a piece is at its
 * beginning, that of a span is in the note of the span, so that blocks of powers of two fill the span.
 *
 *   0      8    16     18       20     22      23      24                                        PAGES_BYTES
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
_Static_assert(PAGES_BYTES / STEP <= UINT16_MAX, "blocks are counted in 16 bits");
_Static_assert(sizeof(struct slab) + (PAGES_SPAN_BYTES / FINE + 63) / 64 * 8 <= PAGES_NOTE_BYTES,
               "a note holds a header");

static struct size_class {
    _Alignas(64) struct lock lock;
    uint32_t occupied;           /* bit n: level n has slabs */
    size_t out;                  /* blocks that have left the slabs, those in magazines too */
    size_t slabs;                /* written with the lock held, as out and is_sparse */
    _Atomic bool is_sparse;      /* slab_move makes its slabs fewer; read by anyone */
    struct slab *levels[LEVELS]; /* the slabs with free blocks */
} classes[CLASSES] = {[0 ... CLASSES - 1] = {.lock = LOCK_INIT(SLAB)}};

#define MAGAZINE_BLOCKS 32
#define MAGAZINE_BYTES  4096
#define MAGAZINE_LEAST  2 /* blocks, however large: half of a magazine is at least one */

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

/* The first coarse class for each stretch of 1 KiB. */
static uint8_t coarse_from[SLAB_LARGEST / FINE + 1];

/* Runs before all other constructors, and so before any block is allocated. */
__attribute__((constructor(101))) static void fill_coarse_from(void)
{
    for (unsigned k = 0, i = 0; i <= SLAB_LARGEST / FINE; i++) {
        while (coarse_size[k] <= i * FINE)
            k++;
        coarse_from[i] = (uint8_t)k;
    }
}

static unsigned coarse_class_of(size_t size)
{
    unsigned k = coarse_from[(size - 1) / FINE];

    while (coarse_size[k] < size)
        k++;
    return FINE_CLASSES + k;
}

static inline unsigned class_of(size_t size)
{
    return LIKELY(size <= FINE) ? (unsigned)((size - 1) / STEP) : coarse_class_of(size);
}

static inline size_t class_size(unsigned number)
{
    sane(number < CLASSES);
    return LIKELY(number < FINE_CLASSES) ? (size_t)(number + 1) * STEP : coarse_size[number - FINE_CLASSES];
}

/* ---- a slab ---- */

static inline bool is_fine(size_t block_size)
{
    return block_size <= FINE;
}

static inline size_t bytes_of(size_t block_size)
{
    return is_fine(block_size) ? PAGES_BYTES : PAGES_SPAN_BYTES;
}

/* The slab of a block of this size. */
static inline struct slab *slab_of(const void *p, size_t block_size)
{
    return is_fine(block_size) ? (struct slab *)((uintptr_t)p & ~(uintptr_t)(PAGES_BYTES - 1)) : pages_note(p);
}

static inline char *end_of(const struct slab *s)
{
    return is_fine(s->size) ? (char *)s + PAGES_BYTES : (char *)pages_span_of(s) + PAGES_SPAN_BYTES;
}

static inline unsigned index_of(const struct slab *s, const void *p)
{
    size_t from_end = (size_t)(end_of(s) - (const char *)p);

    must(from_end % s->size == 0);
    return (unsigned)(from_end / s->size) - 1;
}

/* Words in the bitmap of so many blocks. */
static size_t words(size_t blocks)
{
    return (blocks + 63) / 64;
}

static unsigned blocks_of(size_t size)
{
    size_t n = (PAGES_BYTES - sizeof(struct slab)) / size;

    if (!is_fine(size))
        return (unsigned)(PAGES_SPAN_BYTES / size);
    while (sizeof(struct slab) + words(n) * sizeof(uint64_t) + n * size > PAGES_BYTES)
        n--;
    return (unsigned)n;
}

static struct slab *slab_new(size_t size)
{
    struct slab *s = is_fine(size) ? pages_alloc() : pages_note(pages_alloc_span());
    unsigned n = blocks_of(size);

    must(n > 0);
    *s = (struct slab){.size = (uint16_t)size, .blocks = (uint16_t)n};
    while (n >> s->shift >= LEVELS)
        s->shift++;
    for (unsigned i = 0; i < words(n); i++)
        s->free[i] = i < n / 64 ? UINT64_MAX : ((uint64_t)1 << n % 64) - 1;
    return s;
}

static void slab_delete(struct slab *s)
{
    if (is_fine(s->size))
        pages_free(s);
    else
        pages_free_span(pages_span_of(s));
}

/* Takes up to `wanted` free blocks; returns how many. */
static unsigned take_from(struct slab *s, void **to, unsigned wanted)
{
    unsigned free = (unsigned)s->blocks - s->used;
    unsigned max = wanted < free ? wanted : free;
    unsigned n = 0;
    char *end = end_of(s);

    must(s->used < s->blocks);
    for (unsigned i = 0; n < max; i++) {
        uint64_t bits = s->free[i];

        must(i < words(s->blocks)); /* the bitmap has as many bits as `used` says */
        for (; bits != 0 && n < max; bits &= bits - 1)
            to[n++] = end - (size_t)(i * 64 + (unsigned)__builtin_ctzll(bits) + 1) * s->size;
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

/* A class becomes sparse when more than an eighth of its memory is free, and is so until less than a sixteenth is. One
 * free slab is not worth the work. */
#define SPARSE_SHARE 8
#define DENSE_SHARE  16
#define SPARE_LEAST  ((size_t)16 * 1024)

static void note_density(struct size_class *c) REQUIRES(c->lock)
{
    size_t size = class_size((unsigned)(c - classes)), slab = bytes_of(size);
    size_t all = c->slabs * slab, used = c->out * size, spare = all > used ? all - used : 0;
    bool was = atomic_load_explicit(&c->is_sparse, memory_order_relaxed);
    bool is = spare > slab && spare > SPARE_LEAST && spare > all / (was ? DENSE_SHARE : SPARSE_SHARE);

    if (UNLIKELY(was != is))
        atomic_store_explicit(&c->is_sparse, is, memory_order_relaxed);
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
    note_density(c);
    return n;
}

static bool is_only(const struct size_class *c, const struct slab *s) REQUIRES(c->lock)
{
    return c->occupied == 1u << s->level && c->levels[s->level] == s && s->next == NULL;
}

/* Returns a block to slab s. True: the slab is empty and was removed from its class; the caller deletes it. The only
 * piece with free blocks is kept even if it is empty: otherwise it might be freed and allocated again and again. */
static bool give_block(struct size_class *c, struct slab *s, const void *p) REQUIRES(c->lock)
{
    give_to(s, p);
    place(c, s);
    if (s->used != 0 || (is_fine(s->size) && is_only(c, s)))
        return false;
    list_remove(c, s);
    must(c->slabs > 0);
    c->slabs--;
    return true;
}

/* Returns the slabs that have become empty, linked by `next`. */
static struct slab *give_blocks(struct size_class *c, void *const *from, unsigned n) REQUIRES(c->lock)
{
    size_t size = class_size((unsigned)(c - classes));
    struct slab *empty = NULL;

    must(c->out >= n);
    for (unsigned i = 0; i < n; i++) {
        struct slab *s = slab_of(from[i], size);

        must(s->size == size);
        if (give_block(c, s, from[i])) {
            s->next = empty;
            empty = s;
        }
    }
    c->out -= n;
    note_density(c);
    return empty;
}

/* ---- magazines ---- */

static uint32_t room_for(unsigned number)
{
    size_t n = MAGAZINE_BYTES / class_size(number);

    if (n < MAGAZINE_LEAST)
        return MAGAZINE_LEAST;
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
        c->slabs++;
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
        __builtin_prefetch(slab_of(m->blocks[i], class_size(number)), 1);
    lock_take(&c->lock);
    empty = give_blocks(c, m->blocks, n);
    lock_drop(&c->lock);
    for (; empty != NULL; empty = next) {
        next = empty->next;
        slab_delete(empty);
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

/* ---- moving blocks out of sparse slabs ---- */

static inline bool is_sparse(unsigned number)
{
    return atomic_load_explicit(&classes[number].is_sparse, memory_order_relaxed);
}

/* The fullest slab with a free block, if a block of `s` should move there: not if s is that slab itself. Since blocks
 * move only to the first slab of the highest level, that one becomes full, and no block moves for ever. */
static struct slab *better_than(struct size_class *c, const struct slab *s) REQUIRES(c->lock)
{
    struct slab *first;

    if (c->occupied == 0 || s->used == s->blocks)
        return NULL;
    first = c->levels[31 - __builtin_clz(c->occupied)];
    must(first != NULL && first->level >= s->level);
    return first != s ? first : NULL;
}

/* A block in a better slab than that of p; NULL: p is in the best one. */
static void *better_block(struct size_class *c, const void *p, size_t size)
{
    struct slab *to;
    void *block = NULL;

    lock_take(&c->lock);
    to = better_than(c, slab_of(p, size));
    if (to != NULL) {
        take_from(to, &block, 1);
        place(c, to);
        c->out++;
    }
    lock_drop(&c->lock);
    return block;
}

#define WORK_STEP 256 /* bytes that are copied in the time that looking at a block takes */

static void work_done(struct slab_work *w, size_t copied)
{
    size_t n = 1 + copied / WORK_STEP;

    w->left -= n < w->left ? (unsigned)n : w->left;
}

void *slab_move(struct slab_work *w, const void *p, size_t size)
{
    void *moved = NULL;
    unsigned number;

    if (is_small(size)) {
        number = class_of(size);
        size = class_size(number);
        if (UNLIKELY(is_sparse(number)))
            moved = better_block(&classes[number], p, size);
    }
    work_done(w, moved != NULL ? size : 0);
    if (moved == NULL) {
        w->kept++;
        return NULL;
    }
    w->moved++;
    mem_count((int64_t)size);
    return memcpy(moved, p, size);
}

void slab_moved(void *old, size_t size)
{
    unsigned number = class_of(size);
    struct size_class *c = &classes[number];
    struct slab *empty;

    must(is_small(size));
    lock_take(&c->lock);
    empty = give_blocks(c, &old, 1);
    lock_drop(&c->lock);
    mem_count(-(int64_t)class_size(number));
    if (empty != NULL)
        slab_delete(empty);
}

size_t slab_spare(void)
{
    size_t sum = 0;

    for (unsigned number = 0; number < CLASSES; number++) {
        struct size_class *c = &classes[number];
        size_t size = class_size(number), all, used;

        if (!is_sparse(number))
            continue;
        lock_take(&c->lock);
        all = c->slabs * bytes_of(size);
        used = c->out * size;
        lock_drop(&c->lock);
        sum += all > used ? all - used : 0;
    }
    return sum;
}

size_t slab_usable_size(size_t size)
{
    return LIKELY(is_small(size)) ? class_size(class_of(size)) : mem_usable_size(size);
}

size_t slab_room(size_t size)
{
    return LIKELY(is_small(size)) ? class_size(class_of(size)) : mem_room(size);
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
