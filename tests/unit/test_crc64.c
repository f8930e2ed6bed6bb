/* SPDX-License-Identifier: BSD-3-Clause */
/* crc64: the checksum of dumps and snapshots. */
#include <stdlib.h>

#include "base/crc64.h"
#include "checks.h"
#include "seed.h"

START_TEST(the_check_value_is_that_of_redis)
{
    ck_assert_uint_eq(crc64(0, SLICE("123456789")), 0xe9c6d914c4b8d9cau);
}
END_TEST

START_TEST(an_empty_slice_leaves_the_checksum_unchanged)
{
    ck_assert_uint_eq(crc64(0, SLICE("")), 0);
    ck_assert_uint_eq(crc64(77, SLICE("")), 77);
}
END_TEST

/* Computes one bit at a time, by the definition. */
static uint64_t model_crc64(uint64_t crc, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            uint64_t differs = (crc ^ (uint8_t)s.p[i] >> bit) & 1;

            crc = crc >> 1 ^ (differs ? 0x95ac9329ac4bc9b5u : 0);
        }
    return crc;
}

START_TEST(random_bytes_in_pieces_match_the_bitwise_definition)
{
    seed_start(__func__);
    for (int round = 0; round < 3000; round++) {
        char p[300];
        size_t n = seed_below(sizeof p + 1), cut = seed_below(n + 1);
        uint64_t whole;

        seed_bytes(p, n);
        whole = crc64(0, slice_of(p, n));
        ck_assert_uint_eq(whole, model_crc64(0, slice_of(p, n)));
        ck_assert_uint_eq(whole, crc64(crc64(0, slice_of(p, cut)), slice_of(p + cut, n - cut)));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crc64");
    TCase *tests = tcase_create("crc64");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_check_value_is_that_of_redis);
    tcase_add_test(tests, an_empty_slice_leaves_the_checksum_unchanged);
    tcase_add_test(tests, random_bytes_in_pieces_match_the_bitwise_definition);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
