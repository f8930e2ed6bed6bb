/* SPDX-License-Identifier: BSD-3-Clause */
/* pages: pieces of 8 KiB, aligned to their size, from the kernel. */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "base/mem.h"
#include "base/pages.h"
#include "checks.h"
#include "seed.h"

enum { MANY = 10000 }; /* more than fit in two regions */

static char *piece[MANY];

/* Each test runs in a process of its own, which has no piece yet. */
static void take_all(void)
{
    for (int i = 0; i < MANY; i++)
        memset(piece[i] = pages_alloc(), i % 100 + 1, PAGES_BYTES);
}

static void free_all(void)
{
    for (int i = 0; i < MANY; i++)
        pages_free(piece[i]);
}

START_TEST(pieces_are_aligned_to_their_size_and_do_not_overlap)
{
    take_all();
    for (int i = 0; i < MANY; i++) {
        ck_assert_uint_eq((uintptr_t)piece[i] % PAGES_BYTES, 0);
        for (size_t at = 0; at < PAGES_BYTES; at += 500)
            ck_assert_int_eq(piece[i][at], i % 100 + 1);
    }
    free_all();
}
END_TEST

START_TEST(allocated_and_idle_bytes_are_counted)
{
    take_all();
    ck_assert_uint_eq(pages_used(), MANY * PAGES_BYTES);
    ck_assert_uint_eq(pages_idle(), 0);
    for (int i = 0; i < 10; i++)
        pages_free(piece[i]);
    ck_assert_uint_eq(pages_used(), (MANY - 10) * PAGES_BYTES);
    ck_assert_uint_eq(pages_idle(), 10 * PAGES_BYTES);
}
END_TEST

START_TEST(a_freed_piece_is_reused_before_a_fresh_one)
{
    take_all();
    pages_free(piece[MANY - 1]);
    pages_free(piece[5]);
    ck_assert_ptr_eq(pages_alloc(), piece[5]);
    ck_assert_ptr_eq(pages_alloc(), piece[MANY - 1]);
    ck_assert_uint_eq(pages_idle(), 0);
}
END_TEST

START_TEST(a_purge_returns_the_memory_of_all_free_pieces)
{
    size_t before = mem_resident();

    take_all();
    ck_assert_uint_ge(mem_resident(), before + MANY * PAGES_BYTES / 2);
    free_all();
    pages_purge();
    ck_assert_uint_eq(pages_idle(), 0);
    ck_assert_uint_eq(pages_used(), 0);
    ck_assert_uint_le(mem_resident(), before + MANY * PAGES_BYTES / 4); /* a sanitizer keeps notes of its own */
    take_all();                                                         /* of the same address space */
    ck_assert_uint_eq(pages_used(), MANY * PAGES_BYTES);
}
END_TEST

START_TEST(a_purge_does_not_touch_allocated_pieces)
{
    take_all();
    for (int i = 0; i < MANY; i++)
        if (i % 3 != 0)
            pages_free(piece[i]);
    pages_purge();
    for (int i = 0; i < MANY; i += 3)
        for (size_t at = 0; at < PAGES_BYTES; at += 500)
            ck_assert_int_eq(piece[i][at], i % 100 + 1);
}
END_TEST

START_TEST(a_trim_returns_what_has_been_free_since_the_last_one)
{
    take_all();
    for (int i = 0; i < 100; i++)
        pages_free(piece[i]);
    ck_assert(!pages_trim(SIZE_MAX)); /* none has been free until now */
    ck_assert_uint_eq(pages_idle(), 100 * PAGES_BYTES);
    for (int i = 0; i < 30; i++)
        piece[i] = pages_alloc();
    for (int i = 0; i < 30; i++)
        pages_free(piece[i]);
    pages_trim(SIZE_MAX);
    ck_assert_uint_eq(pages_idle(), 30 * PAGES_BYTES);
    pages_trim(SIZE_MAX);
    ck_assert_uint_eq(pages_idle(), 0);
    pages_trim(SIZE_MAX);
}
END_TEST

START_TEST(a_trim_works_in_steps_and_returns_whether_more_is_left)
{
    take_all();
    for (int i = 0; i < 100; i++)
        pages_free(piece[i]);
    ck_assert(!pages_trim(SIZE_MAX));
    ck_assert(pages_trim(40 * PAGES_BYTES));
    ck_assert_uint_eq(pages_idle(), 60 * PAGES_BYTES);
    ck_assert(pages_trim(40 * PAGES_BYTES));
    ck_assert(!pages_trim(40 * PAGES_BYTES));
    ck_assert_uint_eq(pages_idle(), 0);
}
END_TEST

START_TEST(a_trim_of_any_size_ends_after_a_few_dozen_steps)
{
    unsigned steps = 1;

    take_all();
    for (int i = 0; i < MANY; i++)
        pages_free(piece[i]);
    ck_assert(!pages_trim(SIZE_MAX));
    while (pages_trim(PAGES_BYTES))
        steps++;
    ck_assert_uint_le(steps, 34);
    ck_assert_uint_eq(pages_idle(), 0);
}
END_TEST

/* Each thread fills and checks its own pieces, while another one purges all free pieces. */
static _Atomic bool stop;

