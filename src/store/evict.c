/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/evict.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/rand.h"
#include "store/keyspace.h"

#define SAMPLES      10
#define EMPTY_DRAWS  64
#define STAMP_MS     16 /* a stamp is a count of 16 ms */
#define IDLE_MAX     ((int64_t)INT32_MAX * STAMP_MS / 1000) /* s: over a year */
#define LFU_FIRST    5
#define STAMPS_PER_MINUTE (60000 / STAMP_MS)

static enum policy policy_of(struct keyspace *ks)
{
    return atomic_load_explicit(&ks->policy, memory_order_relaxed);
}

bool evict_policy_is_lfu(enum policy p)
{
    return p == POLICY_ALLKEYS_LFU || p == POLICY_VOLATILE_LFU;
}

static bool is_fifo(enum policy p)
{
    return p == POLICY_ALLKEYS_FIFO || p == POLICY_VOLATILE_FIFO;
}

static bool is_volatile(enum policy p)
{
    return p >= POLICY_VOLATILE_LRU;
}

void evict_tick(struct keyspace *ks)
{
    uint32_t stamp = clock_mono_ms() / STAMP_MS;

    /* All workers read this line for every key: it is written only where there is something new. */
    if (atomic_load_explicit(&ks->stamp, memory_order_relaxed) != stamp)
        atomic_store_explicit(&ks->stamp, stamp, memory_order_relaxed);
}

static uint32_t stamp_now(struct keyspace *ks)
{
    return atomic_load_explicit(&ks->stamp, memory_order_relaxed);
}

/* Under LFU a stamp is minutes (16 bits), then the counter (8 bits). */
static uint32_t lfu_stamp(struct keyspace *ks, unsigned count)
{
    return (stamp_now(ks) / STAMPS_PER_MINUTE & 0xffff) << 8 | count;
}

uint32_t evict_first_stamp(struct keyspace *ks)
{
    return evict_policy_is_lfu(policy_of(ks)) ? lfu_stamp(ks, LFU_FIRST) : stamp_now(ks);
}

/* The counter loses one for each lfu-decay-time minutes without an access. */
unsigned evict_frequency(struct keyspace *ks, const struct entry *e)
{
    unsigned count = e->stamp & 255;
    unsigned minutes = (stamp_now(ks) / STAMPS_PER_MINUTE - (e->stamp >> 8)) & 0xffff;
    unsigned decay = atomic_load_explicit(&ks->lfu_minutes, memory_order_relaxed);
    unsigned lost = decay ? minutes / decay : 0;

    return lost < count ? count - lost : 0;
}

/* The counter is logarithmic: the higher it stands, the rarer an access raises it (Morris, 1978). */
static unsigned lfu_raised(struct keyspace *ks, unsigned count)
{
    uint64_t above = count > LFU_FIRST ? count - LFU_FIRST : 0;
    uint64_t factor = atomic_load_explicit(&ks->lfu_factor, memory_order_relaxed);

    return count < 255 && rand_below(above * factor + 1) == 0 ? count + 1 : count;
}

void evict_touch(struct keyspace *ks, struct entry *e)
{
    enum policy p = policy_of(ks);
    uint32_t stamp;

    if (UNLIKELY(is_fifo(p)))
        return;
    if (UNLIKELY(evict_policy_is_lfu(p)))
        stamp = lfu_stamp(ks, lfu_raised(ks, evict_frequency(ks, e)));
    else
        stamp = stamp_now(ks);
    if (e->stamp != stamp)
        e->stamp = stamp;
}

/* How many stamps ago e was used. A worker that was slow to store its stamp may have turned the keyspace's back: then
 * now. */
static uint32_t age_of(struct keyspace *ks, const struct entry *e)
{
    int32_t age = (int32_t)(stamp_now(ks) - e->stamp);

    return age > 0 ? age : 0;
}

int64_t evict_idle_seconds(struct keyspace *ks, const struct entry *e)
{
    return (int64_t)age_of(ks, e) * STAMP_MS / 1000;
}

void evict_set_idle(struct keyspace *ks, struct entry *e, int64_t seconds)
{
    uint32_t age = seconds < IDLE_MAX ? (uint32_t)(seconds * 1000 / STAMP_MS) : INT32_MAX;

    e->stamp = stamp_now(ks) - age;
}

void evict_set_frequency(struct keyspace *ks, struct entry *e, unsigned count)
{
    e->stamp = lfu_stamp(ks, count);
}

/* How much sooner than others e should go: the greater the sooner. */
static uint64_t urgency(struct keyspace *ks, enum policy p, const struct entry *e)
{
    if (p == POLICY_VOLATILE_TTL)
        return UINT64_MAX - (uint64_t)entry_expire(e);
    if (evict_policy_is_lfu(p))
        return 255 - evict_frequency(ks, e);
    return age_of(ks, e);
}

/* Removes the best of a few entries of one table. False: there is none. */
static bool evict_from(struct keyspace *ks, struct shard *s, unsigned db, enum policy p) REQUIRES(shard_cap)
{
    struct table *t = shard_table(s, db);
    unsigned samples = p == POLICY_ALLKEYS_RANDOM || p == POLICY_VOLATILE_RANDOM ? 1 : SAMPLES;
    struct entry *victim = NULL;
    uint64_t most = 0;

    for (unsigned i = 0; t != NULL && i < samples; i++) {
        struct entry *e = is_volatile(p) ? table_random_volatile(t) : table_random(t);
        uint64_t u = e ? urgency(ks, p, e) : 0;

        if (e == NULL)
            return false;
        if (victim == NULL || u > most) {
            victim = e;
            most = u;
        }
    }
    if (victim == NULL)
        return false;
    shard_drop(&(struct place){s, db, hash_bytes(entry_key(victim))}, victim);
    atomic_fetch_add_explicit(&ks->stats.evicted, 1, memory_order_relaxed);
    return true;
}

/* Evicts one entry of a shard, from a random database that has any. */
static bool evict_one(struct keyspace *ks, struct shard *s, enum policy p)
{
    unsigned first = rand_below(ks->databases);
    bool done = false;

    shard_lock(s);
    for (unsigned i = 0; i < ks->databases && !done; i++)
        done = evict_from(ks, s, (first + i) % ks->databases, p);
    shard_unlock(s);
    return done;
}

bool evict_to_fit(struct keyspace *ks, size_t limit, size_t (*used)(void *arg), void *arg)
{
    enum policy p = policy_of(ks);
    unsigned misses = 0;

    while (used(arg) > limit) {
        unsigned draw = rand_below(ks->shard_count);

        if (p == POLICY_NOEVICTION)
            return false;
        /* Nearly empty: look everywhere before giving up. */
        if (misses >= EMPTY_DRAWS)
            draw = misses - EMPTY_DRAWS;
        if (draw >= ks->shard_count)
            return false;
        misses = evict_one(ks, &ks->shards[draw], p) ? 0 : misses + 1;
    }
    return true;
}
