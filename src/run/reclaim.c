/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/reclaim.h"

#include "base/clock.h"
#include "base/quiesce.h"
#include "store/quota.h"

#define SLICE_NS     100000              /* of eviction */
#define GAP_NS       300000              /* between two slices */
#define RETIRED_NS   2000000             /* a wait for other threads that may still read flushed tables */
#define FLUSHED_NS   100000000           /* the same, after a flush that replies when the memory is back */
#define RESERVED_MIN ((size_t)64 * 1024) /* bytes: fewer are within what each thread has not counted yet */
#define VICTIM_NS    20000               /* how long eviction waits for the shard of a victim before it takes another */
#define FAILURES     64                  /* in a row, before eviction ends */
#define LOOSE_PART   80                  /* commands of CMD_GROWS may exceed maxmemory by this part of it, */
#define LOOSE_MIN    ((size_t)128 * 1024) /* and by so much of a small one: a thread has 64 KiB uncounted */
#define OWN_LOOKS    1024                /* at shards of the unit, without a victim, before only others are tried */

static size_t limit_of(const struct runner *r)
{
    return OPT(r->instance->options, maxmemory);
}

bool reclaim_is_full(const struct runner *r)
{
    return limit_of(r) != 0 && quota_bounded() > limit_of(r);
}

size_t reclaim_room(const struct runner *r)
{
    size_t limit = limit_of(r), bounded;

    if (limit == 0)
        return SIZE_MAX;
    bounded = quota_bounded();
    return bounded < limit ? limit - bounded : 0;
}

bool reclaim_fits(const struct runner *r, size_t bytes)
{
    size_t limit = limit_of(r);

    return LIKELY(limit == 0) || (bytes <= limit && quota_bounded() <= limit - bytes);
}

/* What counts as the limit for commands of CMD_GROWS. */
static size_t loose_limit(struct instance *in, size_t limit, size_t bounded)
{
    bool is_new = atomic_exchange_explicit(&in->loose_for, limit, memory_order_relaxed) != limit;
    size_t least = atomic_load_explicit(&in->loose_least, memory_order_relaxed);

    if (is_new || bounded < least) {
        least = bounded;
        atomic_store_explicit(&in->loose_least, least, memory_order_relaxed);
    }
    return least > limit ? least : limit;
}

bool reclaim_fits_loosely(const struct runner *r, size_t bytes)
{
    size_t limit = limit_of(r), bounded = quota_bounded(), more = limit / LOOSE_PART;

    if (limit == 0)
        return true;
    more = more > LOOSE_MIN ? more : LOOSE_MIN;
    return bytes <= more && bounded <= loose_limit(r->instance, limit, bounded) + more - bytes;
}

struct eviction {
    struct runner *runner;
    const struct unit *within; /* a unit that holds shards meanwhile; NULL: none */
    size_t max;                /* bytes that are bounded: the goal */
    size_t enough;             /* bytes at which twice what the command adds is freed */
    uint64_t begun;            /* cycles */
    uint64_t min_ns;
    bool has_waited;          /* for other threads to stop reading flushed tables */
    const struct shard *busy; /* the last shard that could not be locked: others are tried */
    unsigned failures;        /* since the last one that could */
    const struct own_keys *own; /* keys that are spared in shards of the unit; NULL: these shards are not looked at */
    unsigned own_looks;         /* at shards of the unit since the last victim */
};

/* Whether to leave the rest to the next command: twice what this one adds was freed, and a slice has lasted as long as
 * it should. */
static bool is_enough(void *arg)
{
    const struct eviction *e = arg;
    uint64_t ns = clock_cycles_ns(clock_cycles() - e->begun);
    size_t bounded = quota_bounded();

    must_be(e->runner, RUNNER_MAGIC);
    return e->failures > FAILURES || (ns > e->min_ns && bounded <= e->enough);
}

/* Frees retired tables as soon as no other thread can be reading them. False: it has waited for that before. */
static bool wait_for_readers(struct eviction *e)
{
    if (e->has_waited || e->within != NULL)
        return false;
    e->has_waited = true;
    quiesce_wait(e->runner->slot, RETIRED_NS);
    return true;
}

/* The bytes that are bounded, after helping the freer towards the goal. */
static size_t bounded_after_help(void *arg)
{
    struct eviction *e = arg;
    size_t bounded = quota_bounded();

    while (bounded > e->max && quota_freeing() != 0 && !is_enough(e) && (freer_help() || wait_for_readers(e)))
        bounded = quota_bounded();
    return bounded;
}

static enum evict_result note_busy(struct eviction *e, const struct shard *s)
{
    e->busy = s;
    e->failures++;
    return EVICT_LOOKED;
}

/* Evicts one key as a unit on its shard. If another worker holds the shard, others are tried. */
static enum evict_result evict_unit(void *arg, struct keyspace *ks, const struct evict_choice *choice)
{
    struct eviction *e = arg;
    enum evict_result result;
    struct unit u;

