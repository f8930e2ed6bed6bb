/* SPDX-License-Identifier: BSD-3-Clause */
/* keyspace: operations on more than one shard: sizes, flushing, swapping, walks. Expiry is in test_expiry.c. */
#include <pthread.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "checks.h"
#include "keys.h"
#include "seed.h"
#include "store/freer.h"
#include "store/watch.h"

static void swap(unsigned a, unsigned b, int64_t now)
{
    hold_all();
    keyspace_swap(ks, a, b, now);
    drop_all();
}

/* ---- whole databases ---- */

START_TEST(each_database_has_its_own_size)
{
    for (unsigned i = 0; i < 1000; i++)
        put(i % 3, i, i % 5 == 0 ? INT64_MAX : 0);
    for (unsigned db = 0; db < 4; db++) {
        size_t n = 0, volatiles = 0;

        for (unsigned i = 0; i < 1000; i++) {
            n += i % 3 == db;
            volatiles += i % 3 == db && i % 5 == 0;
        }
        ck_assert_uint_eq(keyspace_size(ks, db), n);
        ck_assert_uint_eq(keyspace_volatile_size(ks, db), volatiles);
        ck_assert_int_eq(keyspace_overhead(ks, db) > 0, n > 0);
    }
}
END_TEST

START_TEST(a_flush_empties_one_database_or_all)
{
    for (int now = 0; now <= 1; now++) {
        for (unsigned i = 0; i < 400; i++)
            put(i % 4, i, 0);
        flush(2, now);
        ck_assert_uint_eq(keyspace_size(ks, 2), 0);
        ck_assert_uint_eq(keyspace_size(ks, 1), 100);
        ck_assert(!is_there(2, 2));
        put(2, 2, 0);
        ck_assert(is_there(2, 2));
        flush(-1, now);
        for (unsigned db = 0; db < 4; db++)
            ck_assert_uint_eq(keyspace_size(ks, db), 0);
    }
}
END_TEST

START_TEST(a_flush_frees_all_memory)
{
    size_t before;

    mem_flush();
    before = mem_used();
    for (int now = 0; now <= 1; now++) {
        for (unsigned i = 0; i < 20000; i++)
            put(0, i, i % 2 ? INT64_MAX : 0);
        flush(-1, now);
        quiesce_collect();
        mem_flush();
        ck_assert_uint_eq(mem_used(), before);
    }
}
END_TEST

START_TEST(a_synchronous_flush_frees_the_values_despite_readers)
{
    struct blob *b = blob_new(100000);
    struct place p = keyspace_place(ks, 0, hash_bytes(SLICE("k")));

    hold(p.shard);
    shard_touch(&p, NULL);
    shard_insert(&p, entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = blob_ref(b)}));
    shard_unlock(p.shard);
    quiesce_enter(7);
    flush(0, true);
    ck_assert(blob_is_sole(b));
    quiesce_leave(7);
    blob_unref(b);
}
END_TEST

START_TEST(the_freer_frees_flushed_tables)
{
    size_t freed = freer_freed();

    freer_start();
    for (unsigned i = 0; i < 1000; i++)
        put(0, i, 0);
    flush(0, true);
    freer_drain();
    quiesce_collect();
    ck_assert_uint_eq(freer_freed() - freed, 1000);
    ck_assert_uint_eq(freer_pending(), 0);
    for (unsigned i = 0; i < 5; i++) /* so few that they are freed at once */
        put(0, i, 0);
    flush(0, true);
    ck_assert_uint_eq(freer_freed() - freed, 1005);
    put(0, 0, 0);
    flush(0, false); /* not counted */
    ck_assert_uint_eq(freer_freed() - freed, 1005);
    freer_stop();
}
END_TEST

START_TEST(swapped_databases_exchange_their_keys)
{
    put(0, 1, 0);
    put(0, 2, 0);
    put(1, 3, 0);
    swap(0, 1, 0);
    ck_assert(is_there(1, 1) && is_there(1, 2) && is_there(0, 3));
    ck_assert(!is_there(0, 1) && !is_there(1, 3));
    swap(1, 1, 0);
    ck_assert_uint_eq(keyspace_size(ks, 1), 2);
    swap(1, 3, 0);
    ck_assert_uint_eq(keyspace_size(ks, 1), 0);
    ck_assert_uint_eq(keyspace_size(ks, 3), 2);
}
END_TEST

