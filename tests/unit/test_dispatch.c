/* SPDX-License-Identifier: BSD-3-Clause */
/* dispatch: from a request to a reply. The replies are those of Redis's documentation. */
#include "checks.h"
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/load.h"
#include "keys.h"
#include "run/dispatch.h"
#include "store/quota.h"

#define ARGS_MAX 8
#define LARGE    (4 * 1024 * 1024) /* bytes */
#define HOUR     (3600 * 1000)     /* ms */

static struct instance instance;
static struct runner runner;
static struct session session;

static void configure(const char *line)
{
    struct buf error = BUF_EMPTY;

    ck_assert_msg(load_text(instance.conf, "test", slice_str(line), &error), "%s", buf_cstr(&error));
    buf_fini(&error);
}

static void set_up(void)
{
    keyspace_setup();
    instance = (struct instance){.keyspace = ks, .conf = conf_new()};
    instance.options = conf_options(instance.conf);
    clients_init(&instance.clients);
    runner_init(&runner, &instance, 0);
    session_init(&session, clients_add(&instance.clients, 0, 7, "192.0.2.1:5000", "192.0.2.2:6379", false), true);
}

static void tear_down(void)
{
    session_fini(&session);
    out_thread_done();
    clients_fini(&instance.clients);
    runner_fini(&runner);
    conf_free(instance.conf);
    metrics_fini();
    keyspace_teardown();
}

/* ---- requests and replies ---- */

/* A request on its way, with the memory that the parser has otherwise. */
struct sent {
    struct request request;
    struct slice argv[ARGS_MAX];
    uint64_t hash[ARGS_MAX];
    char text[200];
};

/* The words of the text as a prepared request. */
static void prepare(struct sent *s, const char *text)
{
    memset(s, 0, sizeof *s);
    snprintf(s->text, sizeof s->text, "%s", text);
    s->request = (struct request){.argv = s->argv, .hash = s->hash};
    for (char *at, *word = strtok_r(s->text, " ", &at); word != NULL; word = strtok_r(NULL, " ", &at)) {
        ck_assert_int_lt(s->request.argc, ARGS_MAX);
        s->argv[s->request.argc++] = slice_str(word);
    }
    request_prepare(&session, &s->request);
}

static enum dispatch_result run(const char *text)
{
    enum dispatch_result r;
    struct sent s;

    prepare(&s, text);
    quiesce_enter(runner.slot);
    request_prefetch(&runner, &s.request, 1);
    r = dispatch_run(&runner, &session, &s.request);
    quiesce_leave(runner.slot);
    return r;
}

/* What the session has to say must be this. */
static void expect_out(const char *text, const char *expected)
{
    struct buf all = BUF_EMPTY;

    for (struct chunk *c = out_take(&session.out), *next; c != NULL; c = next) {
        next = c->next;
        buf_add(&all, c->p, c->len);
        chunk_free(c);
    }
    ck_assert_msg(strcmp(buf_cstr(&all), expected) == 0, "%s: %s", text, buf_cstr(&all));
    buf_fini(&all);
}

static void expect(const char *text, const char *expected)
{
    ck_assert_int_eq(run(text), DISPATCH_DONE);
    expect_out(text, expected);
}

/* The request is to wait, and to leave no trace. */
static void expect_paused(const char *text)
{
    uint64_t commands = counter_get(&runner.metrics->sums.commands);

    ck_assert_int_eq(run(text), DISPATCH_PAUSED);
    expect_out(text, "");
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), commands);
}

static const struct command_metrics *counted(const char *name)
{
    return &runner.metrics->commands[command_number(command_find(slice_str(name)))];
}

static void expect_counted(const char *name, unsigned calls, unsigned failed, unsigned rejected)
{
    ck_assert_uint_eq(counter_get(&counted(name)->calls), calls);
    ck_assert_uint_eq(counter_get(&counted(name)->failed), failed);
    ck_assert_uint_eq(counter_get(&counted(name)->rejected), rejected);
}

/* ---- ahead of time ---- */

START_TEST(preparing_finds_the_command_and_hashes_its_only_key)
{
    struct sent s;

    prepare(&s, "get k");
    ck_assert_ptr_eq(s.request.cmd, command_find(SLICE("GET")));
    ck_assert_int_eq(s.request.key, 1);
    ck_assert_uint_eq(s.hash[1], hash_bytes(SLICE("k")));
    prepare(&s, "object encoding k");
    ck_assert_str_eq(command_full_name(s.request.cmd), "object|encoding");
    ck_assert_int_eq(s.request.key, 2);
    ck_assert_uint_eq(s.hash[2], hash_bytes(SLICE("k")));
}
END_TEST

