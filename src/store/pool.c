/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/pool.h"

#include <string.h>

#include "base/mem.h"
#include "store/keyspace.h"

static void free_state(struct pool *p)
{
    must(p->state == NULL || p->policy->shard_free != NULL);
    if (p->state != NULL)
        p->policy->shard_free(p->state);
    p->state = NULL;
}

static void begin(struct pool *p, struct shard *s, const struct policy *policy, unsigned turn)
{
    free_state(p);
    p->policy = policy;
    p->turn = turn;
    p->count = 0;
    p->sampled = false;
    if (policy->shard_new != NULL)
        p->state = policy->shard_new(s);
    must((p->state != NULL) == (policy->shard_new != NULL));
}

struct pool *pool_of(struct shard *s, const struct policy *policy)
{
    unsigned turn = atomic_load_explicit(&s->keyspace->policy_turn, memory_order_acquire);

    shard_must_hold(s);
    if (UNLIKELY(s->pool == NULL))
        s->pool = mem_zalloc(sizeof *s->pool);
    if (UNLIKELY(s->pool->policy != policy || s->pool->turn != turn))
        begin(s->pool, s, policy, turn);
    return s->pool;
}

void pool_free(struct pool *p)
{
    if (p == NULL)
        return;
    free_state(p);
    mem_free(p);
}

static bool has(const struct pool *p, const struct candidate *c)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->best[i].entry == c->entry && p->best[i].hash == c->hash)
            return true;
    return false;
}

/* The priority of no candidate is less than that of the one behind it. For sane(). */
__attribute__((unused)) static bool is_sorted(const struct pool *p)
{
    for (unsigned i = 1; i < p->count; i++)
        if (p->best[i - 1].order < p->best[i].order)
            return false;
    return true;
}

void pool_offer(struct pool *p, const struct candidate *c)
{
    unsigned i = p->count;

    must(c->order >= POLICY_FIRST && c->order <= POLICY_LAST);
    if (!pool_wants(p, c->order) || has(p, c))
        return;
    if (p->count == POOL_SIZE) { /* the worst one is dropped */
        memmove(p->best, p->best + 1, (POOL_SIZE - 1) * sizeof *p->best);
        i = --p->count;
    }
    for (; i > 0 && p->best[i - 1].order <= c->order; i--)
        p->best[i] = p->best[i - 1];
    p->best[i] = *c;
    p->count++;
    sane(is_sorted(p));
}

void pool_moved(struct pool *p, const struct entry *old, struct entry *e)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->best[i].entry == old)
            p->best[i].entry = e;
}
