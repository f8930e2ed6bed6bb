/* SPDX-License-Identifier: BSD-3-Clause */
/* rdb_read: reads values in Redis's format. test_dump reads the forms that we write, this file the others. */
#include <stdlib.h>

#include "base/buf.h"
#include "checks.h"
#include "persist/rdb_format.h"
#include "persist/rdb_read.h"
#include "values.h"

static struct options options;

static void set_up(void)
{
    hash_init();
    values_limits(&options, 3, -2);
}

static struct entry *read_value(unsigned type, struct slice bytes)
{
    struct rdb_source from = rdb_source_of(bytes);

    return rdb_read_value(&from, type, &(struct rdb_target){.key = SLICE("key"), .options = &options});
}

/* Appends an element and a space. */
static void show(struct buf *out, struct slice s)
{
    buf_add_slice(out, s);
    buf_add_char(out, ' ');
}

static void show_list(struct buf *out, const struct value *v)
{
    struct list_walk w;
    struct slice s;

    list_walk_begin(&w, v, 0);
    while (list_walk_next(&w, &s))
        show(out, s);
}

static void show_set(struct buf *out, const struct value *v)
{
    struct set_walk w;
    struct slice s;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &s))
        show(out, s);
}

static void show_hash(struct buf *out, const struct value *v)
{
    struct slice field, value;
    struct hash_walk w;

    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value)) {
        show(out, field);
        show(out, value);
        if (w.expire != 0)
            buf_printf(out, "@%lld ", (long long)w.expire);
    }
}

static void show_zset(struct buf *out, const struct value *v)
{
    struct slice member;
    struct zset_walk w;
    double score;

    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score)) {
        show(out, member);
        buf_printf(out, "%g ", score);
    }
}

static const char *form_of(const struct value *v)
{
    static const char *const names[] = {
        [VALUE_LISTPACK] = "listpack",
        [VALUE_INTSET] = "intset",
        [VALUE_LARGE] = "large",
        [VALUE_LISTPACK_EX] = "listpackex",
    };

    return names[v->form];
}

/* Whether the bytes are read as a value of this form with these elements, in the order in which it gives them. */
static bool reads_as(unsigned type, struct slice bytes, const char *form, const char *elements)
{
    static void (*const shows[])(struct buf *out, const struct value *v) = {
        [TYPE_LIST] = show_list,
        [TYPE_SET] = show_set,
        [TYPE_ZSET] = show_zset,
        [TYPE_HASH] = show_hash,
    };
    struct entry *e = read_value(type, bytes);
    struct buf out = BUF_EMPTY;
    struct value v;
    bool same;

    if (e == NULL)
        return false;
    v = entry_value(e);
    shows[entry_type(e)](&out, &v);
    same = strcmp(form_of(&v), form) == 0 && strcmp(buf_cstr(&out), elements) == 0;
    entry_free(e);
    buf_fini(&out);
    return same;
}

static bool is_refused(unsigned type, struct slice bytes)
{
    struct entry *e = read_value(type, bytes);

    if (e != NULL)
        entry_free(e);
    return e == NULL;
}

START_TEST(lists_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_LIST, SLICE("\2\1a\xc0\x07"), "listpack", "a 7 "));
    ck_assert(reads_as(RDB_LIST_ZIPLIST, SLICE("\x11\x11\0\0\0\x0d\0\0\0\2\0\0\1a\3\1b\xff"), "listpack", "a b "));
    ck_assert(reads_as(RDB_LIST_ZIPLISTS,
                       SLICE("\3\x0e\x0e\0\0\0\x0a\0\0\0\1\0\0\1a\xff\x0b\x0b\0\0\0\x0a\0\0\0\0\0\xff"
                             "\x0e\x0e\0\0\0\x0a\0\0\0\1\0\0\1b\xff"),
                       "large", "a b "));
    ck_assert(reads_as(RDB_LIST_NODES, SLICE("\1\2\x0a\x0a\0\0\0\1\0\x81" "a\2\xff"), "listpack", "a "));
}
END_TEST

START_TEST(nodes_of_lists_stay_as_they_are)
{
    struct entry *e = read_value(RDB_LIST_NODES, SLICE("\3\2\x0a\x0a\0\0\0\1\0\x81" "a\2\xff\1\1b\2\x0a\x0a\0\0\0\1\0\x81"
                                                       "c\2\xff"));
    struct value v;

    ck_assert_ptr_nonnull(e);
    v = entry_value(e);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert_uint_eq(list_shape(&v).chunks, 3);
    entry_free(e);
    ck_assert(reads_as(RDB_LIST_NODES, SLICE("\1\1\1b"), "large", "b "));
}
END_TEST

START_TEST(list_nodes_of_unknown_kind_and_empty_plain_nodes_are_refused)
{
    ck_assert(is_refused(RDB_LIST_NODES, SLICE("\1\0\1a")));
    ck_assert(is_refused(RDB_LIST_NODES, SLICE("\1\3\1a")));
    ck_assert(is_refused(RDB_LIST_NODES, SLICE("\1\1\0")));
    ck_assert(is_refused(RDB_LIST_NODES, SLICE("\1\2\0")));
}
END_TEST

