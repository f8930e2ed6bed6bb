/* SPDX-License-Identifier: BSD-3-Clause */
/* unit: an atomic piece of work, which holds its shards from its beginning to its end. */
#include "checks.h"
#include "config.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include "requests.h"
#include "run/locks.h"

static uint64_t seen;   /* a bit for each shard that was held */
static bool seen_world; /* is_world of the unit */

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

static unsigned prepared; /* calls of copy_first */

static void *copy_first(const struct call *c)
{
    ck_assert_uint_eq(held(), 0);
    prepared++;
    return mem_strndup(c->argv[1].p, c->argv[1].n);
}

CMD(probe_prepared, .name = "PROBEPREPARED", .arity = 3, .flags = CMD_READONLY, .keys = CMD_KEYS(1, 2, 1, KEY_RO),
    .prepare = copy_first, PROBE)
{
    ck_assert(slice_eq(slice_str(c->prepared), c->argv[1]));
    look(c);
}

static uint64_t shard_bit(const char *key)
{
    return 1ull << keyspace_shard(ks, hash_bytes(slice_str(key)))->index;
}

#define WORLD ((1ull << SHARDS) - 1)

START_TEST(a_command_holds_the_shards_of_its_declared_keys)
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

START_TEST(a_command_with_the_flag_world_holds_every_shard)
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

START_TEST(an_exec_holds_the_shards_of_queued_commands_and_watched_keys)
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

START_TEST(a_command_is_prepared_while_no_shard_is_held)
{
    expect("probeprepared a b", "+OK\r\n");
    ck_assert_uint_eq(seen, shard_bit("a") | shard_bit("b"));
    run("multi");
    run("probeprepared c d");
    run("get x");
    run("probeprepared e f");
    ck_assert_uint_eq(prepared, 1);
    pause_for_long(PAUSE_ALL);
    ck_assert_int_eq(run("exec"), DISPATCH_PAUSED);
    pause_end(&instance.pause);
    run("exec");
    ck_assert_uint_eq(prepared, 5);
    run("multi");
    run("probeprepared g h");
    run("discard");
    ck_assert_uint_eq(prepared, 5);
}
END_TEST

START_TEST(an_exec_holds_every_shard_if_a_queued_command_needs_it)
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

START_TEST(a_request_that_does_not_run_holds_no_shard_afterwards)
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

/* A command gives up after a millisecond, and is tried again. */
static void *run_in_thread(void *arg)
{
    do
        runner.gave_up = false;
    while (run(arg) == DISPATCH_PAUSED);
    atomic_store(&has_run, true);
    mem_thread_done();
    return NULL;
}

/* Holds the shard of key i until a thread that runs the request waits for it; then releases it. */
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

START_TEST(keys_that_expire_while_a_command_waits_count_as_expired)
{
    put(0, 1, 1000);
    runner.now = 1; /* the time was read before the key expired */
    run_after_waiting("get k1", 1);
    expect_out("get", "$-1\r\n");
    put(0, 1, 1000);
    runner.now = 1;
    run_after_waiting("mget k1 k2", 1);
    expect_out("mget", "*2\r\n$-1\r\n$-1\r\n");
}
END_TEST

/* The clock was last read long ago. */
static void age_clock(void)
{
    runner.now = 1;
    runner.read_at = clock_cycles() - runner.clock_cycles - 1;
}

START_TEST(a_unit_reads_the_time_after_eviction)
{
    fill("allkeys-random");
    age_clock();
    expect("set k1 v px 1000000", "+OK\r\n");
    ck_assert_uint_gt(keyspace_stats(ks).evicted, 0);
    expect("exists k1", ":1\r\n");
}
END_TEST

static atomic_uint parts_left;

static bool free_last(void *p, size_t elements)
{
    (void)elements;
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    if (atomic_fetch_sub(&parts_left, 1) > 1)
        return false;
    mem_free(p);
    mem_flush();
    return true;
}

START_TEST(a_unit_reads_the_time_after_helping_to_free_memory)
{
    char line[40];

    freer_start();
    fill("noeviction");
    snprintf(line, sizeof line, "maxmemory %d", LARGE + LARGE / 2);
    configure(line);
    atomic_store(&parts_left, 20);
    freer_hand(mem_alloc(LARGE), free_last, 1, mem_usable_size(LARGE));
    mem_flush();
    age_clock();
    expect("set k1 v px 1000000", "+OK\r\n");
    ck_assert_uint_eq(atomic_load(&parts_left), 0);
    expect("exists k1", ":1\r\n");
    freer_stop();
}
END_TEST

