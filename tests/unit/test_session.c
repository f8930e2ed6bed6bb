/* SPDX-License-Identifier: BSD-3-Clause */
/* session: the state of a client that commands use. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "keys.h"
#include "session/session.h"

#define MANY 100 /* watches: more than a session searches linearly */

static struct clients clients;
static struct session session, other;

static struct card *connect_client(int fd, const char *peer)
{
    return clients_add(&clients, &(struct card_origin){.fd = fd, .peer = peer, .local = "127.0.0.1:6379"});
}

static void set_up(void)
{
    keyspace_setup();
    clients_init(&clients);
    session_init(&session, connect_client(7, "127.0.0.1:5000"), true);
    session_init(&other, connect_client(8, "127.0.0.1:5001"), false);
}

static void tear_down(void)
{
    session_fini(&session);
    session_fini(&other);
    clients_fini(&clients);
    keyspace_teardown();
}

START_TEST(a_new_session_has_defaults)
{
    ck_assert_uint_eq(session.db, 0);
    ck_assert_uint_eq(session.out.resp, 2);
    ck_assert_int_eq(session.reply_mode, REPLY_ON);
    ck_assert(!session.in_multi && !session.multi_failed && !session.no_touch);
    ck_assert(!session.close_after && !session.close_now);
    ck_assert_uint_eq(session.queued, 0);
    ck_assert_uint_eq(session.watching, 0);
    ck_assert_uint_eq(out_size(&session.out), 0);
}
END_TEST

START_TEST(a_session_begins_authenticated_or_unauthenticated)
{
    ck_assert(session.authenticated);
    ck_assert(!other.authenticated);
}
END_TEST

/* ---- MULTI ---- */

static const struct command *const some_command = (const struct command *)&clients; /* not dereferenced */

static void queue_one(struct slice arg)
{
    struct slice argv[] = {SLICE("GET"), arg};

    session_queue(&session, some_command, 2, argv);
}

static int32_t queued_on_card(void)
{
    return atomic_load(&session.card->multi);
}

START_TEST(queued_commands_are_copies)
{
    char name[] = "SET", key[] = "k\0k", value[] = "value";
    struct slice argv[] = {slice_of(name, 3), slice_of(key, 3), slice_of(value, 5), SLICE("")};
    const struct queued *q;

    session_begin_multi(&session);
    session_queue(&session, some_command, 4, argv);
    memset(name, 'x', sizeof name);
    memset(key, 'x', sizeof key);
    memset(value, 'x', sizeof value);
    memset(argv, 0, sizeof argv);
    q = &session.queue[0];
    ck_assert_ptr_eq(q->cmd, some_command);
    ck_assert_int_eq(q->argc, 4);
    ck_assert(slice_eq(q->argv[0], SLICE("SET")));
    ck_assert(slice_eq(q->argv[1], SLICE("k\0k")));
    ck_assert(slice_eq(q->argv[2], SLICE("value")));
    ck_assert(slice_eq(q->argv[3], SLICE("")));
}
END_TEST

START_TEST(there_is_room_for_the_hash_of_each_argument)
{
    session_begin_multi(&session);
    queue_one(SLICE("key"));
    session.queue[0].hash[0] = session.queue[0].hash[1] = UINT64_MAX;
    ck_assert(slice_eq(session.queue[0].argv[0], SLICE("GET")));
    ck_assert(slice_eq(session.queue[0].argv[1], SLICE("key")));
}
END_TEST

START_TEST(commands_are_queued_in_order)
{
    struct name name;

    session_begin_multi(&session);
    for (unsigned i = 0; i < 1000; i++)
        queue_one(key_of(i, &name));
    ck_assert_uint_eq(session.queued, 1000);
    for (unsigned i = 0; i < 1000; i++)
        ck_assert(slice_eq(session.queue[i].argv[1], key_of(i, &name)));
}
END_TEST

START_TEST(the_card_shows_the_state_of_the_transaction)
{
    uint64_t bytes;

    ck_assert_int_eq(queued_on_card(), -1);
    session_begin_multi(&session);
    ck_assert_int_eq(queued_on_card(), 0);
    ck_assert(card_has_flag(session.card, CARD_MULTI));
    queue_one(SLICE("key"));
    ck_assert_int_eq(queued_on_card(), 1);
    bytes = atomic_load(&session.card->multi_bytes);
    ck_assert_uint_ge(bytes, strlen("GETkey"));
    queue_one(SLICE("a longer key"));
    ck_assert_int_eq(queued_on_card(), 2);
    ck_assert_uint_ge(atomic_load(&session.card->multi_bytes), bytes + strlen("GETa longer key"));
    session_end_multi(&session);
    ck_assert_int_eq(queued_on_card(), -1);
    ck_assert(!card_has_flag(session.card, CARD_MULTI));
    ck_assert_uint_eq(atomic_load(&session.card->multi_bytes), 0);
}
END_TEST

