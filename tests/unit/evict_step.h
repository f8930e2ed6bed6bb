/* SPDX-License-Identifier: BSD-3-Clause */
/* evict_step: the step of an evict_goal for tests, which takes the shard's lock and begins a unit on it. */
#ifndef LARDER_TESTS_EVICT_STEP_H
#define LARDER_TESTS_EVICT_STEP_H

#include "store/keyspace.h"

static inline enum evict_result evict_locked(void *arg, struct keyspace *ks, const struct evict_choice *c)
{
    enum evict_result result;

    (void)arg;
    shard_lock(c->shard);
    shard_begin(c->shard, keyspace_epoch(ks));
    result = evict_from(ks, c);
    shard_unlock(c->shard);
    return result;
}

#endif
