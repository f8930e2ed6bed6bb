/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb_source: reads the primitives of Redis's format from untrusted input. */
#include <lzf.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>

#include "checks.h"
#include "persist/rdb_source.h"
#include "seed.h"

static bool length_of(struct slice bytes, uint64_t *n, size_t *left)
{
    struct rdb_source from = rdb_source_of(bytes);
    bool good = rdb_get_length(&from, n);

    *left = rdb_left(&from);
    return good;
}

START_TEST(lengths_have_four_forms)
{
    uint64_t n;
    size_t left;

    ck_assert(length_of(SLICE("\x00"), &n, &left) && n == 0 && left == 0);
    ck_assert(length_of(SLICE("\x3f."), &n, &left) && n == 63 && left == 1);
    ck_assert(length_of(SLICE("\x40\x40"), &n, &left) && n == 64 && left == 0);
    ck_assert(length_of(SLICE("\x7f\xff"), &n, &left) && n == 16383);
    ck_assert(length_of(SLICE("\x80\x12\x34\x56\x78"), &n, &left) && n == 0x12345678);
    ck_assert(length_of(SLICE("\x81\x12\x34\x56\x78\x9a\xbc\xde\xf0"), &n, &left) && n == 0x123456789abcdef0);
    /* longer forms than necessary are valid */
    ck_assert(length_of(SLICE("\x80\0\0\0\1"), &n, &left) && n == 1);
}
END_TEST

START_TEST(invalid_lengths_are_refused)
{
    uint64_t n;
    size_t left;

    ck_assert(!length_of(SLICE(""), &n, &left));
    ck_assert(!length_of(SLICE("\x40"), &n, &left));
    ck_assert(!length_of(SLICE("\x80\0\0\0"), &n, &left));
    ck_assert(!length_of(SLICE("\x81\0\0\0\0\0\0\0"), &n, &left));
    for (unsigned first = 0x82; first < 256; first++) {
        char bytes[] = {(char)first, 0, 0, 0, 0, 0, 0, 0, 0};

        ck_assert(!length_of(slice_of(bytes, sizeof bytes), &n, &left));
    }
}
END_TEST

/* Whether the expected string is read, and no byte is left. */
static bool reads_as(struct slice bytes, struct slice expected)
{
    struct rdb_source from = rdb_source_of(bytes);
    struct rdb_string s = {0};
    bool good = rdb_get_string(&from, &s) && slice_eq(s.s, expected) && rdb_left(&from) == 0;

    rdb_string_fini(&s);
    return good;
}

static bool is_refused(struct slice bytes)
{
    struct rdb_source from = rdb_source_of(bytes);
    struct rdb_string s = {0};
    bool good = rdb_get_string(&from, &s);

    rdb_string_fini(&s);
    return !good;
}

START_TEST(strings_may_be_plain_integers_or_compressed)
{
    ck_assert(reads_as(SLICE("\x00"), SLICE("")));
    ck_assert(reads_as(SLICE("\x03" "abc"), SLICE("abc")));
    ck_assert(reads_as(SLICE("\x40\x03" "abc"), SLICE("abc")));
    ck_assert(reads_as(SLICE("\xc0\x80"), SLICE("-128")));
    ck_assert(reads_as(SLICE("\xc1\x00\x80"), SLICE("-32768")));
    ck_assert(reads_as(SLICE("\xc2\xff\xff\xff\x7f"), SLICE("2147483647")));
    ck_assert(reads_as(SLICE("\xc3\x05\x14\0a\xe0\x0a\0"), SLICE("aaaaaaaaaaaaaaaaaaaa")));
}
END_TEST

START_TEST(strings_that_end_too_early_are_refused)
{
    ck_assert(is_refused(SLICE("")));
    ck_assert(is_refused(SLICE("\x04" "abc")));
    ck_assert(is_refused(SLICE("\xc0")));
    ck_assert(is_refused(SLICE("\xc1\0")));
    ck_assert(is_refused(SLICE("\xc2\0\0\0")));
    ck_assert(is_refused(SLICE("\xc3\x05\x14\0a\xe0\x0a")));
    ck_assert(is_refused(SLICE("\xc4\0\0\0\0")));
    ck_assert(is_refused(SLICE("\x81\xff\xff\xff\xff\xff\xff\xff\xff" "abc")));
}
END_TEST

START_TEST(compressed_strings_with_a_wrong_length_are_refused)
{
    ck_assert(is_refused(SLICE("\xc3\x05\x13\0a\xe0\x0a\0")));
    ck_assert(is_refused(SLICE("\xc3\x05\x15\0a\xe0\x0a\0")));
    ck_assert(is_refused(SLICE("\xc3\x05\0\0a\xe0\x0a\0")));
    ck_assert(is_refused(SLICE("\xc3\0\x05")));
    ck_assert(is_refused(SLICE("\xc3\x06\x06\2abc\x20\x03"))); /* a reference to before the beginning */
}
END_TEST

