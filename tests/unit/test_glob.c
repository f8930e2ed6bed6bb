/* SPDX-License-Identifier: BSD-3-Clause */
/* glob: the patterns of KEYS, SCAN MATCH, CONFIG GET and PSUBSCRIBE. */
#include <stdlib.h>

#include "base/glob.h"
#include "base/mem.h"
#include "checks.h"
#include "seed.h"

#define MATCHES(pattern, text) ck_assert(glob_match(SLICE(pattern), SLICE(text), false))
#define DIFFERS(pattern, text) ck_assert(!glob_match(SLICE(pattern), SLICE(text), false))

START_TEST(plain_text_matches_only_itself)
{
    MATCHES("key", "key");
    DIFFERS("key", "ke");
    DIFFERS("key", "keys");
    DIFFERS("key", "Key");
    MATCHES("a\0b", "a\0b");
    DIFFERS("a\0b", "a\0c");
}
END_TEST

START_TEST(a_question_mark_matches_exactly_one_byte)
{
    MATCHES("h?llo", "hello");
    MATCHES("h?llo", "h\0llo");
    DIFFERS("h?llo", "hllo");
    DIFFERS("h?llo", "heello");
}
END_TEST

START_TEST(a_star_matches_any_number_of_bytes)
{
    MATCHES("*", "anything");
    MATCHES("h*llo", "hllo");
    MATCHES("h*llo", "heeeello");
    MATCHES("a**b", "ab");
    MATCHES("a*", "a");
    MATCHES("*a*b*c", "xaxbxaxbxc");
    DIFFERS("h*llo", "hell");
    DIFFERS("*a*b*c", "xaxbxaxbxcx");
}
END_TEST

START_TEST(only_the_empty_pattern_matches_an_empty_text)
{
    MATCHES("", "");
    DIFFERS("*", "");
    DIFFERS("**", "");
    DIFFERS("?", "");
    DIFFERS("[^a]", "");
    DIFFERS("", "a");
}
END_TEST

START_TEST(a_class_matches_one_of_its_bytes)
{
    MATCHES("h[ae]llo", "hallo");
    MATCHES("h[ae]llo", "hello");
    DIFFERS("h[ae]llo", "hillo");
    MATCHES("[a-c]", "b");
    MATCHES("[a-c-]", "-");
    DIFFERS("[a-c]", "d");
    DIFFERS("[a-c]", "bb");
}
END_TEST

START_TEST(a_caret_negates_a_class)
{
    MATCHES("h[^e]llo", "hallo");
    DIFFERS("h[^e]llo", "hello");
    DIFFERS("[^a-c]", "b");
    MATCHES("[^^]", "a");
    DIFFERS("[^^]", "^");
    MATCHES("[a^]", "^");
}
END_TEST

START_TEST(an_empty_class_matches_nothing_and_its_negation_everything)
{
    DIFFERS("[]", "a");
    DIFFERS("[]", "]");
    DIFFERS("[]a]", "a");
    MATCHES("[^]", "a");
    MATCHES("[^]b", "ab");
}
END_TEST

START_TEST(an_unclosed_class_ends_with_the_pattern)
{
    MATCHES("[ab", "b");
    DIFFERS("[ab", "c");
    DIFFERS("[", "[");
    MATCHES("[^", "a");
    DIFFERS("[^ab", "b");
    MATCHES("[a-", "-");
    MATCHES("[a-", "a");
    DIFFERS("[a-", "b");
    MATCHES("x[\\", "x\\");
}
END_TEST

START_TEST(a_range_may_be_reversed)
{
    MATCHES("[c-a]", "b");
    DIFFERS("[c-a]", "d");
}
END_TEST

START_TEST(a_range_may_end_with_a_bracket_or_a_backslash)
{
    MATCHES("[Z-]]", "[");
    MATCHES("[Z-]]", "]");
    MATCHES("[Z-\\]", "[");
    DIFFERS("[Z-\\]", "a");
}
END_TEST

