/* SPDX-License-Identifier: BSD-3-Clause */
/* locks: the set of shards that a unit needs. */
#include "checks.h"
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/mem.h"
#include "keys.h"
#include "run/locks.h"

#define MANY_SHARDS 256

static struct lock_set *set;

static void set_up(void)
{
    ks = keyspace_new(MANY_SHARDS, 4);
    set = lock_set_new(ks, 3);
}

static void tear_down(void)
{
    lock_set_free(set);
    keyspace_teardown();
}

/* A hash that belongs to this shard. */
static uint64_t hash_in(unsigned shard)
{
    return (uint64_t)shard << (64 - ks->shard_bits) | 12345;
}

static bool is_held(unsigned shard) UNCHECKED_LOCKS /* tries it only */
{
    struct lock *l = &ks->shards[shard].lock;

    if (!lock_try(l))
        return true;
    lock_drop(l);
    return false;
}

static unsigned held(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < MANY_SHARDS; i++)
        n += is_held(i);
    return n;
}

static bool is_inside_gate(void)
{
    return atomic_load(&ks->gate.slots[3].inside) != 0;
}

/* ---- locking ---- */

/* Locks the shards of the set. Returns whether it may have waited. */
static bool take(struct lock_set *l)
{
    bool waited = false;

    ck_assert(lock_set_take_within(l, LOCK_FOREVER, &waited));
    return waited;
}

START_TEST(an_empty_set_takes_no_lock)
{
    lock_set_clear(set);
    ck_assert(!lock_set_is_world(set));
    ck_assert(!take(set));
    ck_assert_uint_eq(held(), 0);
    ck_assert(!is_inside_gate());
    lock_set_drop(set);
}
END_TEST

