/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry that expires soonest is evicted first. */
#include "store/policy.h"

static int64_t order(struct stamps *s, void *state, struct entry *e)
{
    int64_t t = entry_expire(e);

    (void)s;
    (void)state;
    return t < POLICY_FIRST ? POLICY_FIRST : t < POLICY_LAST ? t : POLICY_LAST;
}

const struct policy policy_volatile_ttl = {.only_volatile = true, .order = order, POLICY_TELLS_IDLE};
