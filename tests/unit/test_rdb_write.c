/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb_write: writes values in Redis's format. This file checks the bytes; test_dump reads them back. */
#include <stdlib.h>

#include "checks.h"
#include "persist/rdb_write.h"
#include "values.h"

static struct options options;

static void set_up(void)
{
    hash_init();
    values_limits(&options, 8, -1);
}

static struct buf written(const struct entry *e)
{
    struct buf out = BUF_EMPTY;

    rdb_write_value(&out, e);
    return out;
}

/* Whether a string is written as these bytes. */
static bool is_written(struct slice string, struct slice expected)
{
    struct entry_spec spec = {.key = SLICE("key"), .value = string};
    struct entry *e;
    struct buf out;
    bool same;

    spec.is_int = entry_is_int(string, &spec.integer);
    e = entry_new(&spec);
    out = written(e);
    same = slice_eq(buf_slice(&out), expected);
    entry_free(e);
    buf_fini(&out);
    return same;
}

START_TEST(integers_of_up_to_32_bits_are_written_as_integers)
{
    ck_assert(is_written(SLICE("0"), SLICE("\xc0\0")));
    ck_assert(is_written(SLICE("-128"), SLICE("\xc0\x80")));
    ck_assert(is_written(SLICE("127"), SLICE("\xc0\x7f")));
    ck_assert(is_written(SLICE("128"), SLICE("\xc1\x80\0")));
    ck_assert(is_written(SLICE("-32768"), SLICE("\xc1\0\x80")));
    ck_assert(is_written(SLICE("32768"), SLICE("\xc2\0\x80\0\0")));
    ck_assert(is_written(SLICE("-2147483648"), SLICE("\xc2\0\0\0\x80")));
    ck_assert(is_written(SLICE("2147483648"), SLICE("\x0a" "2147483648")));
    ck_assert(is_written(SLICE("9223372036854775807"), SLICE("\x13" "9223372036854775807")));
    ck_assert(is_written(SLICE("007"), SLICE("\x03" "007")));
    ck_assert(is_written(SLICE("-0"), SLICE("\x02" "-0")));
}
END_TEST

START_TEST(strings_from_21_bytes_are_compressed_if_that_saves_4)
{
    ck_assert(is_written(SLICE("xxxxxxxxxxxxxxxxxxxx"), SLICE("\x14xxxxxxxxxxxxxxxxxxxx")));
    ck_assert(!is_written(SLICE("xxxxxxxxxxxxxxxxxxxxx"), SLICE("\x15xxxxxxxxxxxxxxxxxxxxx")));
    ck_assert(is_written(SLICE("abcdefghijklmnopqrstuvwxyz"), SLICE("\x1a" "abcdefghijklmnopqrstuvwxyz")));
}
END_TEST

START_TEST(long_strings_have_long_lengths)
{
    static const size_t lengths[] = {63, 64, 16383, 16384, 70000};
    static const size_t heads[] = {1, 2, 2, 5, 5};

    seed_start(__func__);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct blob *b = blob_new(lengths[i]);
        struct entry *e;
        struct buf out;

        seed_bytes(b->p, lengths[i]); /* which cannot be compressed */
        b->len = lengths[i];
        e = entry_new(&(struct entry_spec){.key = SLICE("key"), .blob = b});
        out = written(e);
        ck_assert_uint_eq(out.len, heads[i] + lengths[i]);
        ck_assert_mem_eq(out.p + heads[i], b->p, lengths[i]);
        entry_free(e);
        buf_fini(&out);
    }
}
END_TEST

/* The type as which a random value of n elements is written. */
static enum rdb_type type_of(enum entry_type type, size_t n)
{
    struct entry *e = values_random(type, n, &options, false);
    enum rdb_type written_as = rdb_type_of(e);

    entry_free(e);
    return written_as;
}

START_TEST(flat_values_are_written_unchanged_and_large_ones_by_element)
{
    seed_start(__func__);
    values_limits(&options, 1000, -1);
    options.hash_max_listpack_value = options.zset_max_listpack_value = 1000;
    ck_assert_int_eq(type_of(TYPE_STRING, 1), RDB_STRING);
    ck_assert_int_eq(type_of(TYPE_LIST, 5), RDB_LIST_NODES);
    ck_assert_int_eq(type_of(TYPE_ZSET, 5), RDB_ZSET_LISTPACK);
    ck_assert_int_eq(type_of(TYPE_HASH, 5), RDB_HASH_LISTPACK);
    values_limits(&options, 0, 1);
    ck_assert_int_eq(type_of(TYPE_LIST, 500), RDB_LIST_NODES);
    ck_assert_int_eq(type_of(TYPE_SET, 50), RDB_SET);
    ck_assert_int_eq(type_of(TYPE_ZSET, 50), RDB_ZSET);
    ck_assert_int_eq(type_of(TYPE_HASH, 50), RDB_HASH);
}
END_TEST