START_TEST(exactly_the_wanted_shards_are_held_until_dropped)
{
    static const unsigned wanted[] = {200, 0, 63, 64, 255};

    lock_set_clear(set);
    for (unsigned i = 0; i < 5; i++)
        lock_set_want(set, hash_in(wanted[i]));
    ck_assert_uint_eq(held(), 0);
    take(set);
    for (unsigned i = 0; i < 5; i++)
        ck_assert(is_held(wanted[i]));
    ck_assert_uint_eq(held(), 5);
    lock_set_drop(set);
    ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_shard_that_is_wanted_twice_is_locked_once)
{
    lock_set_clear(set);
    lock_set_want(set, hash_in(7));
    lock_set_want(set, hash_in(7) + 1);
    take(set);
    ck_assert_uint_eq(held(), 1);
    ck_assert(!is_inside_gate());
    lock_set_drop(set);
    ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(only_sets_of_several_shards_enter_the_gate)
{
    lock_set_clear(set);
    lock_set_want(set, hash_in(7));
    take(set);
    ck_assert(!is_inside_gate());
    lock_set_drop(set);
    lock_set_want(set, hash_in(8));
    take(set);
    ck_assert(is_inside_gate());
    lock_set_drop(set);
    ck_assert(!is_inside_gate());
}
END_TEST

/* Unchecked: the analysis cannot follow locks that may be taken. */
static bool take_within(int64_t ns, bool *waited) UNCHECKED_LOCKS
{
    return lock_set_take_within(set, ns, waited);
}

static void drop(void) UNCHECKED_LOCKS
{
    lock_set_drop(set);
}

/* Also of every shard, and at the gate: then it holds nothing. */
START_TEST(a_bounded_wait_for_a_set_gives_up)
{
    struct lock *busy = &ks->shards[200].lock;
    bool waited = false;

    for (unsigned world = 0; world < 2; world++) {
        lock_set_clear(set);
        lock_set_want(set, hash_in(7));
        lock_set_want(set, hash_in(200));
        if (world)
            lock_set_want_world(set);
        atomic_store(&busy->word, 1); /* as if another thread held it */
        ck_assert(!take_within(100000, &waited) && waited);
        ck_assert_uint_eq(held(), 1);
        ck_assert(!is_inside_gate() && atomic_load(&ks->gate.solo) == 0);
        atomic_store(&busy->word, 0);
        atomic_store(&ks->gate.slots[5].inside, 1);
        ck_assert(take_within(100000, &waited) != world);
        if (!world)
            drop();
        atomic_store(&ks->gate.slots[5].inside, 0);
        ck_assert_uint_eq(held(), 0);
        ck_assert(!is_inside_gate() && atomic_load(&ks->gate.solo) == 0);
        ck_assert(take_within(100000, &waited));
        drop();
    }
    lock_set_clear(set);
    lock_set_want(set, hash_in(7));
    lock_set_want(set, hash_in(200));
    atomic_store(&ks->gate.solo, 1);
    ck_assert(!take_within(100000, &waited));
    ck_assert(held() == 0 && !is_inside_gate());
    atomic_store(&ks->gate.solo, 0);
}
END_TEST

START_TEST(a_set_of_all_shards_closes_the_gate_and_locks_every_shard)
{
    lock_set_clear(set);
    lock_set_want(set, hash_in(7));
    lock_set_want_world(set);
    ck_assert(lock_set_is_world(set));
    ck_assert(take(set));
    ck_assert_uint_eq(held(), MANY_SHARDS);
    ck_assert_uint_eq(atomic_load(&ks->gate.solo), 1);
    lock_set_drop(set);
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(atomic_load(&ks->gate.solo), 0);
}
END_TEST

START_TEST(a_cleared_set_is_empty)
{
    lock_set_clear(set);
    lock_set_want(set, hash_in(7));
    lock_set_want(set, hash_in(99));
    lock_set_want_world(set);
    lock_set_clear(set);
    ck_assert(!lock_set_is_world(set));
    lock_set_want(set, hash_in(8));
    take(set);
    ck_assert_uint_eq(held(), 1);
    ck_assert(is_held(8) && !is_inside_gate());
    lock_set_drop(set);
}
END_TEST

/* ---- keys ---- */

static const struct command keys_of_all = {.keys = CMD_KEYS(1, -1, 1, KEY_RW)};
static const struct command keys_of_pairs = {.keys = CMD_KEYS(1, -1, 2, KEY_OW)};
static const struct command counted = {.keys = {{.flags = KEY_OW, .find = KEYS_NUMBER, .first = 1, .step = 1}}};
static const struct command whole = {.flags = CMD_WORLD, .keys = CMD_KEYS(1, 1, 1, KEY_RO)};

static unsigned shard_of(const char *key)
{
    return keyspace_shard(ks, hash_bytes(slice_str(key)))->index;
}

START_TEST(the_keys_of_a_command_are_hashed_and_their_shards_added)
{
    const struct slice argv[] = {SLICE("MSET"), SLICE("a"), SLICE("1"), SLICE("b"), SLICE("2")};
    uint64_t hash[] = {1, 1, 1, 1, 1};

    lock_set_clear(set);
    ck_assert(lock_set_want_keys(set, &keys_of_pairs, argv, 5, hash));
    ck_assert_uint_eq(hash[1], hash_bytes(SLICE("a")));
    ck_assert_uint_eq(hash[3], hash_bytes(SLICE("b")));
    ck_assert_uint_eq(hash[0] & hash[2] & hash[4], 1);
    take(set);
    ck_assert(is_held(shard_of("a")) && is_held(shard_of("b")));
    ck_assert_uint_eq(held(), shard_of("a") == shard_of("b") ? 1 : 2);
    lock_set_drop(set);
}
END_TEST

START_TEST(the_keys_of_several_commands_add_up)
{
    const struct slice one[] = {SLICE("DEL"), SLICE("a")}, two[] = {SLICE("DEL"), SLICE("b"), SLICE("c")};
    uint64_t hash[3];

    lock_set_clear(set);
    ck_assert(lock_set_want_keys(set, &keys_of_all, one, 2, hash));
    ck_assert(lock_set_want_keys(set, &keys_of_all, two, 3, hash));
    take(set);
    ck_assert(is_held(shard_of("a")) && is_held(shard_of("b")) && is_held(shard_of("c")));
    ck_assert_uint_le(held(), 3);
    lock_set_drop(set);
}
END_TEST

START_TEST(a_command_may_have_more_keys_than_any_before_it)
{
    enum { MANY = 10000 };
    static struct slice argv[MANY];
    static struct name names[MANY];
    static uint64_t hash[MANY];

    for (unsigned i = 0; i < MANY; i++)
        argv[i] = key_of(i, &names[i]);
    for (int n = 1; n <= MANY; n = n * 3 + 1) {
        lock_set_clear(set);
        memset(hash, 0, sizeof hash);
        ck_assert(lock_set_want_keys(set, &keys_of_all, argv, n, hash));
        for (int i = 1; i < n; i++)
            ck_assert_uint_eq(hash[i], hash_bytes(argv[i]));
        lock_set_prefetch(set, hash, 0);
    }
    take(set);
    ck_assert_uint_eq(held(), MANY_SHARDS);
    lock_set_drop(set);
}
END_TEST

START_TEST(a_command_that_needs_every_shard_has_its_keys_hashed)
{
    const struct slice argv[] = {SLICE("X"), SLICE("a")};
    uint64_t hash[2] = {0};

    lock_set_clear(set);
    ck_assert(lock_set_want_keys(set, &whole, argv, 2, hash));
    ck_assert(lock_set_is_world(set));
    ck_assert_uint_eq(hash[1], hash_bytes(SLICE("a")));
}
END_TEST

START_TEST(invalid_arguments_add_no_shard)
{
    const struct slice argv[] = {SLICE("X"), SLICE("many"), SLICE("a")};
    uint64_t hash[3];

    lock_set_clear(set);
    ck_assert(!lock_set_want_keys(set, &counted, argv, 3, hash));
    lock_set_prefetch(set, hash, 0);
    take(set);
    ck_assert_uint_eq(held(), 0);
    lock_set_drop(set);
}
END_TEST

START_TEST(prefetching_changes_nothing_and_needs_no_table)
{
    const struct slice argv[] = {SLICE("DEL"), SLICE("k1"), SLICE("k2")};
    uint64_t hash[3];

    put(1, 1, 0);
    lock_set_clear(set);
    lock_set_want_keys(set, &keys_of_all, argv, 3, hash);
    for (unsigned db = 0; db < 4; db++)
        lock_set_prefetch(set, hash, db);
    ck_assert_uint_eq(held(), 0);
    ck_assert(is_there(1, 1) && !is_there(1, 2));
    for (unsigned i = 0; i < MANY_SHARDS; i++)
        ck_assert_ptr_null(shard_table(&ks->shards[i], 2));
}
END_TEST

/* ---- threads ---- */

static void *take_and_report(void *arg)
{
    bool waited = take(set);

    lock_set_drop(set);
    mem_thread_done();
    return waited ? arg : NULL;
}

START_TEST(a_wait_for_a_shard_is_reported)
{
    struct lock *l = &ks->shards[9].lock;
    pthread_t t;
    void *waited;

    lock_set_clear(set);
    lock_set_want(set, hash_in(9));
    ck_assert(!take(set));
    lock_set_drop(set);
    shard_lock(&ks->shards[9]);
    ck_assert_int_eq(pthread_create(&t, NULL, take_and_report, set), 0);
    while (atomic_load(&l->word) != 2) /* until it sleeps */
        sched_yield();
    shard_unlock(&ks->shards[9]);
    pthread_join(t, &waited);
    ck_assert_ptr_nonnull(waited);
}
END_TEST

static _Atomic bool has_waited;

static void *take_until_waited(void *arg)
{
    bool waited;

    do {
        waited = take(set);
        lock_set_drop(set);
    } while (!waited);
    atomic_store(&has_waited, true);
    return arg;
}

START_TEST(a_wait_for_the_gate_is_reported)
{
    pthread_t t;

    lock_set_clear(set);
    lock_set_want(set, hash_in(9));
    lock_set_want(set, hash_in(10));
    ck_assert_int_eq(pthread_create(&t, NULL, take_until_waited, NULL), 0);
    while (!atomic_load(&has_waited)) {
        ck_assert(gate_close_within(&ks->gate, LOCK_FOREVER));
        sched_yield();
        gate_open(&ks->gate);
    }
    pthread_join(t, NULL);
}
END_TEST

#define THREADS 4
#define ROUNDS  3000
#define COUNTS  4 /* shards that all threads lock, in pairs or with all shards */

static unsigned counts[COUNTS]; /* each guarded by the shard of the same number */

/* Increments two of the counts, or all. */
static void *count_up(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg;
    struct lock_set *mine = lock_set_new(ks, slot);

    for (unsigned i = 0; i < ROUNDS; i++) {
        unsigned a = (i + slot) % COUNTS, b = (a + 1 + i / COUNTS % (COUNTS - 1)) % COUNTS;

        lock_set_clear(mine);
        lock_set_want(mine, hash_in(a));
        lock_set_want(mine, hash_in(b));
        if (i % 10 == 0)
            lock_set_want_world(mine);
        take(mine);
        counts[a]++;
        counts[b]++;
        lock_set_drop(mine);
    }
    lock_set_free(mine);
    mem_thread_done();
    return NULL;
}

START_TEST(threads_with_overlapping_sets_do_not_deadlock_or_race)
{
    pthread_t t[THREADS];
    unsigned sum = 0;

    memset(counts, 0, sizeof counts);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, count_up, (void *)i), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (unsigned i = 0; i < COUNTS; i++)
        sum += counts[i];
    ck_assert_uint_eq(sum, 2 * THREADS * ROUNDS);
}
END_TEST

