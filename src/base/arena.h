/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * arena: zeroed memory for the buckets of tables, close together, in huge pages where they are used.
 *
 * Role:    allocates and frees blocks that are aligned to 64 bytes, as mem does, and counts them as mem does.
 * Owns:    an arena of jemalloc and its address space, which is never unmapped.
 * Threads: any. arena_start is called once, before other threads exist.
 * Used by: table.
 * Why:     every look-up reads a bucket at a random address. Among other blocks the buckets would be spread over ten
 *          times as many huge pages, which would have to hold the other blocks as well.
 */
#ifndef LARDER_BASE_ARENA_H
#define LARDER_BASE_ARENA_H

#include <stddef.h>

/* The first data of the arena stays in small pages, so that a small cache takes no more memory than without it. */
#define ARENA_SMALL ((size_t)2 << 20)

/* Blocks come from the arena from now on if huge_is_on; until then, and without jemalloc, from mem. */
void arena_start(void);
/* Never NULL; ends the process if there is no memory. Free with arena_free. */
void *arena_zalloc(size_t size);
/* NULL if there is no memory; then nothing has changed. */
void *arena_try_zalloc(size_t size);
/* NULL is allowed. */
void arena_free(void *p);

#endif
