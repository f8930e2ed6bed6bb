/* SPDX-License-Identifier: BSD-3-Clause */
/* Any may go. */
#include "store/policy.h"

const struct policy policy_allkeys_random = {.id = POLICY_ALLKEYS_RANDOM};
const struct policy policy_volatile_random = {.id = POLICY_VOLATILE_RANDOM, .only_volatile = true};
