/* SPDX-License-Identifier: BSD-3-Clause */
/* quiesce: deferred free of memory that another worker may still be reading. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/quiesce.h"
#include "checks.h"

static unsigned released;

static void release(void *p)
{
    (void)p;
    released++;
}

static char thing[8];

static void setup(void)
{
    released = 0;
}

START_TEST(without_readers_memory_is_freed_at_the_next_collection)
{
    quiesce_retire(thing, release);
    ck_assert_uint_eq(released, 0);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
}
END_TEST

START_TEST(memory_is_kept_while_an_earlier_reader_is_inside)
{
    quiesce_enter(3);
    quiesce_retire(thing, release);
    quiesce_collect();
    ck_assert_uint_eq(released, 0);
    quiesce_leave(3);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
}
END_TEST

START_TEST(a_wait_ends_when_the_readers_have_left)
{
    quiesce_wait(3, 1000000); /* nothing is retired */
    quiesce_enter(3);
    quiesce_retire(thing, release);
    quiesce_wait(3, INT64_MAX / 2); /* it does not wait for itself */
    ck_assert_uint_eq(released, 1);
    quiesce_retire(thing, release);
    quiesce_collect(); /* it is reading again */
    ck_assert_uint_eq(released, 1);
    quiesce_wait(4, 1000000); /* of another slot, which has to give up */
    ck_assert_uint_eq(released, 1);
    quiesce_leave(3);
    quiesce_wait(4, INT64_MAX / 2);
    ck_assert_uint_eq(released, 2);
    quiesce_collect();
}
END_TEST

START_TEST(a_later_reader_does_not_keep_memory)
{
    quiesce_retire(thing, release);
    quiesce_enter(0);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
    quiesce_leave(0);
}
END_TEST

START_TEST(the_oldest_reader_decides)
{
    quiesce_enter(1);
    quiesce_retire(thing, release);
    quiesce_enter(QUIESCE_SLOTS - 1);
    quiesce_retire(thing + 1, release);
    quiesce_leave(1);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
    quiesce_leave(QUIESCE_SLOTS - 1);
    quiesce_collect();
    ck_assert_uint_eq(released, 2);
}
END_TEST

START_TEST(entering_again_ends_the_earlier_read)
{
    quiesce_enter(1);
    quiesce_retire(thing, release);
    quiesce_enter(1);
    quiesce_collect();
    ck_assert_uint_eq(released, 1);
    quiesce_leave(1);
}
END_TEST

static void release_and_retire(void *p)
{
    released++;
    if (released < 3)
        quiesce_retire(p, release_and_retire);
}

START_TEST(a_release_function_may_retire_more)
{
    quiesce_retire(thing, release_and_retire);
    for (unsigned i = 1; i <= 3; i++) {
        quiesce_collect();
        ck_assert_uint_eq(released, i);
    }
}
END_TEST

/* ---- threads ---- */

#define READERS 3
#define ROUNDS  20000

struct box {
    unsigned a, b; /* equal until the box is released */
};

static struct box *_Atomic shared;
static _Atomic bool over;

static void release_box(void *p)
{
    struct box *box = p;

    box->a = 1;
    box->b = 2;
    mem_free(box);
}

static struct box *new_box(unsigned n)
{
    struct box *box = mem_alloc(sizeof *box);

    *box = (struct box){n, n};
    return box;
}

static void *look(void *arg)
{
    unsigned slot = (unsigned)(uintptr_t)arg;

    while (!atomic_load(&over)) {
        quiesce_enter(slot);
        for (unsigned i = 0; i < 10; i++) {
            struct box *box = atomic_load_explicit(&shared, memory_order_acquire);

            ck_assert_uint_eq(box->a, box->b);
        }
        quiesce_leave(slot);
    }
    mem_thread_done();
    return NULL;
}

static void *collect(void *arg)
{
    while (!atomic_load(&over))
        quiesce_collect();
    mem_thread_done();
    return arg;
}

START_TEST(no_reader_sees_freed_memory)
{
    pthread_t t[READERS + 1];

    atomic_store(&over, false);
    atomic_store(&shared, new_box(0));
    for (uintptr_t i = 0; i < READERS; i++)
        pthread_create(&t[i], NULL, look, (void *)i);
    pthread_create(&t[READERS], NULL, collect, NULL);
    for (unsigned i = 1; i < ROUNDS; i++) {
        struct box *old = atomic_exchange_explicit(&shared, new_box(i), memory_order_acq_rel);

        quiesce_retire(old, release_box);
    }
    atomic_store(&over, true);
    for (unsigned i = 0; i < READERS + 1; i++)
        pthread_join(t[i], NULL);
    quiesce_collect();
    mem_free(shared);
}
END_TEST

START_TEST(a_slot_out_of_range_fails_an_assertion)
{
    quiesce_enter(QUIESCE_SLOTS);
}
END_TEST

START_TEST(retiring_null_fails_an_assertion)
{
    quiesce_retire(NULL, release);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quiesce");
    TCase *tests = tcase_create("quiesce");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, without_readers_memory_is_freed_at_the_next_collection);
    tcase_add_test(tests, memory_is_kept_while_an_earlier_reader_is_inside);
    tcase_add_test(tests, a_wait_ends_when_the_readers_have_left);
    tcase_add_test(tests, a_later_reader_does_not_keep_memory);
    tcase_add_test(tests, the_oldest_reader_decides);
    tcase_add_test(tests, entering_again_ends_the_earlier_read);
    tcase_add_test(tests, a_release_function_may_retire_more);
    tcase_add_test(tests, no_reader_sees_freed_memory);
    tcase_add_test_raise_signal(tests, a_slot_out_of_range_fails_an_assertion, SIGABRT);
    tcase_add_test_raise_signal(tests, retiring_null_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