START_TEST(preparing_finds_no_only_key_where_there_is_none)
{
    static const char *const requests[] = {"PING",         "GET",      "DEL a",         "DEL a b", "RENAME a b",
                                           "MSETEX 1 a 1", "NOSUCH a", "CLIENT NOSUCH", "CLIENT"};
    struct sent s;

    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        prepare(&s, requests[i]);
        ck_assert_msg(s.request.key == 0, "%s", requests[i]);
    }
    ck_assert_ptr_eq(s.request.cmd, command_find(SLICE("CLIENT")));
    prepare(&s, "CLIENT NOSUCH");
    ck_assert_ptr_null(s.request.cmd);
    prepare(&s, "NOSUCH a");
    ck_assert_ptr_null(s.request.cmd);
}
END_TEST

START_TEST(looking_ahead_changes_nothing_and_needs_no_table)
{
    static const char *const texts[] = {"GET k1", "GET k2", "PING", "NOSUCH", "SET k3 v", "DEL k1 k1"};
    struct sent s[6];
    struct request requests[6];

    put(0, 1, 1); /* past its time: a look that is more than a hint would remove it */
    quiesce_enter(0);
    for (session.db = 0; session.db < 4; session.db++) {
        for (unsigned i = 0; i < 6; i++) {
            prepare(&s[i], texts[i]);
            requests[i] = s[i].request;
        }
        request_prefetch(&runner, requests, 6);
    }
    request_prefetch(&runner, requests, 0);
    quiesce_leave(0);
    ck_assert(is_there(0, 1));
    ck_assert_uint_eq(keyspace_size(ks, 0), 1);
    expect_out("", "");
    for (unsigned i = 0; i < SHARDS; i++)
        ck_assert_ptr_null(shard_table(&ks->shards[i], 3));
}
END_TEST

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

/* ---- memory ---- */

/* Fills the server with one key, k0, far beyond maxmemory. */
static void fill(const char *policy)
{
    static const char value[LARGE];
    struct place p = place_of(0, 0);
    char line[80];

    quota_start();
    hold(p.shard);
    shard_touch(&p, NULL);
    shard_insert(&p, entry_new(&(struct entry_spec){.key = SLICE("k0"), .value = slice_of(value, LARGE)}));
    shard_unlock(p.shard);
    snprintf(line, sizeof line, "maxmemory 1mb\nmaxmemory-policy %s", policy);
    configure(line);
    keyspace_choose(ks, OPT(instance.options, maxmemory_policy));
    runner_tick(&runner);
}

#define OOM "OOM command not allowed when used memory > 'maxmemory'."

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

/* ---- CLIENT PAUSE and KILL ---- */

static void pause_for_long(enum pause_mode mode)
{
    pause_start(&instance.pause, mode, runner.mono + HOUR, runner.mono);
}

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
    clients_doom(&instance.clients, session.card);
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

/* ---- locks: commands of our own, that look at what is held while they run ---- */

static uint64_t seen;   /* a bit for each shard that was held */
static bool seen_world; /* what the call said */

static uint64_t held(void) UNCHECKED_LOCKS /* tries them only */
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < SHARDS; i++)
        if (lock_try(&ks->shards[i].lock))
            lock_drop(&ks->shards[i].lock);
        else
            bits |= 1ull << i;
    return bits;
}

static void look(struct call *c)
{
    seen = held();
    seen_world = c->unit->is_world;
    reply_ok(c->out);
}

#define PROBE .group = "generic", .since = "1.0.0", .cost = "O(1)", .summary = "Looks at the locks.", .syntax = "key"

CMD(probe_one, .name = "PROBEONE", .arity = 2, .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO), PROBE)
{
    ck_assert_uint_eq(c->hash[1], hash_bytes(c->argv[1]));
    look(c);
}

CMD(probe_all, .name = "PROBEALL", .arity = -1, .flags = CMD_READONLY, .keys = CMD_KEYS(1, -1, 1, KEY_RO), PROBE)
{
    for (int i = 1; i < c->argc; i++)
        ck_assert_uint_eq(c->hash[i], hash_bytes(c->argv[i]));
    look(c);
}

CMD(probe_world, .name = "PROBEWORLD", .arity = 1, .flags = CMD_READONLY | CMD_WORLD, PROBE)
{
    look(c);
}

CMD(probe_any, .name = "PROBEANY", .arity = 1, .flags = CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS, PROBE)
{
    look(c);
}

static bool names_more(const struct slice *argv, int argc)
{
    return argc > 2 && slice_is(argv[2], "more");
}

CMD(probe_more, .name = "PROBEMORE", .arity = -2, .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO),
    .needs_world = names_more, PROBE)
{
    look(c);
}

static uint64_t shard_bit(const char *key)
{
    return 1ull << keyspace_shard(ks, hash_bytes(slice_str(key)))->index;
}

