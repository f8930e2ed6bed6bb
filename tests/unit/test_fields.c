/* SPDX-License-Identifier: BSD-3-Clause */
/* fields: fields of hashes that expire, in a keyspace. */
#include <stdlib.h>

#include "base/clock.h"
#include "checks.h"
#include "keys.h"
#include "seed.h"
#include "store/fields.h"
#include "store/watch.h"
#include "types/hash.h"

#define PAST 10 /* ms since 1970 */

enum form { FLAT, LARGE };

/* A hash of `due` fields that have expired, `later` fields that expire later, and `always` fields that do not expire.
 */
static struct entry *hash_entry(unsigned i, enum form form, unsigned due, unsigned later, unsigned always)
{
    struct value v = value_new((struct value_limits){.entries = form == FLAT ? 100000 : 0, .bytes = 100});
    struct entry *e;
    struct name name;
    char field[24];

    for (unsigned n = 0; n < due + later + always; n++) {
        int64_t expire = n < due ? PAST : n < due + later ? clock_ms() + FOREVER : 0;

        hash_set_until(&v, slice_of(field, (size_t)snprintf(field, sizeof field, "f%u", n)), SLICE("value"), expire);
    }
    e = entry_new_value(key_of(i, &name), TYPE_HASH, &v, 0);
    flat_fini(&v.flat);
    return e;
}

static void put_hash(unsigned i, struct entry *e)
{
    struct place p = place_of(0, i);

    hold(p.shard);
    shard_touch(&p, NULL);
    shard_insert(&p, e);
    shard_unlock(p.shard);
}

/* The number of fields of key i, expired or not; 0: the key does not exist. */
static size_t fields_of(unsigned i)
{
    struct place p = place_of(0, i);
    struct name name;
    struct value v;
    struct entry *e;
    size_t n = 0;

    hold(p.shard);
    e = shard_peek(&p, key_of(i, &name));
    if (e != NULL) {
        v = entry_value(e);
        n = hash_count(&v);
    }
    shard_unlock(p.shard);
    return n;
}

/* Looks key i up, as a command does; returns whether it exists. */
static bool look_up(unsigned i)
{
    struct place p = place_of(0, i);
    size_t fields = FIELDS_AT_ONCE;
    struct name name;
    bool there;

    hold(p.shard);
    there = shard_find(&p, key_of(i, &name), clock_ms(), &fields) != NULL;
    shard_unlock(p.shard);
    return there;
}

START_TEST(an_entry_is_due_when_it_or_its_first_field_expires)
{
    for (enum form form = FLAT; form <= LARGE; form++) {
        struct entry *e = hash_entry(1, form, 1, 1, 1);

        ck_assert_int_eq(fields_entry_due(e), PAST);
        ck_assert(fields_are_due(e, PAST));
        ck_assert(!fields_are_due(e, PAST - 1));
        e = entry_with_expire(e, PAST - 5);
        ck_assert_int_eq(fields_entry_due(e), PAST - 5);
        e = entry_with_expire(e, PAST + 5);
        ck_assert_int_eq(fields_entry_due(e), PAST);
        entry_free(e);
        e = hash_entry(1, form, 0, 0, 3);
        ck_assert_int_eq(e->flags & ENTRY_VOLATILE, 0);
        ck_assert_int_eq(fields_entry_due(e), 0);
        entry_free(e);
    }
}
END_TEST

START_TEST(a_look_up_removes_expired_fields)
{
    for (enum form form = FLAT; form <= LARGE; form++) {
        put_hash(form, hash_entry(form, form, 5, 2, 3));
        ck_assert_uint_eq(keyspace_partial_size(ks, 0), 1 + form);
        ck_assert(look_up(form));
        ck_assert_uint_eq(fields_of(form), 5);
        ck_assert_uint_eq(keyspace_partial_size(ks, 0), 1 + form);
    }
    ck_assert_uint_eq(keyspace_stats(ks).expired_fields, 10);
    put_hash(7, hash_entry(7, FLAT, 5, 0, 3));
    ck_assert(look_up(7));
    ck_assert_uint_eq(keyspace_partial_size(ks, 0), 2);
    ck_assert_uint_eq(keyspace_volatile_size(ks, 0), 0);
}
END_TEST

START_TEST(a_hash_without_unexpired_fields_is_removed)
{
    for (enum form form = FLAT; form <= LARGE; form++) {
        put_hash(form, hash_entry(form, form, 5, 0, 0));
        ck_assert(!look_up(form));
        ck_assert(!is_there(0, form));
    }
    ck_assert_uint_eq(keyspace_size(ks, 0), 0);
    ck_assert_uint_eq(keyspace_partial_size(ks, 0), 0);
    ck_assert_uint_eq(keyspace_stats(ks).expired, 0);
}
END_TEST

