/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quiesce: memory that another worker may still be looking at is freed later.
 *
 * Role:    workers look at table memory without a lock when they prefetch. What a table gives up is retired here
 *          and freed when every worker has since passed a quiet point (between two batches, or asleep).
 * Owns:    the retired memory until it is freed.
 * Threads: quiesce_enter, quiesce_leave: a worker, for its own slot. quiesce_retire: any.
 * Used by: net (enter, leave), store (retire).
 * Why:     one store per batch; hazard pointers or a lock would cost each look.
 */
#ifndef LARDER_BASE_QUIESCE_H
#define LARDER_BASE_QUIESCE_H

#define QUIESCE_SLOTS 1024

/* The calling thread starts to look at shared memory. slot: 0 .. QUIESCE_SLOTS-1, one to a thread. */
void quiesce_enter(unsigned slot);
/* The calling thread holds no such reference any more. */
void quiesce_leave(unsigned slot);
/* Takes p; calls release(p) once no thread can still be looking. Never under a lock of lower rank than QUIESCE. */
void quiesce_retire(void *p, void (*release)(void *p));
/* Frees what can be freed now; called by housekeeping. */
void quiesce_collect(void);

#endif
