/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mem: every allocation, and the account of it.
 *
 * Role:    allocates from jemalloc (from libc in sanitizer builds) and counts by usable size, so that
 *          `used_memory` is what the process really holds.
 * Owns:    one global counter; each thread gathers its own changes and adds them at 64 KiB.
 * Threads: any. A thread that ends calls mem_thread_done.
 * Used by: everything.
 * Why:     small things end the process when memory is out (there is nothing better to do); what a client
 *          may choose the size of uses mem_try_alloc and answers with an error.
 */
#ifndef LARDER_BASE_MEM_H
#define LARDER_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* Never NULL; ends the process if there is no memory. Freed with mem_free. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc(void *p, size_t size);
/* As mem_zalloc, but aligned to `align` (a power of two); fresh pages stay untouched. Freed with mem_free. */
void *mem_aligned_zero(size_t align, size_t size);
/* NULL if there is no memory. */
void *mem_try_alloc(size_t size);
void *mem_try_realloc(void *p, size_t size);
void mem_free(void *p);
/* As mem_free, for a block that mem_alloc, mem_zalloc or one of the reallocations made with exactly `size`: spares the
 * allocator a look-up. */
void mem_free_sized(void *p, size_t size);
char *mem_strdup(const char *s);
/* A copy of n bytes with a NUL behind them. */
char *mem_strndup(const char *s, size_t n);

/* Bytes that a block of `size` really takes; without jemalloc, at least that. */
size_t mem_usable_size(size_t size);
/* Bytes that the block at p really takes. */
size_t mem_usable(const void *p);

/* For those who allocate by other ways: adds to the account, or takes off it. */
void mem_count(int64_t delta);
/* Ends the process, since so many bytes could not be had. */
__attribute__((noreturn, cold)) void mem_exhausted(size_t size);

/* Bytes held by all threads, to within 64 KiB per thread. Never negative. */
size_t mem_used(void);
/* The highest mem_used seen by mem_peak_sample. */
size_t mem_peak(void);
void mem_peak_sample(void);
void mem_peak_reset(void);
/* Adds the calling thread's pending change to the global counter. */
void mem_flush(void);
void mem_thread_done(void);

/* What the allocator tells of itself, in bytes; all 0 where it cannot. */
struct mem_stats {
    size_t allocated;
    size_t active;
    size_t resident;
    size_t retained;
    size_t metadata;
};
void mem_stats(struct mem_stats *s);
/* Bytes of physical memory that the process has, as the kernel counts them; 0 if it does not tell. */
size_t mem_resident(void);
/* The allocator's report on itself: calls write for each piece of the text. */
void mem_report(void (*write)(void *arg, const char *text), void *arg);
/* Name and version, as INFO's mem_allocator shows it. */
const char *mem_allocator(void);
/* Gives free pages back to the kernel now. */
void mem_purge(void);
/* Starts the allocator's own background thread that returns free pages to the kernel. Once, after any fork. */
void mem_start_background(void);

#endif