static void *take_and_free(void *arg)
{
    enum { HELD = 50 };
    unsigned char *held[HELD] = {0};
    uint64_t random = (uint64_t)(uintptr_t)arg;
    unsigned char with = (unsigned char)random;

    for (unsigned i = 0; i < 20000; i++) {
        unsigned k;

        random = random * 6364136223846793005u + 1442695040888963407u;
        k = (unsigned)(random >> 33) % HELD;
        if (held[k] != NULL) {
            ck_assert_uint_eq(held[k][0], with);
            ck_assert_uint_eq(held[k][PAGES_BYTES - 1], with);
            pages_free(held[k]);
        }
        held[k] = pages_alloc();
        held[k][0] = held[k][PAGES_BYTES - 1] = with;
    }
    for (unsigned k = 0; k < HELD; k++)
        if (held[k] != NULL)
            pages_free(held[k]);
    return NULL;
}

static void *purge_on_and_on(void *arg)
{
    while (!stop)
        pages_purge();
    return arg;
}

START_TEST(threads_may_allocate_and_free_while_another_one_purges)
{
    pthread_t t[4];

    for (uintptr_t i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, i < 3 ? take_and_free : purge_on_and_on, (void *)(i + 1));
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    stop = true;
    pthread_join(t[3], NULL);
    ck_assert_uint_eq(pages_used(), 0);
}
END_TEST

/* The number of pieces whose memory was advised so. */
static int count_advice(enum advice advice)
{
    enum { STEP = 64 };
    int n = 0;

    for (int i = 0; i < MANY; i += STEP)
        n += advice_of(piece[i]) == advice;
    return n * STEP;
}

START_TEST(all_pieces_but_the_first_get_huge_pages)
{
    enum { A_BLOCK = 256, SMALL_BLOCKS = 8 };

    if (!advice_works())
        return;
    take_all(); /* each block is full, but the last one */
    ck_assert_int_eq(advice_of(piece[MANY - 1]), HUGE);
    ck_assert_int_ge(count_advice(HUGE), MANY - 256);
    free_all();
    pages_purge(); /* they are empty */
    for (int i = 0; i < A_BLOCK / 2; i++)
        ck_assert_int_eq(advice_of(pages_alloc()), SMALL);
    ck_assert_int_ge(count_advice(HUGE), MANY - (SMALL_BLOCKS + 3) * A_BLOCK);
}
END_TEST

START_TEST(a_small_cache_is_in_small_pages)
{
    if (!advice_works())
        return;
    for (int i = 0; i < 1900; i++)
        memset(piece[i] = pages_alloc(), 1, PAGES_BYTES);
    ck_assert_int_eq(advice_of(piece[1899]), NONE);
}
END_TEST

START_TEST(a_block_that_was_returned_in_part_gets_huge_pages_when_it_is_full)
{
    if (!advice_works())
        return;
    take_all();
    for (int i = 0; i < MANY; i += 3)
        pages_free(piece[i]);
    pages_purge();
    ck_assert_int_ge(count_advice(SMALL), MANY - 256);
    for (int i = 0; i < MANY; i += 3)
        piece[i] = pages_alloc();
    ck_assert_int_ge(count_advice(HUGE), MANY - 256);
}
END_TEST

START_TEST(freeing_a_piece_twice_fails_an_assertion)
{
    void *p = pages_alloc();

    pages_free(p);
    pages_free(p);
}
END_TEST

START_TEST(freeing_an_address_inside_a_piece_fails_an_assertion)
{
    pages_free((char *)pages_alloc() + 8);
}
END_TEST

START_TEST(a_trim_of_less_than_a_piece_fails_an_assertion)
{
    pages_trim(PAGES_BYTES - 1);
}
END_TEST

START_TEST(only_runs_that_fill_a_page_of_the_system_are_whole)
{
    ck_assert_uint_eq(pages_whole(0x8001, 1), 0x8001);
    ck_assert_uint_eq(pages_whole(0xffff, 8), 0xffff);
    ck_assert_uint_eq(pages_whole(0x0ff0, 8), 0); /* a run, but not aligned to a page */
    ck_assert_uint_eq(pages_whole(0xff0000000000ff7f, 8), 0xff0000000000ff00);
    ck_assert_uint_eq(pages_whole(UINT64_MAX, 64), UINT64_MAX);
    ck_assert_uint_eq(pages_whole(UINT64_MAX - 1, 64), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pages");
    TCase *tests = tcase_create("pages");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, pieces_are_aligned_to_their_size_and_do_not_overlap);
    tcase_add_test(tests, allocated_and_idle_bytes_are_counted);
    tcase_add_test(tests, a_freed_piece_is_reused_before_a_fresh_one);
    tcase_add_test(tests, a_purge_returns_the_memory_of_all_free_pieces);
    tcase_add_test(tests, a_purge_does_not_touch_allocated_pieces);
    tcase_add_test(tests, only_runs_that_fill_a_page_of_the_system_are_whole);
    tcase_add_test(tests, a_trim_returns_what_has_been_free_since_the_last_one);
    tcase_add_test(tests, a_trim_works_in_steps_and_returns_whether_more_is_left);
    tcase_add_test(tests, a_trim_of_any_size_ends_after_a_few_dozen_steps);
    tcase_add_test(tests, threads_may_allocate_and_free_while_another_one_purges);
    tcase_add_test(tests, all_pieces_but_the_first_get_huge_pages);
    tcase_add_test(tests, a_small_cache_is_in_small_pages);
    tcase_add_test(tests, a_block_that_was_returned_in_part_gets_huge_pages_when_it_is_full);
    tcase_add_test_raise_signal(tests, freeing_a_piece_twice_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, freeing_an_address_inside_a_piece_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, a_trim_of_less_than_a_piece_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
