/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/pool.h"

#include <string.h>

void pool_reset(struct pool *p, const struct policy *policy)
{
    p->policy = policy;
    p->count = 0;
}

static bool has(const struct pool *p, const struct candidate *c)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->best[i].entry == c->entry && p->best[i].hash == c->hash)
            return true;
    return false;
}

void pool_offer(struct pool *p, const struct candidate *c)
{
    unsigned i = p->count;

    if (!pool_wants(p, c->order) || has(p, c))
        return;
    if (p->count == POOL_SIZE) { /* the worst one goes */
        memmove(p->best, p->best + 1, (POOL_SIZE - 1) * sizeof *p->best);
        i = --p->count;
    }
    for (; i > 0 && p->best[i - 1].order <= c->order; i--)
        p->best[i] = p->best[i - 1];
    p->best[i] = *c;
    p->count++;
}
