/* SPDX-License-Identifier: BSD-3-Clause */
/* reclaim: memory stays within maxmemory, whatever a command makes of its arguments. */
#include "checks.h"
#include "config.h"

#include "requests.h"
#include "run/reclaim.h"

#define MB ((size_t)1 << 20)

/* Fills the server with n keys of `bytes` each, of which the limit allows so many and `more` bytes. */
static void limit_to(const char *policy, unsigned n, size_t bytes, size_t more)
{
    char line[80];

    run("ping"); /* the first reply allocates chunks, which stay at hand */
    out_fini(&session.out);
    mem_flush();
    quota_start();
    for (unsigned i = 0; i < n; i++) {
        snprintf(line, sizeof line, "setrange full%u %zu x", i, bytes - 1);
        ck_assert_int_eq(run(line), DISPATCH_DONE);
        out_fini(&session.out);
    }
    mem_flush();
    snprintf(line, sizeof line, "maxmemory %zu\nmaxmemory-policy %s", quota_bounded() + more, policy);
    configure(line);
    keyspace_choose(ks, OPT(instance.options, maxmemory_policy));
    runner_tick(&runner);
}

static void expect_within(void)
{
    mem_flush();
    ck_assert_uint_le(quota_bounded(), OPT(instance.options, maxmemory) + 4096);
}

/* Small arguments that make a megabyte and more. */
static const char *const makers[] = {
    "setrange k 1048575 x",
    "setbit k 8388600 1",
    "bitfield k set u8 8388600 1",
    "copy source k",
    "bitop or k source",
    "sunionstore k set",
    "sinterstore k set set",
    "sdiffstore k set none",
    "zunionstore k 1 zset",
    "zinterstore k 2 zset zset",
    "zdiffstore k 1 zset",
    "zrangestore k zset 0 -1",
    "sort set by nosort store k",
    "sort list alpha get sourc* store k",
    "georadius zset 0 0 22000 km store k",
    "geosearchstore k zset fromlonlat 0 0 byradius 22000 km",
};

#define MAKERS (sizeof makers / sizeof *makers)

/* Keys of at least a megabyte, each of its type. */
static void make_sources(void)
{
    char line[120];

    run("setrange source 1048575 x");
    run("rpush list e e e");
    for (unsigned i = 0; i < 12000; i++) {
        snprintf(line, sizeof line, "sadd set %080u", i);
        run(line);
        snprintf(line, sizeof line, "zadd zset %u %080u", i, i);
        run(line);
        out_fini(&session.out);
    }
}

START_TEST(what_does_not_fit_is_refused_before_anything_changes)
{
    char text[200];
    uint64_t before;

    make_sources();
    limit_to("noeviction", 0, 0, MB / 2);
    before = counter_get(&runner.metrics->sums.changes);
    for (size_t i = 0; i < MAKERS; i++) {
        expect(makers[i], "-" OOM "\r\n");
        expect("exists k", ":0\r\n");
        expect_within();
        expect("multi", "+OK\r\n");
        expect(makers[i], "+QUEUED\r\n");
        snprintf(text, sizeof text, "*1\r\n-%s\r\n", OOM);
        expect("exec", text);
        expect("exists k", ":0\r\n");
        expect_within();
    }
    ck_assert_uint_eq(counter_get(&runner.metrics->sums.changes), before);
}
END_TEST

START_TEST(a_command_runs_again_when_there_is_room_and_counts_once)
{
    limit_to("allkeys-random", 10, MB, 0);
    expect("setrange k 1048575 x", ":1048576\r\n");
    ck_assert_uint_ge(keyspace_stats(ks).evicted, 1);
    ck_assert_uint_le(keyspace_stats(ks).evicted, 3);
    expect_within();
    ck_assert_uint_eq(counter_get(&counted("SETRANGE")->calls), 11);
}
END_TEST

START_TEST(a_transaction_evicts_for_what_its_commands_make)
{
    limit_to("allkeys-random", 30, MB, 0);
    expect("multi", "+OK\r\n");
    for (unsigned i = 0; i < 5; i++)
        expect("setrange k 1048575 x", "+QUEUED\r\n");
    expect("copy k k1", "+QUEUED\r\n");
    expect("exec", "*6\r\n:1048576\r\n:1048576\r\n:1048576\r\n:1048576\r\n:1048576\r\n:1\r\n");
    expect_within();
    expect("exists k k1", ":2\r\n");
}
END_TEST

START_TEST(a_transaction_does_not_evict_its_own_keys)
{
    limit_to("allkeys-random", 0, 0, 4 * MB); /* each takes 1.75 MB, with room to grow */
    expect("multi", "+OK\r\n");
    expect("setrange k 1048575 x", "+QUEUED\r\n");
    expect("setrange k1 1048575 x", "+QUEUED\r\n");
    expect("setrange k2 1048575 x", "+QUEUED\r\n");
    expect("exec", "*3\r\n:1048576\r\n:1048576\r\n-" OOM "\r\n");
    expect("exists k k1 k2", ":2\r\n");
    expect_within();
}
END_TEST

static const char *const policies[] = {"allkeys-random", "allkeys-lru", "allkeys-lfu", "allkeys-fifo"};