static void set_interest(struct interest *i, bool on)
{
    struct shard *s = keyspace_shard(ks, i->hash);

    hold(s);
    if (on)
        ck_assert(shard_add_interest(s, i));
    else
        shard_remove_interest(s, i);
    shard_unlock(s);
}

START_TEST(the_expiry_of_fields_changes_a_watched_key)
{
    struct name name;
    struct watch w = {
        .interest = {.kind = &interest_watch, .hash = hash_bytes(key_of(1, &name)), .key = key_of(1, &name)},
        .was_expired = false};

    for (int last = 0; last < 2; last++) {
        put_hash(1, hash_entry(1, FLAT, 2, 0, last ? 0 : 1));
        w.changed = false;
        set_interest(&w.interest, true);
        look_up(1);
        ck_assert(w.changed);
        set_interest(&w.interest, false);
        discard(0, 1);
    }
}
END_TEST

START_TEST(the_sweep_removes_expired_fields_only)
{
    for (unsigned i = 0; i < 600; i++)
        put_hash(i, hash_entry(i, i % 2 ? LARGE : FLAT, 1 + i % 5, i % 3, i % 4));
    for (unsigned i = 600; i < 700; i++)
        put(0, i, PAST);
    ck_assert(expire_all());
    for (unsigned i = 0; i < 600; i++) {
        ck_assert_uint_eq(fields_of(i), i % 3 + i % 4);
        ck_assert_int_eq(is_there(0, i), i % 3 + i % 4 != 0);
    }
    ck_assert_uint_eq(keyspace_stats(ks).expired_fields, 600 / 5 * (1 + 2 + 3 + 4 + 5));
    ck_assert_uint_eq(keyspace_stats(ks).expired, 100);
    ck_assert_uint_eq(keyspace_partial_size(ks, 0), 400);
}
END_TEST

#define DAY   (86400 * (int64_t)1000) /* ms */
#define YEAR  (365 * DAY)
#define BATCH 200

/* Whether the sweep would look at any shard. */
static bool is_anything_due(void)
{
    bool any = false, due = false;

    for (unsigned i = 0; i < ks->shard_count; i++)
        due |= expiry_is_due(&ks->shards[i], clock_ms(), &any);
    return due;
}

/* Keys, and hashes with a field, that expire at `expire`, numbered from `first` on. */
static void put_batch(unsigned first, int64_t expire)
{
    for (unsigned i = first; i < first + BATCH; i += 2) {
        struct entry *e = hash_entry(i + 1, i % 4 ? LARGE : FLAT, 0, 0, 1);
        struct value v = entry_open(e);

        hash_set_until(&v, SLICE("field"), SLICE("value"), expire);
        put_hash(i + 1, entry_close(&v));
        put(0, i, expire);
    }
}

static void check_batch(unsigned first, bool expired)
{
    for (unsigned i = first; i < first + BATCH; i += 2) {
        ck_assert_int_eq(is_there(0, i), !expired);
        ck_assert_uint_eq(fields_of(i + 1), expired ? 1 : 2);
    }
}

START_TEST(keys_and_fields_expire_after_the_clock_was_set)
{
    const int64_t jumps[] = {-DAY, 0, 3 * YEAR, 10 * YEAR, -30 * YEAR, 30 * YEAR, 0};
    unsigned first = BATCH;

    put_batch(0, clock_ms() + 100 * YEAR);
    for (unsigned n = 0; n < sizeof jumps / sizeof *jumps; n++, first += 3 * BATCH) {
        put_batch(first, clock_ms() + DAY / 2); /* before the clock is set */
        atomic_store(&clock_shift, jumps[n]);
        put_batch(first + BATCH, clock_ms() + 1000); /* before the sweep has noticed it */
        ck_assert(expire_all());
        ck_assert(!is_anything_due());
        check_batch(first, n > 0 && jumps[n] > jumps[n - 1]);
        put_batch(first + 2 * BATCH, clock_ms() + 1000);
        check_batch(first + BATCH, false);
        atomic_store(&clock_shift, jumps[n] + 5000);
        ck_assert(expire_all());
        ck_assert(!is_anything_due());
        check_batch(first + BATCH, true);
        check_batch(first + 2 * BATCH, true);
    }
    atomic_store(&clock_shift, 40 * YEAR);
    expire_all();
    for (unsigned i = BATCH; i < first; i += BATCH)
        check_batch(i, true);
    check_batch(0, false);
}
END_TEST

START_TEST(a_hash_with_very_many_expired_fields_is_purged_in_steps)
{
    put_hash(1, hash_entry(1, LARGE, 5000, 0, 1));
    put_hash(2, hash_entry(2, LARGE, 5000, 0, 1));
    ck_assert(look_up(1));
    ck_assert_uint_eq(fields_of(1), 5001 - FIELDS_AT_ONCE);
    expire_all();
    ck_assert_uint_eq(fields_of(1), 1);
    ck_assert_uint_eq(fields_of(2), 1);
    ck_assert(!expire_all());
}
END_TEST

