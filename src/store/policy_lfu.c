/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least frequently used entry is evicted first, with ageing: LFU with dynamic ageing (LFU-DA, Arlitt et al. 1999).
 *
 * The priority of an entry is the number of its uses since it was inserted, plus the age of the cache at its last use.
 * The age of the cache follows the priorities of the victims. So an entry that was popular once is evicted when the
 * others have caught up. Ageing is measured in requests, not in minutes.
 *
 *    31               12 11     8 7       0
 *   +-------------------+--------+---------+
 *   | age, modulo 2^20  | power  | digits  |   the stamp of an entry with STAMP_COUNT
 *   +-------------------+--------+---------+
 *
 * Power 0: the count is the digits, exactly. Else it is (256 + digits) * 2^(power - 1), and one use in 2^(power - 1)
 * counts (Morris 1978), so that its standard error is some 5 %.
 */
#include "base/rand.h"
#include "store/policy.h"

#define CODE_BITS 12
#define CODE_MASK ((1u << CODE_BITS) - 1)
#define CODE_MAX  (11u << 8 | 255) /* 523,264 uses: less than the range of the age, 2^20 */
#define AGE_PART  16
#define AGE_MASK  ((1u << (32 - CODE_BITS)) - 1)

static uint32_t value_of(uint32_t code)
{
    sane(code <= CODE_MAX);
    return code < 256 ? code : (256 + (code & 255)) << ((code >> 8) - 1);
}

/* The greatest code whose value is at most v. */
static uint32_t code_of(uint32_t v)
{
    uint32_t power;

    if (v < 256)
        return v;
    power = 24 - __builtin_clz(v);
    v = power << 8 | (v >> (power - 1) & 255);
    return v < CODE_MAX ? v : CODE_MAX;
}

static uint64_t age_now(struct stamps *s)
{
    return atomic_load_explicit(&s->age, memory_order_relaxed);
}

static void set(struct entry *e, uint32_t code, uint64_t age)
{
    must(code <= CODE_MAX);
    entry_set_stamp(e, STAMP_COUNT, (uint32_t)age << CODE_BITS | code);
}

static void insert(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    (void)state;
    (void)p;
    set(e, 1, age_now(s));
}

/* An entry that another policy has stamped counts as used once, when this policy was chosen. */
static uint32_t count_of(struct stamps *s, struct entry *e)
{
    if (UNLIKELY(entry_stamp_kind(e) != STAMP_COUNT))
        set(e, 1, atomic_load_explicit(&s->switched_age, memory_order_relaxed));
    return e->stamp & CODE_MASK;
}

static void use(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    uint32_t code = count_of(s, e);

    (void)state;
    (void)p;
    if (code < CODE_MAX && (code < 512 || (rand_u64() & ((1u << ((code >> 8) - 1)) - 1)) == 0))
        code++;
    set(e, code, age_now(s));
}

static int64_t order(struct stamps *s, void *state, struct entry *e)
{
    uint32_t count = value_of(count_of(s, e));
    uint64_t age = age_now(s);

    (void)state;
    return (int64_t)(age - ((age - (e->stamp >> CODE_BITS)) & AGE_MASK) + count);
}

/* The age follows the priorities of the victims, a 16th of the way each time, so that one badly chosen victim does not
 * make all other entries look old. */
static void evict(struct stamps *s, void *state, const struct place *p, struct entry *e, int64_t order)
{
    uint64_t age = age_now(s);

    (void)state;
    (void)p;
    (void)e;
    must(order >= 0);
    /* Unless another worker was faster: the age never goes back, or entries of the later age would seem the oldest. */
    if ((uint64_t)order > age)
        atomic_compare_exchange_strong_explicit(&s->age, &age, age + ((uint64_t)order - age + AGE_PART - 1) / AGE_PART,
                                                memory_order_relaxed, memory_order_relaxed);
}

/* ---- on Redis's scale ---- */

/*
 * Redis counts logarithmically: from FIRST_FREQUENCY on, the step from f to f + 1 takes (f - FIRST_FREQUENCY) * FACTOR
 * + 1 uses on average (lfu-log-factor 10). uses_at gives the number of uses that a frequency stands for.
 */
#define FIRST_FREQUENCY 5
#define FACTOR          10

static uint32_t uses_at(unsigned frequency)
{
    uint32_t n = frequency > FIRST_FREQUENCY ? frequency - FIRST_FREQUENCY : 0;

    return frequency < FIRST_FREQUENCY ? 0 : 1 + n + FACTOR * n * (n - 1) / 2;
}

static unsigned frequency(struct stamps *s, void *state, const struct place *p, struct entry *e)
{
    uint32_t code = count_of(s, e);
    unsigned f = FIRST_FREQUENCY;

    (void)state;
    (void)p;
    if (code == 0)
        return 0;
    while (f < 255 && code_of(uses_at(f + 1)) <= code)
        f++;
    return f;
}

static void set_frequency(struct stamps *s, void *state, const struct place *p, struct entry *e, unsigned frequency)
{
    (void)state;
    (void)p;
    must(frequency <= 255);
    set(e, code_of(uses_at(frequency)), age_now(s));
}

#define LFU                                                                                                   \
    .offers_new = true, .insert = insert, .use = use, .order = order, .evict = evict, .frequency = frequency, \
    .set_frequency = set_frequency

const struct policy policy_allkeys_lfu = {LFU};
const struct policy policy_volatile_lfu = {.only_volatile = true, LFU};
