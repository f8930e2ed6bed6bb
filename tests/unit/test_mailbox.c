/* SPDX-License-Identifier: BSD-3-Clause */
/* mailbox: letters from other threads to a worker. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "checks.h"
#include "net/mailbox.h"

#define POSTERS 4
#define LETTERS 20000 /* of each */

static const struct mail_address receiver = {0, 4, 1}, poster = {1, 7, 9};

static struct mailbox box;
static size_t before;

static void set_up(void)
{
    before = mem_used();
    mailbox_init(&box, 0);
}

static void tear_down(void)
{
    mailbox_fini(&box);
    ck_assert_uint_eq(mem_used(), before);
}

/* ---- letters ---- */

static struct posted post_fd(enum letter_kind kind, int fd)
{
    return mailbox_post(&box, &(struct letter){.kind = kind, .fd = fd});
}

static struct posted push(struct blob *payload, struct mail_address from)
{
    return mailbox_post(&box, &(struct letter){.kind = LETTER_PUSH, .to = receiver, .from = from, .payload = payload});
}

static struct blob *payload_of(size_t n)
{
    struct blob *b = blob_new(n);

    memset(b->p, 'p', n);
    b->len = n;
    return b;
}

/* Takes all letters and frees them; returns how many ask for a receipt. */
static unsigned take_all(unsigned *count)
{
    uint32_t signals;
    struct letter *next;
    unsigned receipts = 0;

    *count = 0;
    for (struct letter *l = mailbox_take(&box, &signals); l != NULL; l = next) {
        next = l->next;
        receipts += l->wants_receipt;
        ++*count;
        letter_free(l);
    }
    return receipts;
}

