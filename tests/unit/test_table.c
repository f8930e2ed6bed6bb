/* SPDX-License-Identifier: BSD-3-Clause */
/* table: one shard's entries of one database. */
#include <signal.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/linear.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "checks.h"
#include "seed.h"
#include "store/entry.h"
#include "store/table.h"

/* Key number i, in a buffer of the caller. */
struct name {
    char p[24];
};

static struct slice key_of(unsigned i, struct name *name)
{
    return slice_of(name->p, snprintf(name->p, sizeof name->p, "key:%u", i));
}

static uint64_t hash_of(unsigned i)
{
    struct name name;

    return hash_bytes(key_of(i, &name));
}

/* An entry of key number i; in these tests an expiry is a tick of its own. */
static struct entry *entry_of(unsigned i, int64_t expire)
{
    struct name name;
    struct entry_spec s = {.key = key_of(i, &name), .integer = i, .is_int = true, .expire = expire};

    return entry_new(&s);
}

static unsigned number_of(const struct entry *e)
{
    return entry_int(e);
}

static struct entry *find(struct table *t, unsigned i)
{
    struct name name;

    return table_find(t, hash_of(i), key_of(i, &name));
}

static void insert(struct table *t, unsigned i, int64_t expire)
{
    table_insert(t, hash_of(i), entry_of(i, expire));
    if (expire != 0)
        table_note_due(t, hash_of(i), expire);
}

static void discard(struct table *t, unsigned i)
{
    struct entry *e = find(t, i);

    table_remove(t, hash_of(i), e);
    entry_free(e);
}

/* ---- comparison with a list ---- */

#define KEYS 3000

/* The expected content of the table: for each key its entry and its expiry, 0 for none. */
struct twin {
    struct entry *entry[KEYS];
    int64_t expire[KEYS];
    unsigned used, volatiles;
};

static void check_twin(struct table *t, const struct twin *twin)
{
    uint32_t first = UINT32_MAX;

    ck_assert_uint_eq(t->used, twin->used);
    ck_assert_uint_eq(t->volatiles, twin->volatiles);
    for (unsigned i = 0; i < KEYS; i++) {
        ck_assert_ptr_eq(find(t, i), twin->entry[i]);
        if (twin->entry[i] != NULL) {
            ck_assert_uint_eq(number_of(twin->entry[i]), i);
            ck_assert_int_eq(entry_expire(twin->entry[i]), twin->expire[i]);
        }
        if (twin->expire[i] != 0 && twin->expire[i] < first)
            first = twin->expire[i];
    }
    ck_assert_uint_le(t->next_due, first);
}

static void twin_remove(struct twin *twin, unsigned i)
{
    twin->used--;
    twin->volatiles -= twin->expire[i] != 0;
    twin->entry[i] = NULL;
    twin->expire[i] = 0;
}

/* Inserts, replaces or removes key i; if it exists, removes it with a probability of `removals` in ten. */
static void change(struct table *t, struct twin *twin, unsigned i, uint32_t now, unsigned removals)
{
    int64_t expire = seed_below(3) == 0 ? now + 1 + (int64_t)seed_below(200) : 0;
    struct entry *old = twin->entry[i];

    if (old != NULL && seed_below(10) < removals) {
        discard(t, i);
        twin_remove(twin, i);
        return;
    }
    if (old == NULL) {
        insert(t, i, expire);
    } else {
        struct entry_tally was = entry_tally(old);

        table_replace(t, hash_of(i), old, &was, entry_of(i, expire));
        if (expire != 0)
            table_note_due(t, hash_of(i), expire);
        entry_free(old);
    }
    twin->entry[i] = find(t, i);
    twin->used += old == NULL;
    twin->volatiles += (expire != 0) - (twin->expire[i] != 0);
    twin->expire[i] = expire;
}

struct sweeping {
    struct twin *twin;
    uint32_t now;
};

