/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/stamp.h"

#include <string.h>

#include "base/clock.h"

#define FIRST          (1ull << 40) /* the counter starts here: a stamp before the start is not negative */
#define MS_PER_STAMP   100          /* before the first sample: as if the counter had only been sampled */
#define OLDEST         (1u << 30)   /* in stamps; half of what 32 bits can tell from the future */
#define KEYS_PER_STAMP 4096         /* so many stamps while all keys are used once */
#define COARSEST       1024
#define ADVANCES_MAX   32768 /* of the counter, between two calls of stamps_fit: some 330,000 a second */

void stamps_init(struct stamps *s)
{
    *s = (struct stamps){.unit = COARSEST,
                         .fitted = FIRST,
                         .walked = FIRST,
                         .now = FIRST,
                         .switched = FIRST,
                         .switched_age = FIRST,
                         .age = FIRST};
    lock_init(&s->lock, LOCK_STAMPS, 0);
    stamps_sample(s);
}

void stamps_switch(struct stamps *s)
{
    atomic_store(&s->switched, stamp_now(s));
    atomic_store(&s->switched_age, atomic_load(&s->age));
}

void stamps_fit(struct stamps *s, uint64_t keys, bool exact)
{
    uint64_t now = stamp_now(s), requests = (now - s->fitted) * stamp_unit(s);
    uint64_t unit = exact ? keys / KEYS_PER_STAMP : COARSEST;

    s->fitted = now;
    if (unit < requests / ADVANCES_MAX)
        unit = requests / ADVANCES_MAX;
    unit = unit < 1 ? 1 : unit > COARSEST ? COARSEST : unit;
    if (unit != stamp_unit(s))
        atomic_store_explicit(&s->unit, (uint32_t)unit, memory_order_relaxed);
}

/* ---- in time ---- */

/* Makes room: drops every second sample of the older half. */
static void thin_out(struct stamps *s)
{
    unsigned n = 0;

    must(s->count == STAMP_PAST);
    for (unsigned i = 0; i < STAMP_PAST / 2; i += 2)
        s->past[n++] = s->past[i];
    memmove(s->past + n, s->past + STAMP_PAST / 2, STAMP_PAST / 2 * sizeof *s->past);
    s->count = n + STAMP_PAST / 2;
}

void stamps_sample(struct stamps *s)
{
    stamps_advance(s, 1); /* so that uses before the sample differ from those after it */
    lock_take(&s->lock);
    if (s->count == STAMP_PAST)
        thin_out(s);
    must(s->count < STAMP_PAST && (s->count == 0 || s->past[s->count - 1].stamp <= stamp_now(s)));
    s->past[s->count++] = (struct stamp_sample){stamp_now(s), clock_mono_ms()};
    lock_drop(&s->lock);
}

/* The time of a stamp between two samples, by linear interpolation. */
static int64_t between(const struct stamp_sample *a, const struct stamp_sample *b, uint64_t stamp)
{
    double part = (double)(stamp - a->stamp) / (double)(b->stamp - a->stamp);

    must(a->stamp <= stamp && stamp < b->stamp);
    return a->mono + (int64_t)(part * (double)(b->mono - a->mono));
}

/* The moment of a stamp, in ms of the monotonic clock. */
static int64_t moment_of(const struct stamps *s, uint64_t stamp)
{
    unsigned i = s->count;

    lock_must_hold((struct lock *)&s->lock);
    must(i > 0 && i <= STAMP_PAST);
    while (i > 0 && s->past[i - 1].stamp > stamp)
        i--;
    if (i == 0)
        return s->past[0].mono - (int64_t)(s->past[0].stamp - stamp) * MS_PER_STAMP;
    return i == s->count ? s->past[i - 1].mono : between(&s->past[i - 1], &s->past[i], stamp);
}

/* The inverse: the last stamp that is not after a moment. */
static uint64_t stamp_at(const struct stamps *s, int64_t mono)
{
    const struct stamp_sample *a, *b;
    unsigned i = s->count;
    double part;

    lock_must_hold((struct lock *)&s->lock);
    must(i > 0 && i <= STAMP_PAST);
    while (i > 0 && s->past[i - 1].mono > mono)
        i--;
    if (i == 0)
        return s->past[0].stamp - (uint64_t)((s->past[0].mono - mono + MS_PER_STAMP - 1) / MS_PER_STAMP);
    a = &s->past[i - 1];
    b = &s->past[i];
    if (i == s->count || b->mono == a->mono)
        return a->stamp;
    part = (double)(mono - a->mono) / (double)(b->mono - a->mono);
    return a->stamp + (uint64_t)(part * (double)(b->stamp - a->stamp));
}

int64_t stamp_seconds(struct stamps *s, uint64_t stamp)
{
    int64_t ms;

    lock_take(&s->lock);
    ms = clock_mono_ms() - moment_of(s, stamp);
    lock_drop(&s->lock);
    return ms > 0 ? ms / 1000 : 0;
}

/* ---- of entries ---- */

uint64_t stamp_of(struct stamps *s, struct entry *e)
{
    uint64_t now = stamp_now(s);
    int32_t old;

    if (UNLIKELY(entry_stamp_kind(e) != STAMP_MOMENT))
        entry_set_stamp(e, STAMP_MOMENT, (uint32_t)atomic_load_explicit(&s->switched, memory_order_relaxed));
    /* Another worker may have stamped it with a count that this one does not see yet. */
    old = (int32_t)((uint32_t)now - e->stamp);
    return now - (uint64_t)(old > 0 ? old : 0);
}

int64_t stamp_idle(struct stamps *s, struct entry *e)
{
    return stamp_seconds(s, stamp_of(s, e));
}

void stamp_set_idle(struct stamps *s, struct entry *e, int64_t seconds)
{
    int64_t max = (int64_t)OLDEST * MS_PER_STAMP / 1000;
    uint64_t now = stamp_now(s), stamp;

    must(seconds >= 0);
    lock_take(&s->lock);
    stamp = stamp_at(s, clock_mono_ms() - (seconds < max ? seconds : max) * 1000);
    lock_drop(&s->lock);
    entry_set_stamp(e, STAMP_MOMENT, (uint32_t)(now - stamp < OLDEST ? stamp : now - OLDEST));
}

void stamp_clamp(struct stamps *s, struct entry *e)
{
    uint64_t now = stamp_now(s);

    if (entry_stamp_kind(e) == STAMP_MOMENT && now - stamp_of(s, e) > OLDEST)
        entry_set_stamp(e, STAMP_MOMENT, (uint32_t)(now - OLDEST));
}
