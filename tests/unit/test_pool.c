/* SPDX-License-Identifier: BSD-3-Clause */
/* pool: the best victims seen so far in one shard. */
#include <stdlib.h>

#include "checks.h"
#include "store/keyspace.h"

static struct pool pool;
static char entries[1000]; /* their addresses stand for entries */

static void setup(void)
{
    pool = (struct pool){.count = 0};
}

static void offer(unsigned entry, int64_t order)
{
    pool_offer(&pool, &(struct candidate){.order = order, .hash = entry, .entry = (struct entry *)&entries[entry]});
}

/* The next victim, which is dropped from the pool. */
static unsigned take(void)
{
    unsigned entry = (unsigned)((char *)pool_next(&pool)->entry - entries);

    pool_pop(&pool);
    return entry;
}

START_TEST(the_least_priority_is_the_next_victim)
{
    static const int orders[] = {5, -3, 9, 0, 7};

    for (unsigned i = 0; i < 5; i++)
        offer(i, orders[i]);
    ck_assert_uint_eq(take(), 1);
    ck_assert_uint_eq(take(), 3);
    offer(6, 6);
    ck_assert_uint_eq(take(), 0);
    ck_assert_uint_eq(take(), 6);
    ck_assert_uint_eq(take(), 4);
    ck_assert_uint_eq(take(), 2);
    ck_assert_uint_eq(pool.count, 0);
}
END_TEST

START_TEST(of_equals_the_first_offered_is_the_next_victim)
{
    for (unsigned i = 0; i < 5; i++)
        offer(i, 1);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(take(), i);
}
END_TEST

START_TEST(an_entry_is_in_the_pool_once)
{
    offer(1, 10);
    offer(2, 20);
    offer(1, 5);
    ck_assert_uint_eq(pool.count, 2);
    ck_assert_uint_eq(take(), 1);
    ck_assert_uint_eq(take(), 2);
}
END_TEST

START_TEST(a_full_pool_keeps_the_best)
{
    for (unsigned i = 0; i < 1000; i++) {
        unsigned k = i * 377 % 1000;

        ck_assert(pool.count < POOL_SIZE || pool_wants(&pool, k) == (k < pool.best[0].order));
        offer(k, k);
    }
    ck_assert_uint_eq(pool.count, POOL_SIZE);
    for (unsigned i = 0; i < POOL_SIZE; i++)
        ck_assert_uint_eq(take(), i);
}
END_TEST

/* The shard's pool under a policy, with one candidate more in it than there was. */
static unsigned offer_one_more(struct shard *s, const struct policy *policy)
{
    struct pool *p;

    shard_lock(s);
    p = pool_of(s, policy);
    pool_offer(p, &(struct candidate){.order = p->count, .entry = (struct entry *)&entries[p->count]});
    shard_unlock(s);
    return p->count;
}

START_TEST(each_choice_of_a_policy_begins_with_an_empty_pool)
{
    struct keyspace *ks = keyspace_new(2, 1);

    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    ck_assert_uint_eq(offer_one_more(&ks->shards[1], keyspace_policy(ks)), 1);
    ck_assert_uint_eq(offer_one_more(&ks->shards[1], keyspace_policy(ks)), 2);
    keyspace_choose(ks, POLICY_ALLKEYS_LFU);
    ck_assert_uint_eq(offer_one_more(&ks->shards[1], keyspace_policy(ks)), 1);
    ck_assert_uint_eq(offer_one_more(&ks->shards[1], keyspace_policy(ks)), 2);
    keyspace_choose(ks, POLICY_ALLKEYS_LRU);
    keyspace_choose(ks, POLICY_ALLKEYS_LFU); /* the same again, after another one */
    ck_assert_uint_eq(offer_one_more(&ks->shards[1], keyspace_policy(ks)), 1);
    keyspace_free(ks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pool");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_add_test(tests, the_least_priority_is_the_next_victim);
    tcase_add_test(tests, of_equals_the_first_offered_is_the_next_victim);
    tcase_add_test(tests, an_entry_is_in_the_pool_once);
    tcase_add_test(tests, a_full_pool_keeps_the_best);
    tcase_add_test(tests, each_choice_of_a_policy_begins_with_an_empty_pool);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