START_TEST(the_end_of_a_transaction_empties_the_queue)
{
    session_begin_multi(&session);
    ck_assert(session.in_multi);
    queue_one(SLICE("key"));
    session.multi_failed = true;
    session_end_multi(&session);
    ck_assert(!session.in_multi && !session.multi_failed);
    ck_assert_uint_eq(session.queued, 0);
    ck_assert_uint_eq(session.queue_bytes, 0);
    session_begin_multi(&session);
    ck_assert_uint_eq(session.queued, 0);
    queue_one(SLICE("new"));
    ck_assert(slice_eq(session.queue[0].argv[1], SLICE("new")));
}
END_TEST

/* ---- WATCH ---- */

static void watch_as(struct session *s, unsigned db, unsigned i, bool was_expired)
{
    struct name name;
    struct place p = place_of(db, i);

    hold(p.shard);
    session_watch(s, &p, key_of(i, &name), was_expired);
    shard_unlock(p.shard);
    memset(&name, 'x', sizeof name); /* the session has a copy */
}

static void watch(unsigned db, unsigned i)
{
    watch_as(&session, db, i, false);
}

static void change(unsigned db, unsigned i)
{
    struct name name;
    struct place p = place_of(db, i);

    hold(p.shard);
    shard_touch(&p, NULL);
    shard_changed(&p, key_of(i, &name), (struct event){.class = EVENT_GENERIC, .name = "set"});
    shard_unlock(p.shard);
}

/* Whether any key that the session watches has changed. */
static bool is_changed(const struct session *s)
{
    for (const struct session_watch *w = s->watches; w != NULL; w = w->next)
        if (w->mark.changed)
            return true;
    return false;
}

/* The number of interests in all shards. */
static size_t marks(void)
{
    size_t n = 0;

    for (unsigned i = 0; i < SHARDS; i++)
        n += ks->shards[i].interests.n;
    return n;
}

START_TEST(a_change_of_a_watched_key_is_noted)
{
    watch(0, 1);
    change(0, 2);
    change(1, 1);
    ck_assert(!is_changed(&session));
    change(0, 1);
    ck_assert(is_changed(&session));
}
END_TEST

START_TEST(removing_a_key_that_had_expired_at_watch_is_no_change)
{
    put(0, 1, 1);
    watch_as(&session, 0, 1, true);
    watch_as(&other, 0, 1, false);
    expire_all();
    ck_assert(!is_there(0, 1));
    ck_assert(!is_changed(&session));
    ck_assert(is_changed(&other));
}
END_TEST

START_TEST(watching_a_key_twice_adds_one_watch)
{
    for (unsigned i = 0; i < MANY; i++) {
        watch(0, i);
        watch(0, i);
        watch(0, 0);
        ck_assert_uint_eq(session.watching, i + 1);
        ck_assert_uint_eq(marks(), i + 1);
    }
}
END_TEST

START_TEST(watching_a_key_again_keeps_its_change)
{
    watch(0, 1);
    change(0, 1);
    watch(0, 1);
    ck_assert(is_changed(&session));
}
END_TEST

START_TEST(keys_in_different_databases_are_different_keys)
{
    watch(0, 1);
    watch(2, 1);
    ck_assert_uint_eq(session.watching, 2);
    change(2, 1);
    ck_assert(is_changed(&session));
}
END_TEST

START_TEST(sessions_watch_the_same_key_independently)
{
    for (unsigned i = 0; i < MANY; i++) {
        watch_as(&session, 0, i, false);
        watch_as(&other, 0, i, false);
    }
    ck_assert_uint_eq(session.watching, MANY);
    ck_assert_uint_eq(other.watching, MANY);
    session_unwatch(&session);
    change(0, 1);
    ck_assert(is_changed(&other));
}
END_TEST

START_TEST(the_card_shows_how_many_keys_are_watched)
{
    watch(0, 1);
    watch(0, 2);
    ck_assert_uint_eq(atomic_load(&session.card->watching), 2);
    session_unwatch(&session);
    ck_assert_uint_eq(atomic_load(&session.card->watching), 0);
}
END_TEST

START_TEST(watches_count_as_memory)
{
    watch(0, 1);
    ck_assert_uint_ge(session.watch_bytes, sizeof(struct watch) + strlen("k1"));
    session_unwatch(&session);
    ck_assert_uint_eq(session.watch_bytes, 0);
}
END_TEST

START_TEST(unwatching_removes_all_marks)
{
    for (unsigned i = 0; i < MANY; i++)
        watch(0, i);
    session_unwatch(&session);
    ck_assert_uint_eq(marks(), 0);
    ck_assert_uint_eq(session.watching, 0);
    session_unwatch(&session);
    watch(0, 1);
    ck_assert_uint_eq(marks(), 1);
}
END_TEST

START_TEST(unwatching_locks_shards_one_by_one_unless_they_are_held)
{
    for (unsigned i = 0; i < MANY; i++)
        watch(0, i);
    watch_as(&other, 0, 1, false);
    hold_all();
    session_unwatch_locked(&session);
    drop_all();
    ck_assert_uint_eq(marks(), 1);
    ck_assert_uint_eq(session.watching, 0);
    ck_assert_ptr_null(session.watches);
    /* No shard is held: session_unwatch locks them. */
    session_unwatch(&other);
    ck_assert_uint_eq(marks(), 0);
}
END_TEST

