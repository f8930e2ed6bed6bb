/* SPDX-License-Identifier: BSD-3-Clause */
/* pause: CLIENT PAUSE. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "session/pause.h"

static struct pause pause_state;

static void set_up(void)
{
    pause_end(&pause_state);
}

START_TEST(at_first_nobody_is_paused)
{
    ck_assert_int_eq(pause_mode(&pause_state, 0), PAUSE_NONE);
    ck_assert_int_eq(pause_mode(&pause_state, INT64_MAX), PAUSE_NONE);
    ck_assert_int_eq(pause_until(&pause_state), 0);
}
END_TEST

START_TEST(a_pause_lasts_to_its_end_and_no_longer)
{
    pause_start(&pause_state, PAUSE_WRITE, 200, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_WRITE);
    ck_assert_int_eq(pause_mode(&pause_state, 199), PAUSE_WRITE);
    ck_assert_int_eq(pause_mode(&pause_state, 200), PAUSE_NONE);
    ck_assert_int_eq(pause_until(&pause_state), 200);
}
END_TEST

START_TEST(a_pause_of_no_time_is_none)
{
    pause_start(&pause_state, PAUSE_ALL, 100, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_NONE);
}
END_TEST

START_TEST(the_later_end_wins)
{
    pause_start(&pause_state, PAUSE_WRITE, 200, 100);
    pause_start(&pause_state, PAUSE_WRITE, 150, 100);
    ck_assert_int_eq(pause_until(&pause_state), 200);
    pause_start(&pause_state, PAUSE_WRITE, 300, 100);
    ck_assert_int_eq(pause_until(&pause_state), 300);
}
END_TEST

START_TEST(the_stricter_mode_wins)
{
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    pause_start(&pause_state, PAUSE_WRITE, 300, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 250), PAUSE_ALL);
    pause_end(&pause_state);
    pause_start(&pause_state, PAUSE_WRITE, 300, 100);
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 250), PAUSE_ALL);
}
END_TEST

START_TEST(one_that_is_over_counts_no_more)
{
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    pause_start(&pause_state, PAUSE_WRITE, 250, 200);
    ck_assert_int_eq(pause_mode(&pause_state, 220), PAUSE_WRITE);
    ck_assert_int_eq(pause_until(&pause_state), 250);
}
END_TEST

START_TEST(it_can_be_ended_before_its_time)
{
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    pause_end(&pause_state);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_NONE);
}
END_TEST

START_TEST(the_latest_end_there_can_be_is_kept)
{
    pause_start(&pause_state, PAUSE_ALL, INT64_MAX, 100);
    ck_assert_int_eq(pause_mode(&pause_state, PAUSE_UNTIL_MAX - 1), PAUSE_ALL);
    ck_assert_int_eq(pause_until(&pause_state), PAUSE_UNTIL_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pause");
    TCase *tests = tcase_create("pause");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, at_first_nobody_is_paused);
    tcase_add_test(tests, a_pause_lasts_to_its_end_and_no_longer);
    tcase_add_test(tests, a_pause_of_no_time_is_none);
    tcase_add_test(tests, the_later_end_wins);
    tcase_add_test(tests, the_stricter_mode_wins);
    tcase_add_test(tests, one_that_is_over_counts_no_more);
    tcase_add_test(tests, it_can_be_ended_before_its_time);
    tcase_add_test(tests, the_latest_end_there_can_be_is_kept);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
