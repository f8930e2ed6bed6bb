/* SPDX-License-Identifier: BSD-3-Clause */
/* hash: XXH3-64 with a seed drawn at start. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/rand.h"
#include "checks.h"

/* Lengths on both sides of each of XXH3's internal borders. */
static const size_t lengths[] = {0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 1024, 1025, 5000};
#define LENGTHS (sizeof(lengths) / sizeof(*lengths))

START_TEST(equal_bytes_have_equal_hashes_wherever_they_are)
{
    static char a[6000], b[6000];

    hash_init();
    rand_bytes(a, sizeof(a));
    for (size_t i = 0; i < LENGTHS; i++) {
        memcpy(b + i, a, lengths[i]);
        ck_assert_uint_eq(hash_bytes(slice_of(a, lengths[i])), hash_bytes(slice_of(b + i, lengths[i])));
    }
}
END_TEST

START_TEST(each_start_has_hashes_of_its_own_at_every_length)
{
    static char a[6000];
    uint64_t first[LENGTHS];

    hash_init();
    for (size_t i = 0; i < LENGTHS; i++)
        first[i] = hash_bytes(slice_of(a, lengths[i]));
    hash_init();
    for (size_t i = 0; i < LENGTHS; i++)
        ck_assert_uint_ne(first[i], hash_bytes(slice_of(a, lengths[i])));
}
END_TEST

START_TEST(an_empty_slice_without_a_pointer_has_a_hash)
{
    hash_init();
    ck_assert_uint_eq(hash_bytes(slice_of(NULL, 0)), hash_bytes(SLICE("")));
}
END_TEST

START_TEST(one_changed_bit_changes_half_of_the_hash)
{
    static char a[6000];

    hash_init();
    for (size_t i = 1; i < LENGTHS; i++) {
        unsigned changed = 0;

        for (int round = 0; round < 400; round++) {
            uint64_t bit = rand_below(lengths[i] * 8);
            uint64_t before;

            rand_bytes(a, lengths[i]);
            before = hash_bytes(slice_of(a, lengths[i]));
            a[bit / 8] ^= (char)(1 << bit % 8);
            changed += (unsigned)__builtin_popcountll(before ^ hash_bytes(slice_of(a, lengths[i])));
        }
        ck_assert_uint_gt(changed / 400, 28);
        ck_assert_uint_lt(changed / 400, 36);
    }
}
END_TEST

START_TEST(numbered_keys_spread_evenly_by_high_and_by_low_bits)
{
    static unsigned low[256], high[256];

    hash_init();
    for (int i = 0; i < 256000; i++) {
        char key[32];
        uint64_t h = hash_bytes(slice_of(key, (size_t)sprintf(key, "user:%d", i)));

        low[h & 255]++;
        high[h >> 56]++;
    }
    /* Seven standard deviations. */
    for (int i = 0; i < 256; i++) {
        ck_assert_int_le(abs((int)low[i] - 1000), 222);
        ck_assert_int_le(abs((int)high[i] - 1000), 222);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hash");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, equal_bytes_have_equal_hashes_wherever_they_are);
    tcase_add_test(tests, each_start_has_hashes_of_its_own_at_every_length);
    tcase_add_test(tests, an_empty_slice_without_a_pointer_has_a_hash);
    tcase_add_test(tests, one_changed_bit_changes_half_of_the_hash);
    tcase_add_test(tests, numbered_keys_spread_evenly_by_high_and_by_low_bits);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
