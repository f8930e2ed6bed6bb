/* SPDX-License-Identifier: BSD-3-Clause */
/* slots: the connections of one worker, by number. */
#include "checks.h"
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn.h"
#include "net/slots.h"

#define WORKER 3
#define MANY   1000

static struct slots slots;
static struct conn conns[MANY];
static size_t before;

static void set_up(void)
{
    before = mem_used();
    slots_init(&slots, WORKER);
}

static void tear_down(void)
{
    slots_fini(&slots);
    ck_assert_uint_eq(mem_used(), before);
}

START_TEST(each_connection_is_found_by_its_address)
{
    struct mail_address at[MANY];

    for (int i = 0; i < MANY; i++) {
        at[i] = slots_add(&slots, &conns[i]);
        ck_assert_uint_eq(at[i].worker, WORKER);
        ck_assert_uint_ne(at[i].generation, 0);
    }
    for (int i = 0; i < MANY; i++)
        ck_assert_ptr_eq(slots_find(&slots, at[i]), &conns[i]);
    for (int i = 0; i < MANY; i++) {
        slots_remove(&slots, at[i]);
        ck_assert_ptr_null(slots_find(&slots, at[i]));
    }
}
END_TEST

START_TEST(a_slot_is_reused_and_its_old_address_finds_nothing)
{
    struct mail_address old = slots_add(&slots, &conns[0]), new;

    slots_remove(&slots, old);
    new = slots_add(&slots, &conns[1]);
    ck_assert_uint_eq(new.slot, old.slot);
    ck_assert_uint_ne(new.generation, old.generation);
    ck_assert_ptr_null(slots_find(&slots, old));
    ck_assert_ptr_eq(slots_find(&slots, new), &conns[1]);
    slots_remove(&slots, new);
}
END_TEST

START_TEST(the_table_is_as_large_as_the_most_connections_at_one_time)
{
    struct mail_address at[10];

    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 10; i++) {
            at[i] = slots_add(&slots, &conns[i]);
            ck_assert_uint_lt(at[i].slot, 10);
        }
        for (int i = 0; i < 10; i++)
            slots_remove(&slots, at[i * 3 % 10]);
    }
}
END_TEST

START_TEST(a_generation_that_wraps_is_never_0)
{
    struct mail_address a = slots_add(&slots, &conns[0]);

    slots.all[a.slot].generation = a.generation = UINT32_MAX;
    slots_remove(&slots, a);
    a = slots_add(&slots, &conns[0]);
    ck_assert_uint_eq(a.generation, 1);
    slots_remove(&slots, a);
}
END_TEST

START_TEST(an_address_of_another_worker_breaks_a_promise)
{
    struct mail_address a = slots_add(&slots, &conns[0]);

    a.worker++;
    slots_find(&slots, a);
}
END_TEST

START_TEST(removing_twice_breaks_a_promise)
{
    struct mail_address a = slots_add(&slots, &conns[0]);

    slots_remove(&slots, a);
    slots_remove(&slots, a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slots");
    TCase *tests = tcase_create("slots");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_connection_is_found_by_its_address);
    tcase_add_test(tests, a_slot_is_reused_and_its_old_address_finds_nothing);
    tcase_add_test(tests, the_table_is_as_large_as_the_most_connections_at_one_time);
    tcase_add_test(tests, a_generation_that_wraps_is_never_0);
    tcase_add_test_raise_signal(tests, an_address_of_another_worker_breaks_a_promise, SIGABRT);
    tcase_add_test_raise_signal(tests, removing_twice_breaks_a_promise, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