START_TEST(bytes_above_127_sort_before_the_others_in_a_range)
{
    MATCHES("[\x80-\xff]", "\xc3");
    DIFFERS("[\x80-\xff]", "a");
    /* From 0xfe, which is -2 as a signed byte, to 'a'. */
    MATCHES("[a-\xfe]", "A");
    MATCHES("[a-\xfe]", "\xff");
    DIFFERS("[a-\xfe]", "b");
}
END_TEST

START_TEST(a_backslash_makes_the_next_byte_literal)
{
    MATCHES("\\*", "*");
    DIFFERS("\\*", "a");
    MATCHES("\\?\\[a", "?[a");
    MATCHES("\\\\", "\\");
    MATCHES("\\a", "a");
    MATCHES("[\\]]", "]");
    MATCHES("[a\\-c]", "-");
    DIFFERS("[a\\-c]", "b");
    MATCHES("[\\^a]", "^");
}
END_TEST

START_TEST(a_backslash_at_the_end_stands_for_itself)
{
    MATCHES("a\\", "a\\");
    DIFFERS("a\\", "a");
}
END_TEST

START_TEST(case_is_ignored_on_request_except_after_a_backslash_in_a_class)
{
    ck_assert(glob_match(SLICE("MAX*[A-C]?"), SLICE("maxmemory-bX"), true));
    ck_assert(glob_match(SLICE("\\A"), SLICE("a"), true));
    ck_assert(glob_match(SLICE("[XYZ]"), SLICE("y"), true));
    ck_assert(!glob_match(SLICE("[\\A]"), SLICE("a"), true));
    ck_assert(glob_match(SLICE("[\\A]"), SLICE("A"), true));
    ck_assert(!glob_match(SLICE("[Z-a]"), SLICE("z"), true));
    ck_assert(!glob_match(SLICE("[A-C]"), SLICE("d"), true));
}
END_TEST

START_TEST(many_stars_do_not_take_exponential_time)
{
    size_t n = 100000;
    char *text = mem_alloc(n);

    memset(text, 'a', n);
    ck_assert(!glob_match(SLICE("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"), slice_of(text, n), false));
    ck_assert(!glob_match(SLICE("*a?a*a[a-z]a*aaaa*?*a*a\\a*a*a*[^a]*a"), slice_of(text, n), false));
    mem_free(text);
}
END_TEST

/* The steps to match a text are bounded by the normal form, not by the pattern. */
START_TEST(runs_of_stars_and_long_classes_are_short_in_the_normal_form)
{
    size_t n = 1000000;
    char *text = mem_alloc(n);
    struct glob g;

    memset(text, '*', n);
    text[0] = 'a';
    text[n / 2] = 'x';
    text[n - 1] = 'b';
    glob_init(&g, slice_of(text, n), false);
    ck_assert(slice_eq(g.pattern, SLICE("a*x*b")));
    ck_assert_uint_eq(g.min, 3);
    ck_assert(glob_matches(&g, SLICE("axb")) && glob_matches(&g, SLICE("a--x--b")));
    ck_assert(!glob_matches(&g, SLICE("ab")) && !glob_matches(&g, SLICE("a--b")));
    glob_fini(&g);

    memset(text, 'q', n);
    text[0] = '[';
    text[1] = '^';
    text[n - 2] = ']';
    text[n - 1] = '?';
    glob_init(&g, slice_of(text, n), false);
    ck_assert_uint_le(g.pattern.n, 35);
    ck_assert_uint_eq(g.min, 2);
    ck_assert(glob_matches(&g, SLICE("ab")) && !glob_matches(&g, SLICE("qb")) && !glob_matches(&g, SLICE("a")));
    glob_fini(&g);
    mem_free(text);
}
END_TEST

