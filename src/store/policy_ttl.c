/* SPDX-License-Identifier: BSD-3-Clause */
/* The one that expires soonest goes first. */
#include "store/policy.h"

static int64_t order(struct stamps *s, struct entry *e)
{
    int64_t t = entry_expire(e);

    (void)s;
    return t < POLICY_LAST ? t : POLICY_LAST;
}

const struct policy policy_volatile_ttl = {.id = POLICY_VOLATILE_TTL, .only_volatile = true, .order = order};
