/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * freer: a thread that frees what takes long to free.
 *
 * Role:    tables that FLUSHALL took away are emptied here, so that the command returns at once. Once a second, memory
 *          that has been free for as long goes back to the kernel; the allocator's own thread for that is started here.
 * Owns:    what was handed to it and is still in the queue.
 * Threads: one of its own, and the allocator's, both of a lower priority than workers; freer_hand may be called by any.
 * Used by: store.
 */
#ifndef LARDER_STORE_FREER_H
#define LARDER_STORE_FREER_H

#include <stddef.h>

void freer_start(void);
/* Frees the rest of the queue, then ends the thread. */
void freer_stop(void);
/* Takes p and calls release(p) soon; weight: how many objects it is, for INFO. Without a running thread it is called
 * now. */
void freer_hand(void *p, void (*release)(void *p), size_t weight);
/* So many objects will be handed over soon, or, if negative, have been: until then they are pending too. */
void freer_announce(ptrdiff_t weight);
/* Objects waiting; objects freed so far. */
size_t freer_pending(void);
size_t freer_freed(void);
void freer_reset_freed(void);

#endif
