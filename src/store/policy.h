/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * policy: what one eviction policy knows: how a use is marked in an entry, and who goes before whom.
 *
 * Role:    the interface of the policies, each of which has a file of its own: policy_lru.c, policy_lfu.c ...
 * Owns:    nothing: a policy is a table of functions, and what it remembers is in the entries' stamps.
 * Threads: the functions run under the lock of the entry's shard.
 * Used by: shard and cmd (first, use), evict (the rest).
 * Why:     with the order of entries as one number, choosing victims is the same work for all of them (evict.c), and
 *          another policy is chosen by storing another pointer.
 */
#ifndef LARDER_STORE_POLICY_H
#define LARDER_STORE_POLICY_H

#include "conf/options.h"
#include "store/stamp.h"

struct policy {
    enum policy_id id;
    bool only_volatile; /* only entries with an expiry may go */
    bool counts;        /* the stamps are counts of uses, not moments */
    /* Marks an entry that is new. NULL: stamps it with the moment. */
    void (*first)(struct stamps *s, struct entry *e);
    /* Marks a use. NULL: stamps it with the moment. */
    void (*use)(struct stamps *s, struct entry *e);
    /* The place of an entry in the order of leaving: the least goes first. Changes only when the entry is used or
     * changed, and lies between POLICY_FIRST and POLICY_LAST. NULL: any may go. */
    int64_t (*order)(struct stamps *s, struct entry *e);
    /* One whose place was `order` is being evicted. NULL: nothing to note. */
    void (*leave)(struct stamps *s, int64_t order);
};

#define POLICY_FIRST (INT64_MIN + 1)
#define POLICY_LAST  (INT64_MAX - 1)

extern const struct policy policy_none;
extern const struct policy policy_allkeys_lru, policy_volatile_lru;
extern const struct policy policy_allkeys_lfu, policy_volatile_lfu;
extern const struct policy policy_allkeys_fifo, policy_volatile_fifo;
extern const struct policy policy_allkeys_random, policy_volatile_random;
extern const struct policy policy_volatile_ttl;

const struct policy *policy_of(enum policy_id id);

/* OBJECT FREQ, RESTORE FREQ: how often an entry was used since it came, on a scale from 0 to 255 (policy_lfu.c). */
unsigned policy_lfu_frequency(struct stamps *s, struct entry *e);
void policy_lfu_set_frequency(struct stamps *s, struct entry *e, unsigned frequency);

static inline void policy_first(const struct policy *p, struct stamps *s, struct entry *e)
{
    if (UNLIKELY(p->first != NULL))
        p->first(s, e);
    else
        stamp_use(s, e);
}

static inline void policy_use(const struct policy *p, struct stamps *s, struct entry *e)
{
    if (UNLIKELY(p->use != NULL))
        p->use(s, e);
    else
        stamp_use(s, e);
}

#endif