START_TEST(the_end_of_a_transaction_keeps_the_watches)
{
    watch(0, 1);
    session_begin_multi(&session);
    session_end_multi(&session);
    ck_assert_uint_eq(session.watching, 1);
    change(0, 1);
    ck_assert(is_changed(&session));
}
END_TEST

START_TEST(no_watch_outlives_its_session)
{
    struct session brief;

    session_init(&brief, connect_client(9, "127.0.0.1:5002"), true);
    watch_as(&brief, 0, 1, false);
    watch_as(&brief, 0, 2, false);
    session_begin_multi(&brief);
    session_fini(&brief);
    ck_assert_uint_eq(marks(), 0);
}
END_TEST

/* ---- database, protocol, RESET ---- */

START_TEST(database_and_protocol_are_published_on_the_card)
{
    session_select(&session, 3);
    session_set_resp(&session, 3);
    ck_assert_uint_eq(session.db, 3);
    ck_assert_uint_eq(session.out.resp, 3);
    ck_assert_uint_eq(atomic_load(&session.card->db), 3);
    ck_assert_uint_eq(atomic_load(&session.card->resp), 3);
}
END_TEST

/* Changes everything of the session that RESET restores. */
static void change_everything(void)
{
    session_select(&session, 2);
    session_set_resp(&session, 3);
    watch(0, 1);
    session_begin_multi(&session);
    queue_one(SLICE("key"));
    session.reply_mode = REPLY_OFF;
    session.no_touch = true;
    card_set_flag(session.card, CARD_NO_TOUCH | CARD_NO_EVICT, true);
    card_set_text(session.card, CARD_NAME, SLICE("somebody"));
    card_set_text(session.card, CARD_USER, SLICE("someone"));
    card_set_text(session.card, CARD_LIB_NAME, SLICE("library"));
}

START_TEST(a_reset_restores_the_defaults)
{
    change_everything();
    session_reset(&session, false);
    ck_assert(!session.authenticated);
    ck_assert_uint_eq(session.db, 0);
    ck_assert_uint_eq(session.out.resp, 2);
    ck_assert(!session.in_multi && !session.no_touch);
    ck_assert_uint_eq(session.queued, 0);
    ck_assert_uint_eq(session.watching, 0);
    ck_assert_uint_eq(marks(), 0);
    ck_assert_int_eq(session.reply_mode, REPLY_ON);
    session_reset(&session, true);
    ck_assert(session.authenticated);
}
END_TEST

START_TEST(a_reset_is_published_on_the_card)
{
    change_everything();
    session_reset(&session, true);
    ck_assert_uint_eq(atomic_load(&session.card->db), 0);
    ck_assert_uint_eq(atomic_load(&session.card->resp), 2);
    ck_assert_int_eq(queued_on_card(), -1);
    ck_assert_uint_eq(atomic_load(&session.card->watching), 0);
    ck_assert(!card_has_flag(session.card, CARD_MULTI | CARD_NO_TOUCH | CARD_NO_EVICT));
    ck_assert_str_eq(session.card->name, "");
    ck_assert_str_eq(session.card->user, "default");
    /* Redis's documentation of RESET does not list it: the library stays the same. */
    ck_assert_str_eq(session.card->lib_name, "library");
}
END_TEST

static void add_multi_tests(TCase *tests)
{
    tcase_add_test(tests, queued_commands_are_copies);
    tcase_add_test(tests, there_is_room_for_the_hash_of_each_argument);
    tcase_add_test(tests, commands_are_queued_in_order);
    tcase_add_test(tests, the_card_shows_the_state_of_the_transaction);
    tcase_add_test(tests, the_end_of_a_transaction_empties_the_queue);
}

static void add_watch_tests(TCase *tests)
{
    tcase_add_test(tests, a_change_of_a_watched_key_is_noted);
    tcase_add_test(tests, removing_a_key_that_had_expired_at_watch_is_no_change);
    tcase_add_test(tests, watching_a_key_twice_adds_one_watch);
    tcase_add_test(tests, watching_a_key_again_keeps_its_change);
    tcase_add_test(tests, keys_in_different_databases_are_different_keys);
    tcase_add_test(tests, sessions_watch_the_same_key_independently);
    tcase_add_test(tests, the_card_shows_how_many_keys_are_watched);
    tcase_add_test(tests, watches_count_as_memory);
    tcase_add_test(tests, unwatching_removes_all_marks);
    tcase_add_test(tests, unwatching_locks_shards_one_by_one_unless_they_are_held);
    tcase_add_test(tests, the_end_of_a_transaction_keeps_the_watches);
    tcase_add_test(tests, no_watch_outlives_its_session);
}

int main(void)
{
    Suite *suite = suite_create("session");
    TCase *tests = tcase_create("session");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_new_session_has_defaults);
    tcase_add_test(tests, a_session_begins_authenticated_or_unauthenticated);
    add_multi_tests(tests);
    add_watch_tests(tests);
    tcase_add_test(tests, database_and_protocol_are_published_on_the_card);
    tcase_add_test(tests, a_reset_restores_the_defaults);
    tcase_add_test(tests, a_reset_is_published_on_the_card);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
