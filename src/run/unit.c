/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/unit.h"

bool unit_begin_set_within(struct unit *u, struct runner *r, int64_t ns)
{
    bool waited = false;

    must_be(r, RUNNER_MAGIC);
    if (UNLIKELY(!lock_set_take_within(r->locks, ns, &waited)))
        return false;
    *u = (struct unit){.runner = r, .is_set = true, .is_world = lock_set_is_world(r->locks)};
    unit_read_time(u, waited);
    lock_set_begin(r->locks, u->epoch);
    return true;
}

bool unit_begin_within(struct unit *u, const struct unit *outer, struct shard *s, int64_t ns)
{
    must(outer->shard == NULL);
    if (!outer->is_world)
        return unit_begin_shard_within(u, outer->runner, s, ns);
    *u = *outer;
    u->is_set = false;
    shard_must_hold(s);
    return true;
}

bool unit_holds(const struct unit *u, const struct shard *s)
{
    return u->shard != NULL ? u->shard == s : u->is_set && lock_set_has(u->runner->locks, s);
}

bool unit_try_beside(struct unit *u, const struct unit *outer, struct shard *s)
{
    if (unit_holds(outer, s) || !shard_try(s))
        return false;
    *u = (struct unit){.runner = outer->runner, .shard = s, .now = outer->now};
    u->epoch = keyspace_epoch(s->keyspace);
    shard_begin(s, u->epoch);
    return true;
}
