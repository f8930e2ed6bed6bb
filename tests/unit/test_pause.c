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

START_TEST(initially_no_pause_is_in_force)
{
    ck_assert_int_eq(pause_mode(&pause_state, 0), PAUSE_NONE);
    ck_assert_int_eq(pause_mode(&pause_state, INT64_MAX), PAUSE_NONE);
    ck_assert_int_eq(pause_until(&pause_state), 0);
}
END_TEST

START_TEST(a_pause_lasts_until_its_end)
{
    pause_start(&pause_state, PAUSE_WRITE, 200, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_WRITE);
    ck_assert_int_eq(pause_mode(&pause_state, 199), PAUSE_WRITE);
    ck_assert_int_eq(pause_mode(&pause_state, 200), PAUSE_NONE);
    ck_assert_int_eq(pause_until(&pause_state), 200);
}
END_TEST

START_TEST(a_pause_of_0_ms_is_none)
{
    pause_start(&pause_state, PAUSE_ALL, 100, 100);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_NONE);
}
END_TEST

START_TEST(the_later_end_holds)
{
    pause_start(&pause_state, PAUSE_WRITE, 200, 100);
    pause_start(&pause_state, PAUSE_WRITE, 150, 100);
    ck_assert_int_eq(pause_until(&pause_state), 200);
    pause_start(&pause_state, PAUSE_WRITE, 300, 100);
    ck_assert_int_eq(pause_until(&pause_state), 300);
}
END_TEST

START_TEST(the_stricter_mode_holds)
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

START_TEST(an_ended_pause_is_not_extended)
{
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    pause_start(&pause_state, PAUSE_WRITE, 250, 200);
    ck_assert_int_eq(pause_mode(&pause_state, 220), PAUSE_WRITE);
    ck_assert_int_eq(pause_until(&pause_state), 250);
}
END_TEST

START_TEST(a_pause_can_be_ended_early)
{
    pause_start(&pause_state, PAUSE_ALL, 200, 100);
    pause_end(&pause_state);
    ck_assert_int_eq(pause_mode(&pause_state, 100), PAUSE_NONE);
}
END_TEST

START_TEST(an_end_beyond_the_maximum_is_clamped)
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
    tcase_add_test(tests, initially_no_pause_is_in_force);
    tcase_add_test(tests, a_pause_lasts_until_its_end);
    tcase_add_test(tests, a_pause_of_0_ms_is_none);
    tcase_add_test(tests, the_later_end_holds);
    tcase_add_test(tests, the_stricter_mode_holds);
    tcase_add_test(tests, an_ended_pause_is_not_extended);
    tcase_add_test(tests, a_pause_can_be_ended_early);
    tcase_add_test(tests, an_end_beyond_the_maximum_is_clamped);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