START_TEST(a_transaction_that_holds_every_shard_evicts_from_them)
{
    limit_to(policies[_i], 30, MB, 0);
    expect("multi", "+OK\r\n");
    expect("keys none", "+QUEUED\r\n");
    expect("set k x", "+QUEUED\r\n");
    for (unsigned i = 0; i < 3; i++)
        expect("setrange k 1048575 x", "+QUEUED\r\n");
    expect("copy k k1", "+QUEUED\r\n");
    expect("copy k k2", "+QUEUED\r\n");
    expect("exec", "*7\r\n*0\r\n+OK\r\n:1048576\r\n:1048576\r\n:1048576\r\n:1\r\n:1\r\n");
    expect_within();
    expect("exists k k1 k2", ":3\r\n");
    ck_assert_uint_le(keyspace_stats(ks).evicted, 10);
}
END_TEST

START_TEST(a_transaction_that_holds_every_shard_does_not_evict_its_own_keys)
{
    limit_to(policies[_i], 0, 0, 4 * MB); /* each takes 1.75 MB */
    expect("multi", "+OK\r\n");
    expect("keys none", "+QUEUED\r\n");
    for (unsigned i = 0; i < 3; i++) {
        char line[40];

        snprintf(line, sizeof line, "setrange k%u 1048575 x", i);
        expect(line, "+QUEUED\r\n");
    }
    expect("exec", "*4\r\n*0\r\n:1048576\r\n:1048576\r\n-" OOM "\r\n");
    expect("exists k0 k1 k2", ":2\r\n");
    expect_within();
}
END_TEST

/* Commands that Redis never refuses, but that make data grow, and what there is before. "#" stands for a number. */
static const char *const growing[][3] = {
    {"set key# x", "expire key# 1000", ":1\r\n"},
    {"set key# x", "getex key# ex 1000", "$1\r\nx\r\n"},
    {"set key# x", "rename key# key#-with-a-name-that-is-longer-than-it-was-before", "+OK\r\n"},
    {"set key# x", "renamenx key# key#-with-a-name-that-is-longer-than-it-was-before", ":1\r\n"},
    {"set key# x", "move key# 1", ":1\r\n"},
    {"sadd set member#", "smove set set# member#", ":1\r\n"},
    {"hset hash key# x", "hgetex hash ex 1000 fields 1 key#", "*1\r\n$1\r\nx\r\n"},
    {"xadd s #-1 f v", "xreadgroup group g c count 1 streams s >", "*1\r\n*2\r\n"},
    {"xadd s #-1 f v", "xclaim s g c 0 #-1 force justid", "*1\r\n"},
};

#define GROWING ((int)(sizeof growing / sizeof *growing))
#define ROUNDS 20000

/* Runs the request. Returns the beginning of its reply, until the next call. */
static const char *reply_of(const char *line)
{
    static char text[200];

    ck_assert_int_eq(run(line), DISPATCH_DONE);
    text[0] = '\0';
    for (struct chunk *c = out_take(&session.out), *next; c != NULL; c = next) {
        next = c->next;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%.*s", (int)c->len, c->p);
        chunk_free(c);
    }
    return text;
}

/* Puts the number in place of each "#". */
static void numbered(char *line, size_t room, const char *text, unsigned n)
{
    size_t used = 0;

    for (; *text != '\0'; text++) {
        if (*text == '#')
            used += (size_t)snprintf(line + used, room - used, "%u", n);
        else
            used += (size_t)snprintf(line + used, room - used, "%c", *text);
    }
}

START_TEST(a_command_that_redis_never_refuses_exceeds_the_limit_by_little)
{
    char line[200];
    size_t max;
    bool refused = false;

    for (unsigned i = 1; i <= ROUNDS; i++) {
        numbered(line, sizeof line, growing[_i][0], i);
        run(line);
        out_fini(&session.out);
    }
    run("xgroup create s g 0 mkstream");
    limit_to("noeviction", 1, MB, 0);
    max = OPT(instance.options, maxmemory);
    max += 128 * 1024 + 4096; /* 1.25 % of it are less */
    expect("set more x", "-" OOM "\r\n");
    for (unsigned i = 1; i <= ROUNDS; i++) {
        const char *reply;

        numbered(line, sizeof line, growing[_i][1], i);
        reply = reply_of(line);
        refused |= strncmp(reply, "-" OOM, strlen("-" OOM)) == 0;
        if (i == 1)
            ck_assert_msg(strncmp(reply, growing[_i][2], strlen(growing[_i][2])) == 0, "%s: %s", line, reply);
        mem_flush();
        ck_assert_msg(quota_bounded() <= max, "%s: %zu > %zu", line, quota_bounded(), max);
    }
    ck_assert_msg(refused, "%s is never refused", line);
}
END_TEST

