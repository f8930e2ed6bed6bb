/* SPDX-License-Identifier: BSD-3-Clause */
/* cmd, bytes: what tables count of their entries, under commands of all types, against a walk over the entries. */
#include "checks.h"
#include "config.h"

#include <stdlib.h>

#include "base/mem.h"
#include "conf/load.h"
#include "dataset.h"
#include "keys.h"
#include "run/catalog.h"
#include "run/dispatch.h"
#include "seed.h"
#include "store/freer.h"

#define ARGS_MAX 16
#define KEYS     12
#define ROUNDS   60000
#define CHECK_AT 50 /* commands */
#define LONGEST  40000

static struct instance instance;
static struct runner runner;
static struct session session;
static char filler[LONGEST];

static void set_up(void)
{
    const struct card_origin origin = {.fd = 7, .peer = "127.0.0.1:5000", .local = "127.0.0.1:6379", .is_local = true};
    struct buf error = BUF_EMPTY;

    keyspace_setup();
    instance_init(&instance, ks, conf_new());
    /* Values become large after few elements. */
    ck_assert(load_text(instance.conf, "test",
                        SLICE("hash-max-listpack-entries 8\nset-max-listpack-entries 8\nset-max-intset-entries 8\n"
                              "zset-max-listpack-entries 8\nlist-max-listpack-size 4\nstream-node-max-entries 5\n"
                              "enable-debug-command local\n"),
                        &error));
    runner_init(&runner, &instance, 0);
    session_init(&session, clients_add(&instance.clients, &origin), true);
    memset(filler, 'x', sizeof filler);
}

static void tear_down(void)
{
    session_fini(&session);
    out_thread_done();
    instance_fini(&instance);
    runner_fini(&runner);
    conf_free(instance.conf);
    metrics_fini();
    keyspace_teardown();
}

/* ---- requests ---- */

/* A word of a template: %k a key of any type, %s .. %x a key that mostly has that type, %n a number, %v a value, %l a
 * long one, %o an offset; the others stand for themselves. */
static struct slice word_of(const char *t, char room[32])
{
    size_t n;

    if (t[0] != '%')
        return slice_str(t);
    switch (t[1]) {
    case 'k':
        n = (size_t)snprintf(room, 32, "%c%u", "slhezxp"[seed_below(7)], (unsigned)seed_below(KEYS));
        break;
    case 'n':
        n = (size_t)snprintf(room, 32, "%u", (unsigned)seed_below(30));
        break;
    case 'o':
        n = (size_t)snprintf(room, 32, "%u", (unsigned)seed_below(seed_below(4) ? 200 : LONGEST));
        break;
    case 'v':
        return slice_of(filler, seed_below(seed_below(5) ? 40 : 400));
    case 'L':
        return slice_of(filler, seed_below(LONGEST));
    default:
        n = (size_t)snprintf(room, 32, "%c%u", t[1], (unsigned)seed_below(KEYS));
        break;
    }
    return slice_of(room, n);
}

static void run(const char *template)
{
    struct slice argv[ARGS_MAX];
    uint64_t hash[ARGS_MAX];
    char text[200], room[ARGS_MAX][32];
    struct request request = {.argv = argv, .hash = hash};

    snprintf(text, sizeof text, "%s", template);
    for (char *at, *word = strtok_r(text, " ", &at); word != NULL; word = strtok_r(NULL, " ", &at)) {
        ck_assert_int_lt(request.argc, ARGS_MAX);
        argv[request.argc] = word_of(word, room[request.argc]);
        request.argc++;
    }
    request_prepare(&session, &request);
    quiesce_enter(runner.slot);
    ck_assert_int_eq(dispatch_run(&runner, &session, &request), DISPATCH_DONE);
    quiesce_leave(runner.slot);
    for (struct chunk *c = out_take(&session.out), *next; c != NULL; c = next) {
        next = c->next;
        ck_assert_msg(c->len < 12 || memcmp(c->p, "-ERR unknown", 12) != 0, "%s", template);
        chunk_free(c);
    }
}

