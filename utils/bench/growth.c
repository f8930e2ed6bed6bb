/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * growth: the longest single insert while a keyspace grows, and the longest single removal while it shrinks.
 *
 *   growth [-n KEYS] [-d VALUE_BYTES] [-s SHARDS] [-r ROUNDS]
 *
 * Runs in one process without a network. It does to the store what SET and DEL do, locks included, and times each
 * operation in wall-clock time and in CPU time of the thread. If the two differ, something else ran on this core. In a
 * virtual machine, CPU time includes pauses of the host, and the first access to a page may take milliseconds. Therefore
 * several rounds repeat the same operations on the same tables, and the table also shows the minimum of each operation
 * over the rounds: the store's own work repeats in each round, disturbances do not.
 * Housekeeping (freeing old tables) runs as in the server and is timed separately. Prints a markdown table.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "store/keyspace.h"

#define LONGEST     10
#define CELLS       2048
#define SUB         32 /* cells of a histogram to a power of two */
#define HOUSEKEEPING 512 /* operations between two times of it */
#define KEY_DIGITS  12

/* The durations of the operations of one kind, in ns. */
struct times {
    uint64_t cell[CELLS];
    uint64_t count;
    int64_t longest[LONGEST]; /* the longest first */
};

/* One kind of operation and its durations. */
struct kind {
    const char *name;
    void (*operation)(struct keyspace *ks, struct slice key, struct slice value);
    struct times wall, cpu;
    uint32_t *least; /* of each key: the processor time, in ns, of the round that took the least */
};

static struct times keeping;
static int64_t wall_before, cpu_before;

static int64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void times_add(struct times *t, int64_t ns)
{
    int e = ns < SUB ? 0 : 59 - __builtin_clzll(ns);
    int i = LONGEST - 1;

    t->cell[ns < SUB ? ns : e * SUB + (ns >> (e - 1)) % SUB]++;
    t->count++;
    if (ns <= t->longest[i])
        return;
    for (; i > 0 && t->longest[i - 1] < ns; i--)
        t->longest[i] = t->longest[i - 1];
    t->longest[i] = ns;
}

static double times_quantile(const struct times *t, double q)
{
    uint64_t want = ceil(t->count * q), seen = 0;
    unsigned i = 0;

    while (i < CELLS - 1 && (seen += t->cell[i]) < want)
        i++;
    return i < SUB ? i : ldexp(SUB + i % SUB, i / SUB - 1);
}

static void print_times(const char *what, const char *clock, const struct times *t)
{
    printf("| %s | %s | %.2f | %.2f | %.2f | %.2f |", what, clock, times_quantile(t, .5) / 1e3,
           times_quantile(t, .9999) / 1e3, times_quantile(t, .999999) / 1e3, t->longest[0] / 1e3);
    for (unsigned i = 1; i < LONGEST; i++)
        printf(" %.0f", t->longest[i] / 1e3);
    printf(" |\n");
}

/* ---- the timed operations ---- */

static void begin(void)
{
    wall_before = clock_mono_ns();
    cpu_before = cpu_ns();
}

static void end(struct kind *k, uint64_t i)
{
    int64_t ns = cpu_ns() - cpu_before;

    times_add(&k->cpu, ns);
    times_add(&k->wall, clock_mono_ns() - wall_before);
    if (ns < k->least[i])
        k->least[i] = ns;
}

static struct slice key_of(char text[KEY_DIGITS + 8], uint64_t i)
{
    return slice_of(text, snprintf(text, KEY_DIGITS + 8, "key:%0*" PRIu64, KEY_DIGITS, i));
}

static void insert(struct keyspace *ks, struct slice key, struct slice value)
{
    struct place p = keyspace_place(ks, 0, hash_bytes(key));
    struct entry_spec spec = {.key = key, .value = value};
    size_t fields = 0;

    shard_lock(p.shard);
    if (shard_find(&p, key, 1, &fields) == NULL)
        shard_insert(&p, entry_new(&spec));
    shard_unlock(p.shard);
}

static void remove_key(struct keyspace *ks, struct slice key, struct slice value)
{
    struct place p = keyspace_place(ks, 0, hash_bytes(key));
    struct entry *e;
    size_t fields = 0;

    (void)value;
    shard_lock(p.shard);
    e = shard_find(&p, key, 1, &fields);
    if (e != NULL) {
        shard_take(&p, e);
        entry_free(e);
    }
    shard_unlock(p.shard);
}

/* The work that a worker does between two batches. */
static void keep_house(void)
{
    int64_t before = clock_mono_ns();

    quiesce_leave(0);
    quiesce_collect();
    quiesce_enter(0);
    times_add(&keeping, clock_mono_ns() - before);
}

/* Runs one operation on each key. */
static void each_key(struct kind *k, struct keyspace *ks, uint64_t keys, struct slice value)
{
    char text[KEY_DIGITS + 8];

    for (uint64_t i = 0; i < keys; i++) {
        struct slice key = key_of(text, i);

        begin();
        k->operation(ks, key, value);
        end(k, i);
        if (i % HOUSEKEEPING == 0)
            keep_house();
    }
}

static void one_round(struct kind *inserts, struct kind *removals, unsigned shards, uint64_t keys, struct slice value)
{
    struct keyspace *ks = keyspace_new(shards, 1);

    quiesce_enter(0);
    each_key(inserts, ks, keys, value);
    each_key(removals, ks, keys, value);
    quiesce_leave(0);
    keyspace_free(ks);
}

static void kind_init(struct kind *k, uint64_t keys)
{
    k->least = mem_alloc(keys * sizeof *k->least);
    memset(k->least, 0xff, keys * sizeof *k->least);
}

static void print_kind(struct kind *k, uint64_t keys)
{
    struct times least = {.count = 0};

    for (uint64_t i = 0; i < keys; i++)
        times_add(&least, k->least[i]);
    print_times(k->name, "wall", &k->wall);
    print_times(k->name, "processor", &k->cpu);
    print_times(k->name, "processor, least of the rounds", &least);
    mem_free(k->least);
}

int main(int argc, char **argv)
{
    static struct kind inserts = {.name = "insert", .operation = insert};
    static struct kind removals = {.name = "removal", .operation = remove_key};
    int bytes = 32, shards = 256, rounds = 2;
    uint64_t keys = 20000000;
    char *value;

    for (int o; (o = getopt(argc, argv, "n:d:s:r:")) > 0;) {
        switch (o) {
        case 'n': keys = strtoull(optarg, NULL, 10); break;
        case 'd': bytes = atoi(optarg); break;
        case 's': shards = atoi(optarg); break;
        case 'r': rounds = atoi(optarg); break;
        default: return 2;
        }
    }
    hash_init();
    clock_calibrate();
    mem_start_background();
    kind_init(&inserts, keys);
    kind_init(&removals, keys);
    value = mem_zalloc(bytes);
    for (int i = 0; i < rounds; i++)
        one_round(&inserts, &removals, shards, keys, slice_of(value, bytes));
    printf("\n| %" PRIu64 " keys | clock | median µs | 99.99 %% | 99.9999 %% | longest | the next nine |\n", keys);
    printf("|---|---|--:|--:|--:|--:|---|\n");
    print_kind(&inserts, keys);
    print_kind(&removals, keys);
    print_times("housekeeping", "wall", &keeping);
    mem_free(value);
    return 0;
}
