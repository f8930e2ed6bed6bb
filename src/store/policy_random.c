/* SPDX-License-Identifier: BSD-3-Clause */
/* Any entry is evicted. */
#include "store/policy.h"

const struct policy policy_allkeys_random = {POLICY_TELLS_IDLE};
const struct policy policy_volatile_random = {.only_volatile = true, POLICY_TELLS_IDLE};
