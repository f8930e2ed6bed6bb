/* SPDX-License-Identifier: BSD-3-Clause */
/* num: numbers to text and back, by the rules of the protocol. */
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "checks.h"
#include "seed.h"

static bool is_i64(const char *text, int64_t expected)
{
    int64_t v = 77;

    return num_parse_i64(slice_str(text), &v) && v == expected;
}

/* Both parsers refuse it and leave the result unchanged. */
static bool no_integer(struct slice s)
{
    int64_t i = 77;
    uint64_t u = 78;

    return !num_parse_i64(s, &i) && !num_parse_u64(s, &u) && i == 77 && u == 78;
}

START_TEST(integers_are_read_up_to_their_limits)
{
    ck_assert(is_i64("0", 0));
    ck_assert(is_i64("7", 7));
    ck_assert(is_i64("-1", -1));
    ck_assert(is_i64("1234567890123456789", 1234567890123456789));
    ck_assert(is_i64("9223372036854775807", INT64_MAX));
    ck_assert(is_i64("-9223372036854775808", INT64_MIN));
}
END_TEST

START_TEST(integers_beyond_their_limits_are_refused)
{
    int64_t i;
    uint64_t u;

    ck_assert(!num_parse_i64(SLICE("9223372036854775808"), &i));
    ck_assert(!num_parse_i64(SLICE("-9223372036854775809"), &i));
    ck_assert(num_parse_u64(SLICE("18446744073709551615"), &u));
    ck_assert_uint_eq(u, UINT64_MAX);
    ck_assert(no_integer(SLICE("18446744073709551616")));
    ck_assert(no_integer(SLICE("18446744073709551620")));
    ck_assert(no_integer(SLICE("99999999999999999999")));
    ck_assert(no_integer(SLICE("100000000000000000000")));
    ck_assert(no_integer(SLICE("-18446744073709551617")));
}
END_TEST

START_TEST(any_other_spelling_of_an_integer_is_refused)
{
    ck_assert(no_integer(SLICE("")));
    ck_assert(no_integer(slice_of(NULL, 0)));
    ck_assert(no_integer(SLICE("-")));
    ck_assert(no_integer(SLICE("-0")));
    ck_assert(no_integer(SLICE("00")));
    ck_assert(no_integer(SLICE("01")));
    ck_assert(no_integer(SLICE("-01")));
    ck_assert(no_integer(SLICE("--1")));
    ck_assert(no_integer(SLICE("+1")));
    ck_assert(no_integer(SLICE(" 1")));
    ck_assert(no_integer(SLICE("1 ")));
    ck_assert(no_integer(SLICE("1\0")));
    ck_assert(no_integer(SLICE("1.0")));
    ck_assert(no_integer(SLICE("0x1")));
    ck_assert(no_integer(SLICE("123456789012345678:")));
    ck_assert(no_integer(SLICE("1844674407370955161/")));
}
END_TEST

START_TEST(an_unsigned_integer_has_no_sign)
{
    uint64_t u = 78;

    ck_assert(!num_parse_u64(SLICE("-1"), &u));
    ck_assert(!num_parse_u64(SLICE("-0"), &u));
    ck_assert_uint_eq(u, 78);
}
END_TEST

static bool is_loose(struct slice s, uint64_t expected)
{
    uint64_t u = 78;

    return num_parse_u64_loose(s, &u) && u == expected;
}

START_TEST(a_loose_integer_is_what_strtoull_reads)
{
    ck_assert(is_loose(SLICE("0"), 0));
    ck_assert(is_loose(SLICE("18446744073709551615"), UINT64_MAX));
    ck_assert(is_loose(SLICE(" \t\n\v\f\r7"), 7));
    ck_assert(is_loose(SLICE("+7"), 7));
    ck_assert(is_loose(SLICE("007"), 7));
    ck_assert(is_loose(SLICE("00000000000000000000000000000000000000007"), 7));
    ck_assert(is_loose(SLICE("7\0x"), 7));
    ck_assert(is_loose(SLICE("-0"), 0));
    ck_assert(is_loose(SLICE(" -1"), UINT64_MAX));
    ck_assert(is_loose(SLICE("-01"), UINT64_MAX));
    ck_assert(is_loose(SLICE("-18446744073709551615"), 1));
}
END_TEST

START_TEST(a_loose_integer_is_not_empty_negative_or_out_of_range)
{
    const struct slice refused[] = {
        SLICE(""),
        SLICE(" "),
        SLICE("-"),
        SLICE("+"),
        SLICE("-1"),
        SLICE("x"),
        SLICE("1x"),
        SLICE("1 "),
        SLICE("+-1"),
        SLICE("0x1"),
        SLICE("1.5"),
        SLICE("18446744073709551616"),
        SLICE("-9223372036854775808"),
        SLICE("-18446744073709551616"),
        SLICE("\0001"),
    };
    uint64_t u = 78;

    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        ck_assert(!num_parse_u64_loose(refused[i], &u));
    ck_assert(!num_parse_u64_loose(slice_of(NULL, 0), &u));
    ck_assert_uint_eq(u, 78);
}
END_TEST