START_TEST(letters_come_in_order_and_signals_with_them)
{
    uint32_t signals;
    struct letter *l, *next;

    ck_assert_ptr_null(mailbox_take(&box, &signals));
    ck_assert_uint_eq(signals, 0);
    ck_assert(!mailbox_has_mail(&box));
    ck_assert(post_fd(LETTER_LISTEN, 5).wake);
    ck_assert(!post_fd(LETTER_UNLISTEN, 6).wake);
    ck_assert(!mailbox_signal(&box, SIGNAL_STOP));
    ck_assert(!mailbox_signal(&box, SIGNAL_RESUME));
    ck_assert(mailbox_has_mail(&box));
    l = mailbox_take(&box, &signals);
    ck_assert_uint_eq(signals, SIGNAL_STOP | SIGNAL_RESUME);
    ck_assert(l->kind == LETTER_LISTEN && l->fd == 5);
    next = l->next;
    ck_assert(next->kind == LETTER_UNLISTEN && next->fd == 6 && next->next == NULL);
    letter_free(l);
    letter_free(next);
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

START_TEST(an_address_arrives_as_it_was_written)
{
    uint32_t signals;
    struct letter *l;

    mailbox_post(&box, &(struct letter){.kind = LETTER_KILL, .to = receiver, .from = poster});
    l = mailbox_take(&box, &signals);
    ck_assert(l->kind == LETTER_KILL && l->to.worker == 0 && l->to.slot == 4 && l->to.generation == 1);
    ck_assert(l->from.worker == 1 && l->from.slot == 7 && l->from.generation == 9);
    letter_free(l);
}
END_TEST

START_TEST(a_payload_is_shared_and_freed_with_its_last_letter)
{
    struct blob *payload = payload_of(1000);
    uint32_t signals;
    struct letter *first, *second;

    push(payload, poster);
    push(payload, poster);
    ck_assert(!blob_is_sole(payload));
    blob_unref(payload);
    first = mailbox_take(&box, &signals);
    second = first->next;
    ck_assert_ptr_eq(first->payload, second->payload);
    letter_free(first);
    ck_assert(blob_is_sole(second->payload));
    ck_assert_uint_eq(second->payload->len, 1000);
    letter_free(second); /* tear_down finds all memory returned */
}
END_TEST

START_TEST(letters_that_are_not_taken_are_freed_with_what_they_hold)
{
    struct blob *payload = payload_of(1000);
    int fd[2];

    ck_assert_int_eq(pipe(fd), 0);
    push(payload, poster);
    blob_unref(payload);
    post_fd(LETTER_CONNECTION, fd[0]);
    post_fd(LETTER_LISTEN, fd[1]); /* stays the poster's */
    mailbox_fini(&box);
    ck_assert_int_ne(close(fd[0]), 0);
    ck_assert_int_eq(close(fd[1]), 0);
    mailbox_init(&box, 0);
}
END_TEST

/* ---- the bound ---- */

START_TEST(below_the_bound_no_letter_asks_for_a_receipt)
{
    struct blob *payload = payload_of(MAILBOX_BOUND / 2);
    unsigned count;

    ck_assert(!push(payload, poster).wants_receipt);
    ck_assert_uint_eq(take_all(&count), 0);
    ck_assert(!push(payload, poster).wants_receipt); /* letters that were taken do not count */
    ck_assert_uint_eq(take_all(&count), 0);
    blob_unref(payload);
}
END_TEST

START_TEST(above_the_bound_each_letter_asks_for_a_receipt)
{
    struct blob *a = payload_of(MAILBOX_BOUND * 3 / 4), *b = payload_of(MAILBOX_BOUND / 2);
    unsigned count;

    ck_assert(!push(a, poster).wants_receipt);
    ck_assert(push(b, poster).wants_receipt);
    ck_assert(mailbox_post(&box, &(struct letter){.kind = LETTER_KILL, .to = receiver, .from = poster}).wants_receipt);
    ck_assert_uint_eq(take_all(&count), 2);
    ck_assert_uint_eq(count, 3); /* no letter is refused */
    blob_unref(a);
    blob_unref(b);
}
END_TEST

START_TEST(a_letter_from_nobody_asks_for_no_receipt)
{
    static const struct mail_address none;
    struct blob *payload = payload_of(2 * MAILBOX_BOUND);
    unsigned count;

    ck_assert(!push(payload, none).wants_receipt);
    ck_assert(
        !mailbox_post(&box, &(struct letter){.kind = LETTER_RECEIPT, .to = receiver, .receipts = 1}).wants_receipt);
    ck_assert_uint_eq(take_all(&count), 0);
    blob_unref(payload);
}
END_TEST

START_TEST(letters_in_a_row_are_charged_once_for_a_payload_they_share)
{
    struct blob *payload = payload_of(MAILBOX_BOUND / 2), *other = payload_of(10);
    unsigned count;

    for (int i = 0; i < 100; i++)
        ck_assert(!push(payload, poster).wants_receipt);
    push(other, poster);
    ck_assert(push(payload, poster).wants_receipt);
    take_all(&count);
    ck_assert(!push(payload, poster).wants_receipt);
    take_all(&count);
    blob_unref(payload);
    blob_unref(other);
}
END_TEST

START_TEST(letters_without_a_payload_count_too)
{
    const struct letter kill = {.kind = LETTER_KILL, .to = receiver, .from = poster};
    unsigned count, posted = 1;

    while (!mailbox_post(&box, &kill).wants_receipt)
        posted++;
    ck_assert_uint_eq(posted, MAILBOX_BOUND / sizeof(struct letter) + 1);
    ck_assert_uint_eq(take_all(&count), 1);
}
END_TEST

START_TEST(a_poster_may_ask_for_a_receipt_below_the_bound)
{
    unsigned count;

    ck_assert(
        mailbox_post(&box, &(struct letter){.kind = LETTER_KILL, .to = receiver, .from = poster, .wants_receipt = true})
            .wants_receipt);
    ck_assert_uint_eq(take_all(&count), 1);
}
END_TEST

START_TEST(a_push_without_an_address_breaks_a_promise)
{
    mailbox_post(&box, &(struct letter){.kind = LETTER_PUSH, .payload = payload_of(1)});
}
END_TEST

START_TEST(a_receipt_that_asks_for_a_receipt_breaks_a_promise)
{
    mailbox_post(&box, &(struct letter){.kind = LETTER_RECEIPT, .to = receiver, .from = poster, .receipts = 1});
}
END_TEST

/* ---- many threads ---- */

/* The worker sleeps on this until a poster wakes it. */
static sem_t wake;

static void *post_many(void *arg)
{
    int first = *(int *)arg * LETTERS;

    for (int i = 0; i < LETTERS; i++)
        if (post_fd(LETTER_CONNECTION, first + i).wake)
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
            letter_free(l);
            got++;
        }
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    sem_destroy(&wake);
}
END_TEST

