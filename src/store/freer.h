/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * freer: frees large objects in the background, a part at a time.
 *
 * Role:    frees the tables that FLUSHALL removed and the large values that were deleted, so that no command waits for
 *          that. Keeps the account of these bytes (quota). Once a second, returns memory that has been free for a
 *          second to the kernel; starts the allocator's own thread for that.
 * Owns:    the objects in its queue.
 * Threads: its own, and the allocator's, both of a lower priority than workers; any thread may call the functions.
 * Used by: store, reclaim, dispatch, sweep.
 * Why:     an object is freed in parts of some hundred elements, and between two parts it is back in the queue. So any
 *          thread that needs memory frees as much of it as it needs, however large the object is, and a shutdown waits
 *          for one part. Bytes leave the account while they are freed: the thread observes its own changes of the
 *          memory in use, which base/mem reports every 64 KiB. So no type has to report what it frees.
 *
 * Back-pressure: a thread that hands over an object while more than FREER_BACKLOG bytes wait owes as many bytes, and
 * pays by freeing them (freer_pay) when it holds no shard. So the backlog is at most FREER_BACKLOG and, from each
 * thread, the objects of one command.
 */
#ifndef LARDER_STORE_FREER_H
#define LARDER_STORE_FREER_H

#include <stdbool.h>
#include <stddef.h>

#define FREER_BACKLOG ((size_t)16 << 20)

/* Frees about `elements` elements of the object, at least one. True: the object is freed. */
typedef bool freer_part(void *p, size_t elements);

void freer_start(void);
/* Ends the thread after the part that it is freeing. What is in the queue stays there. */
void freer_stop(void);
/* Frees all that is in the queue, in the calling thread. */
void freer_drain(void);
/* Takes p and frees it later. objects: for INFO, 0: not counted. bytes: counted as waiting until they are freed. An
 * object of which p is a part may be freed by the calling thread at that moment: then the bytes are among those of the
 * object, and p is counted with it. If the thread does not run, frees p at once. */
void freer_hand(void *p, freer_part *part, size_t objects, size_t bytes);
/* The calling thread has freed objects at once that INFO counts. */
void freer_count(size_t objects);
/* `bytes` of what the calling thread has freed last stay in quota's account of freeing: whoever frees them calls
 * quota_freed. */
void freer_keep(size_t bytes);
/* If the calling thread is freeing an object: `bytes` of it remain in use and belong to another account. */
void freer_spare(size_t bytes);

/* Frees a part of the first object of the queue in the calling thread; if other threads are freeing parts of all that
 * waits, sleeps for a moment instead. False: nothing waits. */
bool freer_help(void);
/* Frees as many bytes as the calling thread owes, unless less than FREER_BACKLOG is waiting. It holds no shard. */
void freer_pay(void);

/* Who waits until certain objects are freed. All that the thread hands over between freer_wait_begin and freer_wait_end
 * goes to the front of the queue and counts for the waiter. */
struct freer_wait {
    size_t left; /* objects that are not freed yet */
};
void freer_wait_begin(struct freer_wait *w);
void freer_wait_end(void);
/* Frees parts in the calling thread until the waiter's objects are freed. It holds no shard. */
void freer_wait(struct freer_wait *w);

/* The number of objects that wait, and of objects freed so far. */
size_t freer_pending(void);
size_t freer_freed(void);
void freer_reset_freed(void);

#endif
