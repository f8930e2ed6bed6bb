/* SPDX-License-Identifier: BSD-3-Clause */
/* The least recently used goes first. */
#include "store/policy.h"

static int64_t order(struct stamps *s, struct entry *e)
{
    return (int64_t)stamp_of(s, e);
}

const struct policy policy_allkeys_lru = {.id = POLICY_ALLKEYS_LRU, .order = order};
const struct policy policy_volatile_lru = {.id = POLICY_VOLATILE_LRU, .only_volatile = true, .order = order};
