/* SPDX-License-Identifier: BSD-3-Clause */
/* huge: memory that the kernel may back with huge pages. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "base/huge.h"
#include "checks.h"

enum { PAGE = 64 * 1024 }; /* a multiple of any page size */

/* Each test runs in a process of its own, in which huge pages are off. */

START_TEST(a_mapping_is_aligned_and_zero)
{
    for (size_t align = PAGE; align <= 16 * HUGE_BYTES; align *= 2) {
        char *p = huge_map(3 * PAGE, align);

        ck_assert_uint_eq((uintptr_t)p % align, 0);
        for (int i = 0; i < 3 * PAGE; i++)
            ck_assert_int_eq(p[i], 0);
        memset(p, 1, 3 * PAGE);
    }
}
END_TEST

START_TEST(a_mapping_that_is_too_large_is_null)
{
    ck_assert_ptr_null(huge_map((size_t)1 << 50, HUGE_BYTES));
}
END_TEST

START_TEST(nothing_is_advised_while_huge_pages_are_off)
{
    char *p = huge_map(2 * HUGE_BYTES, HUGE_BYTES);

    ck_assert(!huge_is_on());
    memset(p, 1, 2 * HUGE_BYTES);
    huge_advise(p, 2 * HUGE_BYTES);
    huge_return(p, PAGE, true);
    ck_assert_int_eq(advice_of(p), NONE);
    ck_assert_int_eq(p[PAGE - 1], 0);
    ck_assert_int_eq(p[PAGE], 1);
}
END_TEST

START_TEST(a_block_that_is_returned_in_part_gets_small_pages)
{
    char *p;

    if (!advice_works())
        return;
    p = huge_map(4 * HUGE_BYTES, HUGE_BYTES);
    huge_advise(p, 4 * HUGE_BYTES);
    memset(p, 1, 4 * HUGE_BYTES);
    huge_return(p + 2 * HUGE_BYTES - PAGE, PAGE + HUGE_BYTES, true);
    ck_assert_int_eq(advice_of(p), HUGE);
    ck_assert_int_eq(advice_of(p + HUGE_BYTES), SMALL);
    ck_assert_int_eq(advice_of(p + 2 * HUGE_BYTES), HUGE); /* it is empty */
    ck_assert_int_eq(advice_of(p + 3 * HUGE_BYTES), HUGE);
    for (size_t i = 0; i < 4 * HUGE_BYTES; i++)
        ck_assert_int_eq(p[i], i < 2 * HUGE_BYTES - PAGE || i >= 3 * HUGE_BYTES);
}
END_TEST

START_TEST(a_block_that_becomes_empty_is_advised_if_that_is_wanted)
{
    char *p;

    if (!advice_works())
        return;
    p = huge_map(2 * HUGE_BYTES, HUGE_BYTES);
    huge_advise(p, 2 * HUGE_BYTES);
    memset(p, 1, 2 * HUGE_BYTES);
    for (size_t i = 0; i < 2 * HUGE_BYTES; i += HUGE_BYTES / 8) {
        ck_assert_int_eq(advice_of(p + i), i % HUGE_BYTES == 0 ? HUGE : SMALL);
        huge_return(p + i, HUGE_BYTES / 8, i < HUGE_BYTES);
    }
    ck_assert_int_eq(advice_of(p), HUGE);
    ck_assert_int_eq(advice_of(p + HUGE_BYTES), SMALL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("huge");
    TCase *tests = tcase_create("huge");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_mapping_is_aligned_and_zero);
    tcase_add_test(tests, a_mapping_that_is_too_large_is_null);
    tcase_add_test(tests, nothing_is_advised_while_huge_pages_are_off);
    tcase_add_test(tests, a_block_that_is_returned_in_part_gets_small_pages);
    tcase_add_test(tests, a_block_that_becomes_empty_is_advised_if_that_is_wanted);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