START_TEST(a_stream_needs_7_2_only_if_a_consumer_was_active_at_another_time_than_seen)
{
    struct value v = value_new(limits_of(&options, TYPE_STREAM));
    struct stream_group *g = stream_group_add(stream_make(&v), SLICE("g"), STREAM_ID_MIN, 0);
    struct stream_consumer *c = stream_consumer_add(g, SLICE("c"), 5);
    struct entry *e = entry_new_value(SLICE("key"), TYPE_STREAM, &v, 0);

    ck_assert_int_eq(rdb_type_of(e), RDB_STREAM_3);
    ck_assert_uint_eq(rdb_version_of(RDB_STREAM_3), 11);
    c->active_time = 5;
    ck_assert_int_eq(rdb_type_of(e), RDB_STREAM_2);
    ck_assert_uint_eq(rdb_version_of(RDB_STREAM_2), 10);
    entry_free(e);
}
END_TEST

static struct entry *hash_of(int64_t expire, int64_t entries)
{
    struct value v;
    struct entry *e;

    values_limits(&options, entries, -1);
    v = value_new(limits_of(&options, TYPE_HASH));
    hash_set_until(&v, SLICE("f"), SLICE("v"), VALUES_LATER);
    if (expire != VALUES_LATER)
        hash_set_expiry(&v, SLICE("f"), expire);
    e = entry_new_value(SLICE("key"), TYPE_HASH, &v, 0);
    mem_free(v.flat.p);
    return e;
}

START_TEST(a_large_hash_has_expiries_relative_to_the_first)
{
    struct entry *e = hash_of(VALUES_LATER, 0);
    struct buf out = written(e);

    ck_assert_int_eq(rdb_type_of(e), RDB_HASH_EXPIRING);
    ck_assert_uint_eq(rdb_version_of(rdb_type_of(e)), 12);
    ck_assert(slice_eq(buf_slice(&out), SLICE("\0\x40\x94\x52\xa3\3\0\0\1\1\1f\1v")));
    entry_free(e);
    buf_fini(&out);
}
END_TEST

START_TEST(a_small_hash_has_expiries_in_its_listpack)
{
    struct entry *e = hash_of(VALUES_LATER, 8);
    struct buf out = written(e);

    ck_assert_int_eq(rdb_type_of(e), RDB_HASH_LISTPACK_EX);
    ck_assert_uint_eq(out.len, 8 + 1 + 7 + 3 + 3 + 10);
    ck_assert_mem_eq(out.p, "\0\x40\x94\x52\xa3\3\0\0", 8);
    entry_free(e);
    buf_fini(&out);
}
END_TEST

START_TEST(a_hash_without_expiring_fields_any_more_is_written_as_a_plain_hash)
{
    for (int64_t entries = 0; entries <= 8; entries += 8) {
        struct entry *e = hash_of(0, entries);
        struct buf out = written(e);

        ck_assert_uint_eq(rdb_version_of(rdb_type_of(e)), 10);
        ck_assert_int_eq(rdb_type_of(e), RDB_HASH);
        ck_assert(slice_eq(buf_slice(&out), SLICE("\1\1f\1v")));
        entry_free(e);
        buf_fini(&out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rdb_write");
    TCase *tests = tcase_create("rdb_write");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, integers_of_up_to_32_bits_are_written_as_integers);
    tcase_add_test(tests, strings_from_21_bytes_are_compressed_if_that_saves_4);
    tcase_add_test(tests, long_strings_have_long_lengths);
    tcase_add_test(tests, flat_values_are_written_unchanged_and_large_ones_by_element);
    tcase_add_test(tests, a_stream_needs_7_2_only_if_a_consumer_was_active_at_another_time_than_seen);
    tcase_add_test(tests, a_large_hash_has_expiries_relative_to_the_first);
    tcase_add_test(tests, a_small_hash_has_expiries_in_its_listpack);
    tcase_add_test(tests, a_hash_without_expiring_fields_any_more_is_written_as_a_plain_hash);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
