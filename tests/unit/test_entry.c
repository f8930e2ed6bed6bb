/* SPDX-License-Identifier: BSD-3-Clause */
/* entry: one key with its value, in one allocation. */
#include <signal.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"
#include "checks.h"
#include "seed.h"
#include "store/entry.h"
#include "types/set.h"

static const size_t lengths[] = {0, 1, 8, 44, 45, 253, 254, 255, 256, 1000, ENTRY_INLINE_MAX};
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* n bytes that differ at nearby positions. */
static struct slice bytes(size_t n)
{
    static char p[2 * ENTRY_INLINE_MAX];

    for (size_t i = 0; i < n; i++)
        p[i] = (char)(i * 7 + i / 251);
    return slice_of(p, n);
}

static struct entry *string_entry(struct slice key, struct slice value, int64_t expire)
{
    return entry_new(&(struct entry_spec){.key = key, .value = value, .expire = expire});
}

static struct blob *blob_of(struct slice v)
{
    struct blob *b = blob_new(v.n);

    memcpy(b->p, v.p, v.n);
    b->len = v.n;
    return b;
}

static void check_string(const struct entry *e, struct slice expected)
{
    struct entry_digits d;

    ck_assert_int_eq(entry_type(e), TYPE_STRING);
    ck_assert_uint_eq(entry_strlen(e), expected.n);
    ck_assert(slice_eq(entry_string(e, &d), expected));
}

START_TEST(keys_and_values_of_any_length_are_stored)
{
    for (size_t k = 0; k < LENGTHS; k++)
        for (size_t v = 0; v < LENGTHS; v++)
            for (int64_t expire = 0; expire <= INT64_MAX / 2; expire += INT64_MAX / 2) {
                char *key = malloc(lengths[k] + 1);
                struct entry *e;

                memset(key, 'k', lengths[k] + 1);
                e = string_entry(slice_of(key, lengths[k]), bytes(lengths[v]), expire);
                ck_assert(slice_eq(entry_key(e), slice_of(key, lengths[k])));
                check_string(e, bytes(lengths[v]));
                ck_assert_int_eq(entry_expire(e), expire);
                ck_assert_uint_ge(entry_size(e), sizeof *e + lengths[k] + lengths[v]);
                entry_free(e);
                free(key);
            }
}
END_TEST

START_TEST(a_16_byte_key_with_an_8_byte_value_takes_32_bytes)
{
    struct entry *e = string_entry(bytes(16), bytes(8), 0);

    ck_assert_uint_eq(entry_size(e), 32);
    entry_free(e);
}
END_TEST

