/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reserve: address space that a thread sets aside for the time when the kernel grants no more.
 *
 * Role:    a failed allocation gives up pieces of the reserve until it succeeds, so that a command can end and free
 *          what it took. While pieces are missing, the thread is short of memory: it takes on nothing new.
 * Owns:    for each thread that calls reserve_keep, RESERVE_PIECES pieces of RESERVE_BYTES, which are never touched and
 *          so take no memory; and what a command holds.
 * Threads: any; each has its own.
 * Used by: mem, pages, blob, run, cmd.
 * Why:     small allocations are everywhere, and most cannot fail halfway through a change. Sizes that a client chooses
 *          are asked for with mem_try_alloc, or held in advance: reserve_hold makes sure that there is room for all
 *          that a command is about to allocate, however many blocks that will be.
 *
 * Pieces are mappings of their own, which any allocator can use once they are unmapped. Where the kernel refuses a
 * mapping, the piece comes from malloc, because the allocator may have address space that it does not give back.
 */
#ifndef LARDER_BASE_RESERVE_H
#define LARDER_BASE_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

#define RESERVE_PIECES 4
#define RESERVE_BYTES  ((size_t)4 << 20)

/* Fills the thread's reserve as far as memory allows. Call when the thread begins, and periodically. */
void reserve_keep(void);
/* Whether a piece of the thread's reserve is missing. */
bool reserve_is_short(void);
/* Gives up what the thread holds, or a piece of its reserve. False: it has nothing left. */
bool reserve_release(void);
/* Frees the reserve. Call before the thread ends. */
void reserve_thread_done(void);

/* Makes sure that `bytes` can be allocated until reserve_drop; a failing allocation uses them before the reserve. At
 * least RESERVE_HOLD_MIN bytes are held, enough for slabs to map a region (pages.c). Can be nested, RESERVE_HOLDS_MAX
 * deep. False: there is no such memory, and nothing is held. */
#define RESERVE_HOLD_MIN  ((size_t)64 << 20)
#define RESERVE_HOLDS_MAX 4
bool reserve_hold(size_t bytes);
/* Ends the last hold. */
void reserve_drop(void);

#endif
