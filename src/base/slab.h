/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slab: small blocks in steps of 8 bytes.
 *
 * Role:    allocates what there are millions of. A block takes its size rounded up to 8 bytes, and a bit.
 * Owns:    slabs of 8 KiB, each cut into blocks of one size; each thread owns a few free blocks of every size it uses.
 * Threads: any, and any may free what another one allocated. A thread that ends calls slab_thread_done.
 * Used by: store/entry.
 * Why:     jemalloc's classes are 16 bytes apart and more (48, 64, 80 .. 128, 160 .. 256, 320), and each of its runs of
 *          small blocks, often one page, has a record of 128 bytes. Slabs of 16 KiB would lose a byte less of 150 in
 *          the division, but the larger a slab, the later its last block goes: in a full cache whose sizes of values
 *          changed over and over RSS was 1.64 times what was used; with 8 KiB it is 1.57, and was 1.55 with jemalloc.
 *          Up to 1 KiB slabs do better than jemalloc: a key and its value of 450 .. 1000 bytes take 74 bytes more than
 *          their own, where they took 105.
 */
#ifndef LARDER_BASE_SLAB_H
#define LARDER_BASE_SLAB_H

#include <stddef.h>

#include "base/mem.h"

#define SLAB_LARGEST 1024 /* mem allocates what is larger, and what has no size */

/* Never NULL; ends the process if there is no memory. Aligned to 8 bytes. */
void *slab_alloc(size_t size);
/* Takes a block that was allocated with exactly `size`; not NULL. */
void slab_free(void *p, size_t size);
/* Bytes that a block of `size` takes, and is counted with. */
size_t slab_usable_size(size_t size);
/* Adds what the slabs hold: the blocks, those at hand in threads too; the slabs; and with them the memory that waits to
 * become slabs. */
void slab_stats(struct mem_stats *stats);
/* Gives back the free blocks of the calling thread. */
void slab_thread_done(void);

#endif
