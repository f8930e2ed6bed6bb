/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pages: pieces of 8 KiB, aligned to their size, from the kernel.
 *
 * Role:    hands pieces out, takes them back, and returns the memory of those that stay free to the kernel.
 * Owns:    regions of 32 MiB of address space, which it never gives up.
 * Threads: any.
 * Used by: slab. The freer calls pages_trim.
 * Why:     what jemalloc shall align to more than a page is a large block to it: 16 KiB at least, a page more, so that
 *          not all begin at the same sets of a cache (opt.cache_oblivious, which 5.3.0 cannot turn off), and a record
 *          of 128 bytes for each block and each gap between two. Slabs of 16 KiB that came from it cost 3 bytes more
 *          for each entry of 160, and a quarter more address space, whose pages would have been used in time.
 */
#ifndef LARDER_BASE_PAGES_H
#define LARDER_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define PAGES_BYTES ((size_t)8 * 1024)

/* A piece with any content. Never NULL; ends the process if there is no memory. Not counted as used. */
void *pages_alloc(void);
/* Takes a piece. Its memory stays for the next who asks, until a trim or a purge. */
void pages_free(void *p);
/* Returns to the kernel what was free in all the time since the last trim, but at most so many bytes at a time. Called
 * now and then, by one thread. True: the trim is not over, and wants to go on soon. */
bool pages_trim(size_t most);
/* Returns all that is free now. */
void pages_purge(void);
/* Bytes handed out; bytes that are free and still have memory. */
size_t pages_used(void);
size_t pages_idle(void);

#endif
