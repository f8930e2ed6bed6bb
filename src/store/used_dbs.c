/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/used_dbs.h"

#include <stdbool.h>

#include "base/must.h"

/* The first bit from i on that is set in the bitmap of n bits; n if there is none. */
static unsigned next_bit(const _Atomic uint64_t *words, unsigned i, unsigned n)
{
    while (i < n) {
        uint64_t bits = atomic_load_explicit((_Atomic uint64_t *)&words[i / 64], memory_order_relaxed) >> i % 64;

        if (bits != 0)
            return i + (unsigned)__builtin_ctzll(bits);
        i = (i / 64 + 1) * 64;
    }
    return n;
}

/* Returns whether the bit was clear. */
static bool set_bit(_Atomic uint64_t *words, unsigned i)
{
    uint64_t bit = 1ull << i % 64;

    return !(atomic_fetch_or_explicit(&words[i / 64], bit, memory_order_release) & bit);
}

/* Returns what is left of the word. */
static uint64_t clear_bit(_Atomic uint64_t *words, unsigned i)
{
    uint64_t bit = 1ull << i % 64;

    return atomic_fetch_and_explicit(&words[i / 64], ~bit, memory_order_relaxed) & ~bit;
}

static inline bool has(const struct used_dbs *u, unsigned db)
{
    return atomic_load_explicit((_Atomic uint64_t *)&u->words[db / 64], memory_order_acquire) >> db % 64 & 1;
}

unsigned used_dbs_next(const struct used_dbs *u, unsigned from)
{
    unsigned end = (from + 63) / 64 * 64; /* of the word of `from` */
    unsigned db = next_bit(u->words, from, end), word;

    if (db != end)
        return db;
    word = next_bit(u->groups, end / 64, USED_DBS_MAX / 64);
    return next_bit(u->words, word * 64, USED_DBS_MAX);
}

void used_dbs_note(struct used_dbs *u, unsigned db)
{
    must(db < USED_DBS_MAX);
    if (LIKELY(has(u, db)))
        return;
    /* The database's own bit comes last: a thread that finds it set may use the database, and a thread that it then
     * hands the shard to must find the database by its group, and count it. */
    set_bit(u->groups, db / 64);
    atomic_fetch_add_explicit(&u->count, 1, memory_order_relaxed);
    if (!set_bit(u->words, db)) /* another thread was first */
        must(atomic_fetch_sub_explicit(&u->count, 1, memory_order_relaxed) > 1);
}

void used_dbs_forget(struct used_dbs *u, unsigned db)
{
    must(db < USED_DBS_MAX);
    if (!has(u, db))
        return;
    if (clear_bit(u->words, db) == 0)
        clear_bit(u->groups, db / 64);
    must(atomic_fetch_sub_explicit(&u->count, 1, memory_order_relaxed) > 0);
}
