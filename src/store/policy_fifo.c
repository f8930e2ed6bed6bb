/* SPDX-License-Identifier: BSD-3-Clause */
/* The entry that was stored first is evicted first, however much it is used. */
#include "store/policy.h"

static void use(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    (void)s;
    (void)state;
    (void)p;
    (void)e;
}

const struct policy policy_allkeys_fifo = {.use = use, .order = policy_moment_order, POLICY_TELLS_IDLE};
const struct policy policy_volatile_fifo = {
    .only_volatile = true, .use = use, .order = policy_moment_order, POLICY_TELLS_IDLE};
