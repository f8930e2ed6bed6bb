/* SPDX-License-Identifier: BSD-3-Clause */
/* The one that was stored first goes first, however much it is used. */
#include "store/policy.h"

static void use(struct stamps *s, struct entry *e)
{
    (void)s;
    (void)e;
}

static int64_t order(struct stamps *s, struct entry *e)
{
    return (int64_t)stamp_of(s, e);
}

const struct policy policy_allkeys_fifo = {.id = POLICY_ALLKEYS_FIFO, .use = use, .order = order};
const struct policy policy_volatile_fifo = {
    .id = POLICY_VOLATILE_FIFO, .only_volatile = true, .use = use, .order = order};
