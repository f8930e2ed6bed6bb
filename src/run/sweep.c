/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/sweep.h"

#include "base/clock.h"
#include "run/unit.h"
#include "store/expiry.h"
#include "store/freer.h"
#include "store/quota.h"

/* Returns whether there is nothing more to do in the shard; also if another worker holds it: the next walk comes back.
 */
static bool sweep_shard(struct runner *r, struct shard *s)
{
    struct unit u;
    bool done;

    if (!unit_begin_shard_within(&u, r, s, 0))
        return true;
    done = expiry_sweep(s, u.now);
    unit_end(&u);
    return done;
}

#define LOOK_TABLES 4096 /* tables that are looked at before the clock is read, if none is due */

enum sweep_result sweep_slice(struct runner *r, unsigned first, unsigned step, unsigned *at, int64_t budget)
{
    struct keyspace *ks = r->instance->keyspace;
    int64_t end = clock_mono_ns() + budget;
    unsigned used = keyspace_used_dbs(ks), looked = 0;
    bool any = false;

    must_be(r, RUNNER_MAGIC);
    must(step > 0 && first < step);
    if (!atomic_load_explicit(&ks->expiry_on, memory_order_relaxed))
        return SWEEP_IDLE;
    for (unsigned i = *at < first ? first : *at; i < ks->shard_count; i += step) {
        struct shard *s = &ks->shards[i];

        *at = i;
        for (bool more = expiry_is_due(s, r->now, &any); more;) {
            if (quota_freeing() > FREER_BACKLOG)
                return SWEEP_MORE; /* what has expired counts either way, until it is freed */
            more = !sweep_shard(r, s);
            if (clock_mono_ns() > end) /* if this shard is done, the next call notices it */
                return SWEEP_MORE;
        }
        looked += used;
        if (UNLIKELY(looked >= LOOK_TABLES) && i + step < ks->shard_count) {
            looked = 0;
            if (clock_mono_ns() <= end)
                continue;
            *at = i + step;
            return SWEEP_LATER; /* with thousands of databases one slice does not look at all tables */
        }
    }
    *at = first;
    return any ? SWEEP_LATER : SWEEP_IDLE;
}
