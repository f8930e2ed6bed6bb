/* SPDX-License-Identifier: BSD-3-Clause */
/* dump: serialized values, the reply of DUMP and the argument of RESTORE. */
#include <signal.h>
#include <stdlib.h>

#include "base/crc64.h"
#include "checks.h"
#include "persist/dump.h"
#include "values.h"

#define FOOTER 10

#define LIST_BYTES 4096 /* list-max-listpack-size -1 */

static struct options options;

static void set_up(void)
{
    hash_init();
    values_limits(&options, 8, -1);
}

static struct buf dump_of(const struct entry *e)
{
    struct buf dump = BUF_EMPTY;

    dump_write(&dump, e);
    return dump;
}

static struct entry *read_back(struct slice dump)
{
    struct rdb_target to = {.key = SLICE("key"), .expire = 0, .options = &options};

    return dump_read(dump, &to);
}

static struct entry *string_entry(struct slice s)
{
    struct entry_spec spec = {.key = SLICE("key"), .value = s};

    return entry_new(&spec);
}

START_TEST(a_dump_has_a_type_a_version_and_a_checksum)
{
    static const char expected[] = "\0\3abc\x0a\0";
    struct entry *e = string_entry(SLICE("abc"));
    struct buf dump = dump_of(e);
    uint64_t checksum;

    ck_assert_uint_eq(dump.len, 15);
    ck_assert_mem_eq(dump.p, expected, 7);
    memcpy(&checksum, dump.p + 7, 8);
    ck_assert_uint_eq(checksum, crc64(0, slice_of(dump.p, 7)));
    entry_free(e);
    buf_fini(&dump);
}
END_TEST

START_TEST(dump_write_appends_and_the_checksum_covers_the_dump_only)
{
    struct entry *e = string_entry(SLICE("abc"));
    struct buf alone = dump_of(e), behind = BUF_EMPTY;

    buf_add_str(&behind, "what stands before");
    dump_write(&behind, e);
    ck_assert_mem_eq(behind.p + 18, alone.p, alone.len);
    entry_free(e);
    buf_fini(&alone);
    buf_fini(&behind);
}
END_TEST

static void set_version(struct buf *dump, uint16_t version)
{
    uint64_t checksum;

    memcpy(dump->p + dump->len - FOOTER, &version, 2);
    checksum = crc64(0, slice_of(dump->p, dump->len - 8));
    memcpy(dump->p + dump->len - 8, &checksum, 8);
}

START_TEST(versions_up_to_that_of_redis_7_4_are_sound)
{
    struct entry *e = string_entry(SLICE("abc"));
    struct buf dump = dump_of(e);

    for (uint16_t version = 0; version < 20; version++) {
        set_version(&dump, version);
        ck_assert_int_eq(dump_is_sound(buf_slice(&dump), true), version <= 12);
        ck_assert_int_eq(dump_is_sound(buf_slice(&dump), false), version <= 12);
    }
    set_version(&dump, 256);
    ck_assert(!dump_is_sound(buf_slice(&dump), true));
    entry_free(e);
    buf_fini(&dump);
}
END_TEST

START_TEST(every_bit_changes_the_checksum)
{
    struct entry *e = string_entry(SLICE("a string of some length"));
    struct buf dump = dump_of(e);

    ck_assert(dump_is_sound(buf_slice(&dump), true));
    for (size_t bit = 0; bit < dump.len * 8; bit++) {
        dump.p[bit / 8] ^= (char)(1 << bit % 8);
        ck_assert(!dump_is_sound(buf_slice(&dump), true));
        dump.p[bit / 8] ^= (char)(1 << bit % 8);
    }
    entry_free(e);
    buf_fini(&dump);
}
END_TEST

START_TEST(a_dump_shorter_than_the_footer_is_not_sound)
{
    static const char zeros[FOOTER] = {0}; /* the checksum of a zero version is 0 */

    for (size_t n = 0; n < FOOTER; n++)
        ck_assert(!dump_is_sound(slice_of(zeros, n), false));
    ck_assert(dump_is_sound(slice_of(zeros, FOOTER), true));
    ck_assert_ptr_null(read_back(slice_of(zeros, FOOTER)));
}
END_TEST

/* Sizes at which forms change: flat, large, large in several chunks. */
static size_t random_size(void)
{
    static const size_t sizes[] = {1, 3, 8, 9, 30, 300};

    return sizes[seed_below(sizeof sizes / sizeof *sizes)];
}

static struct entry *random_value(void)
{
    return values_random(seed_below(TYPE_STREAM + 1), seed_below(40) == 0 ? 20000 : random_size(), &options,
                         seed_below(2));
}

/* Whether a small list is longer than its limit, as in Redis: when elements are added, only their own bytes count. A list
 * that is read is large then. */
static bool is_beyond_the_limit(const struct entry *e)
{
    return entry_type(e) == TYPE_LIST && !entry_is_large(e) && entry_value(e).flat.n > LIST_BYTES;
}

START_TEST(random_values_are_read_back_unchanged)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(2000); round < rounds; round++) {
        struct entry *e = random_value(), *back;
        struct buf dump = dump_of(e);
        struct rdb_target to = {.key = entry_key(e), .expire = entry_expire(e), .options = &options};

        ck_assert(dump_is_sound(buf_slice(&dump), true));
        back = dump_read(buf_slice(&dump), &to);
        ck_assert_ptr_nonnull(back);
        ck_assert_uint_eq(values_sum(back), values_sum(e));
        if (!is_beyond_the_limit(e))
            ck_assert_str_eq(entry_encoding_name(back), entry_encoding_name(e));
        entry_free(back);
        entry_free(e);
        buf_fini(&dump);
    }
}
END_TEST