START_TEST(random_integers_print_as_printf_does_and_read_back)
{
    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        int64_t v = (int64_t)seed_u64() >> seed_below(64);
        char mine[NUM_I64_MAX], theirs[NUM_I64_MAX];
        int n = num_format_i64(mine, v);
        int64_t back;
        uint64_t u;

        ck_assert_int_eq(n, snprintf(theirs, sizeof(theirs), "%" PRId64, v));
        ck_assert_int_eq(memcmp(mine, theirs, (size_t)n), 0);
        ck_assert(num_parse_i64(slice_of(mine, (size_t)n), &back) && back == v);
        n = num_format_u64(mine, (uint64_t)v);
        ck_assert_int_eq(n, snprintf(theirs, sizeof(theirs), "%" PRIu64, (uint64_t)v));
        ck_assert_int_eq(memcmp(mine, theirs, (size_t)n), 0);
        ck_assert(num_parse_u64(slice_of(mine, (size_t)n), &u) && u == (uint64_t)v);
    }
}
END_TEST

START_TEST(integers_around_each_power_of_ten_print_correctly)
{
    for (uint64_t power = 1;; power *= 10) {
        for (int d = -1; d <= 1; d++) {
            char mine[NUM_I64_MAX], theirs[NUM_I64_MAX];

            mine[num_format_u64(mine, power + (uint64_t)d)] = '\0';
            snprintf(theirs, sizeof(theirs), "%" PRIu64, power + (uint64_t)d);
            ck_assert_str_eq(mine, theirs);
        }
        if (power > UINT64_MAX / 10)
            break;
    }
}
END_TEST

static bool is_double(const char *text, double expected)
{
    double v = 77;

    return num_parse_double(slice_str(text), &v) && v == expected && signbit(v) == signbit(expected);
}

static bool no_double(struct slice s)
{
    double d = 77;
    long double ld = 77;

    return !num_parse_double(s, &d) && d == 77 && !num_parse_ld(s, &ld) && ld == 77;
}

START_TEST(doubles_are_read_as_strtod_reads_them)
{
    ck_assert(is_double("0", 0));
    ck_assert(is_double("-0", -0.0));
    ck_assert(is_double("00", 0));
    ck_assert(is_double("1.5", 1.5));
    ck_assert(is_double("-.5", -0.5));
    ck_assert(is_double("5.", 5));
    ck_assert(is_double("+1", 1));
    ck_assert(is_double("1e5", 1e5));
    ck_assert(is_double("0x10", 16));
    ck_assert(is_double("0x1p3", 8));
    ck_assert(is_double("inf", INFINITY));
    ck_assert(is_double("-inf", -INFINITY));
    ck_assert(is_double("+Infinity", INFINITY));
    ck_assert(is_double("9007199254740993", 9007199254740992));
    ck_assert(is_double("0.1", 0.1));
    ck_assert(is_double("1e-310", 1e-310));
    ck_assert(is_double("5e-324", 5e-324));
}
END_TEST

START_TEST(text_other_than_a_double_is_refused)
{
    ck_assert(no_double(SLICE("")));
    ck_assert(no_double(slice_of(NULL, 0)));
    ck_assert(no_double(SLICE("-")));
    ck_assert(no_double(SLICE(".")));
    ck_assert(no_double(SLICE("1..2")));
    ck_assert(no_double(SLICE(" 1")));
    ck_assert(no_double(SLICE("\t1")));
    ck_assert(no_double(SLICE("1 ")));
    ck_assert(no_double(SLICE("1\0")));
    ck_assert(no_double(SLICE("1e")));
    ck_assert(no_double(SLICE("1,5")));
    ck_assert(no_double(SLICE("infi")));
    ck_assert(no_double(SLICE("nan")));
    ck_assert(no_double(SLICE("-nan(1)")));
}
END_TEST

START_TEST(a_double_that_overflows_or_underflows_is_refused)
{
    double d = 77;

    ck_assert(!num_parse_double(SLICE("1e400"), &d));
    ck_assert(!num_parse_double(SLICE("-1e400"), &d));
    ck_assert(!num_parse_double(SLICE("1e-400"), &d));
    ck_assert(d == 77);
    ck_assert(no_double(SLICE("1e5000")));
    ck_assert(no_double(SLICE("1e-5000")));
}
END_TEST

