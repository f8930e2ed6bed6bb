/* SPDX-License-Identifier: BSD-3-Clause */
#include "obs/metrics.h"

#include <assert.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"

#define WORKERS_MAX 1024
#define SAMPLES     16
#define SUM_FIELDS  (sizeof(struct metrics_sums) / sizeof(counter))

static_assert(SUM_FIELDS * sizeof(counter) == sizeof(struct metrics_sums), "the sums are an array of counters");

/* A code of error replies. Its text is written before readers see it through `error_count`, and never changes. */
struct error_code {
    char code[32];
    _Atomic uint64_t count;
};

/* A rising number, and its growth per second in the last samples. */
struct rate {
    uint64_t last;
    uint64_t samples[SAMPLES];
};

/* Keys looked up since the start. */
struct looked_up {
    uint64_t hits, misses;
};

static struct {
    struct lock lock; /* guards the rest, except reads of `workers` and `errors`, which only grow */
    struct metrics *workers[WORKERS_MAX];
    _Atomic unsigned worker_count;
    struct metrics_sums base; /* totals at the last reset */
    struct command_metrics command_base[METRICS_COMMANDS];
    struct error_code errors[METRICS_ERRORS];
    _Atomic unsigned error_count;
    struct rate commands, bytes_in, bytes_out;
    int64_t sampled; /* ms, monotonic; 0: never */
    unsigned next_sample;
    struct looked_up past[METRICS_PAST + 1]; /* a ring with an element per second */
    unsigned past_count;                     /* elements written since the last reset */
    int64_t past_at;                         /* ms, monotonic: when the last one was written */
} state = {.lock = LOCK_INIT(METRICS)};

static void add_array(counter *to, const counter *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counter_add(&to[i], counter_get(&from[i]));
}

static void subtract_array(counter *from, const counter *what, size_t n)
{
    for (size_t i = 0; i < n; i++)
        counter_add(&from[i], 0 - counter_get(&what[i]));
}

struct metrics *metrics_new(void)
{
    struct metrics *m = mem_aligned_zero(_Alignof(struct metrics), sizeof(*m));
    unsigned n;

    lock_take(&state.lock);
    n = atomic_load(&state.worker_count);
    must(n < WORKERS_MAX);
    state.workers[n] = m;
    atomic_store(&state.worker_count, n + 1);
    lock_drop(&state.lock);
    return m;
}

void metrics_fini(void)
{
    lock_take(&state.lock);
    for (unsigned i = 0; i < atomic_load(&state.worker_count); i++)
        mem_free(state.workers[i]);
    atomic_store(&state.worker_count, 0);
    atomic_store(&state.error_count, 0);
    memset(&state.base, 0, sizeof(state.base));
    memset(state.command_base, 0, sizeof(state.command_base));
    state.sampled = 0;
    state.past_count = 0;
    state.past_at = 0;
    lock_drop(&state.lock);
}

/* The sums over all workers since their start. */
static void sum_all(struct metrics_sums *total)
{
    lock_must_hold(&state.lock);
    memset(total, 0, sizeof(*total));
    for (unsigned i = 0; i < atomic_load(&state.worker_count); i++)
        add_array((counter *)total, (counter *)&state.workers[i]->sums, SUM_FIELDS);
}

static void sum_command(unsigned number, struct command_metrics *total)
{
    lock_must_hold(&state.lock);
    memset(total, 0, sizeof(*total));
    for (unsigned i = 0; i < atomic_load(&state.worker_count); i++)
        add_array((counter *)total, (counter *)&state.workers[i]->commands[number], sizeof(*total) / sizeof(counter));
}

void metrics_total(struct metrics_sums *total)
{
    lock_take(&state.lock);
    sum_all(total);
    subtract_array((counter *)total, (counter *)&state.base, SUM_FIELDS);
    lock_drop(&state.lock);
}

void metrics_command(unsigned number, struct command_metrics *total)
{
    must(number < METRICS_COMMANDS);
    lock_take(&state.lock);
    sum_command(number, total);
    subtract_array((counter *)total, (counter *)&state.command_base[number], sizeof(*total) / sizeof(counter));
    lock_drop(&state.lock);
}

void metrics_reset(void)
{
    lock_take(&state.lock);
    state.past_count = 0;
    sum_all(&state.base);
    for (unsigned i = 0; i < METRICS_COMMANDS; i++)
        sum_command(i, &state.command_base[i]);
    for (unsigned i = 0; i < atomic_load(&state.error_count); i++)
        atomic_store(&state.errors[i].count, 0);
    lock_drop(&state.lock);
}

