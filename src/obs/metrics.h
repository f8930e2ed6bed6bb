/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * metrics: counters of the workers.
 *
 * Role:    each worker has its own counters, which are summed on request; rates are sampled ten times a second.
 * Owns:    the memory of the counters.
 * Threads: a worker writes only its own counters; any thread may read them. Counters are relaxed atomics with a single
 *          writer, so that counting is a plain addition.
 * Used by: cmd, net (write); INFO (read).
 */
#ifndef LARDER_OBS_METRICS_H
#define LARDER_OBS_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_COMMANDS 512
#define METRICS_ERRORS   128 /* distinct error codes that are counted; further ones count in error_replies only */

typedef _Atomic uint64_t counter;

static inline void counter_add(counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n, memory_order_relaxed);
}

static inline uint64_t counter_get(const counter *c)
{
    return atomic_load_explicit((counter *)c, memory_order_relaxed);
}

struct command_metrics {
    counter calls, ns, rejected, failed;
};

/* Every field is a counter, so that they can be added up as an array. */
struct metrics_sums {
    counter hits, misses; /* keys looked up by reading commands */
    counter changes;      /* keys changed by commands */
    counter commands;     /* commands run */
    counter error_replies;
    counter bytes_in, bytes_out;
    counter reads, writes; /* receives and sends */
};

struct metrics {
    _Alignas(64) struct metrics_sums sums;
    struct command_metrics commands[METRICS_COMMANDS]; /* by command number */
};

/* The counters of a new worker; valid until metrics_fini. */
struct metrics *metrics_new(void);
void metrics_fini(void);
/* The sums over all workers since the start or the last reset. */
void metrics_total(struct metrics_sums *total);
void metrics_command(unsigned number, struct command_metrics *total);
/* CONFIG RESETSTAT: resets all totals. */
void metrics_reset(void);
/* Counts an error reply by its code ("ERR", "WRONGTYPE"), which must not be empty. */
void metrics_error(const char *code);
/* Calls `visit` for each code with a count above 0. */
void metrics_each_error(void (*visit)(void *arg, const char *code, uint64_t count), void *arg);

/* Per second, over the last 16 samples. */
struct metrics_rates {
    uint64_t commands, bytes_in, bytes_out;
};
/* The share of hits in the look-ups of the last `seconds`, at most METRICS_PAST: 0 .. 1; 0 without look-ups. */
#define METRICS_PAST 900
double metrics_hit_ratio(unsigned seconds);
/* Takes a sample; one thread calls it ten times a second. */
void metrics_sample(int64_t mono_ms);
struct metrics_rates metrics_rates(void);

#endif