static bool is_due(void *arg, struct entry **e, uint32_t *tick)
{
    struct sweeping *s = arg;

    *tick = entry_expire(*e);
    return *tick <= s->now;
}

static void removed(void *arg, struct entry *e)
{
    struct sweeping *s = arg;

    ck_assert_ptr_eq(s->twin->entry[number_of(e)], e);
    twin_remove(s->twin, number_of(e));
    entry_free(e);
}

static bool sweep(struct table *t, struct twin *twin, uint32_t now, unsigned buckets, unsigned most)
{
    struct sweeping s = {twin, now};
    struct table_sweep step = {
        .now = now, .buckets = buckets, .max_removals = most, .due = is_due, .removed = removed, .arg = &s};

    return table_sweep(t, &step);
}

START_TEST(random_operations_match_a_simple_list)
{
    struct table *t = table_new();
    struct twin twin = {0};

    seed_start(__func__);
    for (unsigned round = 0; round < 60; round++) {
        /* Some rounds use few keys, so that the table shrinks and grows. */
        unsigned span = seed_below(2) == 0 ? KEYS : 1 + seed_below(KEYS);

        for (unsigned n = 0; n < 1000; n++)
            change(t, &twin, seed_below(span), 1000, 5);
        if (seed_below(4) == 0)
            for (unsigned i = 0; i < KEYS; i++)
                if (twin.entry[i] != NULL) {
                    discard(t, i);
                    twin_remove(&twin, i);
                }
        check_twin(t, &twin);
    }
    table_free(t);
    quiesce_collect();
}
END_TEST

START_TEST(a_sweep_removes_exactly_the_due_entries)
{
    struct table *t = table_new();
    struct twin twin = {0};
    unsigned removals = 2;
    uint32_t now = 0;

    seed_start(__func__);
    for (unsigned round = 0; round < 200; round++) {
        unsigned most = 1 + seed_below(100);

        if (seed_below(20) == 0)
            removals = seed_below(2) ? 2 : 10; /* the table grows for a while, or shrinks */
        for (unsigned n = seed_below(200); n > 0; n--) {
            unsigned i = seed_below(KEYS);

            if (removals == 2 || twin.entry[i] != NULL)
                change(t, &twin, i, now, removals);
        }
        now += seed_below(50);
        sweep(t, &twin, now, 1 + seed_below(2000), most);
        if (seed_below(4) == 0)
            table_trim(t, seed_below(100));
        check_twin(t, &twin);
        if (round % 20 == 0) {
            /* Two sweeps: one to end the current one, and a complete one. */
            for (unsigned ends = 0; ends < 2;)
                ends += sweep(t, &twin, now, 64, UINT32_MAX);
            for (unsigned i = 0; i < KEYS; i++)
                ck_assert(twin.expire[i] == 0 || twin.expire[i] > now);
            check_twin(t, &twin);
        }
    }
    table_free(t);
    quiesce_collect();
}
END_TEST

/* Buckets merge during a sweep, before and after its position. */
START_TEST(due_entries_stay_known_when_buckets_merge)
{
    seed_start(__func__);
    for (unsigned round = 0; round < 100; round++) {
        struct table *t = table_new();
        struct twin *twin = calloc(1, sizeof *twin);

        for (unsigned i = 0; i < KEYS; i++) {
            twin->expire[i] = seed_below(100) == 0 ? 100 : 0;
            insert(t, i, twin->expire[i]);
            twin->entry[i] = find(t, i);
            twin->volatiles += twin->expire[i] != 0;
        }
        twin->used = KEYS;
        while (!sweep(t, twin, 0, 64, UINT32_MAX)) /* it replaces the noted ticks by those that it saw */
            ;
        sweep(t, twin, 100, seed_below(600), 1);
        for (unsigned i = 0; i < KEYS; i++)
            if (twin->entry[i] != NULL && twin->expire[i] == 0) {
                discard(t, i);
                twin_remove(twin, i);
            }
        while (!sweep(t, twin, 99, 64, UINT32_MAX))
            ;
        check_twin(t, twin);
        while (!sweep(t, twin, 100, 64, UINT32_MAX))
            ;
        ck_assert_uint_eq(t->used, 0);
        table_free(t);
        free(twin);
    }
    quiesce_collect();
}
END_TEST

