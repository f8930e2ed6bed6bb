/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/reclaim.h"

#include "base/clock.h"
#include "base/mem.h"
#include "run/unit.h"
#include "store/freer.h"

#define SLICE_NS 100000    /* of eviction */
#define GAP_NS   300000    /* between two slices */
#define MAX_NS   100000000 /* no command waits longer for eviction */

/* Bytes that maxmemory is about. */
static size_t dataset(const struct runner *r)
{
    size_t used = mem_used();

    return used > r->beside ? used - r->beside : 0;
}

bool reclaim_is_full(const struct runner *r)
{
    size_t limit = OPT(r->instance->options, maxmemory);

    return limit != 0 && dataset(r) > limit;
}

struct eviction {
    struct runner *runner;
    uint64_t begun; /* cycles */
    uint64_t min_ns;
    size_t enough; /* bytes of data at which twice as much is evicted as will be added */
};

static size_t dataset_of(void *arg)
{
    const struct eviction *e = arg;

    return dataset(e->runner);
}

/* Whether to leave the rest to whoever comes next. On a busy machine, too, a command evicts twice what it adds unless
 * that takes longer than MAX_NS. */
static bool is_enough(void *arg)
{
    const struct eviction *e = arg;
    uint64_t ns = clock_cycles_ns(clock_cycles() - e->begun);

    return ns > e->min_ns && (ns > MAX_NS || dataset(e->runner) <= e->enough);
}

/* Evicts one key as a unit on its shard. */
static enum evict_result evict_unit(void *arg, struct keyspace *ks, const struct evict_choice *choice)
{
    const struct eviction *e = arg;
    enum evict_result result;
    struct unit u;

    unit_begin_shard(&u, e->runner, choice->shard);
    result = evict_from(ks, choice);
    unit_end(&u);
    return result;
}

/* Whether memory is full only of what was flushed and is about to be freed: nothing else has to be evicted for that.
 * How much it is, is guessed from the number of keys. */
static bool will_have_room(const struct runner *r, size_t limit)
{
    double pending = freer_pending(), left = 0;

    for (unsigned db = 0; pending > 0 && db < r->instance->keyspace->databases; db++)
        left += keyspace_size(r->instance->keyspace, db);
    return pending > 0 && dataset(r) * (left / (left + pending)) <= limit;
}

/* As reclaim_for; goes on for min_ns in any case. */
static bool make_room(struct runner *r, size_t bytes, uint64_t min_ns)
{
    size_t limit = OPT(r->instance->options, maxmemory);
    size_t before = LIKELY(limit == 0) ? 0 : dataset(r);
    size_t least = bytes < limit ? limit - bytes : limit;
    struct eviction e = {r, clock_cycles(), min_ns, before > 2 * bytes ? before - 2 * bytes : 0};
    bool ok;

    if (LIKELY(before <= least))
        return true;
    if (pause_mode(&r->instance->pause, r->mono) != PAUSE_NONE)
        return true; /* nothing may change, and writes are about to be held up */
    if (will_have_room(r, limit))
        return true;
    ok = evict_to_fit(
        r->instance->keyspace,
        &(struct evict_goal){.limit = least, .used = dataset_of, .enough = is_enough, .step = evict_unit, .arg = &e});
    if (clock_cycles() - r->read_at > r->clock_cycles)
        runner_tick(r); /* the unit that follows reads its time from the runner */
    return ok || dataset(r) <= limit;
}

bool reclaim_for(struct runner *r, size_t bytes)
{
    return make_room(r, bytes, 0);
}

void reclaim_slice(struct runner *r)
{
    bool full = reclaim_is_full(r) && make_room(r, 0, SLICE_NS) && reclaim_is_full(r);

    r->next_reclaim = full ? clock_mono_ns() + GAP_NS : 0;
}
