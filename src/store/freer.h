/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * freer: a thread that frees what takes long to free.
 *
 * Role:    frees the tables that FLUSHALL removed and the large values that were deleted, so that no command waits for
 *          that. Keeps the account of these bytes (quota). Once a second, memory that has been free for as long goes
 *          back to the kernel; the allocator's own thread for that is started here.
 * Owns:    what was handed to it and is still in the queue.
 * Threads: one of its own, and the allocator's, both of a lower priority than workers; the functions may be called by
 *          any.
 * Used by: store, reclaim.
 * Why:     bytes leave the account as they are freed, not when the whole is: the thread looks at its own changes of the
 *          memory in use, which base/mem reports at each 64 KiB. So no type has to report what it frees.
 */
#ifndef LARDER_STORE_FREER_H
#define LARDER_STORE_FREER_H

#include <stdbool.h>
#include <stddef.h>

void freer_start(void);
/* Frees the rest of the queue, then ends the thread. */
void freer_stop(void);
/* Takes p and calls release(p) soon. It is so many objects, for INFO, and so many bytes, which count as being freed
 * until they are. Without a running thread, and while this thread frees something that p is a part of, p is released
 * now. */
void freer_hand(void *p, void (*release)(void *p), size_t objects, size_t bytes);
/* The same in two steps, for what nobody can find any more and somebody may still look at: it counts from the first
 * on. */
void freer_expect(size_t objects, size_t bytes);
void freer_hand_expected(void *p, void (*release)(void *p), size_t objects, size_t bytes);
/* Frees in this thread what waits first in the queue, if it is no more than so many bytes. False: nothing was freed. No
 * shard is held. */
bool freer_help(size_t most);
/* If this thread is freeing something: so many bytes of it remain in use, and are in another account. */
void freer_spare(size_t bytes);
/* Objects waiting; objects freed so far. */
size_t freer_pending(void);
size_t freer_freed(void);
void freer_reset_freed(void);

#endif