/* Unchecked: for the analysis, the nested unit takes the capability a second time. */
static void nest_units(struct shard *s) UNCHECKED_LOCKS
{
    struct unit outer, inner;

    lock_set_clear(runner.locks);
    ck_assert(unit_begin_set_within(&outer, &runner, LOCK_FOREVER));
    ck_assert(unit_begin_within(&inner, &outer, s, LOCK_FOREVER));
    ck_assert_uint_eq(held(), 1ull << 3);
    unit_end(&inner);
    ck_assert_uint_eq(held(), 0);
    unit_end(&outer);
    lock_set_want_world(runner.locks);
    ck_assert(unit_begin_set_within(&outer, &runner, LOCK_FOREVER));
    ck_assert(unit_begin_within(&inner, &outer, s, LOCK_FOREVER));
    ck_assert(inner.is_world);
    unit_end(&inner);
    ck_assert_uint_eq(held(), WORLD);
    unit_end(&outer);
    ck_assert_uint_eq(held(), 0);
}

START_TEST(a_nested_unit_takes_one_shard_or_continues_with_all)
{
    nest_units(&ks->shards[3]);
}
END_TEST

START_TEST(a_unit_reads_the_epoch_after_its_last_lock)
{
    struct unit u;

    atomic_store(&ks->door.epoch, 2);
    unit_begin_shard(&u, &runner, &ks->shards[1]);
    ck_assert_uint_eq(u.epoch, 2);
    ck_assert_uint_eq(ks->shards[1].epoch, 2);
    unit_end(&u);
    lock_set_clear(runner.locks);
    lock_set_want_world(runner.locks);
    atomic_store(&ks->door.epoch, 3);
    ck_assert(unit_begin_set_within(&u, &runner, LOCK_FOREVER));
    for (unsigned i = 0; i < SHARDS; i++)
        ck_assert_uint_eq(ks->shards[i].epoch, 3);
    unit_end(&u);
}
END_TEST

/* ---- the door, checked while a command runs ---- */

CMD(probe_careless, .name = "PROBECARELESS", .arity = 2, .flags = CMD_WRITE, .keys = CMD_KEYS(1, 1, 1, KEY_RW), PROBE)
{
    struct entry *e = call_look(c, 1);

    if (e != NULL)
        entry_set_int(e, entry_int(e) + 1);
    reply_ok(c->out);
}

CMD(probe_silent, .name = "PROBESILENT", .arity = 2, .flags = CMD_WRITE, .keys = CMD_KEYS(1, 1, 1, KEY_RW), PROBE)
{
    call_changed(c, 1, EVENT_STRING, "set");
    reply_ok(c->out);
}

START_TEST(reporting_a_change_without_shard_touch_aborts)
{
    expect("probecareless k1", "+OK\r\n"); /* the key does not exist: nothing changes */
    run("probesilent k1");
}
END_TEST

#ifdef LARDER_DEBUG
START_TEST(a_debug_build_detects_a_value_changed_without_shard_touch)
{
    put(0, 1, 0);
    run("probecareless k1");
}
END_TEST
#endif

/* ---- RANDOMKEY: each step is a unit ---- */

START_TEST(randomkey_removes_the_expired_keys_that_it_finds)
{
    for (unsigned i = 0; i < 300; i++)
        put(0, i, 10);
    expect("randomkey", "$-1\r\n");
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
    ck_assert_uint_eq(keyspace_stats(ks).expired, 300);
    put(0, 77, 0);
    expect("randomkey", "$3\r\nk77\r\n");
    ck_assert_uint_eq(held(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unit");
    TCase *tests = tcase_create("unit");

    tcase_add_test(tests, a_command_holds_the_shards_of_its_declared_keys);
    tcase_add_test(tests, a_command_with_the_flag_world_holds_every_shard);
    tcase_add_test(tests, a_request_that_reads_keys_it_does_not_name_holds_every_shard);
    tcase_add_test(tests, an_exec_holds_the_shards_of_queued_commands_and_watched_keys);
    tcase_add_test(tests, a_command_is_prepared_while_no_shard_is_held);
    tcase_add_test(tests, an_exec_holds_every_shard_if_a_queued_command_needs_it);
    tcase_add_test(tests, a_request_that_does_not_run_holds_no_shard_afterwards);
    tcase_add_test(tests, a_command_waits_for_its_shard);
    tcase_add_test(tests, keys_that_expire_while_a_command_waits_count_as_expired);
    tcase_add_test(tests, a_unit_reads_the_time_after_eviction);
    tcase_add_test(tests, a_unit_reads_the_time_after_helping_to_free_memory);
    tcase_add_test(tests, a_nested_unit_takes_one_shard_or_continues_with_all);
    tcase_add_test(tests, a_unit_reads_the_epoch_after_its_last_lock);
    tcase_add_test_raise_signal(tests, reporting_a_change_without_shard_touch_aborts, SIGABRT);
#ifdef LARDER_DEBUG
    tcase_add_test_raise_signal(tests, a_debug_build_detects_a_value_changed_without_shard_touch, SIGABRT);
#endif
    tcase_add_test(tests, randomkey_removes_the_expired_keys_that_it_finds);
    return run_suite(suite, tests);
}
