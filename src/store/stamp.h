/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stamp: when an entry was used, in four bytes; and how old such a stamp is, in requests and in seconds.
 *
 * Role:    the counter that stamps come from, its history in time, and the age of the cache (LFU).
 * Owns:    itself; embedded in the keyspace.
 * Threads: any. An entry's stamp is read and written under its shard's lock.
 * Used by: policies, shard, run.
 * Why:     eviction order comes from stamps, not from lists: a policy costs no memory, and another one can be chosen
 *          without a rebuild. Stamps count requests, since no clock is fine enough: a hundred thousand requests within
 *          a tick would look alike. They need not be finer than what a cache can tell apart: the more keys there are,
 *          the more requests share a stamp (`unit`). OBJECT IDLETIME gets seconds from samples of the counter.
 */
#ifndef LARDER_STORE_STAMP_H
#define LARDER_STORE_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "store/entry.h"

#define STAMP_PAST 256 /* samples of the counter; the older they are, the fewer are kept */

struct stamp_sample {
    uint64_t stamp;
    int64_t mono; /* ms */
};

struct stamps {
    _Alignas(64) _Atomic uint64_t now; /* an entry that is used gets its low 32 bits */
    _Atomic uint64_t switched;         /* the stamp at which the policy was chosen */
    _Atomic uint64_t switched_age;     /* and the age of the cache then */
    _Alignas(64) _Atomic uint64_t age; /* of the cache, as a policy raises it: policy_lfu.c */
    _Atomic uint32_t unit;             /* requests to a stamp */
    uint64_t fitted;                   /* the stamp at the last stamps_fit */
    uint64_t walked;                   /* the stamp at which the last walk over old entries ended: see evict_tidy */
    struct lock lock;                  /* the samples */
    unsigned count;
    struct stamp_sample past[STAMP_PAST]; /* the oldest first */
};

void stamps_init(struct stamps *s);
/* Another policy was chosen: an entry that it did not stamp counts as used now, and no later. */
void stamps_switch(struct stamps *s);
/* Makes stamps as fine as this number of keys can use, but not so fine that workers fight over the counter; not exact:
 * only as fine as OBJECT IDLETIME needs. Called ten times a second. */
void stamps_fit(struct stamps *s, uint64_t keys, bool exact);
/* Takes a sample: ten times a second, by one thread at a time. */
void stamps_sample(struct stamps *s);

static inline uint64_t stamp_now(struct stamps *s)
{
    return atomic_load_explicit(&s->now, memory_order_relaxed);
}

/* Requests are counted by the worker that runs them; `unit` of them make a stamp. */
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
    entry_set_stamp(e, STAMP_MOMENT, (uint32_t)stamp_now(s));
}

/* The whole stamp of an entry, never greater than stamp_now. A stamp of another kind becomes the moment at which the
 * policy was chosen. */
uint64_t stamp_of(struct stamps *s, struct entry *e);

/* Seconds since the entry was used last (since it was stored, under a policy that goes by that). */
int64_t stamp_idle(struct stamps *s, struct entry *e);
/* The same for a stamp. */
int64_t stamp_seconds(struct stamps *s, uint64_t stamp);
/* Makes the entry idle for that many seconds (>= 0), at most as far back as stamps reach: some three years. */
void stamp_set_idle(struct stamps *s, struct entry *e, int64_t seconds);
/* Makes a stamp that is about to leave the reach of 32 bits as old as they reach, so that it does not look young. */
void stamp_clamp(struct stamps *s, struct entry *e);

#endif