START_TEST(a_pattern_that_is_longer_than_the_text_is_not_read)
{
    struct glob g;

    glob_init(&g, SLICE("*a*?[bc]\\d*"), false);
    ck_assert_uint_eq(g.min, 4);
    ck_assert_ptr_null(g.owned);
    glob_fini(&g);
    glob_init(&g, SLICE("**a[]"), false);
    ck_assert_uint_eq(g.min, SIZE_MAX);
    glob_fini(&g);
}
END_TEST

START_TEST(a_long_literal_between_stars_takes_linear_time)
{
    size_t n = 1000000;
    char *text = mem_alloc(n + n / 2 + 3);
    char *pattern = text + n;

    memset(text, 'a', n);
    memset(pattern, 'a', n / 2 + 2);
    pattern[0] = '*';
    pattern[n / 2 + 1] = 'b';
    pattern[n / 2 + 2] = '*';
    ck_assert(!glob_match(slice_of(pattern, n / 2 + 3), slice_of(text, n), false));
    mem_free(text);
}
END_TEST

/*
 * A naive model: expands the first item of the pattern to the set of bytes that it matches, and tries every length for
 * a star. Written from the rules in glob.h; exponential, and so for short patterns only.
 */
struct item {
    bool star;
    bool takes[256];
};

static int fold(int c, bool ignore_case)
{
    return ignore_case && c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Bytes compare as signed. */
static void add(struct item *item, const char *bytes, size_t n, bool ignore_case)
{
    const signed char *p = (const signed char *)bytes;

    for (int c = 0; c < 256; c++) {
        if (n == 1)
            item->takes[c] |= fold(c, ignore_case) == fold((unsigned char)p[0], ignore_case);
        else if (ignore_case)
            item->takes[c] |= (fold(c, true) - fold((unsigned char)(p[0] < p[2] ? p[0] : p[2]), true) >= 0 &&
                               fold((unsigned char)(p[0] < p[2] ? p[2] : p[0]), true) - fold(c, true) >= 0);
        else
            item->takes[c] |= ((signed char)c >= p[0] && (signed char)c <= p[2]) ||
                              ((signed char)c >= p[2] && (signed char)c <= p[0]);
    }
}

static size_t class_item(const char *p, size_t n, bool ignore_case, struct item *item)
{
    bool negated = n > 0 && p[0] == '^';
    size_t i = negated;

    while (i < n && p[i] != ']') {
        size_t size = 1;

        if (p[i] == '\\' && i + 1 < n) {
            add(item, p + i + 1, 1, false);
            size = 2;
        } else if (i + 2 < n && p[i + 1] == '-') {
            add(item, p + i, size = 3, ignore_case);
        } else {
            add(item, p + i, 1, ignore_case);
        }
        i += size;
    }
    for (int c = 0; c < 256; c++)
        item->takes[c] ^= negated;
    return i < n ? i + 1 : n;
}

static size_t first_item(const char *p, size_t n, bool ignore_case, struct item *item)
{
    memset(item, 0, sizeof(*item));
    if (p[0] == '*' || p[0] == '?') {
        item->star = p[0] == '*';
        memset(item->takes, true, sizeof(item->takes));
        return 1;
    }
    if (p[0] == '[')
        return 1 + class_item(p + 1, n - 1, ignore_case, item);
    if (p[0] == '\\' && n > 1) {
        add(item, p + 1, 1, ignore_case);
        return 2;
    }
    add(item, p, 1, ignore_case);
    return 1;
}

static bool model(const char *p, size_t n, const char *t, size_t m, bool ignore_case)
{
    struct item item;
    size_t size;

    if (n == 0)
        return m == 0;
    size = first_item(p, n, ignore_case, &item);
    if (item.star) {
        for (size_t k = 0; k <= m; k++) {
            if (model(p + size, n - size, t + k, m - k, ignore_case))
                return true;
        }
        return false;
    }
    return m > 0 && item.takes[(unsigned char)t[0]] && model(p + size, n - size, t + 1, m - 1, ignore_case);
}

static size_t random_text(char *p, size_t max)
{
    static const char alphabet[] = "aab*?[]^-\\AZ\xfe\x80";
    size_t n = seed_below(max + 1);

    for (size_t i = 0; i < n; i++)
        p[i] = alphabet[seed_below(sizeof(alphabet) - 1)];
    return n;
}

START_TEST(random_patterns_agree_with_a_naive_matcher)
{
    unsigned matched = 0;

    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        char p[12], t[8];
        size_t n = random_text(p, sizeof(p));
        size_t m = random_text(t, sizeof(t));
        bool ignore_case = i & 1;
        bool expected = m == 0 ? n == 0 : model(p, n, t, m, ignore_case);

        matched += expected;
        ck_assert_msg(glob_match(slice_of(p, n), slice_of(t, m), ignore_case) == expected, "%.*s on %.*s", (int)n, p,
                      (int)m, t);
    }
    ck_assert_uint_gt(matched, 1000);
}
END_TEST

