/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evict: which entries are removed when memory is full.
 *
 * Role:    finds victims, in the order that the policy gives (policy.h), and removes them.
 * Threads: any. evict_choose takes no lock; evict_from works under the lock of one shard, which the caller takes.
 * Used by: run, housekeeping.
 * Why:     there is one limit for all shards. Each shard publishes the priority of the best victim that it knows, and
 * of a few shards the one with the best has to evict it. So no shard has a budget of its own, and the hit ratio is that
 * of one undivided cache.
 */
#ifndef LARDER_STORE_EVICT_H
#define LARDER_STORE_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/shard.h"

struct keyspace;
struct policy;

/* What a shard publishes in place of the priority of its best victim. */
#define VICTIM_UNKNOWN INT64_MIN /* the shard was not sampled yet */
#define VICTIM_NONE    INT64_MAX /* it has no victims */

/* A shard that is to evict. */
struct evict_choice {
    struct shard *shard;
    const struct policy *policy; /* that chose it; another one may be chosen before evict_from */
    int64_t bound;               /* what the shard had published */
    bool (*spares)(void *arg, uint64_t hash); /* whether a key must not be evicted; NULL: each may be */
    void *arg;
};

enum evict_result {
    EVICT_REMOVED, /* one entry was evicted */
    EVICT_LOOKED,  /* none was: the shard has published anew */
};

/* Chooses the shard with the best victim, without a lock. False: nothing may be evicted. */
bool evict_choose(struct keyspace *ks, struct evict_choice *c);
/* Evicts the best victim of the shard, if its priority is no greater than what was published; publishes the next one.
 */
enum evict_result evict_from(struct keyspace *ks, const struct evict_choice *c) REQUIRES(shard_cap);

/* What an eviction is for. */
struct evict_goal {
    size_t limit; /* until no more than this is used */
    size_t (*used)(void *arg);
    bool (*may)(void *arg, const struct shard *s); /* whether a shard may be chosen; NULL: each may */
    bool (*enough)(void *arg); /* whether to stop before, though not before one was tried; NULL: never */
    /* Begins a unit on the chosen shard, calls evict_from, ends the unit, and returns the result. */
    enum evict_result (*step)(void *arg, struct keyspace *ks, const struct evict_choice *c);
    void *arg;
};

/* Evicts until the goal is reached. The policy may change meanwhile. False: it is not reached, but nothing more may be
 * evicted. */
bool evict_to_fit(struct keyspace *ks, const struct evict_goal *goal);

/* Housekeeping, ten times a second by one worker, between quiesce_enter and _leave: fits the stamps and the search to
 * the number of keys (exact: there is a limit, so that order matters), keeps old stamps in reach, and frees what a
 * policy that was replaced remembered. */
void evict_tidy(struct keyspace *ks, bool exact);

#endif
