/* SPDX-License-Identifier: BSD-3-Clause */
/* mailbox: what other threads want of a worker. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

#include "base/mem.h"
#include "checks.h"
#include "net/mailbox.h"

#define POSTERS 4
#define LETTERS 20000 /* of each */

static struct mailbox box;

static void set_up(void)
{
    mailbox_init(&box, 0);
}

START_TEST(letters_come_in_order_and_signals_with_them)
{
    uint32_t signals;
    struct letter *l, *next;

    ck_assert_ptr_null(mailbox_take(&box, &signals));
    ck_assert_uint_eq(signals, 0);
    ck_assert(mailbox_post(&box, LETTER_LISTEN, 5));
    ck_assert(!mailbox_post(&box, LETTER_UNLISTEN, 6));
    ck_assert(!mailbox_signal(&box, SIGNAL_STOP));
    ck_assert(!mailbox_signal(&box, SIGNAL_DOOMED));
    l = mailbox_take(&box, &signals);
    ck_assert_uint_eq(signals, SIGNAL_STOP | SIGNAL_DOOMED);
    ck_assert(l->kind == LETTER_LISTEN && l->fd == 5);
    next = l->next;
    ck_assert(next->kind == LETTER_UNLISTEN && next->fd == 6 && next->next == NULL);
    mem_free(l);
    mem_free(next);
    ck_assert_ptr_null(mailbox_take(&box, &signals));
    ck_assert_uint_eq(signals, 0);
}
END_TEST

START_TEST(the_first_after_a_take_wakes)
{
    uint32_t signals;

    ck_assert(mailbox_signal(&box, SIGNAL_RESUME));
    mailbox_take(&box, &signals);
    ck_assert(mailbox_signal(&box, SIGNAL_RESUME));
    ck_assert(!mailbox_signal(&box, SIGNAL_RESUME));
}
END_TEST

/* The worker sleeps on this until somebody who was told to wakes it. */
static sem_t wake;

static void *post_many(void *arg)
{
    int first = *(int *)arg * LETTERS;

    for (int i = 0; i < LETTERS; i++)
        if (mailbox_post(&box, LETTER_CONNECTION, first + i))
            sem_post(&wake);
    return NULL;
}

START_TEST(no_wake_up_is_lost_and_each_poster_keeps_its_order)
{
    int numbers[POSTERS], next_of[POSTERS], got = 0;
    pthread_t threads[POSTERS];

    sem_init(&wake, 0, 0);
    for (int i = 0; i < POSTERS; i++) {
        numbers[i] = i;
        next_of[i] = 0;
        pthread_create(&threads[i], NULL, post_many, &numbers[i]);
    }
    while (got < POSTERS * LETTERS) {
        uint32_t signals;
        struct letter *next;

        sem_wait(&wake);
        for (struct letter *l = mailbox_take(&box, &signals); l != NULL; l = next) {
            next = l->next;
            ck_assert_int_eq(l->fd % LETTERS, next_of[l->fd / LETTERS]++);
            mem_free(l);
            got++;
        }
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    sem_destroy(&wake);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = tcase_create("mailbox");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, letters_come_in_order_and_signals_with_them);
    tcase_add_test(tests, the_first_after_a_take_wakes);
    tcase_add_test(tests, no_wake_up_is_lost_and_each_poster_keeps_its_order);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
