/* SPDX-License-Identifier: BSD-3-Clause */
/* admission: decides whether a command may run. The replies are those of Redis's documentation. */
#include "checks.h"
#include "config.h"

#include "requests.h"
#include "run/admission.h"

/* ---- refusals ---- */

START_TEST(the_error_for_an_unknown_command_shows_its_arguments)
{
    char request[200] = "nosuch ", expected[300];

    expect("nosuch", "-ERR unknown command 'nosuch', with args beginning with: \r\n");
    expect("nosuch a b", "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b' \r\n");
    expect("client nosuch x", "-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n");
    /* At most 128 bytes of the name, and of the arguments together. */
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

START_TEST(a_line_end_in_an_unknown_name_does_not_end_the_reply)
{
    struct sent s;

    prepare(&s, "nosuch");
    s.argv[0] = SLICE("a\r\nb");
    dispatch_run(&runner, &session, &s.request);
    expect_out("a\r\nb", "-ERR unknown command 'a  b', with args beginning with: \r\n");
}
END_TEST

START_TEST(http_requests_close_the_connection)
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

START_TEST(a_wrong_number_of_arguments_is_refused)
{
    expect("get", "-ERR wrong number of arguments for 'get' command\r\n");
    expect("GET a b", "-ERR wrong number of arguments for 'get' command\r\n");
    expect("mget", "-ERR wrong number of arguments for 'mget' command\r\n");
    expect("client", "-ERR wrong number of arguments for 'client' command\r\n");
    expect("client getname x", "-ERR wrong number of arguments for 'client|getname' command\r\n");
    expect("mget a b", "*2\r\n$-1\r\n$-1\r\n");
}
END_TEST

START_TEST(an_unauthenticated_client_may_only_authenticate)
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

START_TEST(an_unauthenticated_client_may_quit)
{
    configure("requirepass secret");
    session.authenticated = false;
    expect("quit", "+OK\r\n");
    ck_assert(session.close_after);
}
END_TEST

START_TEST(removing_the_password_lets_waiting_clients_in)
{
    configure("requirepass secret");
    session.authenticated = false;
    configure("requirepass \"\"\nprotected-mode no");
    expect("get k", "$-1\r\n");
    ck_assert(session.authenticated);
    /* An authenticated client stays so, as in Redis. */
    configure("requirepass secret");
    expect("get k", "$-1\r\n");
}
END_TEST

START_TEST(removing_the_password_in_protected_mode_lets_no_client_of_another_machine_in)
{
    static const char *const ways[] = {"get k", "auth default x", "hello 2 auth default x", "hello", "reset"};

    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        configure("requirepass secret");
        session.authenticated = session.close_after = false;
        configure("requirepass \"\"");
        run(ways[i]);
        ck_assert_msg(!session.authenticated, "%s", ways[i]);
        chunk_free(out_take(&session.out));
        expect("get k", "-" INSTANCE_DENIED "\r\n");
        ck_assert(session.close_after);
    }
    session.card->is_local = true;
    expect("get k", "$-1\r\n");
}
END_TEST

#define REFUSED_DEBUG                                                                                                \
    "-ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a " \
    "local connection, otherwise you need to set this option in the configuration file, and then restart the "       \
    "server.\r\n"

START_TEST(options_allow_protected_commands)
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

START_TEST(commands_that_may_add_data_are_refused_when_memory_is_full)
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

START_TEST(when_memory_is_full_only_commands_that_may_add_data_are_not_queued)
{
    expect("multi", "+OK\r\n");
    fill("noeviction");
    expect("strlen k0", "+QUEUED\r\n");
    expect("ping", "+QUEUED\r\n");
    expect("del k0", "+QUEUED\r\n");
    expect("exec", "*3\r\n:4194304\r\n+PONG\r\n:1\r\n");
    expect("multi", "+OK\r\n");
    fill("noeviction");
    expect("set k1 v", "-" OOM "\r\n");
    expect("get k0", "+QUEUED\r\n");
    expect("exec", "-EXECABORT Transaction discarded because of previous errors.\r\n");
}
END_TEST

START_TEST(an_exec_is_refused_if_a_queued_command_would_be)
{
    expect("multi", "+OK\r\n");
    expect("get k1", "+QUEUED\r\n");
    expect("set k1 v", "+QUEUED\r\n");
    fill("noeviction");
    expect("exec", "-EXECABORT Transaction discarded because of: " OOM "\r\n");
    ck_assert(!is_there(0, 1) && !session.in_multi);
}
END_TEST

START_TEST(an_exec_that_only_reads_runs_when_memory_is_full)
{
    expect("multi", "+OK\r\n");
    expect("strlen k0", "+QUEUED\r\n");
    fill("noeviction");
    expect("exec", "*1\r\n:4194304\r\n");
}
END_TEST

START_TEST(keys_are_evicted_before_a_write_is_refused)
{
    fill("allkeys-random");
    while (keyspace_stats(ks).evicted == 0) /* one command evicts only for a short time */
        expect("setrange k1 0 v", ":1\r\n");
    ck_assert(!is_there(0, 0));
}
END_TEST