START_TEST(long_texts_are_read_completely)
{
    size_t n = 100000;
    char *text = mem_alloc(n);
    double d;

    memset(text, '0', n);
    text[n - 1] = '7';
    ck_assert(num_parse_double(slice_of(text, n), &d) && d == 7);
    text[n - 1] = 'x';
    ck_assert(no_double(slice_of(text, n)));
    mem_free(text);
}
END_TEST

START_TEST(a_long_double_may_have_5119_bytes)
{
    char text[NUM_LD_MAX];
    long double ld;

    memset(text, '0', sizeof(text));
    ck_assert(!num_parse_ld(slice_of(text, sizeof(text)), &ld));
    text[NUM_LD_MAX - 2] = '7';
    ck_assert(num_parse_ld(slice_of(text, sizeof(text) - 1), &ld) && ld == 7);
    ck_assert(num_parse_ld(SLICE("1e400"), &ld) && ld == 1e400L);
    ck_assert(num_parse_ld(SLICE("0.1"), &ld) && ld == 0.1L);
    ck_assert(num_parse_ld(SLICE("-inf"), &ld) && isinf(ld));
}
END_TEST

START_TEST(random_texts_are_read_as_strtod_reads_them)
{
    static const char alphabet[] = "0123456789.-e+x fina";

    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        char text[24];
        size_t n = seed_below(sizeof(text));
        /* Half of the texts have digits and points only; otherwise nearly all would be invalid. */
        size_t letters = i & 1 ? 11 : sizeof(alphabet) - 1;
        double mine = 77, theirs;
        bool good;
        char *end;

        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[seed_below(letters)];
        text[n] = '\0';
        errno = 0;
        theirs = strtod(text, &end);
        good = n > 0 && text[0] != ' ' && end == text + n && !isnan(theirs) &&
               !(errno == ERANGE && (isinf(theirs) || theirs == 0));
        ck_assert_msg(num_parse_double(slice_of(text, n), &mine) == good, "%s", text);
        ck_assert_msg(!good || memcmp(&mine, &theirs, sizeof(mine)) == 0, "%s", text);
    }
}
END_TEST

static const char *shown(double v)
{
    static char text[NUM_DOUBLE_MAX];
    int n = num_format_double(text, v);

    ck_assert_int_lt(n, NUM_DOUBLE_MAX);
    ck_assert_uint_eq(strlen(text), (size_t)n);
    return text;
}

START_TEST(doubles_print_as_in_redis_7_2)
{
    ck_assert_str_eq(shown(0), "0");
    ck_assert_str_eq(shown(-0.0), "-0");
    ck_assert_str_eq(shown(3.0), "3");
    ck_assert_str_eq(shown(-3.0), "-3");
    ck_assert_str_eq(shown(0.1), "0.1");
    ck_assert_str_eq(shown(-1.5), "-1.5");
    ck_assert_str_eq(shown(1e17), "100000000000000000");
    ck_assert_str_eq(shown(4611686018427387904.0), "4611686018427387904");
    ck_assert_str_eq(shown(9223372036854775808.0), "9223372036854776000");
    ck_assert_str_eq(shown(12345678901234567e7), "123456789012345670000000");
    ck_assert_str_eq(shown(12345678901234567e8), "1.2345678901234568e+24");
    ck_assert_str_eq(shown(1e19), "1e+19");
    ck_assert_str_eq(shown(1e300), "1e+300");
    ck_assert_str_eq(shown(-1.5e300), "-1.5e+300");
    ck_assert_str_eq(shown(0.000001), "0.000001");
    ck_assert_str_eq(shown(1e-7), "1e-7");
    ck_assert_str_eq(shown(0.0012345678), "0.0012345678");
    ck_assert_str_eq(shown(0.00012345678), "1.2345678e-4");
    ck_assert_str_eq(shown(1234.12345678), "1234.12345678");
    ck_assert_str_eq(shown(12345.12345678), "1.234512345678e+4");
    ck_assert_str_eq(shown(1700000000.123456), "1700000000.123456");
    ck_assert_str_eq(shown(1700000000.1234567), "1.7000000001234567e+9");
    ck_assert_str_eq(shown(5e-324), "5e-324");
    ck_assert_str_eq(shown(DBL_MAX), "1.7976931348623157e+308");
    ck_assert_str_eq(shown(INFINITY), "inf");
    ck_assert_str_eq(shown(-INFINITY), "-inf");
    ck_assert_str_eq(shown(NAN), "nan");
    ck_assert_str_eq(shown(-NAN), "nan");
}
END_TEST

START_TEST(random_doubles_read_back_unchanged)
{
    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = seed_u64();
        double v, back;

        memcpy(&v, &bits, sizeof(v));
        if (i & 1)
            v = (double)(int64_t)(bits >> 8) / (double)(1 + seed_below(100000));
        if (!isfinite(v))
            continue;
        ck_assert(num_parse_double(slice_str(shown(v)), &back));
        ck_assert_msg(memcmp(&v, &back, sizeof(v)) == 0, "%s", shown(v));
    }
}
END_TEST