START_TEST(only_a_canonical_decimal_is_an_integer)
{
    static const struct {
        const char *text;
        bool is_int;
    } cases[] = {
        {"0", true},
        {"-1", true},
        {"9223372036854775807", true},
        {"-9223372036854775808", true},
        {"", false},
        {"-", false},
        {"-0", false},
        {"+1", false},
        {"01", false},
        {" 1", false},
        {"1 ", false},
        {"1.0", false},
        {"9223372036854775808", false},
        {"-9223372036854775809", false},
        {"99999999999999999999999", false},
        {"x", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t v;

        ck_assert_int_eq(entry_is_int(slice_str(cases[i].text), &v), cases[i].is_int);
    }
}
END_TEST

START_TEST(an_integer_reads_as_its_decimal_digits)
{
    static const int64_t values[] = {0, 1, -1, 42, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct entry *e = entry_new(&(struct entry_spec){.key = SLICE("k"), .is_int = true, .integer = values[i]});
        char digits[NUM_I64_MAX];

        check_string(e, slice_of(digits, num_format_i64(digits, values[i])));
        ck_assert_int_eq(entry_int(e), values[i]);
        ck_assert_str_eq(entry_encoding_name(e), "int");
        entry_set_int(e, -values[i] / 2);
        ck_assert_int_eq(entry_int(e), -values[i] / 2);
        entry_free(e);
    }
}
END_TEST

START_TEST(encodings_have_the_names_that_redis_uses)
{
    struct entry *e = string_entry(SLICE("k"), bytes(44), 0);

    ck_assert_str_eq(entry_encoding_name(e), "embstr");
    e = entry_resize(e, 3);
    ck_assert_str_eq(entry_encoding_name(e), "raw");
    entry_overwrite(e, SLICE("abc"));
    ck_assert_str_eq(entry_encoding_name(e), "embstr");
    entry_free(e);
    e = string_entry(SLICE("k"), bytes(45), 0);
    ck_assert_str_eq(entry_encoding_name(e), "raw");
    ck_assert_str_eq(entry_type_name(entry_type(e)), "string");
    entry_free(e);
}
END_TEST

START_TEST(an_expiry_can_be_set_changed_and_removed)
{
    for (size_t v = 0; v < LENGTHS; v++) {
        struct entry *e = string_entry(SLICE("key"), bytes(lengths[v]), 0), *same;

        e->stamp = 77;
        e = entry_with_expire(e, 5);
        ck_assert_int_eq(entry_expire(e), 5);
        ck_assert(entry_expired(e, 5));
        ck_assert(!entry_expired(e, 4));
        same = e;
        e = entry_with_expire(e, INT64_MAX);
        ck_assert_ptr_eq(e, same);
        ck_assert_int_eq(entry_expire(e), INT64_MAX);
        check_string(e, bytes(lengths[v]));
        e = entry_with_expire(e, 0);
        ck_assert_int_eq(entry_expire(e), 0);
        ck_assert(!entry_expired(e, INT64_MAX));
        ck_assert_uint_eq(e->stamp, 77);
        check_string(e, bytes(lengths[v]));
        ck_assert(slice_eq(entry_key(e), SLICE("key")));
        entry_free(e);
    }
}
END_TEST

START_TEST(an_entry_holds_one_reference_to_its_blob)
{
    struct blob *b = blob_of(bytes(20000));
    struct entry *e = entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = blob_ref(b)});

    check_string(e, bytes(20000));
    ck_assert_ptr_eq(entry_blob(e), b);
    ck_assert_uint_gt(entry_size(e), 20000);
    ck_assert_str_eq(entry_encoding_name(e), "raw");
    ck_assert(!blob_is_sole(b));
    e = entry_with_expire(e, 9);
    ck_assert_ptr_eq(entry_blob(e), b);
    entry_free(e);
    ck_assert(blob_is_sole(b));
    blob_unref(b);
}
END_TEST

START_TEST(a_copy_is_independent)
{
    struct blob *b = blob_of(bytes(20000));
    struct entry *small = string_entry(SLICE("k"), SLICE("value"), 7), *copy;
    struct entry *large = entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = b});

    copy = entry_copy(small, SLICE("a longer key"));
    entry_free(small);
    ck_assert(slice_eq(entry_key(copy), SLICE("a longer key")));
    ck_assert_int_eq(entry_expire(copy), 7);
    check_string(copy, SLICE("value"));
    entry_free(copy);

    copy = entry_copy(large, bytes(300));
    ck_assert_ptr_ne(entry_blob(copy), b);
    copy = entry_resize(copy, 20001);
    entry_bytes(copy)[0] = 'x';
    check_string(large, bytes(20000));
    entry_free(large);
    ck_assert_uint_eq(entry_strlen(copy), 20001);
    entry_free(copy);
}
END_TEST

START_TEST(a_rename_keeps_the_value)
{
    struct blob *b = blob_of(bytes(20000));
    struct entry *e = entry_new(&(struct entry_spec){.key = SLICE("k"), .blob = b, .expire = 3});

    e->stamp = 5;
    e = entry_rename(e, bytes(500));
    ck_assert(slice_eq(entry_key(e), bytes(500)));
    ck_assert_ptr_eq(entry_blob(e), b);
    ck_assert(blob_is_sole(b));
    ck_assert_int_eq(entry_expire(e), 3);
    ck_assert_uint_eq(e->stamp, 5);
    e = entry_rename(e, SLICE(""));
    check_string(e, bytes(20000));
    entry_free(e);
}
END_TEST

