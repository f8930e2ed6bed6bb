/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/defrag.h"

#include "base/clock.h"
#include "base/mem.h"
#include "run/unit.h"

#define SLICE_NS    50000
#define GAP_NS      150000 /* between slices, where an eighth of the memory or more is free in slabs: time for clients */
#define GAP_LONG_NS 950000 /* else */
#define REST_MIN_NS 100000000
#define REST_MAX_NS 30000000000
#define SPARE_MIN   ((size_t)512 * 1024)
#define SPARE_SHARE 32 /* of the memory in use: slabs with less to spare are left alone */
#define SPARE_MUCH  8

static bool has_much(size_t spare, unsigned share)
{
    return spare > SPARE_MIN && spare > mem_used() / share;
}

/* Whether a walk begins. */
static bool should_begin(struct runner *r, const struct defrag *c)
{
    return OPT(r->instance->options, activedefrag) && clock_mono_ns() >= c->until &&
           has_much(slab_spare(), SPARE_SHARE);
}

static void begin(struct runner *r, struct defrag *c, unsigned first)
{
    c->shard = first;
    c->at = (struct compact_position){0};
    c->done = (struct slab_work){0};
    c->is_running = true;
    atomic_fetch_add_explicit(&r->instance->keyspace->defrag.running, 1, memory_order_relaxed);
}

static void end(struct runner *r, struct defrag *c)
{
    if (c->done.moved != 0)
        c->rest = 0;
    else
        c->rest = c->rest == 0 ? REST_MIN_NS : c->rest < REST_MAX_NS / 2 ? 2 * c->rest : REST_MAX_NS;
    c->until = clock_mono_ns() + c->rest;
    c->is_running = false;
    atomic_fetch_sub_explicit(&r->instance->keyspace->defrag.running, 1, memory_order_relaxed);
}

/* Returns whether the shard is done; also if another worker holds it: the next walk comes back. */
static bool compact_unit(struct runner *r, struct shard *s, struct compact_position *at, struct slab_work *w)
{
    struct unit u;
    bool done;

    if (!unit_begin_shard_within(&u, r, s, 0)) {
        *at = (struct compact_position){0};
        return true;
    }
    done = compact_shard(s, at, w);
    unit_end(&u);
    return done;
}

/* Walks on for a slice of time. */
static void walk(struct runner *r, struct defrag *c, unsigned step)
{
    struct keyspace *ks = r->instance->keyspace;
    int64_t stop = clock_mono_ns() + SLICE_NS;
    struct slab_work w = {0};

    while (c->shard < ks->shard_count && clock_mono_ns() < stop)
        if (compact_unit(r, &ks->shards[c->shard], &c->at, &w))
            c->shard += step;
    c->done.moved += w.moved;
    atomic_fetch_add_explicit(&ks->defrag.moved, w.moved, memory_order_relaxed);
    atomic_fetch_add_explicit(&ks->defrag.kept, w.kept, memory_order_relaxed);
}

int64_t defrag_slice(struct runner *r, struct defrag *c, unsigned first, unsigned step)
{
    must_be(r, RUNNER_MAGIC);
    must(step > 0 && first < step);
    if (!c->is_running) {
        if (!should_begin(r, c))
            return 0;
        begin(r, c, first);
    }
    walk(r, c, step);
    if (c->shard < r->instance->keyspace->shard_count && OPT(r->instance->options, activedefrag))
        return has_much(slab_spare(), SPARE_MUCH) ? GAP_NS : GAP_LONG_NS;
    end(r, c);
    return c->rest == 0 ? GAP_NS : 0;
}