START_TEST(a_complete_sweep_knows_the_next_due_tick)
{
    struct table *t = table_new();
    struct twin twin = {0};

    for (unsigned i = 0; i < 1000; i++) {
        insert(t, i, 100 + i);
        twin.entry[i] = find(t, i);
        twin.expire[i] = 100 + i;
    }
    twin.used = twin.volatiles = 1000;
    ck_assert_uint_eq(t->next_due, 100);
    while (!sweep(t, &twin, 599, 64, UINT32_MAX))
        ;
    ck_assert_uint_eq(t->used, 500);
    while (!sweep(t, &twin, 599, 64, UINT32_MAX))
        ;
    ck_assert_uint_eq(t->next_due, 600);
    while (!sweep(t, &twin, 2000, 64, UINT32_MAX))
        ;
    while (!sweep(t, &twin, 2000, 64, UINT32_MAX))
        ;
    ck_assert_uint_eq(t->used, 0);
    ck_assert_uint_eq(t->next_due, UINT32_MAX);
    table_free(t);
}
END_TEST

START_TEST(a_sweep_stops_soon_after_its_limit_of_removals)
{
    struct table *t = table_new();
    struct twin *twin = calloc(1, sizeof *twin);

    for (unsigned i = 0; i < KEYS; i++) {
        insert(t, i, 1);
        twin->entry[i] = find(t, i);
        twin->expire[i] = 1;
    }
    twin->used = twin->volatiles = KEYS;
    sweep(t, twin, 1, UINT32_MAX, 32);
    /* It stops after the bucket in which it reached the limit. */
    ck_assert_uint_le(KEYS - twin->used, 32 + 32);
    ck_assert_uint_ge(KEYS - twin->used, 32);
    table_free(t);
    free(twin);
}
END_TEST

/* ---- growing and shrinking ---- */

START_TEST(a_table_grows_and_shrinks_one_bucket_at_a_time)
{
    enum { MANY = 200000 };
    struct table *t = table_new();
    uint32_t before;

    for (unsigned i = 0; i < MANY; i++) {
        before = t->buckets;
        insert(t, i, 0);
        ck_assert_uint_le(t->buckets - before, 1);
    }
    ck_assert_uint_eq(t->used, MANY);
    for (unsigned i = 0; i < MANY; i++)
        ck_assert_uint_eq(number_of(find(t, i)), i);
    /* Bytes of index per entry: 10 to 12, except in tiny tables. */
    ck_assert_uint_le(table_overhead(t) / MANY, 13);
    for (unsigned i = 0; i < MANY; i++) {
        before = t->buckets;
        discard(t, i);
        ck_assert_uint_le(before - t->buckets, 1);
    }
    ck_assert_uint_eq(t->used, 0);
    ck_assert_uint_le(t->buckets, LINEAR_FIRST + 1);
    while (table_trim(t, 1))
        ;
    ck_assert_uint_eq(t->buckets, LINEAR_FIRST);
    table_free(t);
    quiesce_collect();
}
END_TEST

START_TEST(the_slot_of_a_removed_key_is_used_again)
{
    struct table *t = table_new();
    size_t before;

    for (unsigned i = 0; i < 1000; i++)
        insert(t, i, 0);
    before = table_overhead(t);
    for (unsigned round = 0; round < 100; round++)
        for (unsigned i = 0; i < 1000; i++) {
            discard(t, i);
            insert(t, i, 0);
        }
    ck_assert_uint_le(table_overhead(t), before + before / 8);
    table_free(t);
}
END_TEST