static const char *shown_ld(long double v)
{
    static char text[NUM_LD_MAX];
    int n = num_format_ld(text, v);

    ck_assert_uint_eq(strlen(text), (size_t)n);
    return text;
}

START_TEST(long_doubles_print_without_an_exponent_or_trailing_zeros)
{
    ck_assert_str_eq(shown_ld(0), "0");
    ck_assert_str_eq(shown_ld(-0.0L), "0");
    ck_assert_str_eq(shown_ld(10.6L), "10.6");
    ck_assert_str_eq(shown_ld(-10), "-10");
    ck_assert_str_eq(shown_ld(5e3L), "5000");
    ck_assert_str_eq(shown_ld(0.1L + 0.2L), "0.3");
    ck_assert_str_eq(shown_ld(-1e-30L), "0");
    ck_assert_str_eq(shown_ld(1e-17L), "0.00000000000000001");
    ck_assert_str_eq(shown_ld(1e22L), "10000000000000000000000");
    ck_assert_str_eq(shown_ld(INFINITY), "inf");
    ck_assert_str_eq(shown_ld(-INFINITY), "-inf");
    ck_assert_str_eq(shown_ld(NAN), "nan");
    ck_assert_uint_lt(strlen(shown_ld(-LDBL_MAX)), NUM_LD_MAX);
}
END_TEST

/* The documented result, computed with printf. */
static const char *model_ld(long double v)
{
    static char text[NUM_LD_MAX];
    size_t n = (size_t)snprintf(text, sizeof text, "%.17Lf", v);

    while (text[n - 1] == '0')
        n--;
    if (text[n - 1] == '.')
        n--;
    text[n] = '\0';
    return strcmp(text, "-0") == 0 ? "0" : text;
}

START_TEST(random_long_doubles_are_rounded_as_printf_does)
{
    seed_start(__func__);
    for (int i = 0; i < 200000; i++) {
        long double v = ldexpl((long double)(int64_t)seed_u64(), -(int)seed_below(160));

        if (i % 3 == 0)
            v = (double)v;
        if (i % 5 == 0)
            v = (long double)(int64_t)seed_below(1 << 20) / (1 << seed_below(20)); /* ties, and finite decimals */
        ck_assert_str_eq(shown_ld(v), model_ld(v));
    }
}
END_TEST

START_TEST(a_fraction_that_rounds_up_to_one_carries_into_the_integer_part)
{
    ck_assert_str_eq(shown_ld(nextafterl(1, 0)), "1");
    ck_assert_str_eq(shown_ld(nextafterl(-1, 0)), "-1");
    ck_assert_str_eq(shown_ld(0x1p63L), "9223372036854775808");
    ck_assert_str_eq(shown_ld(nextafterl(0x1p63L, 0)), model_ld(nextafterl(0x1p63L, 0)));
    ck_assert_str_eq(shown_ld(0x1p-18L), "0.00000381469726562");
    ck_assert_str_eq(shown_ld(0x1.8p-17L), model_ld(0x1.8p-17L));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("num");
    TCase *tests = tcase_create("num");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, integers_are_read_up_to_their_limits);
    tcase_add_test(tests, integers_beyond_their_limits_are_refused);
    tcase_add_test(tests, any_other_spelling_of_an_integer_is_refused);
    tcase_add_test(tests, an_unsigned_integer_has_no_sign);
    tcase_add_test(tests, a_loose_integer_is_what_strtoull_reads);
    tcase_add_test(tests, a_loose_integer_is_not_empty_negative_or_out_of_range);
    tcase_add_test(tests, random_integers_print_as_printf_does_and_read_back);
    tcase_add_test(tests, integers_around_each_power_of_ten_print_correctly);
    tcase_add_test(tests, doubles_are_read_as_strtod_reads_them);
    tcase_add_test(tests, text_other_than_a_double_is_refused);
    tcase_add_test(tests, a_double_that_overflows_or_underflows_is_refused);
    tcase_add_test(tests, long_texts_are_read_completely);
    tcase_add_test(tests, a_long_double_may_have_5119_bytes);
    tcase_add_test(tests, random_texts_are_read_as_strtod_reads_them);
    tcase_add_test(tests, doubles_print_as_in_redis_7_2);
    tcase_add_test(tests, random_doubles_read_back_unchanged);
    tcase_add_test(tests, long_doubles_print_without_an_exponent_or_trailing_zeros);
    tcase_add_test(tests, random_long_doubles_are_rounded_as_printf_does);
    tcase_add_test(tests, a_fraction_that_rounds_up_to_one_carries_into_the_integer_part);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
