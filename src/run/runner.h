/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * runner: what one worker thread keeps between units.
 *
 * Role:    the clocks as they were read last, counters, the lock set, where eviction stands.
 * Owns:    its lock set; the counters are the registry's (obs/metrics.h).
 * Threads: its worker.
 * Used by: unit, dispatch, reclaim, sweep, net.
 */
#ifndef LARDER_RUN_RUNNER_H
#define LARDER_RUN_RUNNER_H

#include "run/instance.h"

struct lock_set;

#define RUNNER_MAGIC 0x52554e52u

struct runner {
    uint32_t magic;
    unsigned slot; /* of the gate and of quiesce; the worker's number */
    struct instance *instance;
    struct metrics *metrics;
    int64_t now;           /* ms since 1970; read per batch, every millisecond in it, and after waiting for a lock */
    int64_t mono;          /* ms, monotonic; the same */
    uint64_t read_at;      /* the cycles at which these were read */
    uint64_t clock_cycles; /* after so many they are read again */
    uint64_t cycles;       /* when the last command ended: where the next one's time begins */
    int64_t next_reclaim;  /* when a slice of eviction is due, ns, monotonic; 0: there is nothing to evict */
    uint32_t unstamped;    /* commands since this worker advanced the stamps, and how many it takes (stamp.h) */
    uint32_t stamp_unit;
    struct lock_set *locks; /* of the unit in progress; owned */
};

void runner_init(struct runner *r, struct instance *in, unsigned slot);
void runner_fini(struct runner *r);
/* A new batch begins, or time has passed: reads the clocks. */
void runner_tick(struct runner *r);
/* The memory of the worker's clients has changed by so many bytes. */
void runner_count_clients(struct runner *r, int64_t change);
/* Adds what the worker has counted of memory to the accounts of all; ten times a second. */
void runner_flush(struct runner *r);

#endif
