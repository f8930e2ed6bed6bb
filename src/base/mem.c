/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include "base/must.h"
#include "base/reserve.h"

#define FLUSH_AT    ((int64_t)64 * 1024)
#define THREADS_MAX 4096

/* The account. `pending` is what this thread has not added to `total` yet. */
static _Thread_local int64_t pending;
static _Thread_local mem_seen *observer;
static struct {
    _Atomic int64_t total;
    _Atomic size_t peak;
} account __attribute__((aligned(64)));

/* The total may fall below 0 by what other threads have pending, but not by more. */
static void add_to_total(int64_t sum)
{
    int64_t before = atomic_fetch_add_explicit(&account.total, sum, memory_order_relaxed);

    must(before + sum >= -FLUSH_AT * THREADS_MAX);
    if (UNLIKELY(observer != NULL))
        observer(sum);
}

mem_seen *mem_observe(mem_seen *seen)
{
    mem_seen *before = observer;

    observer = seen;
    return before;
}

void mem_count(int64_t delta)
{
    int64_t sum = pending + delta;

    if (UNLIKELY(sum >= FLUSH_AT || sum <= -FLUSH_AT)) {
        add_to_total(sum);
        sum = 0;
    }
    pending = sum;
}

/* An allocation has failed: gives up a piece of the reserve, so that it can be tried again. */
__attribute__((cold, noinline)) static void make_room(size_t size)
{
    if (!reserve_release())
        mem_exhausted(size);
}

void mem_exhausted(size_t size)
{
    fprintf(stderr, "larder: out of memory: cannot allocate %zu bytes\n", size);
    abort();
}

#ifdef HAVE_JEMALLOC

/*
 * jemalloc's settings, which it reads from the variable of this name; MALLOC_CONF in the environment overrides them.
 *
 * Dirty pages are returned to the kernel after one second instead of ten, without a muzzy phase. In a full cache of
 * 300 MB whose value sizes kept changing, the ratio of RSS to allocated memory fell from 1.27 .. 1.62 to 1.15 for the
 * same CPU time; where small values replaced large ones, RSS a moment later fell from 350 MB to 80 .. 190 MB. With no
 * delay at all, RSS would fall by another 3 % and the time in the kernel would triple. One background thread is
 * enough; jemalloc would start one per processor.
 *
 * Blocks of 8 MiB and more are blocks as others. By default jemalloc returns them to the kernel at once: an argument of
 * 32 MiB took 105 ms instead of 37, and under a limit of address space what they held was not used for smaller blocks.
 */
__attribute__((used, visibility("default"))) const char *malloc_conf =
    "dirty_decay_ms:1000,muzzy_decay_ms:0,max_background_threads:1,oversize_threshold:0";

/* Usable sizes of small blocks in steps of 8 bytes, so that the hot path does not call the allocator for them. */
#define SMALL_MAX  4096
#define SMALL_STEP 8
static uint16_t small_usable[SMALL_MAX / SMALL_STEP + 1];

size_t mem_page, mem_small_max;

static void read_page_sizes(void)
{
    unsigned bins = 0;
    char name[32];
    size_t n = sizeof bins;

    must(mallctl("arenas.nbins", &bins, &n, NULL, 0) == 0 && bins > 0);
    snprintf(name, sizeof name, "arenas.bin.%u.size", bins - 1);
    n = sizeof mem_small_max;
    must(mallctl(name, &mem_small_max, &n, NULL, 0) == 0);
    must(mallctl("arenas.page", &mem_page, &n, NULL, 0) == 0);
    must(mem_page > 0 && mem_small_max > mem_page);
}

/* Runs before all other constructors, and so before any block is counted. */
__attribute__((constructor(101))) static void fill_small_usable(void)
{
    read_page_sizes();
    small_usable[0] = (uint16_t)nallocx(1, 0);
    for (size_t i = 1; i <= SMALL_MAX / SMALL_STEP; i++) {
        size_t usable = nallocx(i * SMALL_STEP, 0);

        must(usable >= i * SMALL_STEP && usable <= UINT16_MAX);
        small_usable[i] = (uint16_t)usable;
    }
}

size_t mem_room(size_t size)
{
    if (LIKELY(size <= SMALL_MAX)) {
        sane(small_usable[0] != 0);
        return small_usable[(size + SMALL_STEP - 1) / SMALL_STEP];
    }
    return nallocx(size, 0);
}

size_t mem_usable_size(size_t size)
{
    return mem_room(size) + mem_page_of(size);
}

size_t mem_usable(const void *p)
{
    size_t room = sallocx(p, 0);

    return room + mem_page_of(room);
}

/* The size that was counted for the block at p, which was allocated with `size`. */
static inline size_t counted(const void *p, size_t size)
{
    (void)p;
    return mem_usable_size(size);
}

static inline void release(void *p, size_t usable)
{
    sdallocx(p, usable - mem_page_of(usable), 0);
}

void *mem_try_aligned_zero(size_t align, size_t size)
{
    void *p;

    must(align != 0 && (align & (align - 1)) == 0 && size != 0);
    p = mallocx(size, MALLOCX_ALIGN(align) | MALLOCX_ZERO);
    if (LIKELY(p != NULL))
        mem_count((int64_t)mem_usable(p));
    return p;
}

#else

/* By default sanitizers end the process when malloc is asked for too much, where mem_try_alloc returns NULL. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return __asan_default_options();
}

size_t mem_page, mem_small_max = SIZE_MAX;

size_t mem_room(size_t size)
{
    return size;
}

size_t mem_usable_size(size_t size)
{
    return size;
}

size_t mem_usable(const void *p)
{
    return malloc_usable_size((void *)p);
}

/* libc may return a larger block than was asked for, so the size alone does not give the usable size. */
static inline size_t counted(const void *p, size_t size)
{
    (void)size;
    return mem_usable(p);
}

