/* SPDX-License-Identifier: BSD-3-Clause */
/* stamp: when an entry was used, in four bytes. */
#include <stdlib.h>

#include "base/hash.h"
#include "checks.h"
#include "store/stamp.h"

#define DAY 86400

static struct stamps s;
static struct entry *e;

static void setup(void)
{
    stamps_init(&s);
    e = entry_new(&(struct entry_spec){.key = SLICE("key"), .is_int = true});
    stamp_use(&s, e);
}

static void teardown(void)
{
    entry_free(e);
}

/* The tests' clock: all that was sampled happened so much earlier. */
static void pass(int64_t seconds)
{
    for (unsigned i = 0; i < s.count; i++)
        s.past[i].mono -= seconds * 1000;
}

START_TEST(a_use_stamps_the_present)
{
    stamps_advance(&s, 1000);
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s) - 1000);
    stamp_use(&s, e);
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s));
}
END_TEST

START_TEST(order_survives_a_wrap_around)
{
    stamps_advance(&s, UINT32_MAX - (uint32_t)stamp_now(&s) - 10);
    stamp_use(&s, e);
    stamps_advance(&s, 60);
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s) - 60);
}
END_TEST

START_TEST(a_stamp_from_the_future_counts_as_now)
{
    e->stamp = (uint32_t)stamp_now(&s) + 5;
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s));
    ck_assert_int_eq(stamp_idle(&s, e), 0);
}
END_TEST

START_TEST(a_stamp_out_of_reach_stays_as_old_as_possible)
{
    stamps_advance(&s, (1u << 30) + 1000000);
    stamp_clamp(&s, e);
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s) - (1u << 30));
    stamps_advance(&s, 1u << 28);
    ck_assert_uint_lt(stamp_of(&s, e), stamp_now(&s) - (1u << 30));
    stamp_use(&s, e);
    stamp_clamp(&s, e);
    ck_assert_uint_eq(stamp_of(&s, e), stamp_now(&s));
}
END_TEST

START_TEST(a_count_becomes_as_old_as_the_choice_of_the_policy)
{
    stamps_advance(&s, 10);
    s.switched = stamp_now(&s);
    stamps_advance(&s, 10);
    entry_set_stamp(e, STAMP_COUNT, 12345);
    stamp_clamp(&s, e);
    ck_assert_uint_eq(e->stamp, 12345);
    ck_assert_uint_eq(stamp_of(&s, e), s.switched);
    ck_assert_int_eq(entry_stamp_kind(e), STAMP_MOMENT);
    entry_set_stamp(e, STAMP_COUNT, e->stamp);
    stamp_use(&s, e);
    ck_assert_int_eq(entry_stamp_kind(e), STAMP_MOMENT);
}
END_TEST

START_TEST(idle_time_counts_from_the_last_use)
{
    ck_assert_int_eq(stamp_idle(&s, e), 0);
    pass(1000);
    ck_assert_int_eq(stamp_idle(&s, e), 1000);
    stamps_sample(&s);
    stamp_use(&s, e);
    ck_assert_int_eq(stamp_idle(&s, e), 0);
}
END_TEST

START_TEST(idle_time_between_samples_is_interpolated_by_requests)
{
    stamps_sample(&s);
    stamps_advance(&s, 250);
    stamp_use(&s, e);
    stamps_advance(&s, 750);
    pass(1000);
    stamps_sample(&s);
    ck_assert_int_ge(stamp_idle(&s, e), 749);
    ck_assert_int_le(stamp_idle(&s, e), 751);
}
END_TEST

START_TEST(idle_times_of_hours_are_within_two_per_cent)
{
    unsigned const seconds = 100000;

    stamp_use(&s, e);
    for (unsigned i = 0; i < seconds; i++) {
        stamps_advance(&s, i % 7);
        pass(1);
        stamps_sample(&s);
        ck_assert_uint_le(s.count, STAMP_PAST);
        if (i == seconds / 2)
            stamp_use(&s, e);
    }
    ck_assert_int_ge(stamp_idle(&s, e), seconds / 2 - seconds / 50);
    ck_assert_int_le(stamp_idle(&s, e), seconds / 2 + seconds / 50);
}
END_TEST

START_TEST(idle_time_can_be_set_to_before_the_start)
{
    static const int64_t wanted[] = {0, 1, 10, 999, 1000, 12345, 100 * DAY, 3 * 365 * DAY};

    for (unsigned i = 0; i < 1000; i++) {
        pass(1);
        stamps_sample(&s);
    }
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        stamp_set_idle(&s, e, wanted[i]);
        ck_assert_int_ge(stamp_idle(&s, e), wanted[i] - 1 - wanted[i] / 50);
        ck_assert_int_le(stamp_idle(&s, e), wanted[i] + 1 + wanted[i] / 50);
    }
    stamp_set_idle(&s, e, INT64_MAX);
    ck_assert_int_gt(stamp_idle(&s, e), 3 * 365 * DAY);
}
END_TEST

START_TEST(stamps_are_as_fine_as_the_number_of_keys_needs)
{
    stamps_fit(&s, 1000, true);
    ck_assert_uint_eq(stamp_unit(&s), 1);
    stamps_fit(&s, 1000000, true);
    ck_assert_uint_gt(stamp_unit(&s), 1);
    ck_assert_uint_le(stamp_unit(&s), 1000000 / 1000);
    stamps_fit(&s, 1000, false);
    ck_assert_uint_gt(stamp_unit(&s), 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stamp");
    TCase *tests = tcase_create("stamp");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_use_stamps_the_present);
    tcase_add_test(tests, order_survives_a_wrap_around);
    tcase_add_test(tests, a_stamp_from_the_future_counts_as_now);
    tcase_add_test(tests, a_stamp_out_of_reach_stays_as_old_as_possible);
    tcase_add_test(tests, a_count_becomes_as_old_as_the_choice_of_the_policy);
    tcase_add_test(tests, idle_time_counts_from_the_last_use);
    tcase_add_test(tests, idle_time_between_samples_is_interpolated_by_requests);
    tcase_add_test(tests, idle_times_of_hours_are_within_two_per_cent);
    tcase_add_test(tests, idle_time_can_be_set_to_before_the_start);
    tcase_add_test(tests, stamps_are_as_fine_as_the_number_of_keys_needs);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
