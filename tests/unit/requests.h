/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * requests: one session that sends requests to a small server, for tests.
 *
 * Role:    the fixture of tests of how commands are run: set_up and tear_down, configure, run and expect.
 * Threads: the test's.
 */
#ifndef LARDER_TESTS_REQUESTS_H
#define LARDER_TESTS_REQUESTS_H

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "checks.h"
#include "conf/load.h"
#include "keys.h"
#include "run/dispatch.h"
#include "store/quota.h"

#define ARGS_MAX 12
#define LARGE    (4 * 1024 * 1024) /* bytes */
#define HOUR     (3600 * 1000)     /* ms */

static struct instance instance;
static struct runner runner;
static struct session session;

static inline void configure(const char *line)
{
    struct buf error = BUF_EMPTY;

    ck_assert_msg(load_text(instance.conf, "test", slice_str(line), &error), "%s", buf_cstr(&error));
    buf_fini(&error);
}

static inline void set_up(void)
{
    const struct card_origin origin = {.fd = 7, .peer = "192.0.2.1:5000", .local = "192.0.2.2:6379"};

    keyspace_setup();
    instance_init(&instance, ks, conf_new());
    instance.threads = 1;
    memcpy(instance.run_id, "0123456789abcdef0123456789abcdef01234567", sizeof instance.run_id);
    runner_init(&runner, &instance, 0);
    session_init(&session, clients_add(&instance.clients, &origin), true);
}

static inline void tear_down(void)
{
    session_fini(&session);
    out_thread_done();
    instance_fini(&instance);
    runner_fini(&runner);
    conf_free(instance.conf);
    metrics_fini();
    keyspace_teardown();
}

/* ---- requests and replies ---- */

/* A request with the memory that the parser owns in the server. */
struct sent {
    struct request request;
    struct slice argv[ARGS_MAX];
    uint64_t hash[ARGS_MAX];
    char text[200];
};

/* The words of the text as a prepared request. */
static inline void prepare(struct sent *s, const char *text)
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

static inline enum dispatch_result run(const char *text)
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

/* Expects this output of the session. */
static inline void expect_out(const char *text, const char *expected)
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

static inline void expect(const char *text, const char *expected)
{
    ck_assert_int_eq(run(text), DISPATCH_DONE);
    expect_out(text, expected);
}

/* Expects that the request is paused and has no effect. */
static inline void expect_paused(const char *text)
{
    uint64_t commands = counter_get(&runner.metrics->sums.commands);

    ck_assert_int_eq(run(text), DISPATCH_PAUSED);
    expect_out(text, "");
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.commands), commands);
}

static inline const struct command_metrics *counted(const char *name)
{
    return &runner.metrics->commands[command_number(command_find(slice_str(name)))];
}

static inline void expect_counted(const char *name, unsigned calls, unsigned failed, unsigned rejected)
{
    ck_assert_uint_eq(counter_get(&counted(name)->calls), calls);
    ck_assert_uint_eq(counter_get(&counted(name)->failed), failed);
    ck_assert_uint_eq(counter_get(&counted(name)->rejected), rejected);
}

/* ---- states ---- */

/* Fills the server with one key, k0, far beyond maxmemory. */
static inline void fill(const char *policy)
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

static inline void pause_for_long(enum pause_mode mode)
{
    pause_start(&instance.pause, mode, runner.mono + HOUR, runner.mono);
}

/* Runs a suite of tests with the fixture. */
static inline int run_suite(Suite *suite, TCase *tests)
{
    SRunner *suite_runner = srunner_create(suite);
    int failed;

    hash_init();
    clock_calibrate();
    commands_init();
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    suite_add_tcase(suite, tests);
    srunner_run_all(suite_runner, CK_NORMAL);
    failed = srunner_ntests_failed(suite_runner);
    srunner_free(suite_runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
