/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * freer: a thread that frees large objects in the background.
 *
 * Role:    frees the tables that FLUSHALL removed and the large values that were deleted, so that no command waits for
 *          that. Keeps the account of these bytes (quota). Once a second, returns memory that has been free for a
 * second to the kernel; starts the allocator's own thread for that. Owns:    the objects in its queue. Threads: its
 * own, and the allocator's, both of a lower priority than workers; any thread may call the functions. Used by: store,
 * reclaim. Why:     bytes leave the account while they are freed, not when the whole object is: the thread observes its
 * own changes of the memory in use, which base/mem reports every 64 KiB. So no type has to report what it frees.
 */
#ifndef LARDER_STORE_FREER_H
#define LARDER_STORE_FREER_H

#include <stdbool.h>
#include <stddef.h>

void freer_start(void);
/* Frees the rest of the queue, then ends the thread. */
void freer_stop(void);
/* Takes p and calls release(p) later, in the thread. objects: for INFO. bytes: counted as waiting until they are freed.
 * If the thread does not run, or the caller is freeing an object that p is a part of, calls release(p) at once. */
void freer_hand(void *p, void (*release)(void *p), size_t objects, size_t bytes);
/* The same in two steps, for an object that no command can find any more but other threads may still read. It counts as
 * waiting from the first step on. */
void freer_expect(size_t objects, size_t bytes);
void freer_hand_expected(void *p, void (*release)(void *p), size_t objects, size_t bytes);
/* Frees the first object of the queue in the calling thread, if it has no more than `max` bytes. False: nothing was
 * freed. The caller holds no shard. */
bool freer_help(size_t max);
/* If the calling thread is freeing an object: `bytes` of it remain in use and belong to another account. */
void freer_spare(size_t bytes);
/* The number of objects that wait, and of objects freed so far. */
size_t freer_pending(void);
size_t freer_freed(void);
void freer_reset_freed(void);

#endif