START_TEST(no_memory_is_allocated_beyond_what_lzf_can_expand_to)
{
    /* 5 compressed bytes, which expand to at most 88 times as many, with a length of 2^31 and of 2^40 */
    ck_assert(is_refused(SLICE("\xc3\x05\x80\x80\0\0\0\0a\xe0\x0a\0")));
    ck_assert(is_refused(SLICE("\xc3\x05\x81\0\0\1\0\0\0\0\0\0a\xe0\x0a\0")));
}
END_TEST

START_TEST(strings_compressed_by_lzf_are_read)
{
    seed_start(__func__);
    for (int round = 0; round < 2000; round++) {
        char text[1000], bytes[3 + 2 + sizeof text];
        size_t n = 30 + seed_below(sizeof text - 30), packed;

        for (size_t i = 0; i < n; i++)
            text[i] = (char)('a' + seed_below(2) * seed_below(3));
        packed = lzf_compress(text, (unsigned)n, bytes + 5, (unsigned)n - 4);
        if (packed == 0)
            continue;
        bytes[0] = (char)0xc3;
        bytes[1] = (char)(0x40 | packed >> 8);
        bytes[2] = (char)packed;
        bytes[3] = (char)(0x40 | n >> 8);
        bytes[4] = (char)n;
        ck_assert(reads_as(slice_of(bytes, 5 + packed), slice_of(text, n)));
    }
}
END_TEST

START_TEST(an_rdb_string_can_be_reused)
{
    struct rdb_source from = rdb_source_of(SLICE("\xc3\x05\x14\0a\xe0\x0a\0\x01x\xc3\x06\x06\2abc\x20\2\xc0\x07"));
    struct rdb_string s = {0};

    ck_assert(rdb_get_string(&from, &s) && s.s.n == 20);
    ck_assert(rdb_get_string(&from, &s) && slice_eq(s.s, SLICE("x")));
    ck_assert(rdb_get_string(&from, &s) && slice_eq(s.s, SLICE("abcabc")));
    ck_assert(rdb_get_string(&from, &s) && slice_eq(s.s, SLICE("7")));
    ck_assert(!rdb_get_string(&from, &s));
    rdb_string_fini(&s);
}
END_TEST

static bool text_double_of(struct slice bytes, double *v)
{
    struct rdb_source from = rdb_source_of(bytes);

    return rdb_get_text_double(&from, v);
}

START_TEST(scores_in_text_form_have_special_lengths)
{
    double v;

    ck_assert(text_double_of(SLICE("\x03" "1.5"), &v) && v == 1.5);
    ck_assert(text_double_of(SLICE("\xff"), &v) && v == -INFINITY);
    ck_assert(text_double_of(SLICE("\xfe"), &v) && v == INFINITY);
    ck_assert(text_double_of(SLICE("\xfd"), &v) && isnan(v));
    ck_assert(!text_double_of(SLICE(""), &v));
    ck_assert(!text_double_of(SLICE("\x04" "1.5"), &v));
    ck_assert(!text_double_of(SLICE("\x03" "abc"), &v));
    ck_assert(!text_double_of(SLICE("\x00"), &v));
}
END_TEST

START_TEST(numbers_of_eight_bytes_are_little_endian)
{
    struct rdb_source from = rdb_source_of(SLICE("\1\2\0\0\0\0\0\x80\0\0\0\0\0\0\xf8\x3f\0"));
    uint64_t u;
    double v;

    ck_assert(rdb_get_u64(&from, &u) && u == 0x8000000000000201);
    ck_assert(rdb_get_double(&from, &v) && v == 1.5);
    ck_assert(!rdb_get_double(&from, &v));
    ck_assert(!rdb_get_u64(&from, &u));
}
END_TEST

START_TEST(a_position_behind_the_end_fails_an_assertion)
{
    static const char bytes[2] = {1, 1};
    struct rdb_source from = {.at = bytes + 1, .end = bytes};
    uint64_t n;

    rdb_get_length(&from, &n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rdb_source");
    TCase *tests = tcase_create("rdb_source");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, lengths_have_four_forms);
    tcase_add_test(tests, invalid_lengths_are_refused);
    tcase_add_test(tests, strings_may_be_plain_integers_or_compressed);
    tcase_add_test(tests, strings_that_end_too_early_are_refused);
    tcase_add_test(tests, compressed_strings_with_a_wrong_length_are_refused);
    tcase_add_test(tests, no_memory_is_allocated_beyond_what_lzf_can_expand_to);
    tcase_add_test(tests, strings_compressed_by_lzf_are_read);
    tcase_add_test(tests, an_rdb_string_can_be_reused);
    tcase_add_test(tests, scores_in_text_form_have_special_lengths);
    tcase_add_test(tests, numbers_of_eight_bytes_are_little_endian);
    tcase_add_test_raise_signal(tests, a_position_behind_the_end_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
