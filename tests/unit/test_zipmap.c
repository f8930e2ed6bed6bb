/* SPDX-License-Identifier: BSD-3-Clause */
/* zipmap: the flat form of hashes in Redis up to version 2.4. */
#include <stdlib.h>

#include "checks.h"
#include "persist/zipmap.h"
#include "seed.h"

/* Whether it is accepted; *n: the number of elements of the listpack. */
static bool is_taken(struct slice zipmap, size_t *n)
{
    char *copy = malloc(zipmap.n ? zipmap.n : 1);
    struct flat f = FLAT_EMPTY;
    bool taken;

    memcpy(copy, zipmap.p, zipmap.n);
    listpack_init(&f);
    taken = zipmap_append_to(&f, slice_of(copy, zipmap.n));
    *n = listpack_count(&f);
    if (taken)
        ck_assert(listpack_is_valid(flat_slice(&f), n));
    flat_fini(&f);
    free(copy);
    return taken;
}

START_TEST(fields_and_values_are_read_in_their_order)
{
    static const char *const expected[] = {"f", "value", "", "7"};
    struct flat f = FLAT_EMPTY;
    struct listpack_digits d;
    size_t i = 0;

    listpack_init(&f);
    ck_assert(zipmap_append_to(&f, SLICE("\x02\x01" "f\x05\0value\0\x01\x03" "7xyz\xff")));
    for (size_t at = listpack_first(&f); at != 0; at = listpack_next(&f, at), i++)
        ck_assert(slice_eq(listpack_get(&f, at, &d), slice_str(expected[i])));
    ck_assert_uint_eq(i, 4);
    flat_fini(&f);
}
END_TEST

START_TEST(long_fields_have_their_length_in_four_bytes)
{
    char zipmap[1 + 5 + 300 + 2 + 1 + 1] = {1, (char)254, 300 - 256, 1};
    size_t n;

    zipmap[sizeof zipmap - 4] = 1; /* the length of the value */
    zipmap[sizeof zipmap - 1] = (char)0xff;
    ck_assert(is_taken(slice_of(zipmap, sizeof zipmap), &n));
    ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(a_count_below_254_must_be_right)
{
    char zipmap[] = "\x01\x01" "f\x01\0v\xff";
    size_t n;

    for (unsigned stated = 0; stated < 256; stated++) {
        zipmap[0] = (char)stated;
        ck_assert_int_eq(is_taken(slice_of(zipmap, sizeof zipmap - 1), &n), stated == 1 || stated >= 254);
    }
}
END_TEST

START_TEST(truncated_zipmaps_are_refused)
{
    struct slice zipmap = SLICE("\x02\x01" "f\x05\0value\x01g\x01\x03" "7xyz\xff");
    size_t n;

    ck_assert(is_taken(zipmap, &n));
    for (size_t length = 0; length < zipmap.n; length++)
        ck_assert(!is_taken(slice_of(zipmap.p, length), &n));
}
END_TEST

START_TEST(a_zipmap_with_a_wrong_byte_is_refused_or_valid)
{
    char zipmap[] = "\x02\x01" "f\x05\0value\x01g\x01\x03" "7xyz\xff";
    size_t n;

    for (size_t at = 0; at < sizeof zipmap - 1; at++)
        for (unsigned byte = 0; byte < 256; byte++) {
            char was = zipmap[at];

            zipmap[at] = (char)byte;
            is_taken(slice_of(zipmap, sizeof zipmap - 1), &n);
            zipmap[at] = was;
        }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zipmap");
    TCase *tests = tcase_create("zipmap");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, fields_and_values_are_read_in_their_order);
    tcase_add_test(tests, long_fields_have_their_length_in_four_bytes);
    tcase_add_test(tests, a_count_below_254_must_be_right);
    tcase_add_test(tests, truncated_zipmaps_are_refused);
    tcase_add_test(tests, a_zipmap_with_a_wrong_byte_is_refused_or_valid);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
