/* SPDX-License-Identifier: BSD-3-Clause */
/* lcs: the longest common subsequence of two strings. */
#include <stdlib.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "checks.h"
#include "seed.h"
#include "types/lcs.h"

START_TEST(the_documented_example_gives_the_documented_result)
{
    struct lcs *l = lcs_new(SLICE("ohmytext"), SLICE("mynewtext"));
    struct lcs_match m;
    char text[6];
    size_t length;

    ck_assert_uint_eq(lcs_size(l), 6);
    lcs_copy(l, text);
    ck_assert(slice_eq(slice_of(text, 6), SLICE("mytext")));
    ck_assert(lcs_next(l, &m));
    ck_assert(m.a_first == 4 && m.a_last == 7 && m.b_first == 5 && m.b_last == 8);
    ck_assert(lcs_next(l, &m));
    ck_assert(m.a_first == 2 && m.a_last == 3 && m.b_first == 0 && m.b_last == 1);
    ck_assert(!lcs_next(l, &m));
    ck_assert(!lcs_next(l, &m));
    lcs_free(l);
    ck_assert(lcs_length(SLICE("ohmytext"), SLICE("mynewtext"), &length) && length == 6);
}
END_TEST

START_TEST(empty_strings_have_nothing_in_common)
{
    struct slice pairs[][2] = {
        {SLICE(""), SLICE("")}, {SLICE("a"), SLICE("")}, {SLICE(""), SLICE("a")}, {SLICE("abc"), SLICE("xyz")}};

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        struct lcs *l = lcs_new(pairs[i][0], pairs[i][1]);
        struct lcs_match m;
        char nothing;
        size_t length = 77;

        ck_assert_uint_eq(lcs_size(l), 0);
        ck_assert(!lcs_next(l, &m));
        lcs_copy(l, &nothing);
        lcs_free(l);
        ck_assert(lcs_length(pairs[i][0], pairs[i][1], &length) && length == 0);
    }
}
END_TEST

START_TEST(equal_strings_match_in_one_range)
{
    static char text[1000];
    struct slice s = slice_of(text, sizeof(text));
    struct lcs *l;
    struct lcs_match m;

    seed_start(__func__);
    seed_bytes(text, sizeof(text));
    l = lcs_new(s, s);
    ck_assert(lcs_next(l, &m));
    ck_assert(m.a_first == 0 && m.a_last == 999 && m.b_first == 0 && m.b_last == 999);
    ck_assert(!lcs_next(l, &m));
    lcs_free(l);
}
END_TEST

START_TEST(the_size_of_the_table_of_redis_is_computed_without_overflow)
{
    ck_assert_uint_eq(lcs_table_size(SLICE(""), SLICE("")), 4);
    ck_assert_uint_eq(lcs_table_size(SLICE("abc"), SLICE("xy")), 48);
    ck_assert_uint_eq(lcs_table_size(slice_of(NULL, (size_t)1 << 31), slice_of(NULL, (size_t)1 << 31)), UINT64_MAX);
    ck_assert_uint_eq(lcs_table_size(slice_of(NULL, SIZE_MAX - 1), slice_of(NULL, 5)), UINT64_MAX);
}
END_TEST

START_TEST(all_memory_is_freed)
{
    size_t before = mem_used();
    size_t length;

    lcs_free(lcs_new(SLICE("some text"), SLICE("some other text")));
    ck_assert(lcs_length(SLICE("some text"), SLICE("some other text"), &length));
    lcs_free(NULL);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

static long highest_kb(void)
{
    struct rusage usage;

    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

START_TEST(bytes_that_only_one_string_has_need_no_row)
{
    size_t n = 8 << 20;
    char *text = malloc(n);
    struct lcs *l;
    long before;

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)i;
    before = highest_kb();
    l = lcs_new(SLICE("ab"), slice_of(text, n));
    ck_assert_uint_eq(lcs_size(l), 2);
    lcs_free(l);
    ck_assert_int_lt(highest_kb() - before, 64 << 10); /* a row is a megabyte */
    free(text);
}
END_TEST

/* The naive twin: the whole table, and the path back through it that prefers to shorten b. */
#define TWIN_MAX 300
static unsigned table[TWIN_MAX + 1][TWIN_MAX + 1];

static void fill_table(struct slice a, struct slice b)
{
    for (size_t i = 1; i <= a.n; i++) {
        for (size_t j = 1; j <= b.n; j++) {
            unsigned above = table[i - 1][j], left = table[i][j - 1];

            table[i][j] = a.p[i - 1] == b.p[j - 1] ? table[i - 1][j - 1] + 1 : above > left ? above : left;
        }
    }
}

static void check_against_table(struct slice a, struct slice b)
{
    struct lcs *l = lcs_new(a, b);
    struct lcs_match m = {0};
    size_t i = a.n, j = b.n, length, seen = 0;
    char text[TWIN_MAX];

    fill_table(a, b);
    ck_assert_uint_eq(lcs_size(l), table[a.n][b.n]);
    ck_assert(lcs_length(a, b, &length) && length == table[a.n][b.n]);
    lcs_copy(l, text);
    while (i > 0 && j > 0) {
        if (a.p[i - 1] != b.p[j - 1]) {
            if (table[i - 1][j] > table[i][j - 1])
                i--;
            else
                j--;
            continue;
        }
        ck_assert(lcs_next(l, &m));
        ck_assert_uint_eq(m.a_last, i - 1);
        ck_assert_uint_eq(m.b_last, j - 1);
        for (; i > 0 && j > 0 && a.p[i - 1] == b.p[j - 1]; i--, j--)
            ck_assert_int_eq(text[length - ++seen], a.p[i - 1]);
        ck_assert_uint_eq(m.a_first, i);
        ck_assert_uint_eq(m.b_first, j);
    }
    ck_assert(!lcs_next(l, &m));
    ck_assert_uint_eq(seen, length);
    lcs_free(l);
}

START_TEST(random_strings_agree_with_the_textbook_table)
{
    seed_start(__func__);
    for (int round = 0; round < 500; round++) {
        char a[TWIN_MAX], b[TWIN_MAX];
        size_t max = round % 3 == 0 ? TWIN_MAX : 70;
        size_t n = seed_below(max + 1), m = seed_below(max + 1);
        uint64_t letters = 1 + seed_below(round % 2 ? 4 : 256);

        for (size_t i = 0; i < n; i++)
            a[i] = (char)seed_below(letters);
        for (size_t j = 0; j < m; j++)
            b[j] = (char)seed_below(letters);
        check_against_table(slice_of(a, n), slice_of(b, m));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lcs");
    TCase *tests = tcase_create("lcs");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_documented_example_gives_the_documented_result);
    tcase_add_test(tests, empty_strings_have_nothing_in_common);
    tcase_add_test(tests, equal_strings_match_in_one_range);
    tcase_add_test(tests, the_size_of_the_table_of_redis_is_computed_without_overflow);
    tcase_add_test(tests, all_memory_is_freed);
    tcase_add_test(tests, bytes_that_only_one_string_has_need_no_row);
    tcase_add_test(tests, random_strings_agree_with_the_textbook_table);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