/* As above, with stars in runs and classes that are long enough to become bitmaps. */
START_TEST(random_patterns_with_long_classes_agree_with_a_naive_matcher)
{
    unsigned matched = 0, owned = 0;

    seed_start(__func__);
    for (int i = 0; i < 1000; i++) {
        char p[120], t[8];
        size_t n = 0, m = random_text(t, sizeof(t));
        bool ignore_case = i & 1, expected;
        struct glob g;

        for (int parts = 1 + (int)seed_below(3); parts > 0; parts--) {
            if (seed_below(2) == 0)
                p[n++] = '*';
            p[n++] = '[';
            for (size_t size = 20 + seed_below(16), from = n; n < from + size;)
                n += random_text(p + n, from + size - n);
        }
        expected = m == 0 ? n == 0 : model(p, n, t, m, ignore_case);
        glob_init(&g, slice_of(p, n), ignore_case);
        matched += expected;
        owned += g.owned != NULL;
        ck_assert_msg(glob_matches(&g, slice_of(t, m)) == expected, "%.*s on %.*s", (int)n, p, (int)m, t);
        glob_fini(&g);
    }
    ck_assert_uint_gt(matched, 10);
    ck_assert_uint_gt(owned, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("glob");
    TCase *tests = tcase_create("glob");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, plain_text_matches_only_itself);
    tcase_add_test(tests, a_question_mark_matches_exactly_one_byte);
    tcase_add_test(tests, a_star_matches_any_number_of_bytes);
    tcase_add_test(tests, only_the_empty_pattern_matches_an_empty_text);
    tcase_add_test(tests, a_class_matches_one_of_its_bytes);
    tcase_add_test(tests, a_caret_negates_a_class);
    tcase_add_test(tests, an_empty_class_matches_nothing_and_its_negation_everything);
    tcase_add_test(tests, an_unclosed_class_ends_with_the_pattern);
    tcase_add_test(tests, a_range_may_be_reversed);
    tcase_add_test(tests, a_range_may_end_with_a_bracket_or_a_backslash);
    tcase_add_test(tests, bytes_above_127_sort_before_the_others_in_a_range);
    tcase_add_test(tests, a_backslash_makes_the_next_byte_literal);
    tcase_add_test(tests, a_backslash_at_the_end_stands_for_itself);
    tcase_add_test(tests, case_is_ignored_on_request_except_after_a_backslash_in_a_class);
    tcase_add_test(tests, many_stars_do_not_take_exponential_time);
    tcase_add_test(tests, runs_of_stars_and_long_classes_are_short_in_the_normal_form);
    tcase_add_test(tests, a_pattern_that_is_longer_than_the_text_is_not_read);
    tcase_add_test(tests, a_long_literal_between_stars_takes_linear_time);
    tcase_add_test(tests, random_patterns_agree_with_a_naive_matcher);
    tcase_add_test(tests, random_patterns_with_long_classes_agree_with_a_naive_matcher);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
