/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quiesce: deferred free of memory that another worker may still be reading.
 *
 * Role:    workers read table memory without a lock when they prefetch. Memory that a table no longer uses is retired
 *          here, and freed when every worker has since passed a quiescent point (between two batches, or asleep).
 * Owns:    the retired memory until it is freed.
 * Threads: quiesce_enter, quiesce_leave: a worker, for its own slot. quiesce_retire, quiesce_collect: any.
 * Used by: net (enter, leave), store (retire).
 * Why:     costs one store per batch; hazard pointers or a lock would add a cost to each read.
 */
#ifndef LARDER_BASE_QUIESCE_H
#define LARDER_BASE_QUIESCE_H

#include <stdint.h>

#define QUIESCE_SLOTS 1024

/* The calling thread begins to read shared memory, and holds no reference from an earlier quiesce_enter. slot: 0 ..
 * QUIESCE_SLOTS-1, one per thread. */
void quiesce_enter(unsigned slot);
/* The calling thread holds no reference to shared memory any more. */
void quiesce_leave(unsigned slot);
/* Takes p, which no table refers to any more. quiesce_collect calls release(p) once no thread can be reading it. */
void quiesce_retire(void *p, void (*release)(void *p));
/* Frees what can be freed now; called by housekeeping. Not under a lock further down lock.def than QUIESCE. */
void quiesce_collect(void);
/* Waits until no thread can be reading what is retired now, but for `ns` at most, and frees it. The caller holds no
 * lock and no reference from its quiesce_enter for the slot; other threads may wait here too. */
void quiesce_wait(unsigned slot, int64_t ns);

#endif