static const char *const templates[] = {
    "set %s %v",
    "set %s %L",
    "set %s %n",
    "set %k %v px %n",
    "append %s %v",
    "append %s %L",
    "setrange %s %o %v",
    "setbit %s %o 1",
    "incr %s",
    "getset %s %v",
    "getex %s ex 100",
    "getdel %s",
    "pfadd %p %n %v %o",
    "pfcount %p %p",
    "pfmerge %p %p",
    "mset %s %v %s %L %s %n",
    "bitop or %s %s %s",
    "lcs %s %s",
    "rpush %l %v %n %v",
    "lpush %l %n %v",
    "lpop %l %n",
    "rpop %l",
    "lset %l 0 %v",
    "linsert %l before x %v",
    "lrem %l 0 %n",
    "ltrim %l 1 %n",
    "lmove %l %l left right",
    "rpush %l %L",
    "hset %h %n %v %n %v",
    "hdel %h %n %n",
    "hincrby %h %n 1",
    "hpexpire %h %n fields 1 %n",
    "hpersist %h fields 1 %n",
    "hset %h %n %L",
    "hgetall %h",
    "hpexpire %h 1 fields 2 %n %n",
    "sadd %e %n %n %n",
    "sadd %e %v",
    "srem %e %n %n",
    "spop %e %n",
    "smove %e %e %n",
    "sunionstore %e %e %e",
    "sinterstore %e %e %e",
    "zadd %z %n %v %n %n",
    "zadd %z %n %n %n %n",
    "zrem %z %n",
    "zincrby %z %n %n",
    "zpopmin %z %n",
    "zunionstore %z 2 %z %e",
    "zremrangebyrank %z 0 %n",
    "zrangestore %z %z 0 %n",
    "geoadd %z 13.361389 38.115556 %n",
    "xadd %x * %n %v",
    "xadd %x maxlen 20 * %n %v %n %v",
    "xadd %x * f %L",
    "xdel %x 1-1",
    "xtrim %x maxlen %n",
    "xgroup create %x g 0 mkstream",
    "xgroup createconsumer %x g %n",
    "xgroup delconsumer %x g %n",
    "xgroup destroy %x g",
    "xreadgroup group g %n count %n streams %x %x > >",
    "xreadgroup group g %n streams %x 0",
    "xautoclaim %x g %n 0 0",
    "xautoclaim %x g %n 0 0 count %n",
    "xsetid %x 99999999999999-1",
    "copy %k %k replace",
    "copy %k %k",
    "rename %k %k",
    "renamenx %k %k",
    "del %k",
    "unlink %k",
    "expire %k %n",
    "pexpire %k %n",
    "persist %k",
    "move %k 1",
    "sort %l by nosort store %l",
    "debug reload",
    "randomkey",
    "flushdb async",
    "flushdb sync",
    "swapdb 0 1",
    "object encoding %k",
    "get %k",
    "memory usage %k",
};

/* ---- the check ---- */

static void add_size(void *arg, struct entry *e)
{
    *(size_t *)arg += entry_size(e);
}

static void check_tables(void)
{
    for (unsigned i = 0; i < ks->shard_count; i++)
        for (unsigned db = 0; db < ks->databases; db++) {
            struct table *t = shard_table(&ks->shards[i], db);
            size_t sum = 0;

            if (t == NULL)
                continue;
            for (uint64_t at = table_scan(t, 0, add_size, &sum); at != 0;)
                at = table_scan(t, at, add_size, &sum);
            ck_assert_uint_eq(t->bytes, sum);
        }
}

static void sweep_all(void)
{
    for (unsigned i = 0; i < ks->shard_count; i++) {
        hold(&ks->shards[i]);
        expiry_sweep(&ks->shards[i], runner.now);
        shard_unlock(&ks->shards[i]);
    }
}

START_TEST(a_table_counts_the_bytes_of_its_entries_whatever_the_commands_do)
{
    seed_start(__func__);
    for (int i = 1; i <= ROUNDS; i++) {
        const char *template = templates[seed_below(sizeof templates / sizeof *templates)];

        if (strncmp(template, "flush", 5) == 0 && seed_below(20) != 0)
            continue;
        run(template);
        runner.now += (int64_t)seed_below(3);
        if (i % CHECK_AT != 0)
            continue;
        sweep_all();
        check_tables();
        quiesce_collect();
    }
    ck_assert_uint_gt(keyspace_stats(ks).expired, 0);
    ck_assert_uint_gt(keyspace_stats(ks).expired_fields, 0);
}
END_TEST

START_TEST(what_a_flush_removes_is_being_freed_from_then_on)
{
    size_t data;

    run("ping"); /* the first reply allocates chunks, which the worker keeps */
    freer_start();
    mem_flush();
    quota_start();
    for (unsigned i = 0; i < 20000; i++)
        put(0, i, 0);
    quiesce_collect(); /* what the tables no longer use since they grew */
    data = dataset_bytes();
    ck_assert_uint_gt(data, 20000 * 24);
    run("flushall async");
    ck_assert_uint_le(dataset_bytes(), data / 20);
    freer_drain();
    quiesce_collect();
    freer_stop();
    ck_assert_uint_eq(quota_freeing(), 0);
    ck_assert_uint_eq(freer_pending(), 0);
    ck_assert_uint_le(dataset_bytes(), data / 20);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cmd, bytes");
    TCase *tests = tcase_create("cmd, bytes");
    SRunner *runner_of_tests = srunner_create(suite);
    int failed;

    hash_init();
    commands_init();
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_table_counts_the_bytes_of_its_entries_whatever_the_commands_do);
    tcase_add_test(tests, what_a_flush_removes_is_being_freed_from_then_on);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner_of_tests, CK_NORMAL);
    failed = srunner_ntests_failed(runner_of_tests);
    srunner_free(runner_of_tests);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