static inline void release(void *p, size_t usable)
{
    (void)usable;
    free(p);
}

void *mem_try_aligned_zero(size_t align, size_t size)
{
    void *p = NULL;

    must(align != 0 && (align & (align - 1)) == 0 && size != 0);
    if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, size) != 0)
        return NULL;
    memset(p, 0, size);
    mem_count((int64_t)mem_usable(p));
    return p;
}

#endif

void *mem_try_alloc(size_t size)
{
    void *p = malloc(size);

    if (LIKELY(p != NULL))
        mem_count((int64_t)counted(p, size));
    return p;
}

void *mem_alloc(size_t size)
{
    void *p = mem_try_alloc(size);

    while (UNLIKELY(p == NULL)) {
        make_room(size);
        p = mem_try_alloc(size);
    }
    return p;
}

void *mem_aligned_zero(size_t align, size_t size)
{
    void *p = mem_try_aligned_zero(align, size);

    while (UNLIKELY(p == NULL)) {
        make_room(size);
        p = mem_try_aligned_zero(align, size);
    }
    return p;
}

void *mem_zalloc(size_t size)
{
    void *p = calloc(1, size);

    while (UNLIKELY(p == NULL)) {
        make_room(size);
        p = calloc(1, size);
    }
    mem_count((int64_t)counted(p, size));
    return p;
}

void *mem_try_realloc(void *p, size_t size)
{
    size_t before;
    void *q;

    if (p == NULL)
        return mem_try_alloc(size);
    before = mem_usable(p);
    q = realloc(p, size ? size : 1); /* realloc(p, 0) would free the block */
    if (LIKELY(q != NULL))
        mem_count((int64_t)mem_usable(q) - (int64_t)before);
    return q;
}

void *mem_realloc(void *p, size_t size)
{
    void *q = mem_try_realloc(p, size);

    while (UNLIKELY(q == NULL)) {
        make_room(size);
        q = mem_try_realloc(p, size);
    }
    return q;
}

void mem_free(void *p)
{
    size_t usable;

    if (p == NULL)
        return;
    usable = mem_usable(p);
    mem_count(-(int64_t)usable);
    release(p, usable);
}

void mem_free_sized(void *p, size_t size)
{
    size_t usable;

    if (p == NULL)
        return;
    usable = counted(p, size);
    sane(usable == mem_usable(p));
    mem_count(-(int64_t)usable);
    release(p, usable);
}

char *mem_strndup(const char *s, size_t n)
{
    char *copy;

    must(n < SIZE_MAX);
    copy = mem_alloc(n + 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

size_t mem_used(void)
{
    int64_t used = atomic_load_explicit(&account.total, memory_order_relaxed) + pending;

    return used > 0 ? (size_t)used : 0;
}

size_t mem_peak(void)
{
    return atomic_load_explicit(&account.peak, memory_order_relaxed);
}

void mem_peak_sample(void)
{
    size_t used = mem_used();
    size_t peak = mem_peak();

    while (used > peak && !atomic_compare_exchange_weak_explicit(&account.peak, &peak, used, memory_order_relaxed,
                                                                 memory_order_relaxed))
        ;
}

void mem_peak_reset(void)
{
    atomic_store_explicit(&account.peak, mem_used(), memory_order_relaxed);
}

void mem_flush(void)
{
    add_to_total(pending);
    pending = 0;
}

void mem_thread_done(void)
{
    must(pending < FLUSH_AT && pending > -FLUSH_AT);
    mem_flush();
}

size_t mem_resident(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    size_t pages = 0;

    if (f == NULL)
        return 0;
    if (fscanf(f, "%*s %zu", &pages) != 1)
        pages = 0;
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#ifdef HAVE_JEMALLOC

#define TEXT_OF(x) #x
#define TEXT(x)    TEXT_OF(x)

static size_t stat_of(const char *name)
{
    size_t value = 0;
    size_t n = sizeof(value);

    return mallctl(name, &value, &n, NULL, 0) == 0 ? value : 0;
}

void mem_stats(struct mem_stats *s)
{
    uint64_t epoch = 1;

    /* jemalloc updates its statistics when the epoch is written. */
    mallctl("epoch", NULL, NULL, &epoch, sizeof(epoch));
    s->allocated = stat_of("stats.allocated");
    s->active = stat_of("stats.active");
    s->resident = stat_of("stats.resident");
    s->retained = stat_of("stats.retained");
    s->metadata = stat_of("stats.metadata");
}

const char *mem_allocator(void)
{
    return "jemalloc-" TEXT(JEMALLOC_VERSION_MAJOR) "." TEXT(JEMALLOC_VERSION_MINOR) "." TEXT(JEMALLOC_VERSION_BUGFIX);
}

void mem_report(void (*write)(void *arg, const char *text), void *arg)
{
    malloc_stats_print(write, arg, NULL);
}

void mem_purge(void)
{
    mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    mallctl("arena." TEXT(MALLCTL_ARENAS_ALL) ".purge", NULL, NULL, NULL, 0);
}

void mem_start_background(void)
{
    bool on = true;

    mallctl("background_thread", NULL, NULL, &on, sizeof(on));
}

#else

void mem_stats(struct mem_stats *s)
{
    memset(s, 0, sizeof(*s));
}

const char *mem_allocator(void)
{
    return "libc";
}

void mem_report(void (*write)(void *arg, const char *text), void *arg)
{
    write(arg, "The allocator of the C library has no report.\n");
}

void mem_purge(void)
{
    malloc_trim(0);
}

void mem_start_background(void)
{
}

#endif
