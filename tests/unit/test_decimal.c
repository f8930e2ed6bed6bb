/* SPDX-License-Identifier: BSD-3-Clause */
/* decimal: the shortest decimal that reads back as a given double. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "checks.h"
#include "seed.h"

static double read_back(uint64_t digits, int exponent)
{
    char text[64];

    snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits, exponent);
    return strtod(text, NULL);
}

static int length_of(uint64_t digits)
{
    return snprintf(NULL, 0, "%llu", (unsigned long long)digits);
}

static void expect(double v, uint64_t digits, int exponent)
{
    struct decimal d = decimal_shortest(v);

    ck_assert_msg(d.digits == digits && d.exponent == exponent, "%.17g became %llue%d", v, (unsigned long long)d.digits,
                  d.exponent);
}

START_TEST(simple_numbers_have_the_expected_digits)
{
    expect(1, 1, 0);
    expect(0.1, 1, -1);
    expect(3.14, 314, -2);
    expect(100, 1, 2);
    expect(1e22, 1, 22);
    expect(1e23, 1, 23);
    expect(123456789.125, 123456789125, -3);
    expect(2.0 / 3, 6666666666666666, -16);
}
END_TEST

START_TEST(the_smallest_and_largest_doubles_are_correct)
{
    expect(5e-324, 5, -324);
    expect(1e-323, 1, -323);
    expect(2.2250738585072014e-308, 22250738585072014, -324);
    expect(2.225073858507201e-308, 2225073858507201, -323);
    expect(1.7976931348623157e308, 17976931348623157, 292);
}
END_TEST

START_TEST(powers_of_two_use_the_wider_gap_above_them)
{
    /* The decimals of 16 digits just below are nearer, but do not read back: the gap below is half as wide. */
    expect(0x1p-44, 5684341886080802, -29);
    expect(0x1p-24, 5960464477539063, -23);
}
END_TEST

/* The decimal reads back as v, no shorter one does, and none of the same length is nearer. */
static void check_promises(double v)
{
    struct decimal d = decimal_shortest(v);
    int n = length_of(d.digits);
    uint64_t shorter = d.digits / 10;
    char nearest[32];

    ck_assert_int_le(n, 17);
    ck_assert_uint_ne(d.digits % 10, 0);
    ck_assert_msg(read_back(d.digits, d.exponent) == v, "%.17g", v);
    if (n > 1) {
        ck_assert_msg(read_back(shorter, d.exponent + 1) != v, "%.17g", v);
        ck_assert_msg(read_back(shorter + 1, d.exponent + 1) != v, "%.17g", v);
    }
    /* If the nearest decimal of n digits reads back, d is as near: the same digits, or the other side of a tie. */
    snprintf(nearest, sizeof(nearest), "%.*e", n - 1, v);
    if (strtod(nearest, NULL) == v && strtold(nearest, NULL) != (long double)read_back(d.digits, d.exponent)) {
        char mine[64];

        snprintf(mine, sizeof(mine), "%llue%d", (unsigned long long)d.digits, d.exponent);
        ck_assert_msg(fabsl(strtold(mine, NULL) - v) <= fabsl(strtold(nearest, NULL) - v) * (1 + 1e-3L), "%s, not %s",
                      mine, nearest);
    }
}

START_TEST(random_doubles_give_the_shortest_and_nearest_decimal)
{
    seed_start(__func__);
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = seed_u64() >> 1;
        double v;

        memcpy(&v, &bits, sizeof(v));
        if (isfinite(v) && v > 0)
            check_promises(v);
        check_promises((double)(1 + seed_below(1000000000)) / 1000);
        check_promises(ldexp(1 + (double)seed_below(1000), (int)seed_below(60) - 30));
        check_promises(1.7e9 + (double)seed_below(10000000) / 1e7);
    }
}
END_TEST

START_TEST(powers_of_two_and_their_neighbours_give_the_shortest_and_nearest_decimal)
{
    for (int e = -1074; e < 1024; e++) {
        double v = ldexp(1, e);

        check_promises(v);
        check_promises(nextafter(v, INFINITY));
        if (e > -1074)
            check_promises(nextafter(v, 0));
    }
}
END_TEST

START_TEST(powers_of_ten_and_their_neighbours_give_the_shortest_and_nearest_decimal)
{
    for (int e = -323; e <= 308; e++) {
        double v = read_back(1, e);

        expect(v, 1, e);
        check_promises(nextafter(v, INFINITY));
        check_promises(nextafter(v, 0));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decimal");
    TCase *tests = tcase_create("decimal");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, simple_numbers_have_the_expected_digits);
    tcase_add_test(tests, the_smallest_and_largest_doubles_are_correct);
    tcase_add_test(tests, powers_of_two_use_the_wider_gap_above_them);
    tcase_add_test(tests, random_doubles_give_the_shortest_and_nearest_decimal);
    tcase_add_test(tests, powers_of_two_and_their_neighbours_give_the_shortest_and_nearest_decimal);
    tcase_add_test(tests, powers_of_ten_and_their_neighbours_give_the_shortest_and_nearest_decimal);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
