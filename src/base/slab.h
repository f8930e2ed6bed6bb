/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slab: blocks of up to 18 KiB, which can move.
 *
 * Role:    allocates objects that exist by the million. A block takes its size rounded up to 8 bytes, and one bit;
 * above 1 KiB, size classes are about 8 % apart. Makes slabs that are hardly used empty: their blocks move to others.
 * Owns:    slabs of 8 KiB, and of 128 KiB for blocks above 1 KiB, each divided into blocks of one size class. Each
 * thread owns a magazine of free blocks for every size class it uses. Threads: any, and any may free what another one
 * allocated. A thread calls slab_thread_done before it ends. Used by: store/entry, types; run/defrag moves blocks. Why:
 * jemalloc's size classes are at least 16 bytes apart (48, 64, 80 .. 128, 160 .. 256, 320), and each of its runs of
 * small blocks, often one page, has a record of 128 bytes. Slabs of 16 KiB would waste one byte in 150 less, but the
 * larger a slab, the later it becomes empty. Up to 1 KiB slabs do better than jemalloc: the overhead of a key and value
 * of 450 .. 1000 bytes is 74 bytes instead of 105. Above 1 KiB they are used because jemalloc neither moves blocks nor
 * says where a moved one should go.
 */
#ifndef LARDER_BASE_SLAB_H
#define LARDER_BASE_SLAB_H

#include <stddef.h>

#include "base/mem.h"

#define SLAB_LARGEST 18720 /* mem allocates larger blocks, and blocks of size 0 */

/* Never NULL; ends the process if there is no memory. Aligned to 8 bytes. */
void *slab_alloc(size_t size);
/* Takes a block that was allocated with exactly `size`; not NULL. */
void slab_free(void *p, size_t size);
/* A bounded amount of work that moves blocks: looking at one takes 1, moving one takes more. */
struct slab_work {
    unsigned left;
    size_t moved, kept; /* blocks that were moved, and that were not */
};
/* If the block at p lies in a slab that should become empty: a copy of it in a fuller one. The caller lets everything
 * refer to the copy, then passes the old block to slab_moved. Else NULL. */
void *slab_move(struct slab_work *w, const void *p, size_t size);
/* Takes a block of which slab_move made a copy. It goes back to its slab, not to a magazine. */
void slab_moved(void *old, size_t size);
/* Bytes that are free in the slabs of the sizes that have many free blocks, and that slab_move can make fewer. */
size_t slab_spare(void);
/* Bytes that a block of `size` takes; the account of mem has the same figure. */
size_t slab_usable_size(size_t size);
/* Bytes that may be written to a block of `size`. */
size_t slab_room(size_t size);
/* Adds to `allocated` the blocks that have left the slabs, those in magazines too; to `active` the slabs; to `resident`
 * the slabs and the free pages that still have memory. */
void slab_stats(struct mem_stats *stats);
/* Returns the free blocks of the calling thread. */
void slab_thread_done(void);

#endif