START_TEST(a_second_look_up_does_not_change_the_entry_found)
{
    size_t fields = FIELDS_AT_ONCE;
    struct name a, b;
    struct place p = place_of(0, 1), q = place_of(0, 2);
    struct entry *first, *second;

    put_hash(1, hash_entry(1, LARGE, 600, 0, 1));
    put_hash(2, hash_entry(2, LARGE, 600, 0, 0)); /* all its fields have expired */
    hold_all();
    first = shard_find(&p, key_of(1, &a), clock_ms(), &fields);
    ck_assert_uint_eq(fields, FIELDS_AT_ONCE - 600);
    second = shard_find(&q, key_of(2, &b), clock_ms(), &fields);
    ck_assert_uint_eq(fields, 0);
    ck_assert_ptr_nonnull(second);
    ck_assert_ptr_eq(shard_find(&p, key_of(1, &a), clock_ms(), &fields), first);
    ck_assert_ptr_eq(shard_find(&q, key_of(2, &b), clock_ms(), &fields), second);
    drop_all();
    ck_assert_uint_eq(fields_of(1), 1);
    ck_assert_uint_eq(fields_of(2), 600 - (FIELDS_AT_ONCE - 600));
    ck_assert(!look_up(2));
}
END_TEST

START_TEST(choosing_a_random_volatile_key_keeps_due_fields_known)
{
    for (unsigned i = 0; i < 200; i++)
        put_hash(i, hash_entry(i, FLAT, 1, 0, 1));
    for (unsigned i = 200; i < 200 + SHARDS * 4; i++)
        put(0, i, clock_ms() + FOREVER);
    for (unsigned i = 0; i < SHARDS; i++)
        for (unsigned n = 0; n < 300; n++)
            if (shard_table(&ks->shards[i], 0) != NULL && shard_table(&ks->shards[i], 0)->volatiles != 0)
                table_random_volatile(shard_table(&ks->shards[i], 0));
    expire_all();
    for (unsigned i = 0; i < 200; i++)
        ck_assert_uint_eq(fields_of(i), 1);
}
END_TEST

/* Replaces the entry of key i. */
static void exchange(unsigned i, struct entry *e)
{
    struct place p = place_of(0, i);
    struct name name;
    struct entry_tally was;
    struct entry *old;

    hold(p.shard);
    old = shard_peek(&p, key_of(i, &name));
    shard_touch(&p, old);
    was = entry_tally(old);
    shard_replace(&p, old, &was, e);
    entry_free(old);
    shard_unlock(p.shard);
}

#define KEYS 300

START_TEST(hashes_with_expiring_fields_are_counted_through_all_changes)
{
    unsigned kind[KEYS] = {0}; /* 0: absent, 1: without an expiry, 2: with fields that have one */
    size_t partials = 0;

    seed_start(__func__);
    for (int round = 0; round < 20000; round++) {
        unsigned i = (unsigned)seed_below(KEYS), next = (unsigned)seed_below(3);
        enum form form = (enum form)seed_below(2);

        partials += (next == 2) - (kind[i] == 2);
        if (next == 0)
            discard(0, i);
        else if (kind[i] == 0)
            put_hash(i, hash_entry(i, form, 0, next - 1, 2));
        else
            exchange(i, hash_entry(i, form, 0, next - 1, 2));
        kind[i] = next;
        ck_assert_uint_eq(keyspace_partial_size(ks, 0), partials);
    }
    expire_all();
    ck_assert_uint_eq(keyspace_partial_size(ks, 0), partials);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fields");
    TCase *tests = tcase_create("fields");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, keyspace_setup, keyspace_teardown);
    tcase_add_test(tests, an_entry_is_due_when_it_or_its_first_field_expires);
    tcase_add_test(tests, a_look_up_removes_expired_fields);
    tcase_add_test(tests, a_hash_without_unexpired_fields_is_removed);
    tcase_add_test(tests, the_expiry_of_fields_changes_a_watched_key);
    tcase_add_test(tests, the_sweep_removes_expired_fields_only);
    tcase_add_test(tests, keys_and_fields_expire_after_the_clock_was_set);
    tcase_add_test(tests, a_hash_with_very_many_expired_fields_is_purged_in_steps);
    tcase_add_test(tests, a_second_look_up_does_not_change_the_entry_found);
    tcase_add_test(tests, choosing_a_random_volatile_key_keeps_due_fields_known);
    tcase_add_test(tests, hashes_with_expiring_fields_are_counted_through_all_changes);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
