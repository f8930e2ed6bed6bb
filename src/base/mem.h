/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem: memory allocation and accounting.
 *
 * Role:    allocates from jemalloc (from libc in sanitizer builds) and counts the usable size of each block, so that
 *          `used_memory` is what the process really holds.
 * Owns:    one global counter. Each thread accumulates its own changes and adds them to it at 64 KiB.
 * Threads: any. A thread calls mem_thread_done before it ends.
 * Used by: everything.
 * Why:     a failed small allocation gives up the thread's reserve (reserve.h), and ends the process if there is none
 *          left, because nothing better can be done. Where a client chooses the size, mem_try_alloc is used, or the
 *          memory is held in advance; the failure becomes an error reply, or the connection is closed.
 */
#ifndef LARDER_BASE_MEM_H
#define LARDER_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* jemalloc's page and its largest small block: 4 KiB and 14 KiB, or 64 KiB and 224 KiB in Debian's packages for arm64.
 * 0 and SIZE_MAX without jemalloc. Set before main. */
extern size_t mem_page, mem_small_max;

/* The page that a block above mem_small_max takes more; 0 for a smaller one. */
static inline size_t mem_page_of(size_t size)
{
    return size > mem_small_max ? mem_page : 0;
}

/* Never NULL; ends the process if there is no memory. Free with mem_free. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *p, size_t size);
/* As mem_zalloc, but aligned to `align`, a power of two. Fresh pages stay untouched. Free with mem_free. */
void *mem_aligned_zero(size_t align, size_t size);
/* NULL if there is no memory; then nothing has changed. They do not use the reserve. */
void *mem_try_alloc(size_t size);
void *mem_try_realloc(void *p, size_t size);
void *mem_try_aligned_zero(size_t align, size_t size);
void mem_free(void *p);
/* As mem_free, for a block that mem_alloc, mem_zalloc or a reallocation made with exactly `size`; saves the allocator a
 * look-up. */
void mem_free_sized(void *p, size_t size);
char *mem_strdup(const char *s);
/* Copies n bytes and appends a NUL. */
char *mem_strndup(const char *s, size_t n);

/* Bytes that a block of `size` really takes; a lower bound without jemalloc. A block above mem_small_max takes a page
 * more than may be written, so that blocks do not all begin at the same cache sets. */
size_t mem_usable_size(size_t size);
/* Bytes that the block at p really takes. */
size_t mem_usable(const void *p);
/* Bytes that may be written to a block of `size`. */
size_t mem_room(size_t size);

/* For memory allocated by other means: adds to the account, or subtracts from it. */
void mem_count(int64_t delta);
/* Reports that `size` bytes cannot be allocated, and ends the process. */
__attribute__((noreturn, cold)) void mem_exhausted(size_t size);

/* Bytes held by all threads, to within 64 KiB per thread. Never negative. */
size_t mem_used(void);
/* The highest mem_used seen by mem_peak_sample. */
size_t mem_peak(void);
void mem_peak_sample(void);
void mem_peak_reset(void);
/* Adds the calling thread's pending change to the global counter. */
void mem_flush(void);
/* From now on calls `seen` with each change that the calling thread adds to the global counter; NULL: no longer.
 * Returns what was called before. */
typedef void mem_seen(int64_t change);
mem_seen *mem_observe(mem_seen *seen);
void mem_thread_done(void);

/* The allocator's own statistics, in bytes; all 0 if it has none. */
struct mem_stats {
    size_t allocated;
    size_t active;
    size_t resident;
    size_t retained;
    size_t metadata;
};
void mem_stats(struct mem_stats *s);
/* The resident set size of the process, in bytes; 0 if the kernel does not provide it. */
size_t mem_resident(void);
/* The allocator's own report: calls `write` for each piece of the text. */
void mem_report(void (*write)(void *arg, const char *text), void *arg);
/* Name and version, as INFO's mem_allocator shows it. */
const char *mem_allocator(void);
/* Returns free pages to the kernel now. */
void mem_purge(void);
/* Starts the allocator's background thread, which returns free pages to the kernel. Call once, after any fork. */
void mem_start_background(void);

#endif
