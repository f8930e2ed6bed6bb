/* SPDX-License-Identifier: BSD-3-Clause */
/* shard: finds, inserts and removes entries under its lock; expiry, watches, counters and the door. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "checks.h"
#include "store/keyspace.h"
#include "store/watch.h"

#define NOW 1000000 /* the time in these tests, ms */

static struct keyspace *ks;

/* The place of a key, its shard locked and its door open. */
static struct place hold(unsigned db, struct slice key) ACQUIRES(shard_cap)
{
    struct place p = keyspace_place(ks, db, hash_bytes(key));

    shard_lock(p.shard);
    shard_begin(p.shard, keyspace_epoch(ks));
    shard_touch(&p, shard_peek(&p, key));
    return p;
}

static void drop(struct place p) RELEASES(shard_cap)
{
    shard_unlock(p.shard);
}

static struct entry *made(struct slice key, struct slice value, int64_t expire)
{
    return entry_new(&(struct entry_spec){.key = key, .value = value, .expire = expire});
}

static void put(unsigned db, struct slice key, struct slice value, int64_t expire)
{
    struct place p = hold(db, key);

    shard_insert(&p, made(key, value, expire));
    drop(p);
}

static struct entry *find(const struct place *p, struct slice key, int64_t now)
{
    size_t fields = 0;

    return shard_find(p, key, now, &fields);
}

static bool is_there(unsigned db, struct slice key, int64_t now)
{
    struct place p = hold(db, key);
    bool there = find(&p, key, now) != NULL;

    drop(p);
    return there;
}

static void setup(void)
{
    ks = keyspace_new(4, 3);
}

static void teardown(void)
{
    keyspace_free(ks);
    quiesce_collect();
}

START_TEST(an_entry_is_found_only_in_its_own_database)
{
    put(1, SLICE("k"), SLICE("v"), 0);
    ck_assert(is_there(1, SLICE("k"), NOW));
    ck_assert(!is_there(0, SLICE("k"), NOW));
    ck_assert(!is_there(1, SLICE("K"), NOW));
    ck_assert(!is_there(1, SLICE(""), NOW));
    ck_assert_uint_eq(keyspace_size(ks, 1), 1);
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
}
END_TEST

START_TEST(an_expired_key_is_removed_and_counted)
{
    struct place p;

    put(0, SLICE("k"), SLICE("v"), NOW);
    ck_assert(is_there(0, SLICE("k"), NOW - 1));
    p = hold(0, SLICE("k"));
    ck_assert_ptr_nonnull(shard_peek(&p, SLICE("k")));
    drop(p);
    ck_assert(!is_there(0, SLICE("k"), NOW));
    ck_assert_uint_eq(keyspace_stats(ks).expired, 1);
    p = hold(0, SLICE("k"));
    ck_assert_ptr_null(shard_peek(&p, SLICE("k")));
    drop(p);
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
    ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 0);
}
END_TEST

START_TEST(a_replacement_may_add_or_remove_an_expiry)
{
    struct place p;
    struct entry *e;
    struct entry_tally was;

    put(0, SLICE("k"), SLICE("v"), 0);
    p = hold(0, SLICE("k"));
    e = find(&p, SLICE("k"), NOW);
    was = entry_tally(e);
    shard_replace(&p, e, &was, made(SLICE("k"), SLICE("w"), NOW + 5));
    entry_free(e);
    ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 1);
    e = find(&p, SLICE("k"), NOW);
    ck_assert(slice_eq(entry_field(e), SLICE("w")));
    was = entry_tally(e);
    shard_replace(&p, e, &was, made(SLICE("k"), SLICE("x"), 0));
    entry_free(e);
    ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 0);
    ck_assert_ptr_nonnull(find(&p, SLICE("k"), NOW + 100));
    drop(p);
    ck_assert_uint_eq(keyspace_size(ks, 0), 1);
}
END_TEST

START_TEST(setting_and_removing_an_expiry_updates_the_counters)
{
    struct place p;
    struct entry *e;

    put(0, SLICE("k"), SLICE("v"), 0);
    p = hold(0, SLICE("k"));
    e = find(&p, SLICE("k"), NOW);
    for (int i = 0; i < 3; i++) {
        e = shard_set_expire(&p, e, NOW + 10 + i);
        ck_assert_int_eq(entry_expire(e), NOW + 10 + i);
        ck_assert_ptr_eq(find(&p, SLICE("k"), NOW), e);
        ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 1);
    }
    e = shard_set_expire(&p, e, 0);
    ck_assert_ptr_eq(find(&p, SLICE("k"), NOW + 100), e);
    ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 0);
    drop(p);
}
END_TEST