START_TEST(a_value_that_fits_is_written_in_place)
{
    seed_start(__func__);
    for (unsigned n = 0; n < 20000; n++) {
        size_t before = seed_below(600), after = seed_below(600), klen = seed_below(300);
        char key[300];
        struct entry *e;

        memset(key, 'k', sizeof key);
        e = string_entry(slice_of(key, klen), bytes(before), seed_below(2) ? 0 : 11);
        if (entry_fits(e, after)) {
            size_t size = entry_size(e);

            entry_overwrite(e, bytes(after));
            check_string(e, bytes(after));
            ck_assert(slice_eq(entry_key(e), slice_of(key, klen)));
            ck_assert_uint_eq(entry_size(e), size);
        }
        ck_assert(entry_fits(e, entry_strlen(e)));
        entry_free(e);
    }
}
END_TEST

/* Strings grow and shrink as by APPEND and SETRANGE; a buffer of the test shows the expected content. */
START_TEST(resizing_keeps_the_content_and_fills_with_zeros)
{
    enum { MOST = 3 * ENTRY_INLINE_MAX };
    char *twin = calloc(1, MOST + 1);

    seed_start(__func__);
    for (unsigned round = 0; round < 200; round++) {
        int64_t expire = seed_below(2) ? 12345 : 0;
        struct entry *e =
            entry_new(&(struct entry_spec){.key = SLICE("key"), .is_int = true, .integer = -123, .expire = expire});
        size_t n = 4;

        memcpy(twin, "-123", 4);
        for (unsigned step = 0; step < 60; step++) {
            size_t to = seed_below(3) ? seed_below(300) : seed_below(MOST);

            e = entry_resize(e, to);
            if (to > n)
                memset(twin + n, 0, to - n);
            n = to;
            check_string(e, slice_of(twin, n));
            ck_assert_int_eq(entry_expire(e), expire);
            ck_assert(slice_eq(entry_key(e), SLICE("key")));
            for (unsigned i = 0; i < 5 && n > 0; i++) {
                size_t at = seed_below(n);

                entry_bytes(e)[at] = twin[at] = (char)seed_u64();
            }
            if (seed_below(4) == 0 && entry_fits(e, 100)) {
                entry_overwrite(e, bytes(100));
                memcpy(twin, bytes(100).p, n = 100);
            }
            if (seed_below(8) == 0) {
                entry_free(entry_copy(e, SLICE("other")));
                e = entry_with_expire(e, expire = expire ? 0 : 9);
            }
        }
        entry_free(e);
    }
    free(twin);
}
END_TEST

START_TEST(appending_seldom_moves_a_blob)
{
    struct entry *e = string_entry(SLICE("key"), SLICE(""), 0);
    unsigned moves = 0;

    for (size_t n = 1; n <= 1000000; n++) {
        struct entry *before = e;
        const char *p = entry_bytes(e);

        e = entry_resize(e, n);
        if (n > ENTRY_INLINE_MAX) /* shorter strings move at each step of the slab sizes */
            moves += e != before || entry_bytes(e) != p;
    }
    ck_assert_uint_le(moves, 20);
    entry_free(e);
}
END_TEST

START_TEST(all_memory_is_freed)
{
    size_t before;

    mem_flush();
    before = mem_used();
    for (size_t v = 0; v < LENGTHS; v++) {
        struct entry *e = string_entry(SLICE("key"), bytes(lengths[v]), 0);

        e = entry_with_expire(e, 9);
        e = entry_resize(e, 2 * ENTRY_INLINE_MAX);
        e = entry_resize(e, 5);
        e = entry_rename(e, SLICE("x"));
        entry_free(entry_copy(e, SLICE("y")));
        entry_free(e);
    }
    mem_flush();
    ck_assert_uint_eq(mem_used(), before);
}
END_TEST

START_TEST(reading_a_string_as_an_integer_aborts)
{
    entry_int(string_entry(SLICE("k"), SLICE("not a number"), 0));
}
END_TEST

/* A set of n members that belongs to no entry. */
static struct value set_of(size_t n, uint64_t flat_entries)
{
    struct value v = value_new((struct value_limits){.entries = flat_entries, .bytes = 64, .ints = flat_entries});
    char member[24];

    for (size_t i = 0; i < n; i++)
        set_add(&v, slice_of(member, (size_t)snprintf(member, sizeof member, "member %zu", i)));
    return v;
}

