/* SPDX-License-Identifier: BSD-3-Clause */
/* evict: which entries are removed when memory is full. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/quiesce.h"
#include "checks.h"
#include "evict_step.h"
#include "store/keyspace.h"
#include "store/pool.h"
#include "store/watch.h"

#define KEYS        2000
#define FAR         (INT64_MAX / 2)

static struct keyspace *ks;

static void setup(void)
{
    ks = keyspace_new(4, 2);
}

static void teardown(void)
{
    keyspace_free(ks);
    quiesce_collect();
}

struct name {
    char p[24];
};

static struct slice key_of(unsigned i, struct name *name)
{
    return slice_of(name->p, snprintf(name->p, sizeof name->p, "k%u", i));
}

static struct place hold(unsigned db, unsigned i) ACQUIRES(shard_cap)
{
    struct name name;
    struct place p = keyspace_place(ks, db, hash_bytes(key_of(i, &name)));

    shard_lock(p.shard);
    shard_begin(p.shard, keyspace_epoch(ks));
    return p;
}

static void put(unsigned db, unsigned i, int64_t expire)
{
    struct name name;
    struct place p = hold(db, i);

    shard_touch(&p, NULL);
    shard_insert(&p, entry_new(&(struct entry_spec){
                         .key = key_of(i, &name), .is_int = true, .integer = i, .expire = expire}));
    shard_unlock(p.shard);
}

/* NULL if it is not there. Looking at it without the lock is fine here: there is one thread. */
static struct entry *entry_at(unsigned db, unsigned i)
{
    struct name name;
    struct place p = hold(db, i);
    struct entry *e = shard_peek(&p, key_of(i, &name));

    shard_unlock(p.shard);
    return e;
}

static void use(unsigned db, unsigned i)
{
    struct name name;
    struct place p = hold(db, i);

    keyspace_touch(ks, &p, shard_peek(&p, key_of(i, &name)));
    shard_unlock(p.shard);
}

static size_t keys_left(void *arg)
{
    (void)arg;
    return keyspace_size(ks, 0) + keyspace_size(ks, 1);
}

static enum evict_result step(void *arg, struct keyspace *keyspace, const struct evict_choice *c)
{
    enum evict_result result;

    (void)arg;
    shard_lock(c->shard);
    shard_begin(c->shard, keyspace_epoch(keyspace));
    result = evict_from(keyspace, c);
    shard_unlock(c->shard);
    return result;
}

static bool evict_to(size_t keys)
{
    return evict_to_fit(ks, &(struct evict_goal){.limit = keys, .used = keys_left, .step = step});
}

/* How many of the keys from .. to-1 of database 0 are there. */
static unsigned alive(unsigned from, unsigned to)
{
    unsigned n = 0;

    for (unsigned i = from; i < to; i++)
        n += entry_at(0, i) != NULL;
    return n;
}

START_TEST(nothing_is_evicted_below_the_limit)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    put(0, 1, 0);
    ck_assert(evict_to(1));
    ck_assert_uint_eq(keys_left(NULL), 1);
    ck_assert_uint_eq(keyspace_stats(ks).evicted, 0);
}
END_TEST

START_TEST(noeviction_evicts_nothing)
{
    keyspace_choose(ks, POLICY_NOEVICTION);
    put(0, 1, 5);
    ck_assert(!evict_to(0));
    ck_assert_uint_eq(keys_left(NULL), 1);
}
END_TEST

START_TEST(every_policy_evicts_down_to_the_last_key)
{
    for (int p = 0; p < POLICY_COUNT; p++) {
        size_t before = keyspace_stats(ks).evicted;

        if (p == POLICY_NOEVICTION)
            continue;
        keyspace_choose(ks, p);
        for (unsigned i = 0; i < 300; i++)
            put(i % 2, i, FAR);
        ck_assert(evict_to(100));
        ck_assert_uint_eq(keys_left(NULL), 100);
        ck_assert(evict_to(0));
        ck_assert_uint_eq(keys_left(NULL), 0);
        ck_assert_uint_eq(keyspace_stats(ks).evicted - before, 300);
        ck_assert(evict_to(0));
    }
}
END_TEST

/* The address of a candidate that was removed belongs to another key with the same bucket and tag by now: that key is
 * evicted as itself, so that those who watch it hear of it. */