#define WORLD ((1ull << SHARDS) - 1)

START_TEST(the_shards_of_the_declared_keys_are_held_while_a_command_runs)
{
    expect("probeone a", "+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("a"));
    expect("probeall a b c d", "+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("a") | shard_bit("b") | shard_bit("c") | shard_bit("d"));
    ck_assert(!seen_world);
    expect("probeall", "+OK\r\n");
    ck_assert_uint_eq(seen, 0);
    ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(a_command_for_the_world_holds_every_shard_and_knows_it)
{
    expect("probeworld", "+OK\r\n");
    ck_assert_uint_eq(seen, WORLD);
    ck_assert(seen_world);
    ck_assert_uint_eq(held(), 0);
    expect("probeany", "+OK\r\n");
    ck_assert_uint_eq(seen, 0);
    ck_assert(!seen_world);
}
END_TEST

START_TEST(a_request_that_reads_keys_it_does_not_name_holds_every_shard)
{
    expect("probemore a", "+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("a"));
    ck_assert(!seen_world);
    expect("probemore a more", "+OK\r\n");
    ck_assert_uint_eq(seen, WORLD);
    ck_assert(seen_world);
    expect("multi", "+OK\r\n");
    expect("probemore a", "+QUEUED\r\n");
    expect("exec", "*1\r\n+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("a"));
    ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(an_exec_holds_the_shards_of_its_commands_and_of_what_is_watched)
{
    expect("watch w", "+OK\r\n");
    expect("multi", "+OK\r\n");
    expect("probeone a", "+QUEUED\r\n");
    expect("probeall b c", "+QUEUED\r\n");
    ck_assert_uint_eq(held(), 0);
    expect("exec", "*2\r\n+OK\r\n+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("w") | shard_bit("a") | shard_bit("b") | shard_bit("c"));
    ck_assert_uint_eq(held(), 0);
}
END_TEST

START_TEST(an_exec_holds_the_world_where_one_of_its_commands_needs_it)
{
    static const char *const needs[] = {"probeworld", "probeany", "config get port", "probemore b more"};

    for (unsigned i = 0; i < 4; i++) {
        seen = 0;
        seen_world = false;
        run("multi");
        run("probeone a");
        run(needs[i]);
        run("exec");
        ck_assert_msg(seen == WORLD && seen_world, "%s", needs[i]);
        ck_assert_uint_eq(held(), 0);
    }
}
END_TEST

START_TEST(a_request_that_does_not_run_leaves_no_shard_held)
{
    run("nosuch");
    run("get");
    run("msetex x a 1");
    pause_for_long(PAUSE_ALL);
    run("probeone a");
    run("probeall a b");
    run("probeworld");
    ck_assert_uint_eq(held(), 0);
    ck_assert_uint_eq(atomic_load(&ks->gate.slots[0].inside), 0);
    ck_assert_uint_eq(atomic_load(&ks->gate.solo), 0);
}
END_TEST

static _Atomic bool has_run;

static void *run_in_thread(void *arg)
{
    run(arg);
    atomic_store(&has_run, true);
    mem_thread_done();
    return NULL;
}

/* Holds the shard of key i until a thread that runs the request sleeps at it; then lets it go on. */
static void run_after_waiting(const char *text, unsigned i)
{
    struct shard *s = place_of(0, i).shard;
    pthread_t t;

    atomic_store(&has_run, false);
    shard_lock(s);
    ck_assert_int_eq(pthread_create(&t, NULL, run_in_thread, (void *)text), 0);
    while (atomic_load(&s->lock.word) != 2) {
        ck_assert(!atomic_load(&has_run));
        sched_yield();
    }
    shard_unlock(s);
    pthread_join(t, NULL);
}

START_TEST(a_command_waits_for_its_shard)
{
    run_after_waiting("set k1 v", 1);
    expect_out("set", "+OK\r\n");
    run_after_waiting("mget k1 k2", 2);
    expect_out("mget", "*2\r\n$1\r\nv\r\n$-1\r\n");
    run_after_waiting("keys nosuch", 5);
    expect_out("keys", "*0\r\n");
}
END_TEST

START_TEST(what_has_expired_while_a_command_waited_is_gone_for_it)
{
    put(0, 1, 1000);
    runner.now = 1; /* the time was read before the key's had come */
    run_after_waiting("get k1", 1);
    expect_out("get", "$-1\r\n");
    put(0, 1, 1000);
    runner.now = 1;
    run_after_waiting("mget k1 k2", 1);
    expect_out("mget", "*2\r\n$-1\r\n$-1\r\n");
}
END_TEST

static void add_early_tests(TCase *tests)
{
    tcase_add_test(tests, preparing_finds_the_command_and_hashes_its_only_key);
    tcase_add_test(tests, preparing_finds_no_only_key_where_there_is_none);
    tcase_add_test(tests, looking_ahead_changes_nothing_and_needs_no_table);
    tcase_add_test(tests, what_is_unknown_is_told_with_what_came_with_it);
    tcase_add_test(tests, a_line_end_in_an_unknown_name_ends_no_reply);
    tcase_add_test(tests, a_browser_is_hung_up_on);
    tcase_add_test(tests, too_few_or_too_many_arguments_are_refused);
    tcase_add_test(tests, without_the_password_only_the_way_in_is_open);
    tcase_add_test(tests, who_is_out_may_still_quit);
    tcase_add_test(tests, where_the_password_was_taken_away_nobody_has_to_say_it);
    tcase_add_test(tests, a_protected_command_is_for_whom_the_administrator_allows_it);
}

static void add_multi_tests(TCase *tests)
{
    tcase_add_test(tests, within_multi_commands_are_queued_and_run_by_exec);
    tcase_add_test(tests, the_commands_of_the_transaction_itself_are_not_queued);
    tcase_add_test(tests, a_refusal_within_multi_fails_the_transaction);
    tcase_add_test(tests, some_commands_are_not_allowed_in_a_transaction);
    tcase_add_test(tests, an_exec_that_is_refused_ends_the_transaction);
    tcase_add_test(tests, an_error_of_one_command_stops_no_transaction);
}

static void add_memory_tests(TCase *tests)
{
    tcase_add_test(tests, where_memory_is_full_what_may_add_to_it_is_refused);
    tcase_add_test(tests, where_memory_is_full_nothing_is_queued);
    tcase_add_test(tests, an_exec_is_refused_where_one_of_its_commands_would_be);
    tcase_add_test(tests, an_exec_that_only_reads_runs_where_memory_is_full);
    tcase_add_test(tests, before_a_write_is_refused_keys_are_evicted);
    tcase_add_test(tests, without_maxmemory_nothing_is_ever_full);
}

static void add_pause_tests(TCase *tests)
{
    tcase_add_test(tests, a_paused_request_leaves_no_trace_and_runs_later);
    tcase_add_test(tests, a_pause_for_writes_lets_others_through);
    tcase_add_test(tests, a_pause_ends_by_itself);
    tcase_add_test(tests, what_makes_no_sense_is_told_in_a_pause_too);
    tcase_add_test(tests, a_pause_for_writes_holds_up_transactions_that_write);
    tcase_add_test(tests, who_is_doomed_does_no_more);
    tcase_add_test(tests, while_writes_are_paused_nothing_is_evicted);
}

static void add_reply_tests(TCase *tests)
{
    tcase_add_test(tests, who_wants_no_replies_hears_none);
    tcase_add_test(tests, one_reply_can_be_skipped);
    tcase_add_test(tests, replies_that_came_before_are_not_forgotten);
    tcase_add_test(tests, a_command_is_counted_when_it_runs_and_when_it_fails);
    tcase_add_test(tests, a_refused_command_is_counted_as_rejected_and_not_as_run);
    tcase_add_test(tests, a_queued_command_is_counted_when_exec_runs_it);
    tcase_add_test(tests, errors_are_counted_by_their_code);
    tcase_add_test(tests, errors_that_nobody_hears_are_counted_all_the_same);
    tcase_add_test(tests, the_card_shows_the_last_command_that_ran);
}

static void add_lock_tests(TCase *tests)
{
    tcase_add_test(tests, the_shards_of_the_declared_keys_are_held_while_a_command_runs);
    tcase_add_test(tests, a_command_for_the_world_holds_every_shard_and_knows_it);
    tcase_add_test(tests, a_request_that_reads_keys_it_does_not_name_holds_every_shard);
    tcase_add_test(tests, an_exec_holds_the_shards_of_its_commands_and_of_what_is_watched);
    tcase_add_test(tests, an_exec_holds_the_world_where_one_of_its_commands_needs_it);
    tcase_add_test(tests, a_request_that_does_not_run_leaves_no_shard_held);
    tcase_add_test(tests, a_command_waits_for_its_shard);
    tcase_add_test(tests, what_has_expired_while_a_command_waited_is_gone_for_it);
}

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *tests = tcase_create("dispatch");
    SRunner *runner_of_tests = srunner_create(suite);
    int failed;

    hash_init();
    clock_calibrate();
    commands_init();
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    add_early_tests(tests);
    add_multi_tests(tests);
    add_memory_tests(tests);
    add_pause_tests(tests);
    add_reply_tests(tests);
    add_lock_tests(tests);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner_of_tests, CK_NORMAL);
    failed = srunner_ntests_failed(runner_of_tests);
    srunner_free(runner_of_tests);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
