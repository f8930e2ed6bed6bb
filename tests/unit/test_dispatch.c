/* SPDX-License-Identifier: BSD-3-Clause */
/* dispatch: from a request to a reply. The replies are those of Redis's documentation. */
#include "checks.h"
#include "config.h"

#include "requests.h"

/* ---- MULTI ---- */

START_TEST(within_multi_commands_are_queued_and_run_by_exec)
{
    expect("multi", "+OK\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    expect("get k1", "+QUEUED\r\n");
    ck_assert(!is_there(0, 1));
    expect("exec", "*2\r\n+OK\r\n$1\r\nv\r\n");
    ck_assert(is_there(0, 1));
    expect("get k1", "$1\r\nv\r\n");
}
END_TEST

START_TEST(the_commands_of_the_transaction_itself_are_not_queued)
{
    expect("multi", "+OK\r\n");
    expect("multi", "-ERR MULTI calls can not be nested\r\n");
    expect("watch k", "-ERR WATCH inside MULTI is not allowed\r\n");
    expect("discard", "+OK\r\n");
    expect("discard", "-ERR DISCARD without MULTI\r\n");
    expect("exec", "-ERR EXEC without MULTI\r\n");
    expect("multi", "+OK\r\n");
    expect("reset", "+RESET\r\n");
    expect("get k", "$-1\r\n");
    expect("multi", "+OK\r\n");
    expect("quit", "+OK\r\n");
}
END_TEST

START_TEST(a_refusal_within_multi_fails_the_transaction)
{
    static const char *const wrong[] = {"nosuch", "client nosuch", "get", "shutdown"};
    uint32_t errors = 0;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        expect("multi", "+OK\r\n");
        run(wrong[i]);
        ck_assert_uint_eq(session.out.errors, ++errors);
        out_rewind(&session.out, (struct out_mark){0});
        expect("set k1 v", "+QUEUED\r\n");
        expect("exec", "-EXECABORT Transaction discarded because of previous errors.\r\n");
        errors++;
        ck_assert(!is_there(0, 1));
    }
    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("multi", "+OK\r\n");
    expect("exec", "*0\r\n");
}
END_TEST

START_TEST(some_commands_are_not_allowed_in_a_transaction)
{
    expect("multi", "+OK\r\n");
    expect("shutdown", "-ERR Command not allowed inside a transaction\r\n");
}
END_TEST

START_TEST(an_exec_that_is_refused_ends_the_transaction)
{
    expect("watch k", "+OK\r\n");
    expect("multi", "+OK\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    expect("exec x", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n");
    ck_assert(!session.in_multi);
    ck_assert_uint_eq(session.watching, 0);
    expect("get k1", "$-1\r\n");
}
END_TEST

START_TEST(an_error_of_one_command_stops_no_transaction)
{
    expect("multi", "+OK\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    expect("incr k1", "+QUEUED\r\n");
    expect("get k1", "+QUEUED\r\n");
    expect("exec", "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nv\r\n");
}
END_TEST

/* ---- CLIENT PAUSE and KILL ---- */

START_TEST(a_paused_request_leaves_no_trace_and_runs_later)
{
    pause_for_long(PAUSE_ALL);
    expect_paused("set k1 v");
    expect_paused("get k1");
    expect_paused("mget k1 k2");
    expect_paused("ping");
    expect_counted("set", 0, 0, 0);
    ck_assert(!is_there(0, 1));
    pause_end(&instance.pause);
    expect("set k1 v", "+OK\r\n");
}
END_TEST

START_TEST(a_pause_for_writes_lets_others_through)
{
    pause_for_long(PAUSE_WRITE);
    expect_paused("set k1 v");
    expect_paused("del k1 k2");
    expect_paused("flushall");
    expect("get k1", "$-1\r\n");
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(a_pause_ends_by_itself)
{
    pause_for_long(PAUSE_ALL);
    expect_paused("ping");
    runner.mono += HOUR;
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(what_makes_no_sense_is_told_in_a_pause_too)
{
    pause_for_long(PAUSE_ALL);
    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("get", "-ERR wrong number of arguments for 'get' command\r\n");
}
END_TEST

START_TEST(a_pause_for_writes_holds_up_transactions_that_write)
{
    expect("multi", "+OK\r\n");
    expect("get k1", "+QUEUED\r\n");
    pause_for_long(PAUSE_WRITE);
    expect("get k1", "+QUEUED\r\n");
    expect_paused("set k1 v");
    ck_assert_uint_eq(session.queued, 2);
    expect("exec", "*2\r\n$-1\r\n$-1\r\n");
    pause_end(&instance.pause);
    expect("multi", "+OK\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    pause_for_long(PAUSE_WRITE);
    expect_paused("exec");
    ck_assert(session.in_multi && !is_there(0, 1));
    pause_end(&instance.pause);
    expect("exec", "*1\r\n+OK\r\n");
}
END_TEST

START_TEST(who_is_doomed_does_no_more)
{
    clients_doom(&instance.clients, NULL, session.card);
    expect_paused("set k1 v");
    expect_paused("mset k1 v k2 v");
    expect_paused("ping");
    ck_assert(!is_there(0, 1));
}
END_TEST

START_TEST(while_writes_are_paused_nothing_is_evicted)
{
    fill("allkeys-random");
    pause_for_long(PAUSE_WRITE);
    expect("strlen k0", ":4194304\r\n");
    expect_paused("set k1 v");
    ck_assert(is_there(0, 0));
}
END_TEST

/* ---- CLIENT REPLY ---- */

START_TEST(who_wants_no_replies_hears_none)
{
    expect("ping", "+PONG\r\n");
    expect("client reply off", "");
    expect("set k1 v", "");
    expect("nosuch", "");
    ck_assert(is_there(0, 1));
    expect("client reply on", "+OK\r\n");
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(one_reply_can_be_skipped)
{
    expect("client reply skip", "");
    expect("set k1 v", "");
    expect("get k1", "$1\r\nv\r\n");
    expect("client reply skip", "");
    expect("client reply skip", "");
    expect("ping", "");
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(replies_that_came_before_are_not_forgotten)
{
    run("ping");
    run("client reply skip");
    run("get k1");
    run("echo x");
    expect_out("pipeline", "+PONG\r\n$1\r\nx\r\n");
}
END_TEST

/* ---- counting ---- */

START_TEST(a_command_is_counted_when_it_runs_and_when_it_fails)
{
    expect("set k1 v", "+OK\r\n");
    run("incr k1");
    run("get k1");
    run("get k1"); /* the error before it is not its own */
    expect_counted("set", 1, 0, 0);
    expect_counted("get", 2, 0, 0);
    expect_counted("incr", 1, 1, 0);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), 4);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.error_replies), 1);
}
END_TEST

START_TEST(a_refused_command_is_counted_as_rejected_and_not_as_run)
{
    run("get");
    run("nosuch");
    configure("requirepass secret");
    session.authenticated = false;
    run("get k1");
    expect_counted("get", 0, 0, 2);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), 0);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.error_replies), 3);
}
END_TEST

