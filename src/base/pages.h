/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages: pieces of 8 KiB and spans of 128 KiB, aligned to their size, from the kernel.
 *
 * Role:    allocates and frees pieces and spans, and returns the memory of pieces that stay free to the kernel.
 * Owns:    regions of 32 MiB of address space, which are never unmapped.
 * Threads: any.
 * Used by: slab. The freer calls pages_trim.
 * Why:     to jemalloc every block that is aligned to more than a page is a large one. It takes at least 16 KiB, one
 *          more page so that blocks do not all begin at the same cache sets (opt.cache_oblivious, which 5.3.0 cannot
 *          turn off), and a record of 128 bytes for each block and each gap. Slabs of 16 KiB from jemalloc cost
 *          3 bytes more per entry of 160 bytes, and a quarter more address space that would become resident in time.
 */
#ifndef LARDER_BASE_PAGES_H
#define LARDER_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGES_BYTES      ((size_t)8 * 1024)
#define PAGES_SPAN_BYTES ((size_t)128 * 1024)
#define PAGES_NOTE_BYTES ((size_t)64) /* for the user of a span, outside of it */

/* A region is mapped when only so many pieces are left free: they are the reserve for when the kernel grants no more.
 */
#define PAGES_AHEAD 2048

/* A piece with undefined content. Never NULL; ends the process if there is no memory. Not in the account of mem. */
void *pages_alloc(void);
/* Whether the last region could not be mapped: little is left, and nothing new should be taken on. */
bool pages_are_low(void);
/* Maps a region if so few pieces are left. Call before any is needed, and periodically. */
void pages_keep(void);
/* Takes a piece. It keeps its memory for the next pages_alloc until a trim or a purge. */
void pages_free(void *p);
/* The same for a span, a run of pieces. */
void *pages_alloc_span(void);
void pages_free_span(void *span);
/* The note that belongs to a span, given by an address in the span; and the span of a note. */
void *pages_note(const void *in_span);
void *pages_span_of(const void *note);
/* Returns to the kernel what has been free since the last trim, step_bytes per call, or a 32nd of it if that is more:
 * so a trim ends after about 32 calls, however much is free. step_bytes is at least a piece. One thread calls it
 * periodically. True: more is left, call again soon. */
bool pages_trim(size_t step_bytes);
/* Returns the memory of all free pieces now. */
void pages_purge(void);
/* The runs of n pieces, aligned to n, that are complete in a mask of 64 pieces. The kernel takes back whole pages, and
 * its page may be larger than a piece: 64 KiB on some machines with arm64. n: a power of two up to 64. */
uint64_t pages_whole(uint64_t mask, unsigned n);
/* Bytes of allocated pieces; bytes of free pieces that still have memory. */
size_t pages_used(void);
size_t pages_idle(void);

#endif
