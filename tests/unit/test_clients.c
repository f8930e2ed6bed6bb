/* SPDX-License-Identifier: BSD-3-Clause */
/* clients: the public record of each client. */
#include "checks.h"
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "session/session.h"

#define ROUNDS 2000

static struct clients clients;

static void set_up(void)
{
    clients_init(&clients);
}

static void tear_down(void)
{
    clients_fini(&clients);
}

static struct card *add(const char *peer)
{
    static const struct mail_address address = {1, 2, 3};

    return clients_add(&clients, &(struct card_origin){address, 7, peer, "127.0.0.1:6379", true, 0});
}

/* Writes the peers that are visited, up to one named "stop". */
static bool write_peer(void *arg, struct card *card)
{
    sprintf((char *)arg + strlen(arg), "%s ", card->peer);
    return strcmp(card->peer, "stop") != 0;
}

static const char *peers(void)
{
    static char text[200];

    text[0] = '\0';
    clients_each(&clients, write_peer, text);
    return text;
}

START_TEST(a_new_card_has_defaults)
{
    struct card *card = add("a");
    char text[8] = "x";

    ck_assert_str_eq(card->peer, "a");
    ck_assert_str_eq(card->local, "127.0.0.1:6379");
    ck_assert_uint_eq(card->address.worker, 1);
    ck_assert_int_eq(card->fd, 7);
    ck_assert_int_eq(atomic_load(&card->multi), -1);
    ck_assert_uint_eq(atomic_load(&card->resp), 2);
    ck_assert(!atomic_load(&card->doomed));
    ck_assert_uint_eq(card_get_text(card, CARD_NAME, text, sizeof(text)), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(ids_rise_and_are_never_reused)
{
    struct card *a = add("a"), *b = add("b");
    uint64_t last = b->id;

    ck_assert_uint_gt(a->id, 0);
    ck_assert_uint_gt(b->id, a->id);
    clients_remove(&clients, b);
    ck_assert_uint_gt(add("c")->id, last);
}
END_TEST

START_TEST(visits_begin_with_the_oldest_and_end_when_the_visitor_says_so)
{
    struct card *a = add("a"), *b = add("b"), *c;

    c = add("c");
    ck_assert_str_eq(peers(), "a b c ");
    clients_remove(&clients, b);
    ck_assert_str_eq(peers(), "a c ");
    clients_remove(&clients, c);
    add("stop");
    add("d");
    ck_assert_str_eq(peers(), "a stop ");
    clients_remove(&clients, a);
    ck_assert_str_eq(peers(), "stop ");
}
END_TEST

START_TEST(connected_and_accepted_are_counted)
{
    struct card *a = add("a");

    add("b");
    ck_assert_uint_eq(atomic_load(&clients.count), 2);
    clients_remove(&clients, a);
    ck_assert_uint_eq(atomic_load(&clients.count), 1);
    ck_assert_uint_eq(atomic_load(&clients.accepted), 2);
}
END_TEST

START_TEST(texts_are_copied_truncated_and_replaced)
{
    struct card *card = add("a");
    char name[] = "a long name", text[5];

    card_set_text(card, CARD_NAME, slice_str(name));
    name[0] = 'X';
    ck_assert_str_eq(card->name, "a long name");
    ck_assert_uint_eq(card_get_text(card, CARD_NAME, text, sizeof(text)), 4);
    ck_assert_str_eq(text, "a lo");
    card_set_text(card, CARD_LIB_VERSION, SLICE("1.2"));
    card_set_text(card, CARD_NAME, SLICE(""));
    ck_assert_str_eq(card->name, "");
    ck_assert_str_eq(card->lib_version, "1.2");
}
END_TEST

START_TEST(long_texts_count_as_memory)
{
    struct card *card = add("a");
    uint64_t before = card_memory(card);

    card_set_text(card, CARD_NAME, SLICE("twelve bytes"));
    card_set_text(card, CARD_LIB_NAME, SLICE("three"));
    ck_assert_uint_eq(card_memory(card), before + mem_usable(card->name) + mem_usable(card->lib_name));
    card_set_text(card, CARD_NAME, SLICE(""));
    ck_assert_uint_eq(card_memory(card), before + mem_usable(card->lib_name));
}
END_TEST

START_TEST(names_are_printable_and_without_spaces)
{
    ck_assert(card_text_fits(SLICE("")));
    ck_assert(card_text_fits(SLICE("!name~")));
    ck_assert(!card_text_fits(SLICE("a b")));
    ck_assert(!card_text_fits(SLICE("a\n")));
    ck_assert(!card_text_fits(SLICE("a\0b")));
    ck_assert(!card_text_fits(SLICE("\x7f")));
    ck_assert(!card_text_fits(SLICE("\xc3\xa9")));
}
END_TEST

START_TEST(type_names_are_case_insensitive)
{
    ck_assert_int_eq(card_type_named(SLICE("normal")), CARD_TYPE_NORMAL);
    ck_assert_int_eq(card_type_named(SLICE("PubSub")), CARD_TYPE_PUBSUB);
    ck_assert_int_eq(card_type_named(SLICE("SLAVE")), CARD_TYPE_REPLICA);
    ck_assert_int_eq(card_type_named(SLICE("replica")), CARD_TYPE_REPLICA);
    ck_assert_int_eq(card_type_named(SLICE("master")), CARD_TYPE_MASTER);
    ck_assert_int_eq(card_type_named(SLICE("norma")), CARD_TYPE_UNKNOWN);
}
END_TEST

START_TEST(a_subscriber_is_of_type_pubsub)
{
    struct card *card = add("a");

    ck_assert_int_eq(card_type(card), CARD_TYPE_NORMAL);
    card_set_flag(card, CARD_PUBSUB, true);
    ck_assert_int_eq(card_type(card), CARD_TYPE_PUBSUB);
    card_set_flag(card, CARD_PUBSUB, false);
    ck_assert(!card_has_flag(card, CARD_PUBSUB));
}
END_TEST

/* The kill letters that were posted. */
static struct {
    unsigned count;
    struct session *from;
    struct mail_address to;
} posted;

static void note_kill(void *arg, struct session *from, struct mail_address to)
{
    ck_assert_ptr_eq(arg, &posted);
    posted.count++;
    posted.from = from;
    posted.to = to;
}

static void watch_kills(void)
{
    memset(&posted, 0, sizeof posted);
    clients.mail = (struct mail){.kill = note_kill, .arg = &posted};
}

START_TEST(dooming_marks_the_card_and_posts_a_letter_to_its_address)
{
    struct card *card = add("a");
    struct session from;

    watch_kills();
    clients_doom(&clients, &from, card);
    ck_assert(atomic_load(&card->doomed));
    ck_assert_uint_eq(posted.count, 1);
    ck_assert_ptr_eq(posted.from, &from);
    ck_assert_uint_eq(posted.to.worker, 1);
    ck_assert_uint_eq(posted.to.slot, 2);
    ck_assert_uint_eq(posted.to.generation, 3);
}
END_TEST

START_TEST(the_largest_clients_are_doomed_until_the_rest_fits)
{
    struct card *small = add("small"), *large = add("large"), *spared = add("spared"), *medium = add("medium");

    watch_kills();
    atomic_store(&small->out_memory, 100);
    atomic_store(&large->out_memory, 5000);
    atomic_store(&spared->out_memory, 9000);
    atomic_store(&medium->out_memory, 1000);
    card_set_flag(spared, CARD_NO_EVICT, true);
    clients_fit(&clients, 0); /* no limit */
    clients_fit(&clients, 15100);
    ck_assert_uint_eq(posted.count, 0);
    clients_fit(&clients, 10099);
    ck_assert(atomic_load(&large->doomed) && atomic_load(&medium->doomed));
    ck_assert(!atomic_load(&small->doomed) && !atomic_load(&spared->doomed));
    ck_assert_uint_eq(posted.count, 2);
    ck_assert_ptr_null(posted.from);
    ck_assert_uint_eq(atomic_load(&clients.evicted), 2);
    clients_fit(&clients, 1); /* nobody else may be evicted */
    ck_assert(atomic_load(&small->doomed) && !atomic_load(&spared->doomed));
}
END_TEST

static uint64_t cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* The least CPU time, of several attempts, in which one of two clients is doomed. */
static uint64_t time_to_fit(unsigned n)
{
    uint64_t least = UINT64_MAX;

    for (unsigned attempt = 0; attempt < 9; attempt++) {
        uint64_t before, took;

        for (unsigned i = 0; i < n; i++)
            atomic_store(&add("a")->out_memory, i % 2 != 0 ? 1000000 + i : 1000);
        posted.count = 0;
        before = cpu_ns();
        clients_fit(&clients, (int64_t)n * 1500);
        took = cpu_ns() - before;
        ck_assert_uint_ge(posted.count, n / 2 - n / 100);
        least = took < least ? took : least;
        tear_down();
        set_up();
        watch_kills();
    }
    return least;
}

/* A scan of all clients for each one that is doomed would take 16 times as long for four times as many. */
START_TEST(the_work_of_dooming_grows_as_the_number_of_clients)
{
    uint64_t few = 0, many = 1;

    watch_kills();
    for (unsigned attempt = 0; attempt < 3 && many >= 10 * few; attempt++) {
        few = time_to_fit(1000);
        many = time_to_fit(4000);
    }
    ck_assert_msg(many < 10 * few, "%" PRIu64 " ns for 4,000 clients, %" PRIu64 " for 1,000", many, few);
}
END_TEST

/* The card with this id, as clients_visit finds it. */
static bool keep_card(void *arg, struct card *card)
{
    *(struct card **)arg = card;
    return true;
}

static struct card *by_id(uint64_t id)
{
    struct card *card = NULL;

    ck_assert(clients_visit(&clients, id, keep_card, &card) == (card != NULL));
    return card;
}

START_TEST(a_card_is_found_by_its_id)
{
    enum { MANY = 1000 };
    struct card *cards[MANY];
    uint64_t ids[MANY];

    ck_assert_ptr_null(by_id(1)); /* there are none yet */
    for (int i = 0; i < MANY; i++) {
        cards[i] = add("a");
        ids[i] = cards[i]->id;
    }
    for (int i = 0; i < MANY; i += 3)
        clients_remove(&clients, cards[i]);
    for (int i = 0; i < MANY; i++)
        ck_assert_ptr_eq(by_id(ids[i]), i % 3 == 0 ? NULL : cards[i]);
    ck_assert_ptr_null(by_id(0));
    ck_assert_ptr_null(by_id(ids[MANY - 1] + 1));
    ck_assert_ptr_null(by_id(UINT64_MAX));
}
END_TEST

static void *come_and_go(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct card *card = add("thread");

        card_set_text(card, CARD_NAME, SLICE("some name"));
        clients_remove(&clients, card);
    }
    return NULL;
}

static bool read_name(void *arg, struct card *card)
{
    char text[32];

    (void)arg;
    card_get_text(card, CARD_NAME, text, sizeof(text));
    ck_assert(!*text || strcmp(text, "some name") == 0);
    return true;
}

START_TEST(the_list_can_be_walked_while_clients_connect_and_disconnect)
{
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    for (int i = 0; i < ROUNDS; i++)
        clients_each(&clients, read_name, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    ck_assert_str_eq(peers(), "");
    ck_assert_uint_eq(atomic_load(&clients.count), 0);
    ck_assert_uint_eq(atomic_load(&clients.accepted), 2 * ROUNDS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clients");
    TCase *tests = tcase_create("clients");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_new_card_has_defaults);
    tcase_add_test(tests, ids_rise_and_are_never_reused);
    tcase_add_test(tests, visits_begin_with_the_oldest_and_end_when_the_visitor_says_so);
    tcase_add_test(tests, connected_and_accepted_are_counted);
    tcase_add_test(tests, texts_are_copied_truncated_and_replaced);
    tcase_add_test(tests, long_texts_count_as_memory);
    tcase_add_test(tests, names_are_printable_and_without_spaces);
    tcase_add_test(tests, type_names_are_case_insensitive);
    tcase_add_test(tests, a_subscriber_is_of_type_pubsub);
    tcase_add_test(tests, dooming_marks_the_card_and_posts_a_letter_to_its_address);
    tcase_add_test(tests, the_largest_clients_are_doomed_until_the_rest_fits);
    tcase_add_test(tests, the_work_of_dooming_grows_as_the_number_of_clients);
    tcase_add_test(tests, a_card_is_found_by_its_id);
    tcase_add_test(tests, the_list_can_be_walked_while_clients_connect_and_disconnect);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
