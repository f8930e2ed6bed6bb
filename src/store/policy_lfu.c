/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The least frequently used goes first, with ageing: LFU with dynamic ageing (LFU-DA, Arlitt et al. 1999).
 *
 * An entry's place is the number of its uses since it came plus the age of the cache when it was used last; the age of
 * the cache is the place of whoever was evicted last. So what was popular once goes when the rest has caught up, in
 * requests and not in minutes.
 *
 *    31               12 11     8 7       0
 *   +-------------------+--------+---------+
 *   | age, modulo 2^20  | power  | digits  |   the stamp of an entry with ENTRY_COUNTED
 *   +-------------------+--------+---------+
 *
 * Power 0: the count is the digits, exactly. Else it is (256 + digits) * 2^(power - 1), and one use in 2^(power - 1)
 * counts (Morris 1978), so that its standard error is some 5 %.
 */
#include "base/rand.h"
#include "store/policy.h"

#define CODE_BITS   12
#define CODE_MASK   ((1u << CODE_BITS) - 1)
#define CODE_MAX    (11u << 8 | 255) /* 523,264: the age must reach further than the greatest count */
#define AGE_PART    16
#define AGE_MASK    ((1u << (32 - CODE_BITS)) - 1)

static uint32_t value_of(uint32_t code)
{
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
    uint32_t stamp = (uint32_t)age << CODE_BITS | code;

    if (e->stamp != stamp)
        e->stamp = stamp;
    e->flags |= ENTRY_COUNTED;
}

static void first(struct stamps *s, struct entry *e)
{
    set(e, 1, age_now(s));
}

/* An entry that came under another policy was used once, before this one began, as far as is known. */
static uint32_t count_of(struct stamps *s, struct entry *e)
{
    if (UNLIKELY(!(e->flags & ENTRY_COUNTED)))
        set(e, 1, atomic_load_explicit(&s->switched_age, memory_order_relaxed));
    return e->stamp & CODE_MASK;
}

static void use(struct stamps *s, struct entry *e)
{
    uint32_t code = count_of(s, e);

    if (code < CODE_MAX && (code < 512 || (rand_u64() & ((1u << ((code >> 8) - 1)) - 1)) == 0))
        code++;
    set(e, code, age_now(s));
}

static int64_t order(struct stamps *s, struct entry *e)
{
    uint32_t count = value_of(count_of(s, e));
    uint64_t age = age_now(s);

    return (int64_t)(age - ((age - (e->stamp >> CODE_BITS)) & AGE_MASK) + count);
}

/* The age follows the places of those that go, a part of the way each time: one that was ill chosen shall not make all
 * others look old. */
static void leave(struct stamps *s, int64_t order)
{
    uint64_t age = age_now(s);

    if ((uint64_t)order > age)
        atomic_store_explicit(&s->age, age + ((uint64_t)order - age + AGE_PART - 1) / AGE_PART, memory_order_relaxed);
}

const struct policy policy_allkeys_lfu = {
    .id = POLICY_ALLKEYS_LFU, .counts = true, .first = first, .use = use, .order = order, .leave = leave};
const struct policy policy_volatile_lfu = {
    .id = POLICY_VOLATILE_LFU, .only_volatile = true, .counts = true, .first = first, .use = use, .order = order,
    .leave = leave};

/* ---- on Redis's scale ---- */

/*
 * Redis counts logarithmically: from FIRST_FREQUENCY on, the step from f to f + 1 takes (f - FIRST_FREQUENCY) * FACTOR
 * + 1 uses on average (lfu-log-factor 10). The uses behind a frequency:
 */
#define FIRST_FREQUENCY 5
#define FACTOR          10

static uint32_t uses_at(unsigned frequency)
{
    uint32_t n = frequency > FIRST_FREQUENCY ? frequency - FIRST_FREQUENCY : 0;

    return frequency < FIRST_FREQUENCY ? 0 : 1 + n + FACTOR * n * (n - 1) / 2;
}

unsigned policy_lfu_frequency(struct stamps *s, struct entry *e)
{
    uint32_t code = count_of(s, e);
    unsigned f = FIRST_FREQUENCY;

    if (code == 0)
        return 0;
    while (f < 255 && code_of(uses_at(f + 1)) <= code)
        f++;
    return f;
}

void policy_lfu_set_frequency(struct stamps *s, struct entry *e, unsigned frequency)
{
    set(e, code_of(uses_at(frequency)), age_now(s));
}