START_TEST(random_values_are_read_back_under_other_limits)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(1000); round < rounds; round++) {
        struct entry *e, *back;
        struct buf dump;
        struct rdb_target to;

        values_limits(&options, (int64_t)seed_below(40), (int64_t)seed_below(12) - 6);
        e = values_random(seed_below(TYPE_STREAM + 1), 1 + seed_below(60), &options, seed_below(2));
        values_limits(&options, (int64_t)seed_below(40), (int64_t)seed_below(12) - 6);
        to = (struct rdb_target){.key = entry_key(e), .expire = entry_expire(e), .options = &options};
        dump = dump_of(e);
        back = dump_read(buf_slice(&dump), &to);
        ck_assert_ptr_nonnull(back);
        ck_assert_uint_eq(values_sum(back), values_sum(e));
        entry_free(back);
        entry_free(e);
        buf_fini(&dump);
    }
    set_up();
}
END_TEST

/* Corrupt bytes must be refused, or give a valid value, which can be written and read again. Reads them from a heap
 * block, so that a sanitizer detects reads beyond its end. */
static void read_corrupt(struct slice dump)
{
    char *copy = malloc(dump.n ? dump.n : 1);
    struct entry *e, *back;
    struct buf again;

    memcpy(copy, dump.p, dump.n);
    e = read_back(slice_of(copy, dump.n));
    free(copy);
    if (e == NULL)
        return;
    again = dump_of(e);
    back = read_back(buf_slice(&again));
    ck_assert_ptr_nonnull(back);
    ck_assert_uint_eq(values_sum(back), values_sum(e));
    entry_free(back);
    entry_free(e);
    buf_fini(&again);
}

START_TEST(truncated_values_are_refused_or_valid)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(300); round < rounds; round++) {
        struct entry *e = values_random(seed_below(TYPE_STREAM + 1), 1 + seed_below(20), &options, seed_below(2));
        struct buf dump = dump_of(e);

        for (size_t n = FOOTER; n < dump.len; n++)
            read_corrupt(slice_of(dump.p, n));
        entry_free(e);
        buf_fini(&dump);
    }
}
END_TEST

START_TEST(values_with_one_wrong_byte_are_refused_or_valid)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(200); round < rounds; round++) {
        struct entry *e = values_random(seed_below(TYPE_STREAM + 1), 1 + seed_below(20), &options, seed_below(2));
        struct buf dump = dump_of(e);

        for (size_t at = 0; at + FOOTER < dump.len; at++) {
            char byte = dump.p[at];

            dump.p[at] = (char)seed_u64();
            read_corrupt(buf_slice(&dump));
            dump.p[at] = (char)(byte ^ 1 << seed_below(8));
            read_corrupt(buf_slice(&dump));
            dump.p[at] = byte;
        }
        entry_free(e);
        buf_fini(&dump);
    }
}
END_TEST

START_TEST(random_bytes_of_every_type_are_refused_or_valid)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(200000); round < rounds; round++) {
        char bytes[64];
        size_t n = FOOTER + 1 + seed_below(40);

        seed_bytes(bytes, n);
        bytes[0] = (char)seed_below(28);
        if (seed_below(2))
            bytes[1] = (char)seed_below(8);
        read_corrupt(slice_of(bytes, n));
    }
}
END_TEST

START_TEST(only_fields_that_expire_need_the_newest_version)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(300); round < rounds; round++) {
        bool expiring = round % 2;
        struct entry *e = values_random(expiring ? TYPE_HASH : seed_below(TYPE_STREAM + 1), random_size(), &options,
                                        expiring);
        struct buf dump = dump_of(e);
        bool any = false;

        if (expiring) {
            struct value v = entry_value(e);

            any = hash_next_due(&v) != 0;
        }
        ck_assert_int_eq(dump.p[dump.len - FOOTER], any ? 12 : 10);
        ck_assert_int_eq(dump.p[dump.len - FOOTER + 1], 0);
        entry_free(e);
        buf_fini(&dump);
    }
}
END_TEST

START_TEST(reading_a_dump_shorter_than_its_footer_fails_an_assertion)
{
    struct rdb_target to = {.key = SLICE("key"), .options = NULL};

    dump_read(SLICE("123456789"), &to);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dump");
    TCase *tests = tcase_create("dump");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, a_dump_has_a_type_a_version_and_a_checksum);
    tcase_add_test(tests, dump_write_appends_and_the_checksum_covers_the_dump_only);
    tcase_add_test(tests, versions_up_to_that_of_redis_7_4_are_sound);
    tcase_add_test(tests, every_bit_changes_the_checksum);
    tcase_add_test(tests, a_dump_shorter_than_the_footer_is_not_sound);
    tcase_add_test(tests, random_values_are_read_back_unchanged);
    tcase_add_test(tests, random_values_are_read_back_under_other_limits);
    tcase_add_test(tests, truncated_values_are_refused_or_valid);
    tcase_add_test(tests, values_with_one_wrong_byte_are_refused_or_valid);
    tcase_add_test(tests, random_bytes_of_every_type_are_refused_or_valid);
    tcase_add_test(tests, only_fields_that_expire_need_the_newest_version);
    tcase_set_timeout(tests, 60);
    tcase_add_test_raise_signal(tests, reading_a_dump_shorter_than_its_footer_fails_an_assertion, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
