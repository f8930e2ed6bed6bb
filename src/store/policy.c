/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/policy.h"

const struct policy policy_none = {.id = POLICY_NOEVICTION};

const struct policy *policy_of(enum policy_id id)
{
    static const struct policy *const all[] = {
        [POLICY_NOEVICTION] = &policy_none,
        [POLICY_ALLKEYS_LRU] = &policy_allkeys_lru,
        [POLICY_ALLKEYS_LFU] = &policy_allkeys_lfu,
        [POLICY_ALLKEYS_RANDOM] = &policy_allkeys_random,
        [POLICY_ALLKEYS_FIFO] = &policy_allkeys_fifo,
        [POLICY_VOLATILE_LRU] = &policy_volatile_lru,
        [POLICY_VOLATILE_LFU] = &policy_volatile_lfu,
        [POLICY_VOLATILE_RANDOM] = &policy_volatile_random,
        [POLICY_VOLATILE_TTL] = &policy_volatile_ttl,
        [POLICY_VOLATILE_FIFO] = &policy_volatile_fifo,
    };

    return all[id];
}