START_TEST(memory_is_never_full_without_maxmemory)
{
    fill("noeviction");
    configure("maxmemory 0");
    expect("set k1 v", "+OK\r\n");
}
END_TEST

/* ---- states of the server ---- */

/* Expects that only the command with the flag for this state runs. */
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

START_TEST(only_commands_with_the_flag_loading_run_while_loading)
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

START_TEST(only_commands_with_the_flag_allow_busy_run_while_a_script_is_busy)
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

START_TEST(admission_returns_a_reason_and_writes_no_reply)
{
    struct unit unit;
    struct sent s;
    struct call c = {.runner = &runner, .unit = &unit, .instance = &instance, .session = &session, .out = &session.out};

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

/* Expects the error, or NULL for none, for a request whose argument i was received in a blob. */
static void expect_long(const char *text, int i, const char *error)
{
    struct sent s;
    struct blob *b;

    prepare(&s, text);
    b = blob_copy(s.argv[i]);
    s.argv[i] = blob_slice(b);
    s.request.blobs = &b;
    s.request.blob_count = 1;
    dispatch_run(&runner, &session, &s.request);
    if (error != NULL) {
        expect_out(text, error);
    } else {
        ck_assert_uint_eq(session.out.errors, 0);
        out_fini(&session.out);
    }
    session.out.errors = 0;
    blob_unref(b);
}

START_TEST(an_argument_that_no_entry_can_hold_is_refused)
{
    const char *error = "-" ERR_TOO_LONG "\r\n";

    admission_argument_max = 10;
    expect_long("set key long-long-value", 2, NULL);
    expect_long("mset key long-long-value", 2, NULL);
    expect_long("getset key long-long-value", 2, NULL);
    expect_long("msetex 1 key long-long-value", 3, NULL);
    expect_long("append key long-long-value", 2, NULL);
    expect_long("get long-long-key", 1, NULL);
    expect_long("del long-long-key", 1, NULL);
    expect_long("echo long-long-text", 1, NULL);
    expect_long("set 0123456789 value", 1, NULL);
    expect_long("set long-long-key value", 1, error);
    expect_long("mset key value long-long-key value", 3, error);
    expect_long("msetex 2 key value long-long-key value", 4, error);
    expect_long("msetex 1 long-long-key value", 2, error);
    expect_long("append long-long-key value", 1, error);
    expect_long("rename key long-long-key", 2, error);
    expect_long("copy key long-long-key", 2, error);
    expect_long("sadd set long-long-member", 2, error);
    expect_long("zadd zset 1 long-long-member", 3, error);
    expect_long("hset hash field long-long-value", 3, error);
    expect_long("rpush list long-long-element", 2, error);
    expect_long("xadd stream * field long-long-value", 4, error);
    expect_long("geoadd geo 1 1 long-long-member", 4, error);
    expect_long("lset list 0 long-long-element", 3, error);
    expect("multi", "+OK\r\n");
    expect_long("sadd set long-long-member", 2, error);
    expect("exec", "-EXECABORT Transaction discarded because of previous errors.\r\n");
    admission_argument_max = ADMISSION_ARGUMENT_MAX;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tests = tcase_create("admission");

    tcase_add_test(tests, the_error_for_an_unknown_command_shows_its_arguments);
    tcase_add_test(tests, a_line_end_in_an_unknown_name_does_not_end_the_reply);
    tcase_add_test(tests, http_requests_close_the_connection);
    tcase_add_test(tests, a_wrong_number_of_arguments_is_refused);
    tcase_add_test(tests, an_unauthenticated_client_may_only_authenticate);
    tcase_add_test(tests, an_unauthenticated_client_may_quit);
    tcase_add_test(tests, removing_the_password_lets_waiting_clients_in);
    tcase_add_test(tests, removing_the_password_in_protected_mode_lets_no_client_of_another_machine_in);
    tcase_add_test(tests, options_allow_protected_commands);
    tcase_add_test(tests, commands_that_may_add_data_are_refused_when_memory_is_full);
    tcase_add_test(tests, when_memory_is_full_only_commands_that_may_add_data_are_not_queued);
    tcase_add_test(tests, an_exec_is_refused_if_a_queued_command_would_be);
    tcase_add_test(tests, an_exec_that_only_reads_runs_when_memory_is_full);
    tcase_add_test(tests, keys_are_evicted_before_a_write_is_refused);
    tcase_add_test(tests, memory_is_never_full_without_maxmemory);
    tcase_add_test(tests, only_commands_with_the_flag_loading_run_while_loading);
    tcase_add_test(tests, a_stale_replica_runs_only_commands_with_the_flag_stale);
    tcase_add_test(tests, only_commands_with_the_flag_allow_busy_run_while_a_script_is_busy);
    tcase_add_test(tests, a_script_may_not_run_commands_with_the_flag_noscript);
    tcase_add_test(tests, admission_returns_a_reason_and_writes_no_reply);
    tcase_add_test(tests, an_argument_that_no_entry_can_hold_is_refused);
    return run_suite(suite, tests);
}
