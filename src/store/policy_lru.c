/* SPDX-License-Identifier: BSD-3-Clause */
/* The least recently used entry is evicted first. */
#include "store/policy.h"

const struct policy policy_allkeys_lru = {.order = policy_moment_order, POLICY_TELLS_IDLE};
const struct policy policy_volatile_lru = {.only_volatile = true, .order = policy_moment_order, POLICY_TELLS_IDLE};
