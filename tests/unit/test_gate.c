/* SPDX-License-Identifier: BSD-3-Clause */
/* gate: several threads inside together, or one alone. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "checks.h"
#include "store/gate.h"

static struct gate gate;

/* The number of threads inside: shared, and alone. */
static _Atomic int sharing, alone;
static _Atomic unsigned long turns_shared, turns_alone;

static void setup(void)
{
    gate_init(&gate);
    sharing = alone = 0;
    turns_shared = turns_alone = 0;
}

#define SHARERS 3
#define LONERS  2
#define TURNS   3000

static void enter(unsigned slot)
{
    bool waited;

    ck_assert(gate_enter_within(&gate, slot, LOCK_FOREVER, &waited));
}

static void *share(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < TURNS; i++) {
        enter(slot);
        atomic_fetch_add(&sharing, 1);
        ck_assert_int_eq(atomic_load(&alone), 0);
        if (i % 64 == 0)
            sched_yield();
        atomic_fetch_sub(&sharing, 1);
        gate_leave(&gate, slot);
        turns_shared++;
    }
    return NULL;
}

static void *be_alone(void *arg)
{
    for (unsigned i = 0; i < TURNS / 10; i++) {
        ck_assert(gate_close_within(&gate, LOCK_FOREVER));
        ck_assert_int_eq(atomic_fetch_add(&alone, 1), 0);
        ck_assert_int_eq(atomic_load(&sharing), 0);
        if (i % 16 == 0)
            sched_yield();
        ck_assert_int_eq(atomic_load(&sharing), 0);
        atomic_fetch_sub(&alone, 1);
        gate_open(&gate);
        turns_alone++;
    }
    return arg;
}

START_TEST(a_thread_that_closes_the_gate_is_alone)
{
    pthread_t t[SHARERS + LONERS];

    for (uintptr_t i = 0; i < SHARERS; i++)
        pthread_create(&t[i], NULL, share, (void *)(i * (GATE_SLOTS / SHARERS)));
    for (unsigned i = 0; i < LONERS; i++)
        pthread_create(&t[SHARERS + i], NULL, be_alone, NULL);
    for (unsigned i = 0; i < SHARERS + LONERS; i++)
        pthread_join(t[i], NULL);
    ck_assert_uint_eq(turns_shared, SHARERS * TURNS);
    ck_assert_uint_eq(turns_alone, LONERS * (TURNS / 10));
}
END_TEST

START_TEST(several_threads_enter_together)
{
    enter(0);
    enter(1);
    enter(GATE_SLOTS - 1);
    gate_leave(&gate, 1);
    enter(1);
    gate_leave(&gate, 0);
    gate_leave(&gate, 1);
    gate_leave(&gate, GATE_SLOTS - 1);
    /* No thread is inside any more: it can be closed. */
    ck_assert(gate_close_within(&gate, LOCK_FOREVER));
    gate_open(&gate);
}
END_TEST

static void *enter_once(void *arg)
{
    enter(5);
    atomic_store(&sharing, 1);
    gate_leave(&gate, 5);
    return arg;
}

START_TEST(a_thread_waits_at_a_closed_gate_and_then_enters)
{
    pthread_t t;
    int64_t until = clock_mono_ms() + 30;

    ck_assert(gate_close_within(&gate, LOCK_FOREVER));
    pthread_create(&t, NULL, enter_once, NULL);
    while (clock_mono_ms() < until)
        ck_assert_int_eq(atomic_load(&sharing), 0);
    gate_open(&gate);
    pthread_join(t, NULL);
    ck_assert_int_eq(atomic_load(&sharing), 1);
}
END_TEST

START_TEST(a_slot_out_of_range_aborts)
{
    enter(GATE_SLOTS);
}
END_TEST

START_TEST(leaving_without_entering_aborts)
{
    enter(1);
    gate_leave(&gate, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *tests = tcase_create("gate");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, a_thread_that_closes_the_gate_is_alone);
    tcase_add_test(tests, several_threads_enter_together);
    tcase_add_test(tests, a_thread_waits_at_a_closed_gate_and_then_enters);
    tcase_add_test_raise_signal(tests, a_slot_out_of_range_aborts, SIGABRT);
    tcase_add_test_raise_signal(tests, leaving_without_entering_aborts, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
