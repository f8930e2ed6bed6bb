/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * evict: what goes when memory is full.
 *
 * Role:    chooses victims, in the order that the policy gives (policy.h), and removes them.
 * Threads: evict_to_fit holds no lock when called and takes one shard at a time.
 * Used by: cmd/dispatch, housekeeping.
 * Why:     there is one limit for all shards. Each shard tells the order of the best victim that it knows of, and the
 *          best of a few shards has to give it up: so no shard has a budget of its own, and hits are those of one
 *          undivided cache.
 */
#ifndef LARDER_STORE_EVICT_H
#define LARDER_STORE_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyspace;

/* What a shard tells of its best victim, where it does not tell an order. */
#define EVICT_UNKNOWN INT64_MIN /* it was not looked at yet */
#define EVICT_NOTHING INT64_MAX /* it has none */

/* What an eviction is for. */
struct evict_goal {
    size_t limit;               /* until no more than so much is used */
    size_t (*used)(void *arg);
    bool (*enough)(void *arg);  /* whether to stop before, though not before one was tried; NULL: never */
    void *arg;
};

/* Removes entries by the policy, which may change meanwhile. False: the goal is not reached, but nothing more may go. */
bool evict_to_fit(struct keyspace *ks, const struct evict_goal *goal);
/* Housekeeping, ten times a second by one worker, between quiesce_enter and _leave: fits the stamps and the search to
 * the number of keys (exact: there is a limit, so that order matters), and keeps old stamps in reach. */
void evict_tidy(struct keyspace *ks, bool exact);

#endif