static struct error_code *find_error(const char *code)
{
    for (unsigned i = 0; i < atomic_load_explicit(&state.error_count, memory_order_acquire); i++) {
        if (strcmp(state.errors[i].code, code) == 0)
            return &state.errors[i];
    }
    return NULL;
}

/* Adds a code; NULL if there are METRICS_ERRORS already. */
static struct error_code *new_error(const char *code)
{
    struct error_code *e;
    unsigned n;

    must(strlen(code) < sizeof e->code);
    lock_take(&state.lock);
    e = find_error(code); /* another thread may have added it */
    n = atomic_load(&state.error_count);
    if (!e && n < METRICS_ERRORS) {
        e = &state.errors[n];
        memcpy(e->code, code, strlen(code) + 1);
        atomic_store(&e->count, 0);
        atomic_store_explicit(&state.error_count, n + 1, memory_order_release);
    }
    lock_drop(&state.lock);
    return e;
}

void metrics_error(const char *code)
{
    char cut[sizeof(((struct error_code *)NULL)->code)];
    size_t n = strnlen(code, sizeof(cut) - 1);
    struct error_code *e;

    must(n > 0);
    memcpy(cut, code, n);
    cut[n] = '\0';
    e = find_error(cut);
    if (!e)
        e = new_error(cut);
    if (e)
        atomic_fetch_add_explicit(&e->count, 1, memory_order_relaxed);
}

void metrics_each_error(void (*visit)(void *arg, const char *code, uint64_t count), void *arg)
{
    for (unsigned i = 0; i < atomic_load_explicit(&state.error_count, memory_order_acquire); i++) {
        uint64_t count = atomic_load_explicit(&state.errors[i].count, memory_order_relaxed);

        if (count)
            visit(arg, state.errors[i].code, count);
    }
}

static void rate_sample(struct rate *r, uint64_t value, int64_t elapsed_ms)
{
    must(state.next_sample < SAMPLES);
    if (elapsed_ms > 0) {
        must(value >= r->last);
        r->samples[state.next_sample] = (value - r->last) * 1000 / (uint64_t)elapsed_ms;
    }
    r->last = value;
}

static uint64_t rate_mean(const struct rate *r)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < SAMPLES; i++)
        sum += r->samples[i];
    return sum / SAMPLES;
}

static struct looked_up looked_up_now(const struct metrics_sums *total)
{
    return (struct looked_up){counter_get(&total->hits), counter_get(&total->misses)};
}

/* Records the look-ups until now, once a second. */
static void note_past(const struct metrics_sums *total, int64_t mono_ms)
{
    lock_must_hold(&state.lock);
    if (state.past_count != 0 && mono_ms - state.past_at < 1000)
        return;
    state.past_at = mono_ms;
    state.past[state.past_count++ % (METRICS_PAST + 1)] = looked_up_now(total);
}

double metrics_hit_ratio(unsigned seconds)
{
    struct metrics_sums total;
    struct looked_up now, then;

    must(seconds <= METRICS_PAST);
    lock_take(&state.lock);
    sum_all(&total);
    now = looked_up_now(&total);
    then = looked_up_now(&state.base);
    if (seconds < state.past_count)
        then = state.past[(state.past_count - 1 - seconds) % (METRICS_PAST + 1)];
    lock_drop(&state.lock);
    must(now.hits >= then.hits && now.misses >= then.misses);
    now.hits -= then.hits;
    now.misses -= then.misses;
    return now.hits ? (double)now.hits / (double)(now.hits + now.misses) : 0;
}

void metrics_sample(int64_t mono_ms)
{
    struct metrics_sums total;
    int64_t elapsed;

    lock_take(&state.lock);
    sum_all(&total);
    elapsed = state.sampled ? mono_ms - state.sampled : 0;
    rate_sample(&state.commands, counter_get(&total.commands), elapsed);
    rate_sample(&state.bytes_in, counter_get(&total.bytes_in), elapsed);
    rate_sample(&state.bytes_out, counter_get(&total.bytes_out), elapsed);
    note_past(&total, mono_ms);
    if (elapsed > 0)
        state.next_sample = (state.next_sample + 1) % SAMPLES;
    state.sampled = mono_ms;
    lock_drop(&state.lock);
}

struct metrics_rates metrics_rates(void)
{
    struct metrics_rates rates;

    lock_take(&state.lock);
    rates.commands = rate_mean(&state.commands);
    rates.bytes_in = rate_mean(&state.bytes_in);
    rates.bytes_out = rate_mean(&state.bytes_out);
    lock_drop(&state.lock);
    return rates;
}
