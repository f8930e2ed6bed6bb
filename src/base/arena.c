/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/arena.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef HAVE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "base/huge.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/must.h"

#define ALIGN 64

#ifdef HAVE_JEMALLOC

#define CHUNK_BYTES ((size_t)8 << 20) /* address space is mapped in multiples of it */
#define RECORDS     HUGE_BYTES        /* jemalloc's records of the arena come first, and stay in small pages */

static unsigned arena; /* jemalloc's number; 0: blocks come from mem */

static struct lock lock = LOCK_INIT(ARENA);
static struct {
    char *at; /* free address space of the last chunk */
    char *end;
    char *small;  /* from here on the last chunk is not advised */
    size_t taken; /* of all chunks */
} space GUARDED_BY(lock);

static _Atomic bool is_advised; /* some of it */

static bool add_chunk(size_t bytes, size_t align) REQUIRES(lock)
{
    size_t n = (bytes + CHUNK_BYTES - 1) & ~(CHUNK_BYTES - 1);
    char *p = huge_map(n, align > HUGE_BYTES ? align : HUGE_BYTES);

    if (p == NULL)
        return false;
    space.at = p;
    space.end = p + n;
    space.small = space.taken == 0 ? p + RECORDS : p;
    return true;
}

/* Advises the blocks that are taken as a whole: the rest of the last one could stay unused. */
static void advise(void) REQUIRES(lock)
{
    char *end = (char *)((uintptr_t)space.at & ~(HUGE_BYTES - 1));

    if (space.taken <= RECORDS + ARENA_SMALL || end <= space.small)
        return;
    huge_advise(space.small, (size_t)(end - space.small));
    space.small = end;
    atomic_store_explicit(&is_advised, true, memory_order_relaxed);
}

static void *take(size_t bytes, size_t align) REQUIRES(lock)
{
    size_t skip = -(uintptr_t)space.at & (align - 1);

    if ((size_t)(space.end - space.at) < skip + bytes) {
        if (!add_chunk(bytes, align))
            return NULL;
        skip = 0;
    }
    space.at += skip + bytes;
    space.taken += bytes;
    advise();
    return space.at - bytes;
}

/* ---- what jemalloc calls ---- */

static void *hook_alloc(extent_hooks_t *hooks, void *at, size_t bytes, size_t align, bool *zero, bool *commit,
                        unsigned index)
{
    void *p;

    (void)hooks;
    (void)index;
    if (at != NULL)
        return NULL;
    lock_take(&lock);
    p = take(bytes, align);
    lock_drop(&lock);
    *zero = *commit = true;
    return p;
}

static bool hook_purge(extent_hooks_t *hooks, void *p, size_t bytes, size_t offset, size_t n, unsigned index)
{
    (void)hooks;
    (void)bytes;
    (void)index;
    huge_return((char *)p + offset, n, atomic_load_explicit(&is_advised, memory_order_relaxed));
    return false;
}

static bool hook_split(extent_hooks_t *hooks, void *p, size_t bytes, size_t a, size_t b, bool committed, unsigned index)
{
    (void)hooks;
    (void)p;
    (void)committed;
    (void)index;
    must(a + b == bytes);
    return false;
}

static bool hook_merge(extent_hooks_t *hooks, void *p, size_t a, void *q, size_t b, bool committed, unsigned index)
{
    (void)hooks;
    (void)b;
    (void)committed;
    (void)index;
    must((char *)p + a == q);
    return false;
}

void arena_start(void)
{
    static extent_hooks_t hooks = {
        .alloc = hook_alloc, .purge_forced = hook_purge, .split = hook_split, .merge = hook_merge};
    extent_hooks_t *h = &hooks;
    size_t n = sizeof arena;

    must(arena == 0);
    if (huge_is_on() && mallctl("arenas.create", &arena, &n, &h, sizeof h) != 0)
        arena = 0;
}

/* NULL: there is no arena, or no address space of that size. */
static void *alloc(size_t size)
{
    void *p;

    if (arena == 0)
        return NULL;
    p = mallocx(size, MALLOCX_ALIGN(ALIGN) | MALLOCX_ZERO | MALLOCX_ARENA(arena) | MALLOCX_TCACHE_NONE);
    if (p != NULL)
        mem_count((int64_t)mem_usable(p));
    return p;
}

void arena_free(void *p)
{
    if (p == NULL)
        return;
    mem_count(-(int64_t)mem_usable(p));
    dallocx(p, MALLOCX_TCACHE_NONE);
}

#else

void arena_start(void)
{
}

static void *alloc(size_t size)
{
    (void)size;
    return NULL;
}

void arena_free(void *p)
{
    mem_free(p);
}

#endif

void *arena_zalloc(size_t size)
{
    void *p = alloc(size);

    return p != NULL ? p : mem_aligned_zero(ALIGN, size);
}

void *arena_try_zalloc(size_t size)
{
    void *p = alloc(size);

    return p != NULL ? p : mem_try_aligned_zero(ALIGN, size);
}