static unsigned used_dbs(void)
{
    unsigned n = 0, last = 0;

    KEYSPACE_EACH_DB(ks, db) {
        ck_assert(n == 0 || db > last);
        last = db;
        n++;
    }
    ck_assert_uint_eq(keyspace_used_dbs(ks), n);
    return n;
}

START_TEST(only_databases_that_have_been_used_are_visited)
{
    struct keyspace *own = ks;

    ks = keyspace_new(2, KEYSPACE_DATABASES_MAX);
    ck_assert_uint_eq(used_dbs(), 0);
    ck_assert_uint_eq(keyspace_next_db(ks, 0), KEYSPACE_DATABASES_MAX);
    for (unsigned db = 0; db < KEYSPACE_DATABASES_MAX; db += 1057)
        put(db, db, 0);
    put(KEYSPACE_DATABASES_MAX - 1, 1, 0);
    put(KEYSPACE_DATABASES_MAX - 1, 2, 0);
    ck_assert_uint_eq(used_dbs(), 64);
    ck_assert_uint_eq(keyspace_next_db(ks, 1), 1057);
    ck_assert_uint_eq(keyspace_next_db(ks, 1057), 1057);
    ck_assert_uint_eq(keyspace_next_db(ks, KEYSPACE_DATABASES_MAX), KEYSPACE_DATABASES_MAX);
    flush(1057, true);
    ck_assert_uint_eq(used_dbs(), 63);
    ck_assert_uint_eq(keyspace_next_db(ks, 1), 2114);
    swap(2, 2114, 0);
    ck_assert_uint_eq(used_dbs(), 63);
    ck_assert_uint_eq(keyspace_next_db(ks, 1), 2);
    keyspace_free(ks);
    ks = own;
}
END_TEST

/* ---- whole databases and watches ---- */

/* Watches key 1 of database 0, expired or not. */
static struct watch *watch_key_1(bool was_expired)
{
    static struct watch w;
    struct place p = place_of(0, 1);

    w = (struct watch){.interest = {.kind = &interest_watch, .hash = p.hash, .key = SLICE("k1")},
                       .was_expired = was_expired};
    hold(p.shard);
    shard_add_interest(p.shard, &w.interest);
    shard_unlock(p.shard);
    return &w;
}

static void unwatch(struct watch *w)
{
    struct place p = place_of(0, 1);

    hold(p.shard);
    shard_remove_interest(p.shard, &w->interest);
    shard_unlock(p.shard);
    flush(-1, true);
}

enum key_state { ABSENT, LIVE, EXPIRED };

static void put_in_state(unsigned db, enum key_state state)
{
    if (state != ABSENT)
        put(db, 1, state == EXPIRED ? 10 : 0);
}

START_TEST(a_flush_changes_a_watched_key_that_existed)
{
    struct watch *w = watch_key_1(false);

    flush(0, false);
    ck_assert(!w->changed); /* the key did not exist */
    put(0, 1, 0);
    flush(1, false);
    ck_assert(!w->changed); /* another database */
    flush(-1, false);
    ck_assert(w->changed);
    unwatch(w);
}
END_TEST

START_TEST(a_flush_does_not_change_a_key_that_had_expired_at_watch)
{
    struct watch *w;

    put_in_state(0, EXPIRED);
    w = watch_key_1(true);
    flush(0, false);
    ck_assert(!w->changed);
    ck_assert(!w->was_expired);
    put(0, 1, 0);
    flush(0, false);
    ck_assert(w->changed);
    unwatch(w);
}
END_TEST

