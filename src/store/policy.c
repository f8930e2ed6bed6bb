/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/policy.h"

const struct policy policy_none = {POLICY_TELLS_IDLE};

static const struct policy *const policies[POLICY_COUNT] = {
#define POLICY(id, word, functions) [POLICY_##id] = &functions,
#include "conf/policies.def"
#undef POLICY
};

const struct policy *policy_of(enum policy_id id)
{
    const struct policy *p;

    must(id < POLICY_COUNT);
    p = policies[id];
    must((p->shard_new == NULL) == (p->shard_free == NULL));
    must(p->order != NULL || (p->nominate == NULL && p->spare == NULL && p->evict == NULL && !p->offers_new));
    must((p->idle == NULL) == (p->set_idle == NULL) && (p->frequency == NULL) == (p->set_frequency == NULL));
    return p;
}