static struct entry *set_entry(size_t n, uint64_t flat_entries)
{
    struct value v = set_of(n, flat_entries);
    struct entry *e = entry_new_value(SLICE("key"), TYPE_SET, &v, 77);

    mem_free(v.flat.p);
    return e;
}

static void check_set(const struct entry *e, size_t n)
{
    struct value v = entry_value(e);

    ck_assert_int_eq(entry_type(e), TYPE_SET);
    ck_assert_uint_eq(set_count(&v), n);
    ck_assert(set_has(&v, SLICE("member 0")));
}

START_TEST(a_value_keeps_its_form)
{
    struct entry *flat = set_entry(5, 10), *large = set_entry(20, 10);

    check_set(flat, 5);
    check_set(large, 20);
    ck_assert_int_eq(entry_value(flat).form, VALUE_LISTPACK);
    ck_assert_int_eq(entry_value(large).form, VALUE_LARGE);
    ck_assert_str_eq(entry_encoding_name(large), "hashtable");
    ck_assert_uint_gt(entry_size(large), 20 * 16);
    ck_assert_int_eq(entry_expire(large), 77);
    entry_free(flat);
    entry_free(large);
}
END_TEST

START_TEST(a_copy_of_a_large_value_is_independent)
{
    struct entry *e = set_entry(20, 10), *copy = entry_copy(e, SLICE("other"));
    struct value v = entry_value(e);

    ck_assert(set_remove(&v, SLICE("member 0")));
    check_set(copy, 20);
    entry_free(e);
    check_set(copy, 20);
    entry_free(copy);
}
END_TEST

START_TEST(resizing_the_value_field_keeps_its_content)
{
    static const size_t steps[] = {8, 250, 254, 255, 300, 5000, 40000, 256, 254, 7};
    struct value v = {.flat = flat_of(bytes(7))};
    struct entry *e = entry_new_value(SLICE("key"), TYPE_LIST, &v, 77);

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        e = entry_resize_field(e, steps[i]);
        ck_assert_uint_eq(entry_field(e).n, steps[i]);
        ck_assert(slice_eq(slice_of(entry_field(e).p, 7), bytes(7)));
        ck_assert(slice_eq(entry_key(e), SLICE("key")));
        ck_assert_int_eq(entry_expire(e), 77);
    }
    entry_free(e);
}
END_TEST

START_TEST(a_value_that_becomes_large_frees_its_flat_bytes)
{
    struct entry *e = set_entry(5, 10);
    struct value v = set_of(20, 10);

    e = entry_set_form(e, VALUE_LARGE, v.large);
    mem_free(v.flat.p);
    check_set(e, 20);
    ck_assert_uint_eq(entry_field(e).n, sizeof(void *));
    entry_free(e);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("entry");
    TCase *tests = tcase_create("entry");
    SRunner *runner = srunner_create(suite);
    int failed;

    hash_init();
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, keys_and_values_of_any_length_are_stored);
    tcase_add_test(tests, a_16_byte_key_with_an_8_byte_value_takes_32_bytes);
    tcase_add_test(tests, only_a_canonical_decimal_is_an_integer);
    tcase_add_test(tests, an_integer_reads_as_its_decimal_digits);
    tcase_add_test(tests, encodings_have_the_names_that_redis_uses);
    tcase_add_test(tests, an_expiry_can_be_set_changed_and_removed);
    tcase_add_test(tests, an_entry_holds_one_reference_to_its_blob);
    tcase_add_test(tests, a_copy_is_independent);
    tcase_add_test(tests, a_rename_keeps_the_value);
    tcase_add_test(tests, a_value_that_fits_is_written_in_place);
    tcase_add_test(tests, resizing_keeps_the_content_and_fills_with_zeros);
    tcase_add_test(tests, appending_seldom_moves_a_blob);
    tcase_add_test(tests, all_memory_is_freed);
    tcase_add_test(tests, a_value_keeps_its_form);
    tcase_add_test(tests, a_copy_of_a_large_value_is_independent);
    tcase_add_test(tests, resizing_the_value_field_keeps_its_content);
    tcase_add_test(tests, a_value_that_becomes_large_frees_its_flat_bytes);
    tcase_add_test_raise_signal(tests, reading_a_string_as_an_integer_aborts, SIGABRT);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
