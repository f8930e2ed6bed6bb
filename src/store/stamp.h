/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp: when an entry was used, in four bytes; and how old such a stamp is, in requests and in seconds.
 *
 * Role:    the count that stamps come from, its history in time, and LFU's age.
 * Owns:    itself; embedded in the keyspace.
 * Threads: any. An entry's stamp is read and written under its shard's lock.
 * Used by: policies, shard, cmd.
 * Why:     order comes from the stamp and not from lists: a policy costs no memory and switching it needs no rebuild.
 *          Stamps count requests, since no clock is fine enough: a hundred thousand requests in one of its ticks
 *          would all look alike. They need not be finer than what a cache can tell apart: the more keys there are, the
 *          more requests share one (`unit`). Seconds, which OBJECT IDLETIME asks for, come from samples of the count.
 */
#ifndef LARDER_STORE_STAMP_H
#define LARDER_STORE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "store/entry.h"

#define STAMP_PAST 256 /* samples of the count; the older half grows ever sparser */

struct stamp_sample {
    uint64_t stamp;
    int64_t mono; /* ms */
};

struct stamps {
    _Alignas(64) _Atomic uint64_t now; /* what is used now is stamped with its low 32 bits */
    _Atomic uint64_t switched;         /* the stamp at which the policy was chosen */
    _Atomic uint64_t switched_age;     /* and LFU's age */
    _Alignas(64) _Atomic uint64_t age; /* LFU's: policy_lfu.c */
    _Atomic uint32_t unit;             /* requests to a stamp */
    uint64_t walked;                   /* the stamp at which the last walk over old entries began: see evict_tidy */
    struct lock lock;                  /* the samples */
    unsigned count;
    struct stamp_sample past[STAMP_PAST]; /* the oldest first */
};

void stamps_init(struct stamps *s);
/* Another policy begins: what it finds in entries is no younger than this. */
void stamps_switch(struct stamps *s);
/* Says how many keys there are, so that stamps are as fine as that many can use; exact: whether they are to be any
 * finer than the history needs. */
void stamps_fit(struct stamps *s, uint64_t keys, bool exact);
/* Takes a sample: ten times a second by one thread. */
void stamps_sample(struct stamps *s);

static inline uint64_t stamp_now(struct stamps *s)
{
    return atomic_load_explicit(&s->now, memory_order_relaxed);
}

/* Requests are counted by whoever runs them; `unit` of them make a stamp. */
static inline uint32_t stamp_unit(struct stamps *s)
{
    return atomic_load_explicit(&s->unit, memory_order_relaxed);
}

static inline void stamps_advance(struct stamps *s, uint64_t n)
{
    atomic_fetch_add_explicit(&s->now, n, memory_order_relaxed);
}

/* The entry is used now. All workers read `now` for every key, but an entry is written only where it changes. */
static inline void stamp_use(struct stamps *s, struct entry *e)
{
    uint32_t now = (uint32_t)stamp_now(s);

    if (e->stamp != now)
        e->stamp = now;
    if (UNLIKELY(e->flags & ENTRY_COUNTED))
        e->flags &= ~ENTRY_COUNTED;
}

/* The whole stamp of an entry, never greater than stamp_now. One that another policy left a count in becomes as old as
 * this policy. */
uint64_t stamp_of(struct stamps *s, struct entry *e);

/* Seconds since the entry was used last (since it was stored, under a policy that goes by that). */
int64_t stamp_idle(struct stamps *s, struct entry *e);
/* The same for a stamp. */
int64_t stamp_seconds(struct stamps *s, uint64_t stamp);
/* Makes the entry idle for so many seconds, as far back as stamps reach: some six years. */
void stamp_set_idle(struct stamps *s, struct entry *e, int64_t seconds);
/* An entry that was not used for long is kept from looking young when the count has gone around. */
void stamp_clamp(struct stamps *s, struct entry *e);

#endif