static void add_key_tests(TCase *tests)
{
    tcase_add_test(tests, the_keys_of_a_command_are_hashed_and_their_shards_added);
    tcase_add_test(tests, the_keys_of_several_commands_add_up);
    tcase_add_test(tests, a_command_may_have_more_keys_than_any_before_it);
    tcase_add_test(tests, a_command_that_needs_every_shard_has_its_keys_hashed);
    tcase_add_test(tests, invalid_arguments_add_no_shard);
    tcase_add_test(tests, prefetching_changes_nothing_and_needs_no_table);
}

int main(void)
{
    Suite *suite = suite_create("locks");
    TCase *tests = tcase_create("locks");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, an_empty_set_takes_no_lock);
    tcase_add_test(tests, exactly_the_wanted_shards_are_held_until_dropped);
    tcase_add_test(tests, a_shard_that_is_wanted_twice_is_locked_once);
    tcase_add_test(tests, only_sets_of_several_shards_enter_the_gate);
    tcase_add_test(tests, a_set_of_all_shards_closes_the_gate_and_locks_every_shard);
    tcase_add_test(tests, a_bounded_wait_for_a_set_gives_up);
    tcase_add_test(tests, a_cleared_set_is_empty);
    add_key_tests(tests);
    tcase_add_test(tests, a_wait_for_a_shard_is_reported);
    tcase_add_test(tests, a_wait_for_the_gate_is_reported);
    tcase_add_test(tests, threads_with_overlapping_sets_do_not_deadlock_or_race);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
