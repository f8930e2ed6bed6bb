/* SPDX-License-Identifier: BSD-3-Clause */
/* arena: zeroed memory for the buckets of tables. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "base/arena.h"
#include "base/mem.h"
#include "checks.h"

enum { LARGEST = 18 }; /* blocks of 64 << 0 to 64 << LARGEST, 16 MiB */

#ifdef HAVE_JEMALLOC
static const bool has_arena = true;
#else
static const bool has_arena = false;
#endif

/* Each test runs in a process of its own. */
static bool start(void)
{
    bool works = advice_works();

    arena_start();
    return works && has_arena;
}

static void check_blocks(void)
{
    char *p[LARGEST + 1];
    size_t before = mem_used(), sum = 0;

    for (unsigned k = 0; k <= LARGEST; k++) {
        size_t n = (size_t)64 << k;

        p[k] = k % 2 == 0 ? arena_zalloc(n) : arena_try_zalloc(n);
        ck_assert_uint_eq((uintptr_t)p[k] % 64, 0);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(p[k][i], 0);
        memset(p[k], 1, n);
        sum += has_arena ? mem_usable_size(n) : mem_usable(p[k]);
    }
    ck_assert_uint_eq(mem_used() - before, sum);
    for (unsigned k = 0; k <= LARGEST; k++)
        arena_free(p[k]);
    ck_assert_uint_eq(mem_used(), before);
}

START_TEST(blocks_are_aligned_zero_and_counted_as_those_of_mem)
{
    check_blocks();
    start();
    check_blocks();
    check_blocks(); /* the same memory */
    arena_free(NULL);
}
END_TEST

START_TEST(a_block_may_be_made_before_the_start_and_freed_after_it)
{
    char *p = arena_zalloc(4096);
    size_t used = mem_used();

    start();
    arena_free(p);
    ck_assert_uint_lt(mem_used(), used);
}
END_TEST

START_TEST(an_allocation_that_is_too_large_is_null)
{
    size_t used = mem_used();

    start();
    ck_assert_ptr_null(arena_try_zalloc((size_t)1 << 50));
    ck_assert_uint_eq(mem_used(), used);
}
END_TEST

enum { BLOCK = 64 * 1024, MANY = 1024 }; /* 64 MiB */

static char *block[MANY];

static void make_blocks(int n)
{
    for (int i = 0; i < n; i++)
        memset(block[i] = arena_zalloc(BLOCK), 1, BLOCK);
}

START_TEST(the_first_megabytes_stay_in_small_pages)
{
    const int few = (int)(ARENA_SMALL / BLOCK / 2), many = (int)(ARENA_SMALL / BLOCK * 8);
    int huge = 0;

    if (!start())
        return;
    make_blocks(few);
    for (int i = 0; i < few; i++)
        ck_assert_int_eq(advice_of(block[i]), NONE);
    make_blocks(many);
    for (int i = 0; i < many; i++)
        huge += advice_of(block[i]) == HUGE;
    ck_assert_int_ge(huge, many * 3 / 4);
}
END_TEST

START_TEST(nothing_is_advised_while_huge_pages_are_off)
{
    if (!has_arena) /* other allocators may advise what they like */
        return;
    arena_start();
    make_blocks(MANY);
    for (int i = 0; i < MANY; i += 10)
        ck_assert_int_eq(advice_of(block[i]), NONE);
}
END_TEST

static void free_if(bool (*chosen)(int i))
{
    for (int i = 0; i < MANY; i++)
        if (chosen(i)) {
            arena_free(block[i]);
            block[i] = NULL;
        }
}

static bool is_odd(int i)
{
    return i % 2 != 0;
}

static bool is_even(int i)
{
    return i % 2 == 0;
}

START_TEST(freed_memory_goes_back_to_the_kernel)
{
    size_t before, all = (size_t)MANY * BLOCK;

    if (!start())
        return;
    before = mem_resident();
    make_blocks(MANY);
    ck_assert_uint_ge(mem_resident(), before + all);
    free_if(is_odd);
    mem_purge();
    ck_assert_uint_le(mem_resident(), before + all * 3 / 4);
    for (int i = 0; i < MANY; i += 2) {
        ck_assert_int_eq(block[i][0], 1);
        ck_assert_int_eq(block[i][BLOCK - 1], 1);
    }
    ck_assert_int_eq(advice_of(block[MANY / 2]), SMALL); /* the kernel must not fill the gaps */
    free_if(is_even);
    mem_purge();
    ck_assert_uint_le(mem_resident(), before + all / 8);
    check_blocks();
}
END_TEST

/* Blocks of one thread are freed by another. */
static char *_Atomic shared[64];

static void *exchange(void *arg)
{
    uint64_t random = (uint64_t)(uintptr_t)arg;

    for (int i = 0; i < 20000; i++) {
        size_t n;
        char *p;

        random = random * 6364136223846793005u + 1442695040888963407u;
        n = (size_t)64 << (random >> 33) % 10;
        p = arena_zalloc(n);
        ck_assert(p[0] == 0 && p[n - 1] == 0);
        p[0] = p[n - 1] = 1;
        arena_free(atomic_exchange(&shared[(random >> 40) % 64], p));
    }
    mem_thread_done();
    return NULL;
}

START_TEST(threads_free_blocks_of_each_other)
{
    size_t before = mem_used();
    pthread_t t[3];

    start();
    for (uintptr_t i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, exchange, (void *)(i + 1));
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 64; i++)
        arena_free(shared[i]);
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, blocks_are_aligned_zero_and_counted_as_those_of_mem);
    tcase_add_test(tests, a_block_may_be_made_before_the_start_and_freed_after_it);
    tcase_add_test(tests, an_allocation_that_is_too_large_is_null);
    tcase_add_test(tests, the_first_megabytes_stay_in_small_pages);
    tcase_add_test(tests, nothing_is_advised_while_huge_pages_are_off);
    tcase_add_test(tests, freed_memory_goes_back_to_the_kernel);
    tcase_add_test(tests, threads_free_blocks_of_each_other);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