START_TEST(a_taken_entry_belongs_to_the_caller)
{
    struct place p;
    struct entry *e;

    put(0, SLICE("k"), SLICE("v"), 0);
    p = hold(0, SLICE("k"));
    e = find(&p, SLICE("k"), NOW);
    shard_take(&p, e);
    ck_assert_ptr_null(find(&p, SLICE("k"), NOW));
    ck_assert(slice_eq(entry_field(e), SLICE("v")));
    shard_insert(&(struct place){p.shard, 2, p.hash}, e); /* the door is open for the hash */
    drop(p);
    ck_assert(is_there(2, SLICE("k"), NOW));
}
END_TEST

/* ---- watches ---- */

static struct watch watched(struct slice key, bool was_expired)
{
    return (struct watch){.interest = {.kind = &interest_watch, .hash = hash_bytes(key), .key = key},
                          .was_expired = was_expired};
}

static void add_watch(struct watch *w)
{
    struct place p = hold(0, w->interest.key);

    shard_add_interest(p.shard, &w->interest);
    drop(p);
}

START_TEST(a_removal_changes_a_watched_key)
{
    struct watch w = watched(SLICE("k"), false);
    struct place p;
    struct entry *e;

    put(0, SLICE("k"), SLICE("v"), 0);
    add_watch(&w);
    ck_assert(!w.changed);
    p = hold(0, SLICE("k"));
    e = find(&p, SLICE("k"), NOW);
    shard_take(&p, e);
    entry_free(e);
    ck_assert(!w.changed);
    shard_changed(&p, SLICE("k"), (struct event){.class = EVENT_GENERIC, .name = "del"});
    drop(p);
    ck_assert(w.changed);
}
END_TEST

START_TEST(an_expiry_is_a_change_unless_the_key_had_expired_at_watch)
{
    struct watch did_not = watched(SLICE("k"), false), knew = watched(SLICE("k"), true);

    put(0, SLICE("k"), SLICE("v"), NOW);
    add_watch(&did_not);
    add_watch(&knew);
    ck_assert(!is_there(0, SLICE("k"), NOW));
    ck_assert(did_not.changed);
    ck_assert(!knew.changed);
}
END_TEST

START_TEST(shard_changed_marks_the_watches_of_the_key)
{
    struct watch w = watched(SLICE("k"), false), other = watched(SLICE("l"), false);
    struct place p;

    add_watch(&w);
    add_watch(&other);
    p = hold(0, SLICE("k"));
    shard_changed(&p, SLICE("k"), (struct event){.class = EVENT_GENERIC, .name = "set"});
    drop(p);
    ck_assert(w.changed && !other.changed);
}
END_TEST

/* ---- the door ---- */

START_TEST(a_change_without_shard_touch_aborts)
{
    struct place p = keyspace_place(ks, 0, hash_bytes(SLICE("k")));

    shard_lock(p.shard);
    shard_begin(p.shard, 0);
    shard_insert(&p, made(SLICE("k"), SLICE("v"), 0));
}
END_TEST

START_TEST(shard_touch_without_the_lock_aborts)
{
    struct place p = keyspace_place(ks, 0, hash_bytes(SLICE("k")));

    shard_touch(&p, NULL);
}
END_TEST

START_TEST(each_unit_begins_with_the_door_shut)
{
    struct place p = hold(0, SLICE("k"));

    ck_assert(shard_is_touched(&p));
    drop(p);
    shard_lock(p.shard);
    shard_begin(p.shard, 0);
    ck_assert(!shard_is_touched(&p));
    shard_unlock(p.shard);
}
END_TEST

/* ---- entries handed over to a snapshot ---- */

static struct {
    unsigned entries, tables;
    int64_t value; /* of the entry handed over last */
} handed;

static void hand_over(void *arg, const struct place *p, struct entry *e)
{
    ck_assert_ptr_eq(arg, &handed);
    ck_assert_ptr_nonnull(p->shard);
    if (e == NULL) {
        handed.tables++;
        return;
    }
    handed.entries++;
    handed.value = entry_int(e);
}

/* Raises the epoch, as a snapshot does. */
static void cut(void)
{
    memset(&handed, 0, sizeof handed);
    ks->door.hand_over = hand_over;
    ks->door.hand_over_arg = &handed;
    atomic_store(&ks->door.interest, INTEREST_SNAPSHOT);
    atomic_store(&ks->door.epoch, (atomic_load(&ks->door.epoch) + 1) % 4);
}

