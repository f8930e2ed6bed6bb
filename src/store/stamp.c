/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/stamp.h"

#include "base/clock.h"
#include "base/rand.h"
#include "store/keyspace.h"

#define STAMP_MS     16 /* a stamp is a count of 16 ms */
#define IDLE_MAX     ((int64_t)INT32_MAX * STAMP_MS / 1000) /* s: over a year */
#define LFU_FIRST    5
#define STAMPS_PER_MINUTE (60000 / STAMP_MS)

static enum policy policy_of(struct keyspace *ks)
{
    return atomic_load_explicit(&ks->policy, memory_order_relaxed);
}

bool stamp_policy_is_lfu(enum policy p)
{
    return p == POLICY_ALLKEYS_LFU || p == POLICY_VOLATILE_LFU;
}

static bool is_fifo(enum policy p)
{
    return p == POLICY_ALLKEYS_FIFO || p == POLICY_VOLATILE_FIFO;
}

void stamp_tick(struct keyspace *ks)
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

uint32_t stamp_first(struct keyspace *ks)
{
    return stamp_policy_is_lfu(policy_of(ks)) ? lfu_stamp(ks, LFU_FIRST) : stamp_now(ks);
}

/* The counter loses one for each lfu-decay-time minutes without an access. */
unsigned stamp_frequency(struct keyspace *ks, const struct entry *e)
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

void stamp_touch(struct keyspace *ks, struct entry *e)
{
    enum policy p = policy_of(ks);
    uint32_t stamp;

    if (UNLIKELY(is_fifo(p)))
        return;
    if (UNLIKELY(stamp_policy_is_lfu(p)))
        stamp = lfu_stamp(ks, lfu_raised(ks, stamp_frequency(ks, e)));
    else
        stamp = stamp_now(ks);
    if (e->stamp != stamp)
        e->stamp = stamp;
}

/* How many stamps ago e was used. A worker that was slow to store its stamp may have turned the keyspace's back: then
 * now. */
uint32_t stamp_age(struct keyspace *ks, const struct entry *e)
{
    int32_t age = (int32_t)(stamp_now(ks) - e->stamp);

    return age > 0 ? age : 0;
}

int64_t stamp_idle(struct keyspace *ks, const struct entry *e)
{
    return (int64_t)stamp_age(ks, e) * STAMP_MS / 1000;
}

void stamp_set_idle(struct keyspace *ks, struct entry *e, int64_t seconds)
{
    uint32_t age = seconds < IDLE_MAX ? (uint32_t)(seconds * 1000 / STAMP_MS) : INT32_MAX;

    e->stamp = stamp_now(ks) - age;
}

void stamp_set_frequency(struct keyspace *ks, struct entry *e, unsigned count)
{
    e->stamp = lfu_stamp(ks, count);
}