START_TEST(a_candidate_at_an_address_that_was_used_again_is_computed_anew)
{
    struct watch w = {.interest = {.kind = &interest_watch, .key = SLICE("k1")}};
    struct place p;
    struct pool *pool;

    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    put(0, 1, 0);
    p = hold(0, 1);
    w.interest.hash = p.hash;
    shard_add_interest(p.shard, &w.interest);
    pool = pool_of(p.shard, keyspace_policy(ks));
    pool_offer(pool, &(struct candidate){.order = POLICY_FIRST,
                                         .hash = p.hash ^ 1ull << 35,
                                         .entry = table_find(shard_table(p.shard, 0), p.hash, SLICE("k1"))});
    shard_unlock(p.shard);
    ck_assert(evict_to(0));
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
    ck_assert(w.changed);
    p = hold(0, 1);
    shard_remove_interest(p.shard, &w.interest);
    shard_unlock(p.shard);
}
END_TEST

static void empty(void) UNCHECKED_LOCKS /* takes all shards */
{
    for (unsigned i = 0; i < ks->shard_count; i++)
        lock_take(&ks->shards[i].lock);
    keyspace_flush(ks, 0, true);
    for (unsigned i = 0; i < ks->shard_count; i++)
        lock_drop(&ks->shards[i].lock);
}

START_TEST(volatile_policies_evict_only_keys_with_an_expiry)
{
    for (int p = 0; p < POLICY_COUNT; p++) {
        if (!policy_of(p)->only_volatile)
            continue;
        keyspace_choose(ks, p);
        for (unsigned i = 0; i < 400; i++)
            put(0, i, i % 4 == 0 ? FAR : 0);
        ck_assert(!evict_to(10));
        ck_assert_uint_eq(keys_left(NULL), 300);
        for (unsigned i = 0; i < 400; i++)
            ck_assert_int_eq(entry_at(0, i) != NULL, i % 4 != 0);
        empty();
    }
}
END_TEST

/* The test has made the first half of the keys the better victims; a quarter of all is evicted, and nearly all victims
 * must be among them. Ten draws that all miss a third to a half of the keys happen once in a hundred times. */
static void check_that_the_first_half_is_evicted(void)
{
    ck_assert(evict_to(KEYS * 3 / 4));
    ck_assert_uint_eq(alive(0, KEYS), KEYS * 3 / 4);
    ck_assert_uint_le(alive(0, KEYS / 2), KEYS / 4 + KEYS / 80);
}

START_TEST(lru_evicts_the_least_recently_used)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    for (unsigned i = 0; i < KEYS; i++)
        put(0, i, 0);
    stamps_advance(&ks->stamps, 100);
    for (unsigned i = KEYS / 2; i < KEYS; i++)
        use(0, i);
    stamps_advance(&ks->stamps, 100);
    check_that_the_first_half_is_evicted();
}
END_TEST

START_TEST(fifo_evicts_the_oldest_although_it_is_used)
{
    keyspace_choose(ks, POLICY_ALLKEYS_FIFO);
    for (unsigned i = 0; i < KEYS; i++) {
        if (i == KEYS / 2)
            stamps_advance(&ks->stamps, 100);
        put(0, i, 0);
    }
    stamps_advance(&ks->stamps, 100);
    for (unsigned i = 0; i < KEYS / 2; i++)
        use(0, i);
    check_that_the_first_half_is_evicted();
}
END_TEST

START_TEST(lfu_evicts_the_least_frequently_used)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LFU);
    for (unsigned i = 0; i < KEYS; i++)
        put(0, i, 0);
    for (unsigned n = 0; n < 100; n++)
        for (unsigned i = KEYS / 2; i < KEYS; i++)
            use(0, i);
    check_that_the_first_half_is_evicted();
}
END_TEST

START_TEST(ttl_evicts_what_expires_soonest)
{
    keyspace_choose(ks, POLICY_VOLATILE_TTL);
    for (unsigned i = 0; i < KEYS; i++)
        put(0, i, i < KEYS / 2 ? FAR : FAR + 1000000);
    check_that_the_first_half_is_evicted();
}
END_TEST

