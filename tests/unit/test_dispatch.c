/* SPDX-License-Identifier: BSD-3-Clause */
/* dispatch: from a request to a reply. The replies are those of Redis's documentation. */
#include "checks.h"
#include "config.h"

#include "requests.h"

/* ---- MULTI ---- */

START_TEST(commands_in_multi_are_queued_and_run_by_exec)
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

START_TEST(transaction_commands_are_not_queued)
{
    expect("multi", "+OK\r\n");
    expect("multi", "-ERR MULTI calls can not be nested\r\n");
    expect("watch k", "-ERR WATCH inside MULTI is not allowed\r\n");
    expect("discard", "+OK\r\n");
    expect("discard", "-ERR DISCARD without MULTI\r\n");
    expect("exec", "-ERR EXEC without MULTI\r\n");
    expect("multi", "+OK\r\n");
    configure("protected-mode no");
    expect("reset", "+RESET\r\n");
    expect("get k", "$-1\r\n");
    expect("multi", "+OK\r\n");
    expect("quit", "+OK\r\n");
}
END_TEST

START_TEST(a_refused_command_fails_the_transaction)
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

START_TEST(a_refused_exec_ends_the_transaction)
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

START_TEST(an_error_of_a_queued_command_does_not_stop_the_transaction)
{
    expect("multi", "+OK\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    expect("incr k1", "+QUEUED\r\n");
    expect("get k1", "+QUEUED\r\n");
    expect("exec", "*3\r\n+OK\r\n-ERR value is not an integer or out of range\r\n$1\r\nv\r\n");
}
END_TEST

/* ---- CLIENT PAUSE and KILL ---- */

START_TEST(a_paused_request_has_no_effect_and_runs_later)
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

START_TEST(a_pause_for_writes_lets_reads_run)
{
    pause_for_long(PAUSE_WRITE);
    expect_paused("set k1 v");
    expect_paused("del k1 k2");
    expect_paused("flushall");
    expect("get k1", "$-1\r\n");
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(a_pause_ends_after_its_timeout)
{
    pause_for_long(PAUSE_ALL);
    expect_paused("ping");
    runner.mono += HOUR;
    expect("ping", "+PONG\r\n");
}
END_TEST

START_TEST(invalid_requests_are_answered_during_a_pause)
{
    pause_for_long(PAUSE_ALL);
    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("get", "-ERR wrong number of arguments for 'get' command\r\n");
}
END_TEST

START_TEST(a_pause_for_writes_pauses_transactions_that_write)
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

START_TEST(killed_clients_run_no_more_commands)
{
    clients_doom(&instance.clients, NULL, session.card);
    expect_paused("set k1 v");
    expect_paused("mset k1 v k2 v");
    expect_paused("ping");
    ck_assert(!is_there(0, 1));
}
END_TEST

START_TEST(no_key_is_evicted_while_writes_are_paused)
{
    fill("allkeys-random");
    pause_for_long(PAUSE_WRITE);
    expect("strlen k0", ":4194304\r\n");
    expect_paused("set k1 v");
    ck_assert(is_there(0, 0));
}
END_TEST

/* ---- CLIENT REPLY ---- */

START_TEST(client_reply_off_suppresses_replies)
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

START_TEST(client_reply_skip_suppresses_one_reply)
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

START_TEST(suppression_keeps_earlier_replies)
{
    run("ping");
    run("client reply skip");
    run("get k1");
    run("echo x");
    expect_out("pipeline", "+PONG\r\n$1\r\nx\r\n");
}
END_TEST

/* ---- counting ---- */

START_TEST(calls_and_failed_calls_of_a_command_are_counted)
{
    expect("set k1 v", "+OK\r\n");
    run("incr k1");
    run("get k1");
    run("get k1"); /* the earlier error does not count for it */
    expect_counted("set", 1, 0, 0);
    expect_counted("get", 2, 0, 0);
    expect_counted("incr", 1, 1, 0);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), 4);
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.error_replies), 1);
}
END_TEST

START_TEST(a_refused_command_counts_as_rejected_and_not_as_a_call)
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
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands),
                      6); /* including SET, MULTI, and the queued commands */
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

START_TEST(errors_are_counted_when_replies_are_suppressed)
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

    tcase_add_test(tests, commands_in_multi_are_queued_and_run_by_exec);
    tcase_add_test(tests, transaction_commands_are_not_queued);
    tcase_add_test(tests, a_refused_command_fails_the_transaction);
    tcase_add_test(tests, some_commands_are_not_allowed_in_a_transaction);
    tcase_add_test(tests, a_refused_exec_ends_the_transaction);
    tcase_add_test(tests, an_error_of_a_queued_command_does_not_stop_the_transaction);
    tcase_add_test(tests, a_paused_request_has_no_effect_and_runs_later);
    tcase_add_test(tests, a_pause_for_writes_lets_reads_run);
    tcase_add_test(tests, a_pause_ends_after_its_timeout);
    tcase_add_test(tests, invalid_requests_are_answered_during_a_pause);
    tcase_add_test(tests, a_pause_for_writes_pauses_transactions_that_write);
    tcase_add_test(tests, killed_clients_run_no_more_commands);
    tcase_add_test(tests, no_key_is_evicted_while_writes_are_paused);
    tcase_add_test(tests, client_reply_off_suppresses_replies);
    tcase_add_test(tests, client_reply_skip_suppresses_one_reply);
    tcase_add_test(tests, suppression_keeps_earlier_replies);
    tcase_add_test(tests, calls_and_failed_calls_of_a_command_are_counted);
    tcase_add_test(tests, a_refused_command_counts_as_rejected_and_not_as_a_call);
    tcase_add_test(tests, a_queued_command_is_counted_when_exec_runs_it);
    tcase_add_test(tests, errors_are_counted_by_their_code);
    tcase_add_test(tests, errors_are_counted_when_replies_are_suppressed);
    tcase_add_test(tests, the_card_shows_the_last_command_that_ran);
    return run_suite(suite, tests);
}
