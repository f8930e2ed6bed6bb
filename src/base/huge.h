/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * huge: memory that the kernel may back with huge pages.
 *
 * Role:    maps aligned address space, advises the kernel to use huge pages for it, and returns parts of it.
 * Owns:    whether huge pages are used.
 * Threads: any. huge_start is called once, before other threads exist.
 * Used by: pages, arena.
 * Why:     a look-up in a table of many megabytes misses the TLB at nearly every step. A huge page is one entry of the
 *          TLB instead of 512.
 */
#ifndef LARDER_BASE_HUGE_H
#define LARDER_BASE_HUGE_H

#include <stdbool.h>
#include <stddef.h>

#define HUGE_BYTES ((size_t)2 << 20)

/* Uses huge pages from now on. False: the kernel has none of HUGE_BYTES, or they are turned off for it or for this
 * process. */
bool huge_start(void);
bool huge_is_on(void);
/* Address space aligned to `align`, a power of two. It takes no memory before it is written. NULL: there is none. */
void *huge_map(size_t bytes, size_t align);
/* Asks for huge pages. Nothing happens unless huge_start has returned true. */
void huge_advise(void *p, size_t bytes);
/* Returns memory from huge_map to the kernel; it reads as zeros afterwards. The kernel would fill the gaps in a huge
 * page again, so the blocks of HUGE_BYTES that it is in get small pages until they are advised again. empty: those of
 * them that have no memory any more are advised at once. */
void huge_return(void *p, size_t bytes, bool empty);

#endif