START_TEST(random_evicts_from_both_halves)
{
    keyspace_choose(ks, POLICY_ALLKEYS_RANDOM);
    for (unsigned i = 0; i < KEYS; i++)
        put(0, i, 0);
    stamps_advance(&ks->stamps, 100);
    ck_assert(evict_to(KEYS / 2));
    /* 500 expected; six standard deviations of a hypergeometric draw are about 67. */
    ck_assert_uint_ge(alive(0, KEYS / 2), 400);
    ck_assert_uint_le(alive(0, KEYS / 2), 600);
}
END_TEST

START_TEST(a_single_key_in_any_shard_is_found)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    for (unsigned i = 0; i < 50; i++) {
        put(i % 2, i, 0);
        ck_assert(evict_to(0));
        ck_assert_uint_eq(keys_left(NULL), 0);
    }
}
END_TEST

START_TEST(a_new_policy_reads_the_stamps_of_the_old_one)
{
    static const enum policy_id turns[] = {POLICY_ALLKEYS_LRU, POLICY_ALLKEYS_LFU, POLICY_ALLKEYS_LRU};

    for (unsigned turn = 0; turn + 1 < 3; turn++) {
        keyspace_choose(ks, turns[turn]);
        for (unsigned i = 0; i < KEYS; i++)
            put(0, i, 0);
        ck_assert(evict_to(KEYS)); /* so that the old policy has candidates */
        keyspace_choose(ks, turns[turn + 1]);
        stamps_advance(&ks->stamps, 100);
        for (unsigned i = KEYS / 2; i < KEYS; i++)
            use(0, i);
        stamps_advance(&ks->stamps, 100);
        check_that_the_first_half_is_evicted();
        ck_assert(evict_to(0));
    }
}
END_TEST

START_TEST(a_key_that_gets_an_expiry_may_be_evicted)
{
    struct place p;

    keyspace_choose(ks, POLICY_VOLATILE_LRU);
    put(0, 1, 0);
    ck_assert(!evict_to(0));
    p = hold(0, 1);
    shard_touch(&p, table_random(shard_table(p.shard, 0)));
    shard_set_expire(&p, table_random(shard_table(p.shard, 0)), FAR);
    shard_unlock(p.shard);
    ck_assert(evict_to(0));
    ck_assert_uint_eq(keys_left(NULL), 0);
}
END_TEST

START_TEST(lfu_evicts_new_keys_before_often_used_ones)
{
    keyspace_choose(ks, POLICY_ALLKEYS_LFU);
    for (unsigned i = 0; i < KEYS; i++)
        put(0, i, 0);
    for (unsigned i = 0; i < KEYS; i++)
        for (unsigned n = 0; n < 200; n++)
            use(0, i);
    for (unsigned i = KEYS; i < KEYS + 150; i++) { /* each ages the cache by one use */
        put(0, i, 0);
        ck_assert(evict_to(KEYS));
    }
    ck_assert_uint_ge(alive(0, KEYS), KEYS - KEYS / 100);
}
END_TEST

/* Another policy for each victim. */
static size_t keys_left_under_another(void *arg)
{
    unsigned *turn = arg;

    ++*turn;
    keyspace_choose(ks, *turn % POLICY_COUNT != POLICY_NOEVICTION ? *turn % POLICY_COUNT : POLICY_ALLKEYS_LRU);
    return keys_left(NULL);
}

START_TEST(an_eviction_ends_although_the_policy_changes_meanwhile)
{
    unsigned turn = 0;

    for (unsigned i = 0; i < 300; i++)
        put(i % 2, i, FAR);
    ck_assert(evict_to_fit(
        ks, &(struct evict_goal){.limit = 10, .used = keys_left_under_another, .step = step, .arg = &turn}));
    ck_assert_uint_eq(keys_left(NULL), 10);
}
END_TEST

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

START_TEST(eviction_finds_out_that_nothing_is_left_even_if_it_may_stop)
{
    struct evict_goal goal = {.used = keys_left, .enough = at_once, .step = step};

    keyspace_choose(ks, POLICY_VOLATILE_LRU);
    put(0, 1, 0);
    ck_assert(!evict_to_fit(ks, &goal));
    put(0, 2, FAR);
    put(0, 3, FAR);
    ck_assert(evict_to_fit(ks, &goal));
    ck_assert_uint_eq(keys_left(NULL), 2);
    ck_assert(!evict_to_fit(ks, &goal));
    ck_assert_uint_eq(keys_left(NULL), 1);
}
END_TEST

