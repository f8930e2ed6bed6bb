/* SPDX-License-Identifier: BSD-3-Clause */
/* string: operations on plain bytes for the string commands. */
#include <stdlib.h>

#include "checks.h"
#include "types/string.h"

static bool is_range(const char *text, int64_t start, int64_t end, const char *expected)
{
    return slice_eq(string_range(slice_str(text), start, end), slice_str(expected));
}

START_TEST(ranges_are_inclusive_and_negative_ones_count_from_the_end)
{
    ck_assert(is_range("This is a string", 0, 3, "This"));
    ck_assert(is_range("This is a string", -3, -1, "ing"));
    ck_assert(is_range("This is a string", 0, -1, "This is a string"));
    ck_assert(is_range("This is a string", 10, 100, "string"));
    ck_assert(is_range("abc", 1, 1, "b"));
}
END_TEST

START_TEST(ranges_without_bytes_are_empty)
{
    ck_assert(is_range("", 0, -1, ""));
    ck_assert(is_range("", 0, 0, ""));
    ck_assert(is_range("abc", 2, 1, ""));
    ck_assert(is_range("abc", 3, 5, ""));
    ck_assert(is_range("abc", -1, -2, ""));
}
END_TEST

START_TEST(positions_outside_are_clamped)
{
    ck_assert(is_range("abc", -100, 1, "ab"));
    ck_assert(is_range("abc", 0, -100, "a"));
    ck_assert(is_range("abc", -100, -99, "a"));
    ck_assert(is_range("abc", 1, -100, ""));
    /* Two negative numbers in the wrong order are always an empty range. */
    ck_assert(is_range("abc", -99, -100, ""));
}
END_TEST

START_TEST(extreme_numbers_do_not_overflow)
{
    ck_assert(is_range("abc", INT64_MIN, INT64_MAX, "abc"));
    ck_assert(is_range("abc", INT64_MAX, INT64_MIN, ""));
    ck_assert(is_range("abc", INT64_MIN, INT64_MIN, "a"));
    ck_assert(is_range("abc", INT64_MAX, INT64_MAX, ""));
}
END_TEST

START_TEST(sums_that_overflow_are_refused)
{
    int64_t sum = 77;

    ck_assert(string_add(40, 2, &sum) && sum == 42);
    ck_assert(string_add(INT64_MAX, INT64_MIN, &sum) && sum == -1);
    ck_assert(string_add(INT64_MAX - 1, 1, &sum) && sum == INT64_MAX);
    ck_assert(!string_add(INT64_MAX, 1, &sum) && sum == INT64_MAX);
    ck_assert(!string_add(INT64_MIN, -1, &sum) && sum == INT64_MAX);
}
END_TEST

START_TEST(digests_are_as_documented)
{
    char digest[STRING_DIGEST_LEN];

    string_digest(SLICE("Hello world"), digest);
    ck_assert(slice_eq(slice_of(digest, sizeof(digest)), SLICE("b6acb9d84a38ff74")));
    string_digest(SLICE("test"), digest);
    ck_assert(slice_eq(slice_of(digest, sizeof(digest)), SLICE("9ec9f7918d7dfc40")));
    string_digest(SLICE("Hello, Dragonfly!"), digest);
    ck_assert(slice_eq(slice_of(digest, sizeof(digest)), SLICE("063b4909128e92b7")));
    string_digest(slice_of(NULL, 0), digest);
    ck_assert(slice_eq(slice_of(digest, sizeof(digest)), SLICE("2d06800538d394c2")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("string");
    TCase *tests = tcase_create("string");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, ranges_are_inclusive_and_negative_ones_count_from_the_end);
    tcase_add_test(tests, ranges_without_bytes_are_empty);
    tcase_add_test(tests, positions_outside_are_clamped);
    tcase_add_test(tests, extreme_numbers_do_not_overflow);
    tcase_add_test(tests, sums_that_overflow_are_refused);
    tcase_add_test(tests, digests_are_as_documented);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
