/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * checks: libcheck, with assertions that cost nothing while they hold.
 *
 * Role:    what tests include in the place of <check.h>.
 * Threads: as those of libcheck.
 * Why:     libcheck sends its parent a message for each assertion that holds, so that it can tell after a crash which
 *          was the last one: two system calls and some allocations, a hundred times what is judged. A sanitizer, `must`
 *          and gdb show where a crash was; the test's name is printed in any case.
 */
#ifndef LARDER_TESTS_CHECKS_H
#define LARDER_TESTS_CHECKS_H

#include <check.h>

/* All other assertions are made of this one. */
#undef ck_assert_msg
#define ck_assert_msg(expression, ...) \
    ((expression) ? (void)0 \
                  : _ck_assert_failed(__FILE__, __LINE__, "Assertion '" #expression "' failed", ##__VA_ARGS__))

#endif