static void put_number(struct slice key, int64_t n)
{
    struct place p = hold(0, key);
    struct entry *e = find(&p, key, NOW);

    if (e != NULL)
        entry_set_int(e, n);
    else
        shard_insert(&p, entry_new(&(struct entry_spec){.key = key, .is_int = true, .integer = n}));
    drop(p);
}

START_TEST(an_entry_older_than_the_snapshot_is_handed_over_once_unchanged)
{
    put_number(SLICE("k"), 1);
    put_number(SLICE("other"), 7);
    for (int64_t round = 1; round < 6; round++) {
        cut();
        put_number(SLICE("k"), round + 1);
        ck_assert_uint_eq(handed.entries, 1);
        ck_assert_int_eq(handed.value, round);
        put_number(SLICE("k"), round + 1);
        put_number(SLICE("new"), 3); /* in the first round it is newer than the snapshot */
        ck_assert_uint_eq(handed.entries, round == 1 ? 1 : 2);
    }
}
END_TEST

START_TEST(an_expired_entry_is_handed_over_before_it_is_removed)
{
    struct place p;

    p = hold(0, SLICE("k"));
    shard_insert(&p, entry_new(&(struct entry_spec){.key = SLICE("k"), .is_int = true, .integer = 5, .expire = NOW}));
    drop(p);
    cut();
    p = keyspace_place(ks, 0, hash_bytes(SLICE("k")));
    shard_lock(p.shard);
    shard_begin(p.shard, keyspace_epoch(ks));
    ck_assert_ptr_null(find(&p, SLICE("k"), NOW));
    shard_unlock(p.shard);
    ck_assert_uint_eq(handed.entries, 1);
    ck_assert_int_eq(handed.value, 5);
}
END_TEST

START_TEST(a_removed_table_is_handed_over_as_a_whole)
{
    struct place p;

    put_number(SLICE("k"), 1);
    cut();
    p = keyspace_place(ks, 0, hash_bytes(SLICE("k")));
    shard_lock(p.shard);
    table_free(shard_exchange_table(p.shard, 0, NULL, NOW));
    shard_unlock(p.shard);
    ck_assert_uint_eq(handed.tables, 1);
    ck_assert_uint_eq(handed.entries, 0);
}
END_TEST

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS  20000

static const char letters[] = "abcdefgh";

/* Increments the integer of one of a few keys, as INCR does. */
static void *count_up(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        struct slice key = slice_of(&letters[(i * 7 + seed) % 8], 1);
        struct place p = hold(0, key);
        struct entry *e = find(&p, key, NOW);

        if (e == NULL)
            shard_insert(&p, entry_new(&(struct entry_spec){.key = key, .is_int = true, .integer = 1}));
        else
            entry_set_int(e, entry_int(e) + 1);
        drop(p);
    }
    mem_thread_done();
    return NULL;
}

START_TEST(concurrent_increments_are_not_lost)
{
    pthread_t t[THREADS];
    int64_t sum = 0;

    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, count_up, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(t[i], NULL), 0);
    for (unsigned i = 0; i < 8; i++) {
        struct slice key = slice_of(&letters[i], 1);
        struct place p = hold(0, key);

        sum += entry_int(find(&p, key, NOW));
        drop(p);
    }
    ck_assert_int_eq(sum, THREADS * ROUNDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shard");
    TCase *tests = tcase_create("shard");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_entry_is_found_only_in_its_own_database);
    tcase_add_test(tests, an_expired_key_is_removed_and_counted);
    tcase_add_test(tests, a_replacement_may_add_or_remove_an_expiry);
    tcase_add_test(tests, setting_and_removing_an_expiry_updates_the_counters);
    tcase_add_test(tests, a_taken_entry_belongs_to_the_caller);
    tcase_add_test(tests, a_removal_changes_a_watched_key);
    tcase_add_test(tests, an_expiry_is_a_change_unless_the_key_had_expired_at_watch);
    tcase_add_test(tests, shard_changed_marks_the_watches_of_the_key);
    tcase_add_test_raise_signal(tests, a_change_without_shard_touch_aborts, SIGABRT);
    tcase_add_test_raise_signal(tests, shard_touch_without_the_lock_aborts, SIGABRT);
    tcase_add_test(tests, each_unit_begins_with_the_door_shut);
    tcase_add_test(tests, an_entry_older_than_the_snapshot_is_handed_over_once_unchanged);
    tcase_add_test(tests, an_expired_entry_is_handed_over_before_it_is_removed);
    tcase_add_test(tests, a_removed_table_is_handed_over_as_a_whole);
    tcase_add_test(tests, concurrent_increments_are_not_lost);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
