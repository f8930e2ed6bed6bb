/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/reclaim.h"

#include "base/clock.h"
#include "base/quiesce.h"
#include "run/unit.h"
#include "store/freer.h"
#include "store/quota.h"

#define SLICE_NS 100000             /* of eviction */
#define GAP_NS   300000             /* between two slices */
#define MAX_NS   100000000          /* the limit for a command's eviction, and for its help to the freer */
#define HELP_MAX ((size_t)32 << 20) /* bytes: a command does not free larger objects, which would take too long */

bool reclaim_is_full(const struct runner *r)
{
    size_t limit = OPT(r->instance->options, maxmemory);

    return limit != 0 && quota_dataset() > limit;
}

struct eviction {
    struct runner *runner;
    uint64_t begun; /* cycles */
    uint64_t min_ns;
    size_t enough; /* bytes of data at which the command has evicted twice what it adds */
};

static size_t dataset_of(void *arg)
{
    (void)arg;
    return quota_dataset();
}

/* Whether to leave the rest to the next command. Unless it takes longer than MAX_NS, a command always evicts twice what
 * it adds, even if other threads slow it down. */
static bool is_enough(void *arg)
{
    const struct eviction *e = arg;
    uint64_t ns = clock_cycles_ns(clock_cycles() - e->begun);

    must_be(e->runner, RUNNER_MAGIC);
    return ns > e->min_ns && (ns > MAX_NS || quota_dataset() <= e->enough);
}

/* Evicts one key as a unit on its shard. */
static enum evict_result evict_unit(void *arg, struct keyspace *ks, const struct evict_choice *choice)
{
    const struct eviction *e = arg;
    enum evict_result result;
    struct unit u;

    must_be(e->runner, RUNNER_MAGIC);
    must(choice->shard->keyspace == ks);
    unit_begin_shard(&u, e->runner, choice->shard);
    result = evict_from(ks, choice);
    unit_end(&u);
    return result;
}

/* Helps the freer until the data and the bytes being freed are at most `max`, or the freer has nothing to help with. */
static void help_to_free(size_t max)
{
    uint64_t begun = clock_cycles();

    if (quota_freeing() == 0)
        return;
    quiesce_collect(); /* this hands flushed tables to the freer */
    while (quota_bounded() > max && clock_cycles_ns(clock_cycles() - begun) < MAX_NS)
        if (!freer_help(HELP_MAX))
            return;
}

/* Helps the freer, then evicts, until the data is at most `max` bytes or enough is evicted for `bytes` more. False:
 * nothing more may be evicted. */
static bool free_memory(struct runner *r, size_t max, size_t bytes, uint64_t min_ns)
{
    struct eviction e = {.runner = r, .min_ns = min_ns};
    size_t before;

    help_to_free(max);
    before = quota_dataset();
    if (before <= max)
        return true;
    if (pause_mode(&r->instance->pause, r->mono) != PAUSE_NONE)
        return true; /* nothing may change, and writes are about to be paused */
    e.begun = clock_cycles();
    e.enough = before > 2 * bytes ? before - 2 * bytes : 0;
    return evict_to_fit(
        r->instance->keyspace,
        &(struct evict_goal){.limit = max, .used = dataset_of, .enough = is_enough, .step = evict_unit, .arg = &e});
}

/* As reclaim_for, but evicts for at least min_ns if memory stays full. */
static bool make_room(struct runner *r, size_t bytes, uint64_t min_ns)
{
    size_t limit = OPT(r->instance->options, maxmemory);
    size_t max = bytes < limit ? limit - bytes : limit;
    bool ok;

    if (LIKELY(limit == 0) || LIKELY(quota_bounded() <= max))
        return true;
    ok = free_memory(r, max, bytes, min_ns);
    if (clock_cycles() - r->read_at > r->clock_cycles)
        runner_tick(r); /* the unit that follows reads its time from the runner */
    return ok || quota_dataset() <= limit;
}

bool reclaim_for(struct runner *r, size_t bytes)
{
    return make_room(r, bytes, 0);
}

void reclaim_slice(struct runner *r)
{
    bool full;

    must_be(r, RUNNER_MAGIC);
    full = reclaim_is_full(r) && make_room(r, 0, SLICE_NS) && reclaim_is_full(r);
    r->next_reclaim = full ? clock_mono_ns() + GAP_NS : 0;
}
