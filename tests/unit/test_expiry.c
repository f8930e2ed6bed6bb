/* SPDX-License-Identifier: BSD-3-Clause */
/* expiry: removal of keys and fields that have expired and are not accessed. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "checks.h"
#include "keys.h"

START_TEST(ticks_rise_with_time_up_to_a_maximum)
{
    const struct shard *s = &ks->shards[1];
    int64_t now = clock_ms();

    for (int64_t zero = -1000; zero <= 1000; zero += 1000) { /* before 1970 if the clock shows a time soon after it */
        ks->tick_zero[1] = zero;
        ck_assert_uint_eq(keyspace_tick(s, INT64_MIN), 0);
        ck_assert_uint_eq(keyspace_tick(s, zero), 0);
        ck_assert_uint_eq(keyspace_tick(s, zero + 16), 1);
        ck_assert_uint_eq(keyspace_tick(s, INT64_MAX), TICK_MAX);
    }
    ks->tick_zero[1] = keyspace_tick_zero(now);
    ck_assert_uint_eq(keyspace_tick(s, now), TICK_NOW);
    for (int64_t ms = 0; ms < 100000; ms += 37)
        ck_assert_uint_le(keyspace_tick(s, now + ms), keyspace_tick(s, now + ms + 37));
}
END_TEST

START_TEST(the_sweep_removes_expired_keys_only)
{
    int64_t now = clock_ms();

    ck_assert(!expire_all());
    for (unsigned i = 0; i < 9000; i++)
        put(i % 4, i, i % 3 == 0 ? now - 1000 : i % 3 == 1 ? now + FOREVER : 0);
    ck_assert(expire_all());
    for (unsigned i = 0; i < 9000; i++)
        ck_assert_int_eq(is_there(i % 4, i), i % 3 != 0);
    ck_assert_uint_eq(keyspace_stats(ks).expired, 3000);
    flush(-1, true);
    ck_assert(!expire_all());
}
END_TEST

START_TEST(a_key_expires_by_its_latest_expiry)
{
    struct name name;
    int64_t now = clock_ms();

    for (unsigned i = 0; i < 3000; i++) {
        struct place p = place_of(0, i);
        struct entry *e;

        put(0, i, i % 3 == 0 ? now + FOREVER : now - 1000);
        hold(p.shard);
        e = shard_peek(&p, key_of(i, &name));
        shard_touch(&p, e);
        shard_set_expire(&p, e, i % 3 == 0 ? now - 1000 : i % 3 == 1 ? now + FOREVER : 0);
        shard_unlock(p.shard);
    }
    expire_all();
    for (unsigned i = 0; i < 3000; i++)
        ck_assert_int_eq(is_there(0, i), i % 3 != 0);
}
END_TEST

START_TEST(a_key_that_expires_later_is_removed_later)
{
    put(0, 1, clock_ms() + 150);
    put(0, 2, clock_ms() + FOREVER);
    expire_all();
    ck_assert(is_there(0, 1));
    for (unsigned n = 0; n < 5000 && is_there(0, 1); n++) {
        usleep(1000);
        expire_all();
    }
    ck_assert(!is_there(0, 1));
    ck_assert(is_there(0, 2));
}
END_TEST

START_TEST(the_buckets_of_expired_keys_are_freed)
{
    size_t full;

    for (unsigned i = 0; i < 50000; i++)
        put(0, i, 10);
    full = keyspace_overhead(ks, 0);
    expire_all();
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
    ck_assert_uint_lt(keyspace_overhead(ks, 0), full / 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("expiry");
    TCase *tests = tcase_create("expiry");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, keyspace_setup, keyspace_teardown);
    tcase_add_test(tests, ticks_rise_with_time_up_to_a_maximum);
    tcase_add_test(tests, the_sweep_removes_expired_keys_only);
    tcase_add_test(tests, a_key_expires_by_its_latest_expiry);
    tcase_add_test(tests, a_key_that_expires_later_is_removed_later);
    tcase_add_test(tests, the_buckets_of_expired_keys_are_freed);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