/* All entries are in one bucket, as an attacker would try to achieve. */
START_TEST(a_bucket_with_every_key_still_works)
{
    struct table *t = table_new();
    unsigned found[200], n = 0;

    for (unsigned i = 0; n < 200; i++)
        if ((hash_of(i) & 63) == 5)
            found[n++] = i;
    for (unsigned i = 0; i < n; i++)
        insert(t, found[i], 0);
    for (unsigned i = 0; i < n; i++)
        ck_assert_uint_eq(number_of(find(t, found[i])), found[i]);
    for (unsigned i = 0; i < n; i += 2)
        discard(t, found[i]);
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(find(t, found[i]) != NULL, i % 2);
    table_free(t);
    quiesce_collect();
}
END_TEST

START_TEST(an_emptied_table_has_no_entries)
{
    struct table *t = table_new();

    for (unsigned i = 0; i < 1000; i++)
        insert(t, i, i % 2);
    table_empty(t);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_ptr_null(find(t, i));
    table_free(t);
}
END_TEST

/* ---- scanning ---- */

static void count_visit(void *arg, struct entry *e)
{
    unsigned *seen = arg;

    seen[number_of(e)]++;
}

START_TEST(a_scan_of_an_unchanged_table_visits_each_entry_once)
{
    enum { MANY = 5000 };
    struct table *t = table_new();
    unsigned *seen = calloc(MANY, sizeof *seen);

    for (unsigned have = 0; have < MANY; have += 1 + have / 3) {
        uint64_t at = 0;

        while (t->used < have)
            insert(t, t->used, 0);
        memset(seen, 0, MANY * sizeof *seen);
        do {
            at = table_scan(t, at, count_visit, seen);
            ck_assert_uint_lt(at, 1ull << 32);
        } while (at != 0);
        for (unsigned i = 0; i < MANY; i++)
            ck_assert_uint_eq(seen[i], i < have);
    }
    table_free(t);
    free(seen);
}
END_TEST

/* Keys below STAY are never removed; other keys are added and removed between the calls. */
START_TEST(a_scan_visits_all_remaining_entries_while_the_table_resizes)
{
    enum { STAY = 300, ALL = 30000 };
    unsigned *seen = calloc(ALL, sizeof *seen);

    seed_start(__func__);
    for (unsigned round = 0; round < 60; round++) {
        struct table *t = table_new();
        unsigned low = STAY, high = STAY; /* the range of the other keys */
        unsigned grows = seed_below(3), step = 1 + seed_below(400), calls = 0;
        uint64_t at = 0;

        for (unsigned i = 0; i < STAY; i++)
            insert(t, i, 0);
        for (unsigned n = seed_below(10000); n > 0; n--)
            insert(t, high++, 0);
        memset(seen, 0, ALL * sizeof *seen);
        do {
            at = table_scan(t, at, count_visit, seen);
            for (unsigned n = seed_below(step); n > 0; n--) {
                bool more = grows == 0 || (grows == 1 && seed_below(2) == 0);

                if (more && high < ALL)
                    insert(t, high++, 0);
                else if (!more && low < high)
                    discard(t, low++);
            }
            if (++calls % 500 == 0)
                grows = seed_below(3);
        } while (at != 0);
        for (unsigned i = 0; i < STAY; i++)
            ck_assert_uint_ge(seen[i], 1);
        table_free(t);
        quiesce_collect();
    }
    free(seen);
}
END_TEST

START_TEST(a_scan_from_any_position_ends)
{
    struct table *t = table_new();
    unsigned *seen = calloc(2000, sizeof *seen);

    seed_start(__func__);
    for (unsigned i = 0; i < 2000; i++)
        insert(t, i, 0);
    for (unsigned n = 0; n < 200; n++) {
        uint64_t at = seed_u64();
        unsigned calls = 0;

        do
            at = table_scan(t, at, count_visit, seen);
        while (at != 0 && ++calls <= t->buckets);
        ck_assert_uint_eq(at, 0);
    }
    table_free(t);
    free(seen);
}
END_TEST