/* A poster that obeys the bound: after a letter that asks for a receipt it waits for one. */
struct obedient {
    struct mail_address address;
    sem_t receipt;
};

static struct obedient obedient[POSTERS];

static void *post_obediently(void *arg)
{
    struct obedient *self = arg;

    for (int i = 0; i < LETTERS / 20; i++) {
        struct blob *payload = payload_of(MAILBOX_BOUND / 8);
        struct posted posted = push(payload, self->address);

        blob_unref(payload);
        if (posted.wake)
            sem_post(&wake);
        if (posted.wants_receipt)
            sem_wait(&self->receipt);
    }
    return NULL;
}

START_TEST(posters_that_wait_for_receipts_all_finish)
{
    pthread_t threads[POSTERS];
    int got = 0;

    sem_init(&wake, 0, 0);
    for (uint32_t i = 0; i < POSTERS; i++) {
        obedient[i].address = (struct mail_address){1, i, 1};
        sem_init(&obedient[i].receipt, 0, 0);
        pthread_create(&threads[i], NULL, post_obediently, &obedient[i]);
    }
    while (got < POSTERS * (LETTERS / 20)) {
        uint32_t signals;
        struct letter *next;
        int count = 0;

        sem_wait(&wake);
        for (struct letter *l = mailbox_take(&box, &signals); l != NULL; l = next) {
            next = l->next;
            if (l->wants_receipt)
                sem_post(&obedient[l->from.slot].receipt);
            letter_free(l);
            count++;
        }
        ck_assert_int_le(count, 9 + POSTERS); /* the bound, and one letter more of each poster */
        got += count;
    }
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
        sem_destroy(&obedient[i].receipt);
    }
    sem_destroy(&wake);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mailbox");
    TCase *tests = tcase_create("mailbox");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, letters_come_in_order_and_signals_with_them);
    tcase_add_test(tests, the_first_after_a_take_wakes);
    tcase_add_test(tests, an_address_arrives_as_it_was_written);
    tcase_add_test(tests, a_payload_is_shared_and_freed_with_its_last_letter);
    tcase_add_test(tests, letters_that_are_not_taken_are_freed_with_what_they_hold);
    tcase_add_test(tests, below_the_bound_no_letter_asks_for_a_receipt);
    tcase_add_test(tests, above_the_bound_each_letter_asks_for_a_receipt);
    tcase_add_test(tests, a_letter_from_nobody_asks_for_no_receipt);
    tcase_add_test(tests, letters_in_a_row_are_charged_once_for_a_payload_they_share);
    tcase_add_test(tests, letters_without_a_payload_count_too);
    tcase_add_test(tests, a_poster_may_ask_for_a_receipt_below_the_bound);
    tcase_add_test_raise_signal(tests, a_push_without_an_address_breaks_a_promise, SIGABRT);
    tcase_add_test_raise_signal(tests, a_receipt_that_asks_for_a_receipt_breaks_a_promise, SIGABRT);
    tcase_add_test(tests, no_wake_up_is_lost_and_each_poster_keeps_its_order);
    tcase_add_test(tests, posters_that_wait_for_receipts_all_finish);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
