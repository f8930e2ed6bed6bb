/* SPDX-License-Identifier: BSD-3-Clause */
/* rand: random numbers, one generator per thread. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "checks.h"

/* Chi-square of `n` counts that should be equal. */
static double chi_square(const unsigned *counts, size_t n)
{
    double sum = 0, chi = 0;

    for (size_t i = 0; i < n; i++)
        sum += counts[i];
    for (size_t i = 0; i < n; i++)
        chi += (counts[i] - sum / n) * (counts[i] - sum / n) / (sum / n);
    return chi;
}

START_TEST(numbers_stay_below_the_bound)
{
    for (uint64_t n = 1; n != 0; n <<= 1) {
        for (int i = 0; i < 100; i++) {
            ck_assert_uint_lt(rand_below(n), n);
            ck_assert_uint_lt(rand_below(n | 1), n | 1);
        }
    }
    ck_assert_uint_lt(rand_below(UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(a_bound_of_zero_fails_an_assertion)
{
    rand_below(0);
}
END_TEST

START_TEST(numbers_below_a_bound_are_uniform)
{
    unsigned counts[100] = {0};

    for (int i = 0; i < 1000000; i++)
        counts[rand_below(100)]++;
    /* 99 degrees of freedom: above 180 once in a million runs. */
    ck_assert(chi_square(counts, 100) < 180);
}
END_TEST

START_TEST(a_bound_near_two_to_the_64_is_still_uniform)
{
    unsigned counts[3] = {0};

    for (int i = 0; i < 300000; i++)
        counts[rand_below(3ull << 62) >> 62]++;
    /* 2 degrees of freedom: above 28 once in a million runs. Without rejection one count would be twice the others. */
    ck_assert(chi_square(counts, 3) < 28);
}
END_TEST

START_TEST(every_bit_is_set_half_of_the_time)
{
    unsigned ones[64] = {0};

    for (int i = 0; i < 100000; i++) {
        uint64_t x = rand_u64();

        for (int b = 0; b < 64; b++)
            ones[b] += x >> b & 1;
    }
    /* Six standard deviations. */
    for (int b = 0; b < 64; b++)
        ck_assert_int_le(labs((long)ones[b] - 50000), 950);
}
END_TEST

static void *first_number(void *arg)
{
    *(uint64_t *)arg = rand_u64();
    return NULL;
}

START_TEST(threads_draw_different_numbers)
{
    uint64_t x[8];
    pthread_t t;

    for (int i = 0; i < 8; i++) {
        ck_assert_int_eq(pthread_create(&t, NULL, first_number, &x[i]), 0);
        ck_assert_int_eq(pthread_join(t, NULL), 0);
        for (int j = 0; j < i; j++)
            ck_assert_uint_ne(x[i], x[j]);
    }
}
END_TEST

START_TEST(rand_bytes_fills_exactly_the_given_bytes)
{
    static unsigned char p[100002], other[100000];
    size_t same = 0;

    rand_bytes(p + 1, 100000);
    rand_bytes(other, 100000);
    rand_bytes(p, 0);
    ck_assert_uint_eq(p[0], 0);
    ck_assert_uint_eq(p[100001], 0);
    for (size_t i = 0; i < 100000; i++)
        same += p[i + 1] == other[i];
    /* One in 256 agrees; six standard deviations. */
    ck_assert_uint_lt(same, 391 + 119);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rand");
    TCase *tests = tcase_create("rand");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, numbers_stay_below_the_bound);
    tcase_add_test_raise_signal(tests, a_bound_of_zero_fails_an_assertion, SIGABRT);
    tcase_add_test(tests, numbers_below_a_bound_are_uniform);
    tcase_add_test(tests, a_bound_near_two_to_the_64_is_still_uniform);
    tcase_add_test(tests, every_bit_is_set_half_of_the_time);
    tcase_add_test(tests, threads_draw_different_numbers);
    tcase_add_test(tests, rand_bytes_fills_exactly_the_given_bytes);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
