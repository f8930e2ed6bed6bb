/* SPDX-License-Identifier: BSD-3-Clause */
/* policy_lfu: the least frequently used entry is evicted first, with ageing. */
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "checks.h"
#include "store/policy.h"

static const struct policy *const lfu = &policy_allkeys_lfu;
static struct stamps s;
static struct entry *e;

static struct entry *new_entry(void)
{
    struct entry *made = entry_new(&(struct entry_spec){.key = SLICE("key"), .is_int = true});

    lfu->insert(&s, NULL, NULL, made);
    return made;
}

static void setup(void)
{
    stamps_init(&s);
    e = new_entry();
}

static void teardown(void)
{
    entry_free(e);
}

static void use(struct entry *which, unsigned times)
{
    while (times-- > 0)
        lfu->use(&s, NULL, NULL, which);
}

static int64_t place(struct entry *which)
{
    return lfu->order(&s, NULL, which);
}

/* Evicts entries of one priority until the cache is as old as they. */
static void grow_old(int64_t at)
{
    for (unsigned i = 0; i < 1000; i++)
        lfu->evict(&s, NULL, NULL, NULL, at);
    ck_assert_uint_eq(s.age, (uint64_t)at);
}

START_TEST(each_of_the_first_uses_counts)
{
    int64_t begin = place(e);

    for (unsigned i = 1; i < 500; i++) {
        use(e, 1);
        ck_assert_int_eq(place(e), begin + i);
    }
}
END_TEST

START_TEST(large_counts_are_within_a_quarter)
{
    int64_t begin = place(e);
    unsigned used = 0;

    for (unsigned n = 1000; n <= 400000; n *= 2) {
        use(e, n - used);
        used = n;
        ck_assert_double_le(fabs((double)(place(e) - begin) - n), n * .25);
    }
}
END_TEST

START_TEST(a_count_has_a_maximum)
{
    int64_t begin = place(e);

    use(e, 2000000);
    ck_assert_int_ge(place(e) - begin, 500000);
    ck_assert_int_le(place(e) - begin, 1 << 19);
}
END_TEST

START_TEST(the_cache_ages_with_its_victims_and_never_grows_younger)
{
    struct entry *later;
    int64_t begin = place(e);

    use(e, 9);
    grow_old(begin + 8);
    later = new_entry();
    ck_assert_int_eq(place(later), place(e)); /* one use now is worth ten before */
    use(later, 1);
    ck_assert_int_gt(place(later), place(e));
    lfu->evict(&s, NULL, NULL, NULL, begin);
    ck_assert_int_eq(place(later), begin + 10);
    use(e, 1);
    ck_assert_int_gt(place(e), place(later));
    entry_free(later);
}
END_TEST

START_TEST(one_victim_ages_the_cache_little)
{
    int64_t begin = place(e);
    uint64_t before = s.age;

    lfu->evict(&s, NULL, NULL, NULL, begin + 1000);
    ck_assert_uint_gt(s.age, before);
    ck_assert_uint_lt(s.age, before + 100);
}
END_TEST

START_TEST(the_age_may_exceed_what_a_stamp_holds)
{
    for (unsigned i = 0; i < 100; i++) {
        int64_t before;

        lfu->evict(&s, NULL, NULL, NULL, place(e) + 300000);
        before = place(e);
        use(e, 1);
        ck_assert_int_gt(place(e), before);
        ck_assert_int_ge(place(e), (int64_t)s.age);
    }
}
END_TEST

START_TEST(an_entry_stamped_by_another_policy_counts_as_used_once)
{
    struct entry *other = new_entry();

    use(e, 50);
    stamp_use(&s, e);
    stamps_switch(&s);
    lfu->evict(&s, NULL, NULL, NULL, place(other) + 100); /* before it is looked at */
    ck_assert_int_eq(place(e), place(other));
    ck_assert_int_eq(entry_stamp_kind(e), STAMP_COUNT);
    entry_free(other);
}
END_TEST

/* What Redis shows: 5 at first, and on its logarithmic scale some 10 uses for the second step, 20 for the next. */
START_TEST(frequency_is_on_the_scale_of_redis)
{
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 5);
    use(e, 1);
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 6);
    use(e, 11);
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 7);
    use(e, 21);
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 8);
    use(e, 1000000);
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 255);
}
END_TEST

START_TEST(a_frequency_that_was_set_is_read_back)
{
    lfu->set_frequency(&s, NULL, NULL, e, 0);
    ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), 0);
    for (unsigned f = 5; f <= 255; f++) {
        lfu->set_frequency(&s, NULL, NULL, e, f);
        ck_assert_uint_eq(lfu->frequency(&s, NULL, NULL, e), f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("policy_lfu");
    TCase *tests = tcase_create("policy_lfu");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, each_of_the_first_uses_counts);
    tcase_add_test(tests, large_counts_are_within_a_quarter);
    tcase_add_test(tests, a_count_has_a_maximum);
    tcase_add_test(tests, the_cache_ages_with_its_victims_and_never_grows_younger);
    tcase_add_test(tests, one_victim_ages_the_cache_little);
    tcase_add_test(tests, the_age_may_exceed_what_a_stamp_holds);
    tcase_add_test(tests, an_entry_stamped_by_another_policy_counts_as_used_once);
    tcase_add_test(tests, frequency_is_on_the_scale_of_redis);
    tcase_add_test(tests, a_frequency_that_was_set_is_read_back);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