START_TEST(a_swap_changes_a_watched_key_that_differs)
{
    /* The states of the key in the watched database and in the other one; the time is 100. */
    static const struct {
        enum key_state here, there;
        bool changed, expired_after;
    } cases[] = {
        {ABSENT, ABSENT, false, false},  {ABSENT, LIVE, true, false},  {ABSENT, EXPIRED, false, true},
        {LIVE, ABSENT, true, false},     {LIVE, LIVE, true, false},    {LIVE, EXPIRED, true, false},
        {EXPIRED, ABSENT, false, false}, {EXPIRED, LIVE, true, false}, {EXPIRED, EXPIRED, false, true},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct watch *w;

        put_in_state(0, cases[i].here);
        put_in_state(1, cases[i].there);
        w = watch_key_1(cases[i].here == EXPIRED);
        swap(i % 2, 1 - i % 2, 100);
        ck_assert_msg(w->changed == cases[i].changed, "case %zu", i);
        ck_assert_msg(w->was_expired == cases[i].expired_after, "case %zu", i);
        unwatch(w);
    }
}
END_TEST

/* ---- walks ---- */

#define STAY 500
#define ALL  20000

static void count_visit(void *arg, struct shard *shard, struct entry *e)
{
    unsigned *seen = arg;

    ck_assert_ptr_eq(shard, keyspace_shard(ks, hash_bytes(entry_key(e))));
    seen[entry_int(e)]++;
}

static void scan_all(unsigned db, unsigned *seen)
{
    uint64_t cursor = 0;

    do {
        cursor = scan_step(db, cursor, count_visit, seen);
        ck_assert_uint_lt(cursor, 1ull << 53);
    } while (cursor != 0);
}

START_TEST(a_scan_of_an_unchanged_keyspace_visits_each_key_once)
{
    unsigned *seen = calloc(ALL, sizeof *seen);

    for (unsigned i = 0; i < STAY; i++)
        put(2, i, 0);
    scan_all(2, seen);
    for (unsigned i = 0; i < ALL; i++)
        ck_assert_uint_eq(seen[i], i < STAY ? 1 : 0);
    free(seen);
}
END_TEST

START_TEST(a_scan_of_an_empty_database_is_one_step)
{
    unsigned seen[1] = {0};

    ck_assert_uint_eq(scan_step(0, 0, count_visit, seen), 0);
    put(0, 0, 0);
    discard(0, 0);
    ck_assert_uint_eq(scan_step(0, 0, count_visit, seen), 0);
    ck_assert_uint_eq(seen[0], 0);
}
END_TEST

START_TEST(a_scan_visits_all_remaining_keys_while_others_change)
{
    unsigned *seen = calloc(ALL, sizeof *seen);

    seed_start(__func__);
    for (unsigned round = 0; round < 15; round++) {
        unsigned low = STAY, high = STAY;
        bool grows = seed_below(2);
        uint64_t cursor = 0;

        for (unsigned i = 0; i < STAY; i++)
            put(0, i, 0);
        for (unsigned n = seed_below(8000); n > 0; n--)
            put(0, high++, 0);
        memset(seen, 0, ALL * sizeof *seen);
        do {
            cursor = scan_step(0, cursor, count_visit, seen);
            if (seed_below(100) == 0)
                grows = !grows;
            for (unsigned n = seed_below(50); n > 0; n--) {
                if (grows && high < ALL)
                    put(0, high++, 0);
                else if (!grows && low < high)
                    discard(0, low++);
            }
        } while (cursor != 0);
        for (unsigned i = 0; i < STAY; i++)
            ck_assert_uint_ge(seen[i], 1);
        flush(0, true);
        quiesce_collect();
    }
    free(seen);
}
END_TEST

START_TEST(any_number_is_a_valid_cursor)
{
    unsigned *seen = calloc(ALL, sizeof *seen);

    seed_start(__func__);
    for (unsigned i = 0; i < 1000; i++)
        put(0, i, 0);
    for (unsigned n = 0; n < 1000; n++) {
        uint64_t cursor = n == 0 ? UINT64_MAX : seed_u64() >> seed_below(64);
        unsigned steps = 0;

        do
            cursor = scan_step(0, cursor, count_visit, seen);
        while (cursor != 0 && ++steps < 100000);
        ck_assert_uint_eq(cursor, 0);
    }
    free(seen);
}
END_TEST

