/* SPDX-License-Identifier: BSD-3-Clause */
/* freer: frees large objects in the background, a part at a time. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/pages.h"
#include "checks.h"
#include "dataset.h"
#include "store/freer.h"

static _Atomic unsigned released;
static _Atomic pthread_t releaser;

/* An object of one part. */
static bool release(void *p, size_t elements)
{
    ck_assert_uint_gt(elements, 0);
    releaser = pthread_self();
    mem_free(p);
    released++;
    return true;
}

/* Blocks whoever frees it until the test releases it. */
static _Atomic bool held, is_held;

static bool release_held(void *p, size_t elements)
{
    atomic_store(&is_held, true);
    while (atomic_load(&held))
        ;
    return release(p, elements);
}

/* An object of several parts, each of which frees a block. */
#define BLOCK ((size_t)256 * 1024)

struct blocks {
    unsigned left;
    void *block[100];
};

static _Atomic unsigned parts;

static bool free_block(void *p, size_t elements)
{
    struct blocks *b = p;

    ck_assert_uint_gt(elements, 0);
    mem_free(b->block[--b->left]);
    atomic_fetch_add(&parts, 1);
    if (b->left > 0)
        return false;
    mem_free(b);
    atomic_fetch_add(&released, 1);
    return true;
}

static struct blocks *blocks_new(unsigned n, size_t *bytes)
{
    struct blocks *b = mem_alloc(sizeof *b);

    *bytes = mem_usable(b);
    for (b->left = 0; b->left < n; b->left++) {
        b->block[b->left] = mem_alloc(BLOCK);
        *bytes += mem_usable(b->block[b->left]);
    }
    return b;
}

static void hand_blocks(unsigned n)
{
    size_t bytes;
    struct blocks *b = blocks_new(n, &bytes);

    freer_hand(b, free_block, 1, bytes);
}

static void setup(void)
{
    released = parts = 0;
    freer_reset_freed();
}

/* Starts the freer, and keeps its thread busy until let_go. */
static void start_busy(void)
{
    atomic_store(&held, true);
    atomic_store(&is_held, false);
    freer_start();
    freer_hand(mem_alloc(10), release_held, 0, 10);
    while (!atomic_load(&is_held))
        sched_yield();
}

static void let_go(void)
{
    atomic_store(&held, false);
    freer_drain();
    freer_stop();
}

START_TEST(objects_are_freed_at_once_without_a_thread)
{
    freer_hand(mem_alloc(10), release, 3, 10);
    ck_assert_uint_eq(released, 1);
    ck_assert(pthread_equal(releaser, pthread_self()));
    ck_assert_uint_eq(freer_pending(), 0);
    hand_blocks(3);
    ck_assert_uint_eq(released, 2);
}
END_TEST

START_TEST(the_thread_frees_and_counts_objects)
{
    struct timespec moment = {0, 1000000};

    freer_start();
    for (unsigned i = 0; i < 1000; i++)
        freer_hand(mem_alloc(10), release, i, 10);
    while (released < 1000 || freer_pending() != 0)
        nanosleep(&moment, NULL);
    ck_assert(!pthread_equal(releaser, pthread_self()));
    ck_assert_uint_eq(freer_freed(), 999 * 1000 / 2);
    freer_stop();
    freer_reset_freed();
    ck_assert_uint_eq(freer_freed(), 0);
    freer_count(7); /* freed elsewhere */
    ck_assert_uint_eq(freer_freed(), 7);
}
END_TEST

START_TEST(waiting_objects_count_as_pending_and_do_not_block_the_caller)
{
    start_busy();
    freer_hand(mem_alloc(10), release, 5, 20);
    freer_hand(mem_alloc(10), release, 7, 10);
    ck_assert_uint_eq(freer_pending(), 12);
    ck_assert_uint_eq(quota_freeing(), 40);
    ck_assert_uint_eq(released, 0);
    let_go();
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(quota_freeing(), 0);
    ck_assert_uint_eq(released, 3);
}
END_TEST

START_TEST(memory_that_stays_free_is_returned_to_the_kernel)
{
    struct timespec moment = {0, 10 * 1000000};

    pages_free(pages_alloc());
    ck_assert_uint_eq(pages_idle(), PAGES_BYTES);
    freer_start();
    while (pages_idle() != 0) /* the test's time limit is the bound */
        nanosleep(&moment, NULL);
    freer_stop();
    ck_assert_uint_eq(pages_used(), 0);
}
END_TEST

START_TEST(the_thread_can_be_restarted)
{
    for (unsigned i = 1; i <= 3; i++) {
        freer_start();
        freer_hand(mem_alloc(10), release, 1, 10);
        freer_drain();
        freer_stop();
        ck_assert_uint_eq(released, i);
    }
    freer_stop();
}
END_TEST

