/* SPDX-License-Identifier: BSD-3-Clause */
/* freer: a thread that frees large objects in the background. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "base/pages.h"
#include "checks.h"
#include "store/freer.h"
#include "store/quota.h"

static _Atomic unsigned released;
static pthread_t releaser;

static void release(void *p)
{
    releaser = pthread_self();
    mem_free(p);
    released++;
}

/* Blocks the freer until the test releases it. */
static _Atomic bool held, is_held;

static void release_held(void *p)
{
    atomic_store(&is_held, true);
    while (atomic_load(&held))
        ;
    release(p);
}

static void setup(void)
{
    released = 0;
    freer_reset_freed();
}

START_TEST(objects_are_freed_at_once_without_a_thread)
{
    freer_hand(mem_alloc(10), release, 3, 10);
    ck_assert_uint_eq(released, 1);
    ck_assert(pthread_equal(releaser, pthread_self()));
    ck_assert_uint_eq(freer_pending(), 0);
}
END_TEST

START_TEST(the_thread_frees_and_counts_objects)
{
    freer_start();
    for (unsigned i = 0; i < 1000; i++)
        freer_hand(mem_alloc(10), release, i, 10);
    freer_stop();
    ck_assert_uint_eq(released, 1000);
    ck_assert(!pthread_equal(releaser, pthread_self()));
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(freer_freed(), 999 * 1000 / 2);
    freer_reset_freed();
    ck_assert_uint_eq(freer_freed(), 0);
}
END_TEST

START_TEST(waiting_objects_count_as_pending_and_do_not_block_the_caller)
{
    atomic_store(&held, true);
    freer_start();
    freer_hand(mem_alloc(10), release_held, 5, 10);
    freer_hand(mem_alloc(10), release, 7, 10);
    ck_assert_uint_eq(freer_pending(), 12);
    ck_assert_uint_eq(quota_freeing(), 20);
    ck_assert_uint_eq(released, 0);
    atomic_store(&held, false);
    freer_stop();
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(released, 2);
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
        freer_stop();
        ck_assert_uint_eq(released, i);
    }
    freer_stop();
}
END_TEST

START_TEST(expected_objects_count_before_they_are_enqueued)
{
    freer_start();
    freer_expect(3, 100);
    ck_assert_uint_eq(freer_pending(), 3);
    ck_assert_uint_eq(quota_freeing(), 100);
    freer_hand_expected(mem_alloc(10), release, 3, 100);
    freer_stop();
    ck_assert_uint_eq(released, 1);
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(quota_freeing(), 0);
    freer_expect(3, 100);
    freer_hand_expected(mem_alloc(10), release, 3, 100); /* without a thread */
    ck_assert_uint_eq(released, 2);
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

#define BLOCKS 100
#define BLOCK  (256 * 1024)

static size_t dataset, steps;

/* Frees the blocks, and checks that the dataset does not change meanwhile. */
static void release_blocks(void *p)
{
    void **blocks = p;
    size_t before = quota_freeing();

    for (int i = 0; i < BLOCKS; i++) {
        mem_free(blocks[i]);
        ck_assert_uint_eq(quota_dataset(), dataset);
        steps += quota_freeing() < before;
        before = quota_freeing();
    }
    release(p);
}

START_TEST(bytes_leave_the_account_while_they_are_freed)
{
    void **blocks = mem_alloc(BLOCKS * sizeof *blocks);
    size_t bytes = 0;

    mem_flush();
    quota_start();
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = mem_alloc(BLOCK);
        bytes += mem_usable(blocks[i]);
    }
    mem_flush();
    dataset = quota_dataset() - bytes;
    steps = 0;
    freer_start();
    freer_hand(blocks, release_blocks, 1, bytes);
    freer_stop();
    ck_assert_uint_eq(steps, BLOCKS);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

START_TEST(another_thread_can_free_the_first_object)
{
    atomic_store(&held, true);
    freer_start();
    ck_assert(!freer_help(SIZE_MAX));
    freer_hand(mem_alloc(10), release_held, 1, 10);
    while (!atomic_load(&is_held))
        sched_yield();
    for (unsigned i = 1; i <= 3; i++)
        freer_hand(mem_alloc(10), release, 1, 20);
    ck_assert(!freer_help(19));
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert(freer_help(20));
        ck_assert_uint_eq(released, i);
        ck_assert_uint_eq(quota_freeing(), 10 + (3 - i) * 20);
    }
    ck_assert(pthread_equal(releaser, pthread_self()));
    ck_assert(!freer_help(SIZE_MAX));
    atomic_store(&held, false);
    freer_stop();
    ck_assert_uint_eq(released, 4);
    ck_assert_uint_eq(freer_freed(), 4);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

/* Enqueues a part of the object, and spares another part. */
static void release_nested(void *p)
{
    freer_hand(mem_alloc(10), release, 1, 10);
    ck_assert_uint_eq(released, 1);
    ck_assert_uint_eq(quota_freeing(), 100);
    freer_spare(30);
    ck_assert_uint_eq(quota_freeing(), 70);
    release(p);
}

START_TEST(parts_are_freed_at_once_and_remaining_bytes_leave_the_account)
{
    freer_spare(1000); /* no object is being freed: no effect */
    freer_start();
    freer_hand(mem_alloc(10), release_nested, 5, 100);
    freer_stop();
    ck_assert_uint_eq(released, 2);
    ck_assert_uint_eq(freer_freed(), 6);
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_eq(quota_freeing(), 0);
}
END_TEST

static void *hand(void *arg)
{
    for (unsigned i = 0; i < 5000; i++)
        freer_hand(mem_alloc(100), release, 1, 100);
    mem_thread_done();
    return arg;
}

START_TEST(any_thread_can_enqueue_objects)
{
    pthread_t t[4];

    freer_start();
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, hand, NULL);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    freer_stop();
    ck_assert_uint_eq(released, 20000);
    ck_assert_uint_eq(freer_freed(), 20000);
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
    tcase_add_test(tests, expected_objects_count_before_they_are_enqueued);
    tcase_add_test(tests, bytes_leave_the_account_while_they_are_freed);
    tcase_add_test(tests, parts_are_freed_at_once_and_remaining_bytes_leave_the_account);
    tcase_add_test(tests, another_thread_can_free_the_first_object);
    tcase_add_test(tests, memory_that_stays_free_is_returned_to_the_kernel);
    tcase_add_test(tests, the_thread_can_be_restarted);
    tcase_add_test(tests, any_thread_can_enqueue_objects);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
