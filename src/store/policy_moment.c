/* SPDX-License-Identifier: BSD-3-Clause */
/* What policies share whose stamps are moments. A file of its own, below the policies and the table of them. */
#include "store/policy.h"

int64_t policy_moment_order(struct stamps *s, void *state, struct entry *e)
{
    (void)state;
    return (int64_t)stamp_of(s, e);
}

int64_t policy_moment_idle(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    (void)state;
    (void)p;
    return stamp_idle(s, e);
}

void policy_moment_set_idle(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t seconds)
{
    (void)state;
    (void)p;
    stamp_set_idle(s, e, seconds);
}
