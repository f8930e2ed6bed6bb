/* SPDX-License-Identifier: BSD-3-Clause */
/* metrics: counters of the workers. */
#include "checks.h"
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "obs/metrics.h"

#define THREADS 4
#define ROUNDS  20000

static struct metrics *first, *second;

static void set_up(void)
{
    first = metrics_new();
    second = metrics_new();
}

static void tear_down(void)
{
    metrics_fini();
}

START_TEST(totals_are_the_sums_over_all_workers)
{
    struct metrics_sums total;

    counter_add(&first->sums.hits, 3);
    counter_add(&second->sums.hits, 4);
    counter_add(&second->sums.writes, 9);
    metrics_total(&total);
    ck_assert_uint_eq(counter_get(&total.hits), 7);
    ck_assert_uint_eq(counter_get(&total.writes), 9);
    ck_assert_uint_eq(counter_get(&total.misses), 0);
}
END_TEST

START_TEST(commands_are_counted_by_their_number)
{
    struct command_metrics m;

    counter_add(&first->commands[7].calls, 2);
    counter_add(&second->commands[7].calls, 1);
    counter_add(&second->commands[7].failed, 1);
    counter_add(&first->commands[8].calls, 100);
    metrics_command(7, &m);
    ck_assert_uint_eq(counter_get(&m.calls), 3);
    ck_assert_uint_eq(counter_get(&m.failed), 1);
    ck_assert_uint_eq(counter_get(&m.rejected), 0);
}
END_TEST

START_TEST(a_reset_clears_the_totals)
{
    struct metrics_sums total;
    struct command_metrics m;

    counter_add(&first->sums.hits, 5);
    counter_add(&second->commands[1].calls, 5);
    metrics_reset();
    counter_add(&first->sums.hits, 1);
    metrics_total(&total);
    metrics_command(1, &m);
    ck_assert_uint_eq(counter_get(&total.hits), 1);
    ck_assert_uint_eq(counter_get(&m.calls), 0);
}
END_TEST

/* The codes and counts that are visited, as text. */
static void write_error(void *arg, const char *code, uint64_t count)
{
    sprintf((char *)arg + strlen(arg), "%s=%d ", code, (int)count);
}

START_TEST(errors_are_counted_by_their_code)
{
    char text[200] = "";

    metrics_error("ERR");
    metrics_error("WRONGTYPE");
    metrics_error("ERR");
    metrics_each_error(write_error, text);
    ck_assert_str_eq(text, "ERR=2 WRONGTYPE=1 ");
}
END_TEST

START_TEST(a_reset_clears_the_errors)
{
    char text[200] = "";

    metrics_error("ERR");
    metrics_error("OOM");
    metrics_reset();
    metrics_error("OOM");
    metrics_each_error(write_error, text);
    ck_assert_str_eq(text, "OOM=1 ");
}
END_TEST

static void count_codes(void *arg, const char *code, uint64_t count)
{
    (void)code;
    (void)count;
    ++*(unsigned *)arg;
}

START_TEST(codes_beyond_the_maximum_are_not_counted)
{
    unsigned n = 0;

    for (int i = 0; i < METRICS_ERRORS + 50; i++) {
        char code[16];

        snprintf(code, sizeof(code), "CODE%d", i);
        metrics_error(code);
    }
    metrics_each_error(count_codes, &n);
    ck_assert_uint_eq(n, METRICS_ERRORS);
}
END_TEST

START_TEST(a_long_code_is_truncated_and_counted_as_one)
{
    char text[200] = "", code[101];

    memset(code, 'E', 100);
    code[100] = '\0';
    metrics_error(code);
    metrics_error(code);
    metrics_each_error(write_error, text);
    ck_assert_str_eq(text, "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE=2 ");
}
END_TEST

START_TEST(rates_are_the_mean_of_sixteen_samples)
{
    for (int i = 0; i <= 16; i++) {
        metrics_sample(1000 + i * 100);
        counter_add(&first->sums.commands, 50);
        counter_add(&second->sums.bytes_in, 10);
    }
    ck_assert_uint_eq(metrics_rates().commands, 500);
    ck_assert_uint_eq(metrics_rates().bytes_in, 100);
    ck_assert_uint_eq(metrics_rates().bytes_out, 0);
}
END_TEST

START_TEST(the_first_sample_gives_no_rate)
{
    counter_add(&first->sums.commands, 1000000);
    metrics_sample(5);
    ck_assert_uint_eq(metrics_rates().commands, 0);
    metrics_sample(5);
    ck_assert_uint_eq(metrics_rates().commands, 0);
}
END_TEST

START_TEST(a_reset_does_not_change_the_rates)
{
    metrics_sample(100);
    counter_add(&first->sums.commands, 160);
    metrics_sample(200);
    metrics_reset();
    metrics_sample(300);
    ck_assert_uint_eq(metrics_rates().commands, 100);
}
END_TEST

static void *count_many(void *arg)
{
    struct metrics *m = metrics_new();

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        counter_add(&m->sums.commands, 1);
        metrics_error(i & 1 ? "ONE" : "TWO");
    }
    return NULL;
}

static void expect_half(void *arg, const char *code, uint64_t count)
{
    (void)arg;
    (void)code;
    ck_assert_uint_eq(count, THREADS * ROUNDS / 2);
}

START_TEST(no_count_is_lost_between_threads)
{
    pthread_t threads[THREADS];
    struct metrics_sums total;
    unsigned codes = 0;

    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    for (int i = 0; i < 100; i++)
        metrics_total(&total);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    metrics_total(&total);
    ck_assert_uint_eq(counter_get(&total.commands), THREADS * ROUNDS);
    metrics_each_error(count_codes, &codes);
    ck_assert_uint_eq(codes, 2);
    metrics_each_error(expect_half, NULL);
}
END_TEST

START_TEST(a_hit_ratio_of_more_seconds_than_are_kept_fails_an_assertion)
{
    metrics_hit_ratio(METRICS_PAST + 1);
}
END_TEST

START_TEST(an_error_without_a_code_fails_an_assertion)
{
    metrics_error("");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("metrics");
    TCase *tests = tcase_create("metrics");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, totals_are_the_sums_over_all_workers);
    tcase_add_test(tests, commands_are_counted_by_their_number);
    tcase_add_test(tests, a_reset_clears_the_totals);
    tcase_add_test(tests, errors_are_counted_by_their_code);
    tcase_add_test(tests, a_reset_clears_the_errors);
    tcase_add_test(tests, codes_beyond_the_maximum_are_not_counted);
    tcase_add_test(tests, a_long_code_is_truncated_and_counted_as_one);
    tcase_add_test(tests, rates_are_the_mean_of_sixteen_samples);
    tcase_add_test(tests, the_first_sample_gives_no_rate);
    tcase_add_test(tests, a_reset_does_not_change_the_rates);
    tcase_add_test(tests, no_count_is_lost_between_threads);
    tcase_add_test_raise_signal(tests, a_hit_ratio_of_more_seconds_than_are_kept_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, an_error_without_a_code_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