START_TEST(a_random_shard_has_keys)
{
    bool drawn[SHARDS] = {false};

    ck_assert_ptr_null(keyspace_random_shard(ks, 0));
    put(0, 1, 0);
    put(1, 2, 0);
    for (unsigned n = 0; n < 100; n++)
        ck_assert_ptr_eq(keyspace_random_shard(ks, 0), place_of(0, 1).shard);
    for (unsigned i = 2; i < 200; i++)
        put(0, i, 0);
    for (unsigned n = 0; n < 10000; n++)
        drawn[keyspace_random_shard(ks, 0)->index] = true;
    for (unsigned i = 0; i < SHARDS; i++)
        ck_assert(drawn[i]);
}
END_TEST

/* ---- threads ---- */

static _Atomic bool over;

/* Prefetches without a lock, as run/request does. */
static void *prefetch(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg, i = 0;
    struct name name;

    while (!atomic_load(&over)) {
        quiesce_enter(slot);
        for (unsigned n = 0; n < 64; n++) {
            uint64_t hash = hash_bytes(key_of(i++ % ALL, &name));
            struct table *t = shard_table(keyspace_shard(ks, hash), 0);

            if (t != NULL) {
                table_prefetch_bucket(t, hash);
                table_prefetch_entry(t, hash);
                keyspace_overhead(ks, 0);
            }
        }
        quiesce_leave(slot);
    }
    return NULL;
}

static void *collect(void *arg)
{
    while (!atomic_load(&over))
        quiesce_collect();
    return arg;
}

static void *scan(void *arg)
{
    unsigned *seen = calloc(ALL, sizeof *seen);
    unsigned slot = (unsigned)(uintptr_t)arg;

    while (!atomic_load(&over)) {
        uint64_t cursor = 0;

        do {
            quiesce_enter(slot);
            cursor = scan_step(0, cursor, count_visit, seen);
            quiesce_leave(slot);
        } while (cursor != 0);
    }
    free(seen);
    mem_thread_done();
    return NULL;
}

START_TEST(readers_without_a_lock_survive_resized_and_removed_tables)
{
    pthread_t t[4];

    atomic_store(&over, false);
    pthread_create(&t[0], NULL, prefetch, (void *)1);
    pthread_create(&t[1], NULL, prefetch, (void *)2);
    pthread_create(&t[2], NULL, collect, NULL);
    pthread_create(&t[3], NULL, scan, (void *)3);
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 4000; i++)
            put(0, i, i % 2 ? 10 : 0);
        if (round % 3 == 0)
            for (unsigned i = 0; i < 4000; i++)
                discard(0, i);
        else if (round % 3 == 1)
            expire_all();
        flush(-1, round % 2);
    }
    atomic_store(&over, true);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("keyspace");
    TCase *tests = tcase_create("keyspace");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, keyspace_setup, keyspace_teardown);
    tcase_add_test(tests, each_database_has_its_own_size);
    tcase_add_test(tests, a_flush_empties_one_database_or_all);
    tcase_add_test(tests, a_flush_frees_all_memory);
    tcase_add_test(tests, a_synchronous_flush_frees_the_values_despite_readers);
    tcase_add_test(tests, the_freer_frees_flushed_tables);
    tcase_add_test(tests, swapped_databases_exchange_their_keys);
    tcase_add_test(tests, only_databases_that_have_been_used_are_visited);
    tcase_add_test(tests, a_flush_changes_a_watched_key_that_existed);
    tcase_add_test(tests, a_flush_does_not_change_a_key_that_had_expired_at_watch);
    tcase_add_test(tests, a_swap_changes_a_watched_key_that_differs);
    tcase_add_test(tests, a_scan_of_an_unchanged_keyspace_visits_each_key_once);
    tcase_add_test(tests, a_scan_of_an_empty_database_is_one_step);
    tcase_add_test(tests, a_scan_visits_all_remaining_keys_while_others_change);
    tcase_add_test(tests, any_number_is_a_valid_cursor);
    tcase_add_test(tests, a_random_shard_has_keys);
    tcase_add_test(tests, readers_without_a_lock_survive_resized_and_removed_tables);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
