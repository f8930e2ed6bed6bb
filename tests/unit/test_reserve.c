/* SPDX-License-Identifier: BSD-3-Clause */
/* reserve: address space that a thread sets aside for the time when the kernel grants no more. */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/reserve.h"
#include "checks.h"

#define MIB ((size_t)1 << 20)

/* The address space of the process, in bytes. */
static size_t address_space(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    size_t pages = 0;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fscanf(f, "%zu", &pages), 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

START_TEST(a_thread_without_a_reserve_is_never_short)
{
    ck_assert(!reserve_is_short());
    ck_assert(!reserve_release());
}
END_TEST

#ifdef HAVE_JEMALLOC /* sanitizers cannot live with a limit of the address space */

/* From now on the kernel grants so many bytes more. */
static void allow(size_t more)
{
    struct rlimit limit = {address_space() + more, RLIM_INFINITY};

    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

/* Whether limits have an effect. qemu-user ignores them, and a test that allocates until memory is out would not end. */
static bool has_limits(void)
{
    struct rlimit was, set, is;
    bool works;

    getrlimit(RLIMIT_AS, &was);
    set = (struct rlimit){(rlim_t)1 << 46, was.rlim_max};
    works = setrlimit(RLIMIT_AS, &set) == 0 && getrlimit(RLIMIT_AS, &is) == 0 && is.rlim_cur == set.rlim_cur;
    setrlimit(RLIMIT_AS, &was);
    if (!works)
        puts("skipped: tests without memory, since a limit of the address space has no effect here");
    return works;
}

/* Allocates small blocks until memory is out and the reserve has been used. */
static void fill(void)
{
    while (!reserve_is_short())
        ck_assert_ptr_nonnull(mem_alloc(10000));
}

START_TEST(a_failed_allocation_uses_the_reserve)
{
    reserve_keep();
    ck_assert(!reserve_is_short());
    allow(8 * MIB);
    fill();
    for (int i = 0; i < 100; i++) /* what a command that is running may still need */
        ck_assert_ptr_nonnull(mem_alloc(10000));
    ck_assert_ptr_null(mem_try_alloc(64 * MIB));
}
END_TEST

START_TEST(mem_try_alloc_does_not_use_the_reserve)
{
    reserve_keep();
    allow(8 * MIB);
    ck_assert_ptr_null(mem_try_alloc(64 * MIB));
    ck_assert_ptr_null(mem_try_realloc(NULL, 64 * MIB));
    ck_assert_ptr_null(mem_try_aligned_zero(64, 64 * MIB));
    ck_assert(!reserve_is_short());
}
END_TEST

START_TEST(the_reserve_is_filled_again_when_memory_is_free)
{
    reserve_keep();
    allow(8 * MIB);
    fill();
    allow(8 * MIB);
    reserve_keep();
    allow(2 * RESERVE_PIECES * RESERVE_BYTES);
    reserve_keep();
    ck_assert(!reserve_is_short());
}
END_TEST

START_TEST(what_is_held_can_be_allocated)
{
    size_t n = 2 * RESERVE_HOLD_MIN;
    char *p;

    reserve_keep();
    allow(n + 40 * MIB);
    ck_assert(reserve_hold(n));
    ck_assert_ptr_null(mem_try_alloc(n));
    p = mem_alloc(n);
    p[n - 1] = 1;
    ck_assert(!reserve_is_short());
    reserve_drop();
    mem_free(p);
}
END_TEST

START_TEST(more_than_there_is_cannot_be_held)
{
    allow(8 * MIB);
    ck_assert(!reserve_hold(1));
    ck_assert(!reserve_hold(SIZE_MAX / 2));
}
END_TEST

#endif

START_TEST(a_hold_ends_with_its_drop)
{
    size_t before = address_space();

    ck_assert(reserve_hold(1));
    ck_assert(reserve_hold(100 * MIB));
    ck_assert_uint_ge(address_space(), before + 100 * MIB + RESERVE_HOLD_MIN);
    reserve_drop();
    reserve_drop();
    ck_assert_uint_le(address_space(), before + MIB);
}
END_TEST

START_TEST(dropping_what_is_not_held_fails_an_assertion)
{
    reserve_drop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reserve");
    TCase *tests = tcase_create("reserve");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, a_thread_without_a_reserve_is_never_short);
#ifdef HAVE_JEMALLOC
    if (has_limits()) {
        tcase_add_test(tests, a_failed_allocation_uses_the_reserve);
        tcase_add_test(tests, mem_try_alloc_does_not_use_the_reserve);
        tcase_add_test(tests, the_reserve_is_filled_again_when_memory_is_free);
        tcase_add_test(tests, what_is_held_can_be_allocated);
        tcase_add_test(tests, more_than_there_is_cannot_be_held);
    }
#endif
    tcase_add_test(tests, a_hold_ends_with_its_drop);
    tcase_add_test_raise_signal(tests, dropping_what_is_not_held_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
