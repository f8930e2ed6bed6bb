/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep: active expiry in slices. */
#include <stdlib.h>

#include "checks.h"
#include "conf/load.h"
#include "keys.h"
#include "run/sweep.h"

static struct instance instance;
static struct runner runner;

static void set_up(void)
{
    static char *argv[] = {"larder-server", NULL}, *environment[] = {NULL};
    struct buf text = BUF_EMPTY;
    struct conf *conf;

    keyspace_setup();
    ck_assert_int_eq(load_start(argv, environment, &conf, &text), LOAD_RUN);
    buf_fini(&text);
    instance_init(&instance, ks, conf);
    runner_init(&runner, &instance, 0);
}

static void tear_down(void)
{
    runner_fini(&runner);
    instance_fini(&instance);
    conf_free(instance.conf);
    keyspace_teardown();
}

static enum sweep_result sweep_all(unsigned first, unsigned step)
{
    enum sweep_result result;
    unsigned at = 0;

    do
        result = sweep_slice(&runner, first, step, &at, 1000000);
    while (result == SWEEP_MORE);
    return result;
}

START_TEST(the_result_says_whether_anything_has_an_expiry)
{
    ck_assert_int_eq(sweep_all(0, 1), SWEEP_IDLE);
    put(0, 1, clock_ms() + FOREVER);
    ck_assert_int_eq(sweep_all(0, 1), SWEEP_LATER);
    discard(0, 1);
    ck_assert_int_eq(sweep_all(0, 1), SWEEP_IDLE);
}
END_TEST

START_TEST(shards_are_divided_among_the_callers)
{
    for (unsigned i = 0; i < 2000; i++)
        put(0, i, 10);
    sweep_all(1, 4);
    for (unsigned i = 0; i < SHARDS; i++)
        ck_assert_int_eq(shard_table(&ks->shards[i], 0)->used == 0, i % 4 == 1);
}
END_TEST

START_TEST(a_slice_ends_when_its_budget_is_used_up)
{
    unsigned at = 0;

    for (unsigned i = 0; i < 2000; i++)
        put(0, i, 10);
    ck_assert_int_eq(sweep_slice(&runner, 0, 1, &at, -1), SWEEP_MORE);
    ck_assert_uint_gt(keyspace_size(ks, 0), 0);
    ck_assert_uint_lt(keyspace_size(ks, 0), 2000);
}
END_TEST

/* So that an idle server does not spend its time on empty databases. */
START_TEST(a_slice_looks_at_some_thousand_tables_if_nothing_is_due)
{
    struct keyspace *few = ks;
    unsigned at = 0;

    instance.keyspace = ks = keyspace_new(SHARDS, 8192);
    for (unsigned db = 0; db < ks->databases; db++)
        used_dbs_note(&ks->used, db);
    put(8191, 1, clock_ms() + FOREVER);
    for (unsigned i = 1; i < SHARDS; i++) {
        ck_assert_int_eq(sweep_slice(&runner, 0, 1, &at, -1), SWEEP_LATER);
        ck_assert_uint_eq(at, i);
    }
    sweep_slice(&runner, 0, 1, &at, -1);
    ck_assert_uint_eq(at, 0);
    keyspace_free(ks);
    instance.keyspace = ks = few;
}
END_TEST

START_TEST(active_expiry_can_be_turned_off)
{
    put(0, 1, 10);
    atomic_store(&ks->expiry_on, false);
    ck_assert_int_eq(sweep_all(0, 1), SWEEP_IDLE);
    ck_assert(is_there(0, 1));
    atomic_store(&ks->expiry_on, true);
    sweep_all(0, 1);
    ck_assert(!is_there(0, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweep");
    TCase *tests = tcase_create("sweep");
    SRunner *suite_runner = srunner_create(suite);
    int failed;

    hash_init();
    clock_calibrate();
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_result_says_whether_anything_has_an_expiry);
    tcase_add_test(tests, shards_are_divided_among_the_callers);
    tcase_add_test(tests, a_slice_ends_when_its_budget_is_used_up);
    tcase_add_test(tests, a_slice_looks_at_some_thousand_tables_if_nothing_is_due);
    tcase_add_test(tests, active_expiry_can_be_turned_off);
    suite_add_tcase(suite, tests);
    srunner_run_all(suite_runner, CK_NORMAL);
    failed = srunner_ntests_failed(suite_runner);
    srunner_free(suite_runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
