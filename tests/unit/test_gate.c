/* SPDX-License-Identifier: BSD-3-Clause */
/* gate: many inside together, or one alone. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "checks.h"
#include "store/gate.h"

static struct gate gate;

/* Who is inside: threads that share it, threads that have it alone. */
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

static void *share(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < TURNS; i++) {
        gate_enter(&gate, slot);
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
        gate_close(&gate);
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

START_TEST(who_is_alone_meets_nobody)
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

START_TEST(many_are_inside_together)
{
    gate_enter(&gate, 0);
    gate_enter(&gate, 1);
    gate_enter(&gate, GATE_SLOTS - 1);
    gate_leave(&gate, 1);
    gate_enter(&gate, 1);
    gate_leave(&gate, 0);
    gate_leave(&gate, 1);
    gate_leave(&gate, GATE_SLOTS - 1);
    /* All are out: it can be closed. */
    gate_close(&gate);
    gate_open(&gate);
}
END_TEST

static void *enter_once(void *arg)
{
    gate_enter(&gate, 5);
    atomic_store(&sharing, 1);
    gate_leave(&gate, 5);
    return arg;
}

START_TEST(who_comes_while_it_is_closed_waits_and_gets_in)
{
    pthread_t t;
    int64_t until = clock_mono_ms() + 30;

    gate_close(&gate);
    pthread_create(&t, NULL, enter_once, NULL);
    while (clock_mono_ms() < until)
        ck_assert_int_eq(atomic_load(&sharing), 0);
    gate_open(&gate);
    pthread_join(t, NULL);
    ck_assert_int_eq(atomic_load(&sharing), 1);
}
END_TEST

START_TEST(a_slot_that_is_not_there_breaks_a_promise)
{
    gate_enter(&gate, GATE_SLOTS);
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
    tcase_add_test(tests, who_is_alone_meets_nobody);
    tcase_add_test(tests, many_are_inside_together);
    tcase_add_test(tests, who_comes_while_it_is_closed_waits_and_gets_in);
    tcase_add_test_raise_signal(tests, a_slot_that_is_not_there_breaks_a_promise, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