START_TEST(what_makes_nothing_grow_is_not_refused)
{
    run("set k x ex 1000");
    run("set k1 x");
    run("xgroup create s g 0 mkstream");
    run("xadd s 1-1 f v");
    run("xreadgroup group g c streams s >");
    limit_to("noeviction", 4, MB, 0);
    configure("maxmemory 1mb"); /* far below the data */
    expect("expire k 2000", ":1\r\n");
    expect("expire k1 2000", ":1\r\n");
    expect("rename k1 k", "+OK\r\n");
    expect("xreadgroup group g c streams s >", "*-1\r\n");
    expect("xack s g 1-1", ":1\r\n");
    expect("persist k", ":1\r\n");
    expect("set k x", "-" OOM "\r\n");
}
END_TEST

START_TEST(what_can_never_fit_evicts_nothing)
{
    limit_to("allkeys-random", 10, MB, 4096);
    expect("setrange k 104857600 x", "-" OOM "\r\n");
    ck_assert_uint_eq(keyspace_stats(ks).evicted, 0);
}
END_TEST

START_TEST(growth_in_place_needs_no_room)
{
    limit_to("noeviction", 1, MB, 4096); /* the blob has half a megabyte to spare */
    expect("setrange full0 1100000 x", ":1100001\r\n");
    expect("append full0 x", ":1100002\r\n");
    expect("setrange full0 10 x", ":1100002\r\n");
    expect("setrange full0 9100000 x", "-" OOM "\r\n");
    expect("strlen full0", ":1100002\r\n");
}
END_TEST

START_TEST(at_the_limit_the_last_bytes_can_be_used)
{
    limit_to("noeviction", 4, MB, 4096);
    expect("set k 12345678", "+OK\r\n");
    expect("append full0 x", ":1048577\r\n");
    expect("exists full0 full1 full2 full3", ":4\r\n");
}
END_TEST

START_TEST(memory_that_waits_to_be_freed_is_freed_before_anything_is_evicted)
{
    make_sources();
    run("copy set set2");
    freer_start();
    limit_to("allkeys-random", 10, MB, 0);
    for (unsigned i = 0; i < 20; i++) {
        expect("unlink set2", ":1\r\n");
        expect("copy set set2", ":1\r\n");
        expect_within();
    }
    ck_assert_uint_le(keyspace_stats(ks).evicted, 1); /* the freer's thread counts what it frees in steps of 64 KiB */
    freer_drain();
    freer_stop();
}
END_TEST

START_TEST(a_plain_flush_replies_when_the_memory_is_back)
{
    size_t before;

    run("ping");
    out_fini(&session.out);
    mem_flush();
    before = mem_used();
    freer_start();
    for (unsigned mode = 0; mode < 3; mode++) {
        freer_reset_freed();
        make_sources();
        expect(mode == 1 ? "flushdb sync" : "flushall", "+OK\r\n");
        mem_flush();
        ck_assert_uint_eq(freer_pending(), 0);
        ck_assert_uint_eq(freer_freed(), 0);
        ck_assert_uint_eq(quota_freeing(), 0);
        ck_assert_uint_lt(mem_used(), before + 256 * 1024);
    }
    for (unsigned mode = 0; mode < 2; mode++) {
        freer_reset_freed();
        make_sources();
        configure("lazyfree-lazy-user-flush yes");
        expect(mode == 0 ? "flushall async" : "flushdb", "+OK\r\n");
        freer_drain();
        ck_assert_uint_eq(freer_freed(), 4); /* keys */
    }
    quiesce_collect();
    freer_stop();
}
END_TEST

START_TEST(reserved_bytes_count_until_the_command_has_ended)
{
    limit_to("noeviction", 1, MB, MB);
    ck_assert(reclaim_for(&runner, 1000000));
    ck_assert(reclaim_fits(&runner, 1000000)); /* its own */
    reclaim_done(&runner);
    ck_assert(reclaim_fits(&runner, 1000000));
    ck_assert_uint_le(reclaim_room(&runner), MB + 65536);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reclaim");
    TCase *tests = tcase_create("reclaim");

    tcase_add_test(tests, what_does_not_fit_is_refused_before_anything_changes);
    tcase_add_test(tests, a_command_runs_again_when_there_is_room_and_counts_once);
    tcase_add_test(tests, a_transaction_evicts_for_what_its_commands_make);
    tcase_add_test(tests, a_transaction_does_not_evict_its_own_keys);
    tcase_add_loop_test(tests, a_transaction_that_holds_every_shard_evicts_from_them, 0, 4);
    tcase_add_loop_test(tests, a_transaction_that_holds_every_shard_does_not_evict_its_own_keys, 0, 4);
    tcase_add_loop_test(tests, a_command_that_redis_never_refuses_exceeds_the_limit_by_little, 0, GROWING);
    tcase_add_test(tests, what_makes_nothing_grow_is_not_refused);
    tcase_add_test(tests, what_can_never_fit_evicts_nothing);
    tcase_add_test(tests, growth_in_place_needs_no_room);
    tcase_add_test(tests, at_the_limit_the_last_bytes_can_be_used);
    tcase_add_test(tests, memory_that_waits_to_be_freed_is_freed_before_anything_is_evicted);
    tcase_add_test(tests, a_plain_flush_replies_when_the_memory_is_back);
    tcase_add_test(tests, reserved_bytes_count_until_the_command_has_ended);
    return run_suite(suite, tests);
}