START_TEST(lists_become_large_by_the_current_limits)
{
    values_limits(&options, 3, 2);
    ck_assert(reads_as(RDB_LIST, SLICE("\2\1a\1b"), "listpack", "a b "));
    ck_assert(reads_as(RDB_LIST, SLICE("\3\1a\1b\1c"), "large", "a b c "));
    ck_assert(reads_as(RDB_LIST_NODES, SLICE("\1\2\x10\x10\0\0\0\3\0\x81" "a\2\x81" "b\2\x81" "c\2\xff"), "large",
                       "a b c "));
}
END_TEST

START_TEST(sets_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_SET, SLICE("\2\1" "2\xc0\1"), "intset", "1 2 "));
    ck_assert(reads_as(RDB_SET, SLICE("\2\1a\xc0\1"), "listpack", "a 1 "));
    ck_assert(reads_as(RDB_SET_INTSET, SLICE("\x0c\2\0\0\0\2\0\0\0\1\0\2\0"), "intset", "1 2 "));
    ck_assert(reads_as(RDB_SET_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\x81" "a\2\1\1\xff"), "listpack", "a 1 "));
}
END_TEST

START_TEST(sets_become_large_by_the_current_limits)
{
    values_limits(&options, 1, -2);
    ck_assert(reads_as(RDB_SET_INTSET, SLICE("\x0a\2\0\0\0\1\0\0\0\1\0"), "intset", "1 "));
    ck_assert(is_refused(RDB_SET_INTSET, SLICE("\x08\2\0\0\0\0\0\0\0")));
    values_limits(&options, 0, -2);
    ck_assert(reads_as(RDB_SET_INTSET, SLICE("\x0a\2\0\0\0\1\0\0\0\1\0"), "large", "1 "));
    ck_assert(reads_as(RDB_SET_LISTPACK, SLICE("\x0a\x0a\0\0\0\1\0\x81" "a\2\xff"), "large", "a "));
}
END_TEST

START_TEST(hashes_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_HASH, SLICE("\1\1f\xc0\1"), "listpack", "f 1 "));
    ck_assert(reads_as(RDB_HASH_ZIPMAP, SLICE("\x07\1\1f\1\0v\xff"), "listpack", "f v "));
    ck_assert(reads_as(RDB_HASH_ZIPLIST, SLICE("\x11\x11\0\0\0\x0d\0\0\0\2\0\0\1f\3\1v\xff"), "listpack", "f v "));
    ck_assert(reads_as(RDB_HASH_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\x81" "f\2\1\1\xff"), "listpack", "f 1 "));
}
END_TEST

START_TEST(hashes_become_large_by_the_current_limits)
{
    values_limits(&options, 0, -2);
    ck_assert(reads_as(RDB_HASH_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\x81" "f\2\1\1\xff"), "large", "f 1 "));
}
END_TEST

#define FIRST "\0\x40\x94\x52\xa3\3\0\0" /* 4000000000000 */

START_TEST(hashes_with_fields_that_expire_are_read)
{
    ck_assert(reads_as(RDB_HASH_EXPIRING, SLICE(FIRST "\2\0\1f\1v\x02\1g\1w"), "listpackex",
                       "g w @4000000000001 f v "));
    ck_assert(reads_as(RDB_HASH_EXPIRING, SLICE(FIRST "\1\0\1f\1v"), "listpack", "f v "));
    ck_assert(reads_as(RDB_HASH_LISTPACK_EX,
                       SLICE(FIRST "\x17\x17\0\0\0\3\0\x81" "f\2\x81" "v\2\xf4" FIRST "\x09\xff"), "listpackex",
                       "f v @4000000000000 "));
}
END_TEST

START_TEST(triplets_without_an_expiry_become_pairs)
{
    ck_assert(reads_as(RDB_HASH_LISTPACK_EX, SLICE(FIRST "\x0f\x0f\0\0\0\3\0\x81" "f\2\x81" "v\2\0\1\xff"), "listpack",
                       "f v "));
}
END_TEST

START_TEST(invalid_expiries_are_refused)
{
    ck_assert(is_refused(RDB_HASH_EXPIRING, SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\1\2\1f\1v")));
    ck_assert(is_refused(RDB_HASH_EXPIRING, SLICE(FIRST "\1\x81\xff\xff\xff\xff\xff\xff\xff\xff\1f\1v")));
    ck_assert(is_refused(RDB_HASH_EXPIRING, SLICE("\0\0")));
    /* text, and a negative number */
    ck_assert(is_refused(RDB_HASH_LISTPACK_EX,
                         SLICE(FIRST "\x10\x10\0\0\0\3\0\x81" "f\2\x81" "v\2\x81" "x\2\xff")));
    ck_assert(is_refused(RDB_HASH_LISTPACK_EX,
                         SLICE(FIRST "\x10\x10\0\0\0\3\0\x81" "f\2\x81" "v\2\xdf\xff\2\xff")));
}
END_TEST

#define HALF "\0\0\0\0\0\0\xe0\x3f" /* 0.5 */

START_TEST(sorted_sets_of_all_versions_are_read)
{
    ck_assert(reads_as(RDB_ZSET_TEXT, SLICE("\2\1a\xff\1b\3" "0.5"), "listpack", "a -inf b 0.5 "));
    ck_assert(reads_as(RDB_ZSET, SLICE("\1\1a" HALF), "listpack", "a 0.5 "));
    ck_assert(reads_as(RDB_ZSET_ZIPLIST, SLICE("\x10\x10\0\0\0\x0d\0\0\0\2\0\0\1a\3\xf6\xff"), "listpack", "a 5 "));
    ck_assert(reads_as(RDB_ZSET_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\x81" "a\2\5\1\xff"), "listpack", "a 5 "));
}
END_TEST

START_TEST(unsorted_sorted_sets_are_sorted)
{
    ck_assert(reads_as(RDB_ZSET, SLICE("\2\1b" HALF "\1a" HALF), "listpack", "a 0.5 b 0.5 "));
    ck_assert(reads_as(RDB_ZSET_LISTPACK, SLICE("\x11\x11\0\0\0\4\0\x81" "a\2\5\1\x81" "b\2\4\1\xff"), "listpack",
                       "b 4 a 5 "));
    ck_assert(reads_as(RDB_ZSET_LISTPACK, SLICE("\x11\x11\0\0\0\4\0\x81" "b\2\5\1\x81" "a\2\5\1\xff"), "listpack",
                       "a 5 b 5 "));
}
END_TEST

START_TEST(invalid_scores_are_refused)
{
    ck_assert(is_refused(RDB_ZSET, SLICE("\1\1a\0\0\0\0\0\0\xf8\x7f")));
    ck_assert(is_refused(RDB_ZSET_TEXT, SLICE("\1\1a\xfd")));
    ck_assert(is_refused(RDB_ZSET_LISTPACK, SLICE("\x0d\x0d\0\0\0\2\0\x81" "a\2\x81" "x\2\xff")));
}
END_TEST

START_TEST(elements_with_another_encoding_can_be_looked_up)
{
    /* an integer as a string */
    struct entry *e = read_value(RDB_SET_LISTPACK, SLICE("\x0a\x0a\0\0\0\1\0\x81" "5\2\xff"));
    struct value v = entry_value(e);

    ck_assert(set_has(&v, SLICE("5")));
    entry_free(e);
    e = read_value(RDB_HASH_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\xc0\5\2\5\1\xff")); /* in 13 bits */
    v = entry_value(e);
    ck_assert(hash_has(&v, SLICE("5")));
    entry_free(e);
    /* the same element twice, in two encodings */
    ck_assert(is_refused(RDB_SET_LISTPACK, SLICE("\x0c\x0c\0\0\0\2\0\x81" "5\2\5\1\xff")));
}
END_TEST

START_TEST(the_entry_has_the_given_key_and_expiry)
{
    struct rdb_target to = {.key = SLICE("my key"), .expire = 1234567890123, .options = &options};
    struct rdb_source from = rdb_source_of(SLICE("\3abc\1"));
    struct entry *e = rdb_read_value(&from, RDB_STRING, &to);

    ck_assert(slice_eq(entry_key(e), SLICE("my key")));
    ck_assert_int_eq(entry_expire(e), 1234567890123);
    ck_assert_uint_eq(rdb_left(&from), 1); /* the bytes after the value are left for the caller */
    entry_free(e);
}
END_TEST

START_TEST(types_of_modules_are_refused)
{
    static const unsigned unknown[] = {6, 7, 8, 22, 23, 26, 255, UINT32_MAX};

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        ck_assert(is_refused(unknown[i], SLICE("\1\1a\1b\0\0\0\0\0\0\0\0")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rdb_read");
    TCase *tests = tcase_create("rdb_read");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, lists_of_all_versions_are_read);
    tcase_add_test(tests, nodes_of_lists_stay_as_they_are);
    tcase_add_test(tests, list_nodes_of_unknown_kind_and_empty_plain_nodes_are_refused);
    tcase_add_test(tests, lists_become_large_by_the_current_limits);
    tcase_add_test(tests, sets_of_all_versions_are_read);
    tcase_add_test(tests, sets_become_large_by_the_current_limits);
    tcase_add_test(tests, hashes_of_all_versions_are_read);
    tcase_add_test(tests, hashes_become_large_by_the_current_limits);
    tcase_add_test(tests, hashes_with_fields_that_expire_are_read);
    tcase_add_test(tests, triplets_without_an_expiry_become_pairs);
    tcase_add_test(tests, invalid_expiries_are_refused);
    tcase_add_test(tests, sorted_sets_of_all_versions_are_read);
    tcase_add_test(tests, unsorted_sorted_sets_are_sorted);
    tcase_add_test(tests, invalid_scores_are_refused);
    tcase_add_test(tests, elements_with_another_encoding_can_be_looked_up);
    tcase_add_test(tests, the_entry_has_the_given_key_and_expiry);
    tcase_add_test(tests, types_of_modules_are_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