/* ---- random entries ---- */

START_TEST(every_entry_can_be_a_random_entry)
{
    enum { MANY = 200 };
    struct table *t = table_new();
    unsigned drawn[MANY] = {0}, drawn_volatile[MANY] = {0};

    ck_assert_ptr_null(table_random(t));
    ck_assert_ptr_null(table_random_volatile(t));
    for (unsigned i = 0; i < MANY; i++)
        insert(t, i, i % 4 == 0 ? 1 : 0);
    for (unsigned n = 0; n < MANY * 200; n++) {
        drawn[number_of(table_random(t))]++;
        drawn_volatile[number_of(table_random_volatile(t))]++;
    }
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_uint_gt(drawn[i], 0);
        ck_assert_int_eq(drawn_volatile[i] > 0, i % 4 == 0);
    }
    table_free(t);
}
END_TEST

START_TEST(the_only_entry_is_the_random_entry)
{
    struct table *t = table_new();

    for (unsigned i = 0; i < 10000; i++)
        insert(t, i, i == 77);
    for (unsigned n = 0; n < 100; n++)
        ck_assert_uint_eq(number_of(table_random_volatile(t)), 77);
    for (unsigned i = 0; i < 10000; i++)
        if (i != 77)
            discard(t, i);
    ck_assert_uint_eq(number_of(table_random(t)), 77);
    discard(t, 77);
    ck_assert_ptr_null(table_random(t));
    ck_assert_ptr_null(table_random_volatile(t));
    table_free(t);
    quiesce_collect();
}
END_TEST

START_TEST(a_prefetch_changes_nothing)
{
    struct table *t = table_new();

    for (unsigned i = 0; i < 1000; i++) {
        table_prefetch_bucket(t, hash_of(i));
        table_prefetch_entry(t, hash_of(i));
        insert(t, i, 0);
    }
    for (unsigned i = 0; i < 2000; i++) {
        table_prefetch_bucket(t, hash_of(i));
        table_prefetch_entry(t, hash_of(i));
        ck_assert_int_eq(find(t, i) != NULL, i < 1000);
    }
    table_free(t);
}
END_TEST

START_TEST(freeing_something_else_than_a_table_aborts)
{
    table_free(&(struct table){.magic = 0});
}
END_TEST

START_TEST(removing_an_entry_that_is_not_in_the_table_aborts)
{
    struct table *t = table_new();

    insert(t, 1, 0);
    table_remove(t, hash_of(2), entry_of(2, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = tcase_create("table");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, random_operations_match_a_simple_list);
    tcase_add_test(tests, a_sweep_removes_exactly_the_due_entries);
    tcase_add_test(tests, due_entries_stay_known_when_buckets_merge);
    tcase_add_test(tests, a_complete_sweep_knows_the_next_due_tick);
    tcase_add_test(tests, a_sweep_stops_soon_after_its_limit_of_removals);
    tcase_add_test(tests, a_table_grows_and_shrinks_one_bucket_at_a_time);
    tcase_add_test(tests, the_slot_of_a_removed_key_is_used_again);
    tcase_add_test(tests, a_bucket_with_every_key_still_works);
    tcase_add_test(tests, an_emptied_table_has_no_entries);
    tcase_add_test(tests, a_scan_of_an_unchanged_table_visits_each_entry_once);
    tcase_add_test(tests, a_scan_visits_all_remaining_entries_while_the_table_resizes);
    tcase_add_test(tests, a_scan_from_any_position_ends);
    tcase_add_test(tests, every_entry_can_be_a_random_entry);
    tcase_add_test(tests, the_only_entry_is_the_random_entry);
    tcase_add_test(tests, a_prefetch_changes_nothing);
    tcase_add_test_raise_signal(tests, removing_an_entry_that_is_not_in_the_table_aborts, SIGABRT);
    tcase_add_test_raise_signal(tests, freeing_something_else_than_a_table_aborts, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
