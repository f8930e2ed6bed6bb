/* SPDX-License-Identifier: BSD-3-Clause */
/* admission: whether a command may run. The replies are those of Redis's documentation. */
#include "checks.h"
#include "config.h"

#include "requests.h"
#include "run/admission.h"

/* ---- refused ---- */

START_TEST(what_is_unknown_is_told_with_what_came_with_it)
{
    char request[200] = "nosuch ", expected[300];

    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n");
    expect("client nosuch x", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n");
    /* No more than 128 bytes of the name, or of the arguments together. */
    memset(request + 7, 'a', 150);
    snprintf(expected, sizeof expected, "-ERR unknown command 'nosuch', with args beginning with: '%.128s' \r\n",
             request + 7);
    expect(request, expected);
    memset(request, 'a', 150);
    request[150] = '\0';
    snprintf(expected, sizeof expected, "-ERR unknown command '%.128s', with args beginning with: \r\n", request);
    expect(request, expected);
}
END_TEST

START_TEST(a_line_end_in_an_unknown_name_ends_no_reply)
{
    struct sent s;

    prepare(&s, "nosuch");
    s.argv[0] = SLICE("a\r\nb");
    dispatch_run(&runner, &session, &s.request);
    expect_out("a\r\nb", "-ERR unknown command 'a  b', with args beginning with: \r\n");
}
END_TEST

START_TEST(a_browser_is_hung_up_on)
{
    run("get k");
    run("nosuch");
    ck_assert(!session.close_now);
    run("post / HTTP/1.1");
    ck_assert(session.close_now);
    session.close_now = false;
    run("Host: example.org");
    ck_assert(session.close_now);
}
END_TEST

START_TEST(too_few_or_too_many_arguments_are_refused)
{
    expect("get", "-ERR wrong number of arguments for 'get' command\r\n");
    expect("GET a b", "-ERR wrong number of arguments for 'get' command\r\n");
    expect("mget", "-ERR wrong number of arguments for 'mget' command\r\n");
    expect("client", "-ERR wrong number of arguments for 'client' command\r\n");
    expect("client getname x", "-ERR wrong number of arguments for 'client|getname' command\r\n");
    expect("mget a b", "*2\r\n$-1\r\n$-1\r\n");
}
END_TEST

START_TEST(without_the_password_only_the_way_in_is_open)
{
    configure("requirepass secret");
    session.authenticated = false;
    expect("get k", "-NOAUTH Authentication required.\r\n");
    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("get", "-ERR wrong number of arguments for 'get' command\r\n");
    expect("auth wrong", "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    expect("get k", "-NOAUTH Authentication required.\r\n");
    expect("auth secret", "+OK\r\n");
    expect("get k", "$-1\r\n");
}
END_TEST

START_TEST(who_is_out_may_still_quit)
{
    configure("requirepass secret");
    session.authenticated = false;
    expect("quit", "+OK\r\n");
    ck_assert(session.close_after);
}
END_TEST

START_TEST(where_the_password_was_taken_away_nobody_has_to_say_it)
{
    configure("requirepass secret");
    session.authenticated = false;
    configure("requirepass \"\"");
    expect("get k", "$-1\r\n");
    ck_assert(session.authenticated);
    /* Who is in stays in, as in Redis. */
    configure("requirepass secret");
    expect("get k", "$-1\r\n");
}
END_TEST

#define REFUSED_DEBUG                                                                                                \
    "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a " \
    "local connection, otherwise you need to set this option in the configuration file, and then restart the "       \
    "server.\r\n"

START_TEST(a_protected_command_is_for_whom_the_administrator_allows_it)
{
    expect("debug sleep 0", REFUSED_DEBUG);
    session.card->is_local = true;
    expect("debug sleep 0", REFUSED_DEBUG);
    configure("enable-debug-command local");
    expect("debug sleep 0", "+OK\r\n");
    session.card->is_local = false;
    expect("debug sleep 0", REFUSED_DEBUG);
    configure("enable-debug-command yes");
    expect("debug sleep 0", "+OK\r\n");
}
END_TEST

/* ---- memory ---- */

START_TEST(where_memory_is_full_what_may_add_to_it_is_refused)
{
    fill("noeviction");
    expect("set k1 v", "-" OOM "\r\n");
    ck_assert(!is_there(0, 1));
    expect("strlen k0", ":4194304\r\n");
    expect("ping", "+PONG\r\n");
    ck_assert(is_there(0, 0));
    expect("del k0", ":1\r\n");
    expect("set k1 v", "+OK\r\n");
}
END_TEST

START_TEST(where_memory_is_full_nothing_is_queued)
{
    expect("multi", "+OK\r\n");
    fill("noeviction");
    expect("get k0", "-" OOM "\r\n");
    expect("exec", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    expect("multi", "+OK\r\n");
    expect("discard", "+OK\r\n");
}
END_TEST

START_TEST(an_exec_is_refused_where_one_of_its_commands_would_be)
{
    expect("multi", "+OK\r\n");
    expect("get k1", "+QUEUED\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    fill("noeviction");
    expect("exec", "-EXECABORT Transaction discarded because of: " OOM "\r\n");
    ck_assert(!is_there(0, 1) && !session.in_multi);
}
END_TEST

START_TEST(an_exec_that_only_reads_runs_where_memory_is_full)
{
    expect("multi", "+OK\r\n");
    expect("strlen k0", "+QUEUED\r\n");
    fill("noeviction");
    expect("exec", "*1\r\n:4194304\r\n");
}
END_TEST

START_TEST(before_a_write_is_refused_keys_are_evicted)
{
    fill("allkeys-random");
    while (atomic_load(&ks->stats.evicted) == 0) /* one command evicts for a moment only */
        expect("setrange k1 0 v", ":1\r\n");
    ck_assert(!is_there(0, 0));
}
END_TEST

START_TEST(without_maxmemory_nothing_is_ever_full)
{
    fill("noeviction");
    configure("maxmemory 0");
    expect("set k1 v", "+OK\r\n");
}
END_TEST

/* ---- states of the server ---- */

/* What a client gets for commands with and without the flag that allows them in this state. */
static void expect_state(enum instance_state state, const char *allowed, const char *refused, const char *error)
{
    atomic_store(&instance.state, state);
    expect(refused, error);
    ck_assert_int_eq(run(allowed), DISPATCH_DONE);
    out_fini(&session.out);
    atomic_store(&instance.state, 0);
    ck_assert_int_eq(run(refused), DISPATCH_DONE);
    ck_assert_uint_eq(session.out.errors, 1);
    out_fini(&session.out);
    session.out.errors = 0;
}

START_TEST(while_loading_only_commands_with_the_flag_loading_run)
{
    expect_state(INSTANCE_LOADING, "info", "get k1", "-LOADING Redis is loading the dataset in memory\r\n");
}
END_TEST

START_TEST(a_stale_replica_runs_only_commands_with_the_flag_stale)
{
    expect_state(INSTANCE_STALE, "info", "get k1",
                 "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n");
}
END_TEST

START_TEST(while_a_script_is_busy_only_commands_with_the_flag_allow_busy_run)
{
    expect_state(INSTANCE_BUSY, "multi", "get k1",
                 "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n");
}
END_TEST

START_TEST(a_script_may_not_run_commands_with_the_flag_noscript)
{
    session.is_script = true;
    expect("multi", "-ERR This Redis command is not allowed from script\r\n");
    expect("get k1", "$-1\r\n");
    session.is_script = false;
    expect("multi", "+OK\r\n");
}
END_TEST

START_TEST(admission_gives_a_reason_and_writes_nothing)
{
    struct unit unit;
    struct sent s;
    struct call c = {.runner = &runner, .unit = &unit, .instance = &instance, .session = &session,
                     .out = &session.out};

    prepare(&s, "get");
    c.cmd = s.request.cmd;
    c.argv = s.argv;
    c.argc = s.request.argc;
    ck_assert_int_eq(admission_check(&c), REFUSED_ARITY);
    prepare(&s, "get k1");
    c.argc = s.request.argc;
    ck_assert_int_eq(admission_check(&c), ADMITTED);
    ck_assert_uint_eq(out_size(&session.out), 0);
    ck_assert_uint_eq(session.out.errors, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tests = tcase_create("admission");

    tcase_add_test(tests, what_is_unknown_is_told_with_what_came_with_it);
    tcase_add_test(tests, a_line_end_in_an_unknown_name_ends_no_reply);
    tcase_add_test(tests, a_browser_is_hung_up_on);
    tcase_add_test(tests, too_few_or_too_many_arguments_are_refused);
    tcase_add_test(tests, without_the_password_only_the_way_in_is_open);
    tcase_add_test(tests, who_is_out_may_still_quit);
    tcase_add_test(tests, where_the_password_was_taken_away_nobody_has_to_say_it);
    tcase_add_test(tests, a_protected_command_is_for_whom_the_administrator_allows_it);
    tcase_add_test(tests, where_memory_is_full_what_may_add_to_it_is_refused);
    tcase_add_test(tests, where_memory_is_full_nothing_is_queued);
    tcase_add_test(tests, an_exec_is_refused_where_one_of_its_commands_would_be);
    tcase_add_test(tests, an_exec_that_only_reads_runs_where_memory_is_full);
    tcase_add_test(tests, before_a_write_is_refused_keys_are_evicted);
    tcase_add_test(tests, without_maxmemory_nothing_is_ever_full);
    tcase_add_test(tests, while_loading_only_commands_with_the_flag_loading_run);
    tcase_add_test(tests, a_stale_replica_runs_only_commands_with_the_flag_stale);
    tcase_add_test(tests, while_a_script_is_busy_only_commands_with_the_flag_allow_busy_run);
    tcase_add_test(tests, a_script_may_not_run_commands_with_the_flag_noscript);
    tcase_add_test(tests, admission_gives_a_reason_and_writes_nothing);
    return run_suite(suite, tests);
}
