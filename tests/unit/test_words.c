/* SPDX-License-Identifier: BSD-3-Clause */
/* words: splits configuration lines into words, and quotes words. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "conf/words.h"
#include "seed.h"

/* The words of a line, each in brackets, or the error. */
static const char *split(const char *line)
{
    static char shown[256];
    struct words w = WORDS_EMPTY;
    struct buf b = BUF_EMPTY;
    const char *wrong = words_split(&w, slice_str(line));

    for (int i = 0; i < w.n && !wrong; i++)
        buf_printf(&b, "[%s]", w.word[i]);
    if (wrong)
        buf_add_str(&b, wrong);
    snprintf(shown, sizeof(shown), "%s", buf_cstr(&b));
    buf_fini(&b);
    words_fini(&w);
    return shown;
}

START_TEST(words_are_separated_by_white_space)
{
    ck_assert_str_eq(split("save 900 1"), "[save][900][1]");
    ck_assert_str_eq(split("  \t bind  a\tb \r"), "[bind][a][b]");
    ck_assert_str_eq(split(""), "");
    ck_assert_str_eq(split(" \t "), "");
}
END_TEST

START_TEST(double_quotes_may_contain_spaces_and_escapes)
{
    ck_assert_str_eq(split("a \"b c\""), "[a][b c]");
    ck_assert_str_eq(split("a \"\""), "[a][]");
    ck_assert_str_eq(split("\"\\n\\r\\t\\a\\b\\\\\\\"\\x41\\q\""), "[\n\r\t\a\b\\\"Aq]");
    ck_assert_str_eq(split("\"\\x4\""), "[x4]");
    ck_assert_str_eq(split("\"\\xzz\""), "[xzz]");
    ck_assert_str_eq(split("\"it's\""), "[it's]");
}
END_TEST

START_TEST(in_single_quotes_only_a_quote_can_be_escaped)
{
    ck_assert_str_eq(split("'a\\nb'"), "[a\\nb]");
    ck_assert_str_eq(split("'it\\'s'"), "[it's]");
    ck_assert_str_eq(split("'say \"x\"'"), "[say \"x\"]");
}
END_TEST

START_TEST(a_quoted_part_may_begin_inside_a_word)
{
    ck_assert_str_eq(split("a\"b c\""), "[ab c]");
    ck_assert_str_eq(split("a'b c' d"), "[ab c][d]");
}
END_TEST

START_TEST(unclosed_quotes_and_text_after_a_closing_quote_are_refused)
{
    const char *wrong = "Unbalanced quotes in configuration line";

    ck_assert_str_eq(split("a \"b"), wrong);
    ck_assert_str_eq(split("a 'b"), wrong);
    ck_assert_str_eq(split("a \"b\"c"), wrong);
    ck_assert_str_eq(split("a 'b'\"c\""), wrong);
    ck_assert_str_eq(split("a \"b\\\""), wrong);
    ck_assert_str_eq(split("a \"b\\"), wrong);
}
END_TEST

START_TEST(words_with_zero_bytes_are_encoded)
{
    static const struct slice cases[] = {SLICE(""),         SLICE("a"),  SLICE("\0"),
                                         SLICE("a\0b\xff"), SLICE("\1"), SLICE("a\1")};
    struct words w = WORDS_EMPTY;
    struct buf b = BUF_EMPTY;

    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        words_add_bytes(&w, cases[i]);
        b.len = 0;
        words_decode(&b, w.word[i]);
        ck_assert(slice_eq(buf_slice(&b), cases[i]));
    }
    ck_assert(!words_is_encoded(w.word[1]) && words_is_encoded(w.word[2]));
    words_fini(&w);
    ck_assert_ptr_null(words_split(&w, SLICE("a\0b \"c\\x00\"")));
    for (int i = 0; i < 2; i++) {
        b.len = 0;
        words_decode(&b, w.word[i]);
        ck_assert(slice_eq(buf_slice(&b), i == 0 ? SLICE("a\0b") : SLICE("c\0")));
    }
    words_fini(&w);
    buf_fini(&b);
}
END_TEST

START_TEST(plain_splitting_ignores_quotes)
{
    struct words w = WORDS_EMPTY;

    words_split_plain(&w, SLICE("a 'b c\""));
    ck_assert_int_eq(w.n, 3);
    ck_assert_str_eq(w.word[1], "'b");
    words_fini(&w);
    words_split_plain(&w, SLICE(""));
    ck_assert_int_eq(w.n, 0);
    words_fini(&w);
}
END_TEST

START_TEST(a_word_is_quoted_only_if_necessary)
{
    static const char *const cases[][2] = {
        {"plain", "plain"}, {"", "\"\""},
        {"a b", "\"a b\""}, {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"#x", "\"#x\""},   {"\n\t\x01", "\"\\n\\t\\x01\""},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b = BUF_EMPTY;

        words_quote(&b, slice_str(cases[i][0]));
        ck_assert_str_eq(buf_cstr(&b), cases[i][1]);
        buf_fini(&b);
    }
}
END_TEST

START_TEST(random_words_are_read_back_after_quoting)
{
    seed_start("words");
    for (int round = 0; round < 2000; round++) {
        char word[2][20];
        struct words w = WORDS_EMPTY;
        struct buf b = BUF_EMPTY;

        for (int i = 0; i < 2; i++) {
            size_t n = seed_u64() % sizeof(word[i]);

            for (size_t j = 0; j < n; j++)
                word[i][j] = (char)(1 + seed_u64() % 255);
            word[i][n ? n - 1 : 0] = '\0';
            words_quote(&b, slice_str(word[i]));
            buf_add_char(&b, ' ');
        }
        ck_assert_ptr_null(words_split(&w, buf_slice(&b)));
        ck_assert_int_eq(w.n, 2);
        for (int i = 0; i < 2; i++) {
            b.len = 0;
            words_decode(&b, w.word[i]);
            ck_assert_str_eq(buf_cstr(&b), word[i]);
        }
        words_fini(&w);
        buf_fini(&b);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("words");
    TCase *tests = tcase_create("words");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, words_are_separated_by_white_space);
    tcase_add_test(tests, double_quotes_may_contain_spaces_and_escapes);
    tcase_add_test(tests, in_single_quotes_only_a_quote_can_be_escaped);
    tcase_add_test(tests, a_quoted_part_may_begin_inside_a_word);
    tcase_add_test(tests, unclosed_quotes_and_text_after_a_closing_quote_are_refused);
    tcase_add_test(tests, words_with_zero_bytes_are_encoded);
    tcase_add_test(tests, plain_splitting_ignores_quotes);
    tcase_add_test(tests, a_word_is_quoted_only_if_necessary);
    tcase_add_test(tests, random_words_are_read_back_after_quoting);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