START_TEST(a_queued_command_is_counted_when_exec_runs_it)
{
    expect("set k1 v", "+OK\r\n");
    run("multi");
    run("incr k1");
    run("incr k1");
    run("get k1");
    expect_counted("incr", 0, 0, 0);
    run("exec");
    expect_counted("incr", 2, 2, 0);
    expect_counted("get", 1, 0, 0);
    expect_counted("exec", 1, 0, 0);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), 6); /* with SET, MULTI, and those of the queue */
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.error_replies), 2);
}
END_TEST

static void note_code(void *arg, const char *code, uint64_t count)
{
    buf_printf(arg, "%s=%d ", code, (int)count);
}

START_TEST(errors_are_counted_by_their_code)
{
    struct buf codes = BUF_EMPTY;

    run("nosuch");
    run("get");
    run("auth default x y");
    fill("noeviction");
    run("set k1 v");
    metrics_each_error(note_code, &codes);
    ck_assert_str_eq(buf_cstr(&codes), "ERR=3 OOM=1 ");
    buf_fini(&codes);
}
END_TEST

START_TEST(errors_that_nobody_hears_are_counted_all_the_same)
{
    run("client reply off");
    run("nosuch");
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.error_replies), 1);
}
END_TEST

START_TEST(the_card_shows_the_last_command_that_ran)
{
    run("get k1");
    ck_assert_ptr_eq(atomic_load(&session.card->last), command_find(SLICE("GET")));
    run("client getname");
    ck_assert_str_eq(command_full_name(atomic_load(&session.card->last)), "client|getname");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *tests = tcase_create("dispatch");

    tcase_add_test(tests, within_multi_commands_are_queued_and_run_by_exec);
    tcase_add_test(tests, the_commands_of_the_transaction_itself_are_not_queued);
    tcase_add_test(tests, a_refusal_within_multi_fails_the_transaction);
    tcase_add_test(tests, some_commands_are_not_allowed_in_a_transaction);
    tcase_add_test(tests, an_exec_that_is_refused_ends_the_transaction);
    tcase_add_test(tests, an_error_of_one_command_stops_no_transaction);
    tcase_add_test(tests, a_paused_request_leaves_no_trace_and_runs_later);
    tcase_add_test(tests, a_pause_for_writes_lets_others_through);
    tcase_add_test(tests, a_pause_ends_by_itself);
    tcase_add_test(tests, what_makes_no_sense_is_told_in_a_pause_too);
    tcase_add_test(tests, a_pause_for_writes_holds_up_transactions_that_write);
    tcase_add_test(tests, who_is_doomed_does_no_more);
    tcase_add_test(tests, while_writes_are_paused_nothing_is_evicted);
    tcase_add_test(tests, who_wants_no_replies_hears_none);
    tcase_add_test(tests, one_reply_can_be_skipped);
    tcase_add_test(tests, replies_that_came_before_are_not_forgotten);
    tcase_add_test(tests, a_command_is_counted_when_it_runs_and_when_it_fails);
    tcase_add_test(tests, a_refused_command_is_counted_as_rejected_and_not_as_run);
    tcase_add_test(tests, a_queued_command_is_counted_when_exec_runs_it);
    tcase_add_test(tests, errors_are_counted_by_their_code);
    tcase_add_test(tests, errors_that_nobody_hears_are_counted_all_the_same);
    tcase_add_test(tests, the_card_shows_the_last_command_that_ran);
    return run_suite(suite, tests);
}