START_TEST(bytes_leave_the_account_part_by_part)
{
    size_t bytes, dataset;
    struct blocks *b;

    mem_flush();
    quota_start();
    start_busy();
    b = blocks_new(100, &bytes);
    mem_flush();
    dataset = dataset_bytes() - bytes;
    freer_hand(b, free_block, 1, bytes);
    for (unsigned i = 1; i < 100; i++) {
        ck_assert(freer_help());
        ck_assert_uint_eq(parts, i);
        ck_assert_uint_le(quota_freeing(), bytes + 10 - i * BLOCK);
        ck_assert_uint_le(dataset_bytes(), dataset + 1024); /* the queue's own records */
    }
    let_go();
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

START_TEST(another_thread_frees_the_first_object_part_by_part)
{
    start_busy();
    ck_assert(freer_help()); /* nothing to do, but the thread has not ended its part */
    hand_blocks(3);
    hand_blocks(2);
    for (unsigned i = 1; i <= 5; i++) {
        ck_assert(freer_help());
        ck_assert_uint_eq(parts, i);
        ck_assert_uint_eq(released, (i >= 3) + (i >= 5));
    }
    let_go();
    ck_assert(!freer_help());
    ck_assert_uint_eq(released, 3);
    ck_assert_uint_eq(freer_freed(), 2);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

START_TEST(the_end_waits_for_one_part_only)
{
    start_busy();
    hand_blocks(100);
    atomic_store(&held, false);
    freer_stop();
    ck_assert_uint_le(parts, 99); /* the thread may have begun the object, but the end comes between two parts */
    freer_drain();
    ck_assert_uint_eq(parts, 100);
}
END_TEST

/* Hands over a part of the object, and spares another part. */
static bool release_nested(void *p, size_t elements)
{
    freer_hand(mem_alloc(10), release, 1, 10);
    ck_assert_uint_eq(released, 0);
    ck_assert_uint_eq(quota_freeing(), 110);
    freer_spare(30);
    ck_assert_uint_eq(quota_freeing(), 80);
    return release(p, elements);
}

START_TEST(large_parts_of_an_object_are_freed_in_parts_and_remaining_bytes_leave_the_account)
{
    freer_spare(1000); /* no object is being freed: no effect */
    start_busy();
    freer_hand(mem_alloc(10), release_nested, 5, 100);
    ck_assert(freer_help());
    ck_assert_uint_eq(released, 1); /* the other one waits, as the first in the queue */
    ck_assert_uint_eq(quota_freeing(), 20);
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert(freer_help());
    ck_assert_uint_eq(released, 2);
    let_go();
    ck_assert_uint_eq(freer_freed(), 5);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

static bool release_but_keep(void *p, size_t elements)
{
    freer_keep(40);
    return release(p, elements);
}

START_TEST(bytes_that_are_freed_later_stay_in_the_account)
{
    start_busy();
    freer_hand(mem_alloc(10), release_but_keep, 1, 100);
    ck_assert(freer_help());
    ck_assert_uint_eq(quota_freeing(), 10 + 40);
    quota_freed(40);
    let_go();
    freer_keep(5); /* without an object: they were not in the account */
    ck_assert_uint_eq(quota_freeing(), 5);
    quota_freed(5);
}
END_TEST

START_TEST(beyond_the_backlog_a_thread_pays_what_it_hands_over)
{
    size_t bytes, most = 0;

    start_busy(); /* the freer frees nothing meanwhile */
    for (unsigned i = 0; i < 20; i++) {
        struct blocks *b = blocks_new(20, &bytes);

        freer_hand(b, free_block, 1, bytes);
        freer_pay();
        most = quota_freeing() > most ? quota_freeing() : most;
    }
    ck_assert_uint_gt(most, FREER_BACKLOG / 2);
    ck_assert_uint_le(most, FREER_BACKLOG + bytes);
    ck_assert_uint_gt(parts, 0);
    let_go();
    ck_assert_uint_eq(released, 21);
}
END_TEST

START_TEST(a_waiter_frees_its_objects_first)
{
    struct freer_wait w = {0};

    start_busy();
    hand_blocks(3);
    freer_wait_begin(&w);
    hand_blocks(4);
    hand_blocks(5);
    freer_wait_end();
    ck_assert_uint_eq(w.left, 2);
    freer_wait(&w);
    ck_assert_uint_eq(w.left, 0);
    ck_assert_uint_eq(parts, 9);
    ck_assert_uint_eq(released, 2);
    let_go();
    ck_assert_uint_eq(released, 4);
}
END_TEST

static void *hand(void *arg)
{
    for (unsigned i = 0; i < 5000; i++)
        freer_hand(mem_alloc(100), release, 1, 100);
    for (unsigned i = 0; i < 50; i++)
        hand_blocks(3);
    freer_pay();
    mem_thread_done();
    return arg;
}

START_TEST(any_thread_can_enqueue_objects_and_help)
{
    pthread_t t[4];

    freer_start();
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, hand, NULL);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    freer_drain();
    freer_stop();
    ck_assert_uint_eq(released, 20200);
    ck_assert_uint_eq(freer_freed(), 20200);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("freer");
    TCase *tests = tcase_create("freer");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, objects_are_freed_at_once_without_a_thread);
    tcase_add_test(tests, the_thread_frees_and_counts_objects);
    tcase_add_test(tests, waiting_objects_count_as_pending_and_do_not_block_the_caller);
    tcase_add_test(tests, bytes_leave_the_account_part_by_part);
    tcase_add_test(tests, large_parts_of_an_object_are_freed_in_parts_and_remaining_bytes_leave_the_account);
    tcase_add_test(tests, bytes_that_are_freed_later_stay_in_the_account);
    tcase_add_test(tests, another_thread_frees_the_first_object_part_by_part);
    tcase_add_test(tests, the_end_waits_for_one_part_only);
    tcase_add_test(tests, beyond_the_backlog_a_thread_pays_what_it_hands_over);
    tcase_add_test(tests, a_waiter_frees_its_objects_first);
    tcase_add_test(tests, memory_that_stays_free_is_returned_to_the_kernel);
    tcase_add_test(tests, the_thread_can_be_restarted);
    tcase_add_test(tests, any_thread_can_enqueue_objects_and_help);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
