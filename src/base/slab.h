/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slab: small blocks in steps of 8 bytes.
 *
 * Role:    allocates objects that exist by the million. A block takes its size rounded up to 8 bytes, and one bit.
 * Owns:    slabs of 8 KiB, each divided into blocks of one size class. Each thread owns a magazine of free blocks for
 *          every size class it uses.
 * Threads: any, and any may free what another one allocated. A thread calls slab_thread_done before it ends.
 * Used by: store/entry.
 * Why:     jemalloc's size classes are at least 16 bytes apart (48, 64, 80 .. 128, 160 .. 256, 320), and each of its
 *          runs of small blocks, often one page, has a record of 128 bytes. Slabs of 16 KiB would waste one byte in 150
 *          less, but the larger a slab, the later it becomes empty: in a full cache whose value sizes kept changing,
 * RSS was 1.64 times the memory in use with 16 KiB, 1.57 with 8 KiB, and 1.55 with jemalloc. Up to 1 KiB slabs do
 *          better than jemalloc: the overhead of a key and value of 450 .. 1000 bytes is 74 bytes instead of 105.
 */
#ifndef LARDER_BASE_SLAB_H
#define LARDER_BASE_SLAB_H

#include <stddef.h>

#include "base/mem.h"

#define SLAB_LARGEST 1024 /* mem allocates larger blocks, and blocks of size 0 */

/* Never NULL; ends the process if there is no memory. Aligned to 8 bytes. */
void *slab_alloc(size_t size);
/* Takes a block that was allocated with exactly `size`; not NULL. */
void slab_free(void *p, size_t size);
/* Bytes that a block of `size` takes; the account of mem has the same figure. */
size_t slab_usable_size(size_t size);
/* Adds to `allocated` the blocks that have left the slabs, those in magazines too; to `active` the slabs; to `resident`
 * the slabs and the free pages that still have memory. */
void slab_stats(struct mem_stats *stats);
/* Returns the free blocks of the calling thread. */
void slab_thread_done(void);

#endif