    must_be(e->runner, RUNNER_MAGIC);
    must(choice->shard->keyspace == ks);
    if (!unit_begin_shard_within(&u, e->runner, choice->shard, e->runner->gave_up ? 0 : VICTIM_NS))
        return note_busy(e, choice->shard);
    e->failures = 0;
    result = evict_from(ks, choice);
    unit_end(&u);
    return result;
}

static bool is_own_key(void *arg, uint64_t hash)
{
    return own_keys_has(arg, hash);
}

/* Evicts a key from a shard that the unit holds, but none of the unit's own keys. */
static enum evict_result evict_held(struct eviction *e, struct keyspace *ks, const struct evict_choice *choice)
{
    struct evict_choice c = *choice;
    enum evict_result result;

    must(e->own != NULL);
    shard_must_hold(c.shard);
    c.spares = is_own_key;
    c.arg = (void *)e->own;
    result = evict_from(ks, &c);
    e->own_looks = result == EVICT_REMOVED ? 0 : e->own_looks + 1;
    return result;
}

/* Evicts one key within a unit that holds shards: from one of these, or as a unit beside it. */
static enum evict_result evict_within(void *arg, struct keyspace *ks, const struct evict_choice *choice)
{
    struct eviction *e = arg;
    enum evict_result result;
    struct unit u;

    if (unit_holds(e->within, choice->shard))
        return evict_held(e, ks, choice);
    if (!unit_try_beside(&u, e->within, choice->shard))
        return note_busy(e, choice->shard);
    e->failures = 0;
    result = evict_from(ks, choice);
    unit_end(&u);
    return result;
}

/* Whether eviction may choose the shard. */
static bool may_evict(void *arg, const struct shard *s)
{
    const struct eviction *e = arg;

    if (s == e->busy || e->failures > FAILURES)
        return false;
    return e->within == NULL || !unit_holds(e->within, s) || (e->own != NULL && e->own_looks <= OWN_LOOKS);
}

/* Helps the freer, then evicts, until the goal is reached or enough is freed. False: nothing more may be evicted. */
static bool free_memory(struct eviction *e, size_t bytes)
{
    struct evict_goal goal = {.limit = e->max,
                              .used = bounded_after_help,
                              .enough = is_enough,
                              .step = e->within != NULL ? evict_within : evict_unit,
                              .may = may_evict,
                              .arg = e};
    size_t before = quota_bounded();

    e->begun = clock_cycles();
    e->enough = before > 2 * bytes ? before - 2 * bytes - 1 : 0;
    if (bounded_after_help(e) <= e->max || is_enough(e))
        return true;
    if (pause_mode(&e->runner->instance->pause, e->runner->mono) != PAUSE_NONE)
        return true; /* nothing may change, and writes are about to be paused */
    return evict_to_fit(e->runner->instance->keyspace, &goal);
}

/* Frees until `bytes` more fit, or enough. False: they do not fit, and no more may be evicted. */
static bool make_room(struct eviction *e, size_t bytes)
{
    size_t limit = limit_of(e->runner);
    bool ok;

    if (bytes > limit)
        return false; /* no eviction can make it fit */
    e->max = limit - bytes;
    ok = free_memory(e, bytes) && e->failures <= FAILURES;
    return ok || quota_bounded() <= e->max;
}

/* As reclaim_for, but evicts for at least min_ns if memory stays full. */
static bool make_room_before(struct runner *r, size_t bytes, uint64_t min_ns)
{
    struct eviction e = {.runner = r, .min_ns = min_ns};
    bool ok = make_room(&e, bytes);

    r->victims_held = !ok && e.failures > 0;
    if (clock_cycles() - r->read_at > r->clock_cycles)
        runner_tick(r); /* the unit that follows reads its time from the runner */
    return ok;
}

bool reclaim_for(struct runner *r, size_t bytes)
{
    if (LIKELY(limit_of(r) == 0))
        return true;
    if (UNLIKELY(bytes >= RESERVED_MIN))
        quota_reserve(bytes);
    return LIKELY(reclaim_fits(r, bytes)) || make_room_before(r, bytes, 0);
}

bool reclaim_within(const struct unit *u, size_t bytes, const struct own_keys *own)
{
    struct eviction e = {.runner = u->runner, .within = u, .own = own};

    return reclaim_fits(u->runner, bytes) || make_room(&e, bytes);
}

void reclaim_done(struct runner *r)
{
    quota_unreserve();
    freer_pay();
    if (LIKELY(!r->flushed))
        return;
    r->flushed = false;
    freer_wait(&r->flush);
    quiesce_wait(r->slot, FLUSHED_NS);
}

void reclaim_slice(struct runner *r)
{
    bool full;

    must_be(r, RUNNER_MAGIC);
    full = reclaim_is_full(r) && (make_room_before(r, 0, SLICE_NS) || r->victims_held) && reclaim_is_full(r);
    r->victims_held = false;
    r->next_reclaim = full ? clock_mono_ns() + GAP_NS : 0;
}
