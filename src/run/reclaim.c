/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/reclaim.h"

#include "base/clock.h"
#include "base/quiesce.h"
#include "run/unit.h"
#include "store/freer.h"
#include "store/quota.h"

#define SLICE_NS 100000             /* of eviction */
#define GAP_NS   300000             /* between two slices */
#define MAX_NS   100000000          /* no command waits longer for eviction, or begins to free more after that */
#define HELP_MAX ((size_t)32 << 20) /* bytes: a command does not free anything larger, which would take too long */

bool reclaim_is_full(const struct runner *r)
{
    size_t limit = OPT(r->instance->options, maxmemory);

    return limit != 0 && quota_dataset() > limit;
}

struct eviction {
    struct runner *runner;
    uint64_t begun; /* cycles */
    uint64_t min_ns;
    size_t enough; /* bytes of data at which twice as much is evicted as will be added */
};

static size_t dataset_of(void *arg)
{
    (void)arg;
    return quota_dataset();
}

/* Whether to leave the rest to whoever comes next. On a busy machine, too, a command evicts twice what it adds unless
 * that takes longer than MAX_NS. */
static bool is_enough(void *arg)
{
    const struct eviction *e = arg;
    uint64_t ns = clock_cycles_ns(clock_cycles() - e->begun);

    return ns > e->min_ns && (ns > MAX_NS || quota_dataset() <= e->enough);
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

/* Helps the freer until the data and what is being freed are no more than `most`, or there is nothing to help with. */
static void help_to_free(size_t most)
{
    uint64_t begun = clock_cycles();

    if (quota_freeing() == 0)
        return;
    quiesce_collect(); /* flushed tables get from there to the freer */
    while (quota_bounded() > most && clock_cycles_ns(clock_cycles() - begun) < MAX_NS)
        if (!freer_help(HELP_MAX))
            return;
}

/* As reclaim_for; goes on for min_ns in any case. */
static bool make_room(struct runner *r, size_t bytes, uint64_t min_ns)
{
    size_t limit = OPT(r->instance->options, maxmemory);
    size_t most = bytes < limit ? limit - bytes : limit;
    struct eviction e = {.runner = r, .min_ns = min_ns};
    size_t before;
    bool ok;

    if (LIKELY(limit == 0) || LIKELY(quota_bounded() <= most))
        return true;
    help_to_free(most);
    before = quota_dataset();
    if (before <= most)
        return true;
    if (pause_mode(&r->instance->pause, r->mono) != PAUSE_NONE)
        return true; /* nothing may change, and writes are about to be held up */
    e.begun = clock_cycles();
    e.enough = before > 2 * bytes ? before - 2 * bytes : 0;
    ok = evict_to_fit(
        r->instance->keyspace,
        &(struct evict_goal){.limit = most, .used = dataset_of, .enough = is_enough, .step = evict_unit, .arg = &e});
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
    bool full = reclaim_is_full(r) && make_room(r, 0, SLICE_NS) && reclaim_is_full(r);

    r->next_reclaim = full ? clock_mono_ns() + GAP_NS : 0;
}
