/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/unit.h"

#include "run/locks.h"

/* Called after the last lock was taken. Uses the clock of the batch, unless the unit has waited: keys may have expired
 * meanwhile. */
static inline void read_time(struct unit *u, bool waited)
{
    if (UNLIKELY(waited))
        runner_tick(u->runner);
    u->now = u->runner->now;
    u->epoch = keyspace_epoch(u->runner->instance->keyspace);
}

void unit_begin_shard(struct unit *u, struct runner *r, struct shard *s)
{
    bool waited = shard_lock(s);

    sane(r->magic == RUNNER_MAGIC && s->keyspace == r->instance->keyspace);
    sane(&s->keyspace->shards[s->index] == s);
    *u = (struct unit){.runner = r, .shard = s};
    read_time(u, waited);
    shard_begin(s, u->epoch);
}

void unit_begin_set(struct unit *u, struct runner *r)
{
    bool waited = lock_set_take(r->locks);

    must_be(r, RUNNER_MAGIC);
    *u = (struct unit){.runner = r, .is_set = true, .is_world = lock_set_is_world(r->locks)};
    read_time(u, waited);
    lock_set_begin(r->locks, u->epoch);
}

void unit_begin_within(struct unit *u, const struct unit *outer, struct shard *s)
{
    must(outer->shard == NULL);
    if (!outer->is_world) {
        unit_begin_shard(u, outer->runner, s);
        return;
    }
    *u = *outer;
    u->is_set = false;
    shard_must_hold(s);
}

void unit_end(struct unit *u) UNCHECKED_LOCKS /* what unit_begin took */
{
    sane(u->runner->magic == RUNNER_MAGIC);
    if (LIKELY(u->shard != NULL))
        shard_unlock(u->shard);
    else if (u->is_set)
        lock_set_drop(u->runner->locks);
}
