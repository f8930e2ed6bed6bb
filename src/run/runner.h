/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * runner: the state of one worker thread between units.
 *
 * Role:    the clocks as last read, counters, the lock set, the schedule of eviction.
 * Owns:    its lock set; the counters belong to the registry (obs/metrics.h).
 * Threads: its worker.
 * Used by: unit, dispatch, reclaim, sweep, net.
 */
#ifndef LARDER_RUN_RUNNER_H
#define LARDER_RUN_RUNNER_H

#include "run/instance.h"
#include "store/freer.h"

struct lock_set;

#define RUNNER_MAGIC 0x52554e52u

struct runner {
    uint32_t magic;
    unsigned slot; /* of the gate and of quiesce; the worker's number */
    struct instance *instance;
    struct metrics *metrics;
    int64_t now;            /* ms since 1970; read per batch, every millisecond in it, and after waiting for a lock */
    int64_t mono;           /* ms, monotonic; the same */
    uint64_t read_at;       /* the cycle counter when these were read */
    uint64_t clock_cycles;  /* they are read again after this number of cycles */
    const struct command *command; /* the one that runs or has run last; NULL: none yet */
    uint64_t cycles;        /* when the last command ended: the next one is timed from there */
    int64_t next_reclaim;   /* when a slice of eviction is due, ns, monotonic; 0: nothing to evict */
    uint32_t unstamped;     /* commands since this worker advanced the stamps (stamp.h) */
    uint32_t stamp_unit;    /* commands after which it advances them */
    struct lock_set *locks; /* of the current unit */
    bool victims_held;      /* reclaim_for has failed because other workers hold the shards with victims */
    bool gave_up;           /* a command gave up waiting for a shard, and waits to be run again */
    struct freer_wait flush; /* what a flush has taken out of the keyspace */
    bool flushed;            /* the current command replies when that is freed */
};

void runner_init(struct runner *r, struct instance *in, unsigned slot);
void runner_fini(struct runner *r);
/* The calling thread runs this runner from now on; NULL: none. */
void runner_enter(struct runner *r);
/* The full name of the command that the calling thread runs or has run last; NULL: none. Neither locks nor allocates.
 */
const char *runner_command(void);
/* Reads the clocks: when a batch begins, or time has passed. */
void runner_tick(struct runner *r);
/* Adds the memory that the worker has counted to the global accounts, and fills its reserve. Called ten times a second.
 */
void runner_flush(struct runner *r);

#endif
