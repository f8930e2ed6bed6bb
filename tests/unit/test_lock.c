/* SPDX-License-Identifier: BSD-3-Clause */
/* lock: a mutex of four bytes. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lock.h"
#include "checks.h"

#define THREADS 4
#define ROUNDS  50000

static struct lock lock;
static unsigned long guarded; /* not atomic on purpose: the lock must protect it */

static void setup(void)
{
    lock_init(&lock, LOCK_SHARD, 0);
    guarded = 0;
}

static void *count(void *arg)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        lock_take(&lock);
        guarded++;
        if (i % 1000 == 0)
            sched_yield();
        lock_drop(&lock);
    }
    return arg;
}

static void *count_by_trying(void *arg)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        while (!lock_try(&lock))
            sched_yield();
        guarded++;
        lock_drop(&lock);
    }
    return arg;
}

START_TEST(only_one_thread_holds_the_lock)
{
    pthread_t t[THREADS];

    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, i % 2 ? count_by_trying : count, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    ck_assert_uint_eq(guarded, (unsigned long)THREADS * ROUNDS);
}
END_TEST

/* Unchecked: the analysis cannot follow a lock that may be taken. */
static bool take_within(int64_t ns, bool *waited) UNCHECKED_LOCKS
{
    return lock_take_within(&lock, ns, waited);
}

static void drop(void) UNCHECKED_LOCKS
{
    lock_drop(&lock);
}

START_TEST(a_bounded_wait_gives_up)
{
    const int64_t bounds[] = {0, 1, 100000};
    bool waited = false;

    ck_assert(take_within(0, &waited) && !waited);
    for (unsigned i = 0; i < 3; i++, waited = false)
        ck_assert(!take_within(bounds[i], &waited) && waited);
    drop();
    ck_assert(take_within(LOCK_FOREVER, &waited) && !waited);
    drop();
}
END_TEST

START_TEST(lock_try_fails_while_the_lock_is_held_and_never_waits)
{
    bool again;

    for (int i = 0; i < 2; i++) {
        if (!lock_try(&lock))
            ck_abort_msg("a free lock was not had");
        again = lock_try(&lock);
        ck_assert(!again);
        lock_drop(&lock);
    }
}
END_TEST

static void *take_and_drop(void *arg)
{
    lock_take(&lock);
    guarded++;
    lock_drop(&lock);
    return arg;
}

/* Held long enough that the others stop spinning and sleep in the kernel. */
START_TEST(sleeping_waiters_are_woken)
{
    pthread_t t[THREADS];
    int64_t until = clock_mono_ms() + 50;

    lock_take(&lock);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&t[i], NULL, take_and_drop, NULL);
    while (clock_mono_ms() < until)
        ck_assert_uint_eq(guarded, 0);
    lock_drop(&lock);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    ck_assert_uint_eq(guarded, THREADS);
}
END_TEST

#ifdef LARDER_DEBUG

#ifdef __clang__
#pragma clang diagnostic ignored "-Wthread-safety-analysis" /* these tests break the rules on purpose */
#endif

START_TEST(locks_are_taken_outermost_first)
{
    struct lock outer, inner;

    lock_init(&outer, LOCK_SHARD, 1);
    lock_init(&inner, LOCK_LOG, 0);
    lock_take(&outer);
    lock_take(&inner);
    lock_drop(&outer); /* locks may be dropped in any order */
    lock_drop(&inner);
    lock_take(&inner);
    ck_assert(lock_try(&outer)); /* allowed out of order, since it does not wait */
    lock_drop(&outer);
    lock_drop(&inner);
}
END_TEST

START_TEST(taking_an_outer_lock_after_an_inner_one_fails_an_assertion)
{
    struct lock inner;

    lock_init(&inner, LOCK_LOG, 0);
    lock_take(&inner);
    lock_take(&lock);
}
END_TEST

START_TEST(taking_locks_of_one_rank_in_descending_order_fails_an_assertion)
{
    struct lock higher;

    lock_init(&higher, LOCK_SHARD, 1);
    lock_take(&higher);
    lock_take(&lock);
}
END_TEST

START_TEST(dropping_a_lock_that_is_not_held_fails_an_assertion)
{
    lock_drop(&lock);
}
END_TEST

START_TEST(lock_must_hold_fails_when_the_lock_is_not_held)
{
    lock_take(&lock);
    lock_must_hold(&lock);
    lock_drop(&lock);
    lock_must_hold(&lock);
}
END_TEST

static void add_debug_tests(TCase *tests)
{
    tcase_add_test(tests, locks_are_taken_outermost_first);
    tcase_add_test_raise_signal(tests, taking_an_outer_lock_after_an_inner_one_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, taking_locks_of_one_rank_in_descending_order_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, dropping_a_lock_that_is_not_held_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, lock_must_hold_fails_when_the_lock_is_not_held, SIGABRT);
}

#else

START_TEST(a_lock_is_four_bytes)
{
    ck_assert_uint_eq(sizeof(struct lock), 4);
}
END_TEST

static void add_debug_tests(TCase *tests)
{
    tcase_add_test(tests, a_lock_is_four_bytes);
}

#endif

int main(void)
{
    Suite *suite = suite_create("lock");
    TCase *tests = tcase_create("lock");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, only_one_thread_holds_the_lock);
    tcase_add_test(tests, a_bounded_wait_gives_up);
    tcase_add_test(tests, lock_try_fails_while_the_lock_is_held_and_never_waits);
    tcase_add_test(tests, sleeping_waiters_are_woken);
    add_debug_tests(tests);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