START_TEST(old_stamps_stay_in_reach)
{
    struct entry *e;

    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    put(0, 1, 0);
    e = entry_at(0, 1);
    for (unsigned i = 0; i < 64; i++) { /* around the 32 bits and further */
        stamps_advance(&ks->stamps, 1u << 28);
        evict_tidy(ks, true);
    }
    ck_assert_uint_ge(stamp_now(&ks->stamps) - stamp_of(&ks->stamps, e), 1u << 30);
}
END_TEST

START_TEST(stamps_fit_the_number_of_keys)
{
    evict_tidy(ks, true);
    ck_assert_uint_eq(stamp_unit(&ks->stamps), 1);
    evict_tidy(ks, false);
    ck_assert_uint_gt(stamp_unit(&ks->stamps), 1);
}
END_TEST

/* Each advance is a write to a cache line that all workers read. */
START_TEST(the_counter_of_stamps_advances_at_a_bounded_rate)
{
    uint64_t before;

    evict_tidy(ks, true);
    ck_assert_uint_eq(stamp_unit(&ks->stamps), 1);
    stamps_advance(&ks->stamps, 1000000); /* as many requests within a tenth of a second */
    evict_tidy(ks, true);
    for (int i = 0; i < 10; i++) {
        before = stamp_now(&ks->stamps);
        stamps_advance(&ks->stamps, 1000000 / stamp_unit(&ks->stamps));
        ck_assert_uint_le(stamp_now(&ks->stamps) - before, 40000);
        evict_tidy(ks, true);
    }
    evict_tidy(ks, true); /* no requests */
    ck_assert_uint_eq(stamp_unit(&ks->stamps), 1);
}
END_TEST

START_TEST(tidying_does_not_wait_for_a_shard)
{
    struct shard *held = &ks->shards[3];

    put(0, 1, 0);
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    shard_lock(&ks->shards[2]);
    pool_of(&ks->shards[2], keyspace_policy(ks));
    shard_unlock(&ks->shards[2]);
    keyspace_choose(ks, POLICY_ALLKEYS_RANDOM);
    shard_lock(held);
    evict_tidy(ks, true);
    ck_assert_uint_ne(ks->tidied_turn, atomic_load(&ks->policy_turn));
    shard_unlock(held);
    evict_tidy(ks, true);
    ck_assert_uint_eq(ks->tidied_turn, atomic_load(&ks->policy_turn));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evict");
    TCase *tests = tcase_create("evict");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nothing_is_evicted_below_the_limit);
    tcase_add_test(tests, noeviction_evicts_nothing);
    tcase_add_test(tests, a_candidate_at_an_address_that_was_used_again_is_computed_anew);
    tcase_add_test(tests, every_policy_evicts_down_to_the_last_key);
    tcase_add_test(tests, volatile_policies_evict_only_keys_with_an_expiry);
    tcase_add_test(tests, lru_evicts_the_least_recently_used);
    tcase_add_test(tests, fifo_evicts_the_oldest_although_it_is_used);
    tcase_add_test(tests, lfu_evicts_the_least_frequently_used);
    tcase_add_test(tests, ttl_evicts_what_expires_soonest);
    tcase_add_test(tests, random_evicts_from_both_halves);
    tcase_add_test(tests, a_single_key_in_any_shard_is_found);
    tcase_add_test(tests, a_new_policy_reads_the_stamps_of_the_old_one);
    tcase_add_test(tests, a_key_that_gets_an_expiry_may_be_evicted);
    tcase_add_test(tests, lfu_evicts_new_keys_before_often_used_ones);
    tcase_add_test(tests, an_eviction_ends_although_the_policy_changes_meanwhile);
    tcase_add_test(tests, eviction_finds_out_that_nothing_is_left_even_if_it_may_stop);
    tcase_add_test(tests, old_stamps_stay_in_reach);
    tcase_add_test(tests, stamps_fit_the_number_of_keys);
    tcase_add_test(tests, the_counter_of_stamps_advances_at_a_bounded_rate);
    tcase_add_test(tests, tidying_does_not_wait_for_a_shard);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
