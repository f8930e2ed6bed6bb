/* SPDX-License-Identifier: BSD-3-Clause */
/* bitmap: strings as arrays of bits. */
#include <signal.h>
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/bitmap.h"

/* Random bytes with long runs of equal ones, as are typical of bitmaps. */
static void random_bitmap(char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t run = 1 + seed_below(40);
        uint64_t kind = seed_below(3);

        for (; run > 0 && i < n; run--, i++)
            p[i] = (char)(kind == 0 ? 0 : kind == 1 ? 0xff : seed_u64());
    }
}

START_TEST(bit_0_is_the_highest_of_the_first_byte)
{
    struct slice s = SLICE("\x80\x01");

    ck_assert(bitmap_get(s, 0));
    ck_assert(!bitmap_get(s, 1));
    ck_assert(bitmap_get(s, 15));
}
END_TEST

START_TEST(bits_past_the_end_are_clear)
{
    ck_assert(!bitmap_get(SLICE("\xff"), 8));
    ck_assert(!bitmap_get(SLICE(""), 0));
    ck_assert(!bitmap_get(SLICE("\xff"), UINT64_MAX));
}
END_TEST

START_TEST(putting_a_bit_returns_its_old_value_and_changes_no_other)
{
    char p[] = {0x55, 0x55};

    ck_assert(!bitmap_put(p, 8, true));
    ck_assert_int_eq((unsigned char)p[1], 0xd5);
    ck_assert(bitmap_put(p, 8, true));
    ck_assert(bitmap_put(p, 8, false));
    ck_assert_int_eq(p[1], 0x55);
    ck_assert(bitmap_put(p, 7, false));
    ck_assert_int_eq(p[0], 0x54);
}
END_TEST

START_TEST(room_is_counted_in_whole_bytes)
{
    ck_assert_uint_eq(bitmap_bytes_for(0), 1);
    ck_assert_uint_eq(bitmap_bytes_for(7), 1);
    ck_assert_uint_eq(bitmap_bytes_for(8), 2);
    ck_assert_uint_eq(bitmap_bytes_for(4294967295u), 536870912);
}
END_TEST

START_TEST(counting_follows_the_documentation)
{
    struct slice s = SLICE("foobar");

    ck_assert_uint_eq(bitmap_count(s), 26);
    ck_assert_uint_eq(bitmap_count(SLICE("")), 0);
    ck_assert_uint_eq(bitmap_count_range(s, 0, 0, BITMAP_BYTES), 4);
    ck_assert_uint_eq(bitmap_count_range(s, 1, 1, BITMAP_BYTES), 6);
    ck_assert_uint_eq(bitmap_count_range(s, 5, 30, BITMAP_BITS), 17);
    ck_assert_uint_eq(bitmap_count_range(s, 0, -100, BITMAP_BYTES), 4);
    ck_assert_uint_eq(bitmap_count_range(s, -60, -70, BITMAP_BYTES), 0);
    ck_assert_uint_eq(bitmap_count_range(SLICE(""), 0, -1, BITMAP_BITS), 0);
}
END_TEST

/* Resolves a range to bits from .. to - 1 by its definition; false if it is empty. */
static bool twin_range(size_t n, int64_t start, int64_t end, bool in_bits, uint64_t *from, uint64_t *to)
{
    int64_t length = (int64_t)(in_bits ? n * 8 : n);
    int64_t scale = in_bits ? 1 : 8;

    start = start < 0 ? start + length : start;
    end = end < 0 ? end + length : end;
    start = start < 0 ? 0 : start;
    end = end < 0 ? 0 : end;
    end = end >= length ? length - 1 : end;
    *from = (uint64_t)(start * scale);
    *to = (uint64_t)((end + 1) * scale);
    return start <= end;
}

START_TEST(random_counts_and_positions_agree_with_bit_by_bit_ones)
{
    seed_start(__func__);
    for (int round = 0; round < 30000; round++) {
        char p[120];
        size_t n = seed_below(sizeof(p) + 1);
        struct slice s = slice_of(p, n);
        bool in_bits = round & 1, value = round >> 1 & 1;
        int64_t around = in_bits ? 1000 : 130;
        int64_t start = (int64_t)seed_below((uint64_t)around * 2) - around;
        int64_t end = (int64_t)seed_below((uint64_t)around * 2) - around;
        uint64_t from, to, count = 0;
        int64_t found = -1;

        random_bitmap(p, n);
        if (twin_range(n, start, end, in_bits, &from, &to)) {
            for (uint64_t bit = from; bit < to; bit++) {
                if (bitmap_get(s, bit) == value && found < 0)
                    found = (int64_t)bit;
                count += bitmap_get(s, bit);
            }
        }
        ck_assert_int_eq(bitmap_find_range(s, value, start, end, in_bits ? BITMAP_BITS : BITMAP_BYTES), found);
        if (start < 0 && end < 0 && start > end)
            count = 0;
        ck_assert_uint_eq(bitmap_count_range(s, start, end, in_bits ? BITMAP_BITS : BITMAP_BYTES), count);
    }
}
END_TEST

START_TEST(long_bitmaps_are_counted_to_the_last_bit)
{
    static char p[100003];
    uint64_t count = 0;

    seed_start(__func__);
    random_bitmap(p, sizeof(p));
    for (uint64_t bit = 0; bit < sizeof(p) * 8; bit++)
        count += bitmap_get(slice_of(p, sizeof(p)), bit);
    ck_assert_uint_eq(bitmap_count(slice_of(p, sizeof(p))), count);
}
END_TEST

START_TEST(without_an_end_clear_bits_are_found_after_the_string)
{
    struct slice s = SLICE("\xff\xff\xff");

    ck_assert_int_eq(bitmap_find(s, false, 0), 24);
    ck_assert_int_eq(bitmap_find(s, false, 2), 24);
    ck_assert_int_eq(bitmap_find(s, false, -1), 24);
    ck_assert_int_eq(bitmap_find_range(s, false, 0, -1, BITMAP_BYTES), -1);
    ck_assert_int_eq(bitmap_find_range(s, false, 0, 100, BITMAP_BITS), -1);
}
END_TEST

START_TEST(beyond_the_last_byte_nothing_is_found)
{
    ck_assert_int_eq(bitmap_find(SLICE("\xff"), false, 1), -1);
    ck_assert_int_eq(bitmap_find(SLICE("\xff"), true, INT64_MAX), -1);
    ck_assert_int_eq(bitmap_find(SLICE(""), false, 0), -1);
    ck_assert_int_eq(bitmap_find(SLICE(""), true, 0), -1);
    ck_assert_int_eq(bitmap_find_range(SLICE(""), false, 0, -1, BITMAP_BYTES), -1);
    ck_assert_int_eq(bitmap_find_range(SLICE(""), false, 0, 0, BITMAP_BITS), -1);
}
END_TEST

START_TEST(set_bits_are_not_found_in_zeros)
{
    ck_assert_int_eq(bitmap_find(SLICE("\0\0\0"), true, 0), -1);
    ck_assert_int_eq(bitmap_find(SLICE("\0\xff\xf0"), true, 0), 8);
    ck_assert_int_eq(bitmap_find(SLICE("\0\xff\xf0"), true, 2), 16);
    ck_assert_int_eq(bitmap_find(SLICE("\0\xff\xf0"), true, INT64_MIN), 8);
    ck_assert_int_eq(bitmap_find_range(SLICE("\0\xff\xf0"), true, 7, 15, BITMAP_BITS), 8);
    ck_assert_int_eq(bitmap_find_range(SLICE("\0\xff\xf0"), true, 7, -3, BITMAP_BITS), 8);
}
END_TEST

START_TEST(positions_far_before_the_string_are_clamped_in_any_order)
{
    ck_assert_int_eq(bitmap_find_range(SLICE("hello"), true, -50, -60, BITMAP_BYTES), 1);
    ck_assert_int_eq(bitmap_find_range(SLICE("hello"), true, INT64_MIN, INT64_MIN, BITMAP_BYTES), 1);
    ck_assert_int_eq(bitmap_find_range(SLICE("hello"), true, -3, -4, BITMAP_BYTES), -1);
}
END_TEST

static unsigned char byte_of(struct slice s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

static unsigned char twin_byte(enum bitmap_op op, const struct slice *sources, size_t n, size_t i)
{
    unsigned char byte = byte_of(sources[0], i);

    if (op == BITMAP_NOT)
        return (unsigned char)~byte;
    for (size_t k = 1; k < n; k++) {
        unsigned char other = byte_of(sources[k], i);

        byte = op == BITMAP_AND ? byte & other : op == BITMAP_OR ? byte | other : byte ^ other;
    }
    return byte;
}

START_TEST(random_combinations_agree_with_byte_by_byte_ones)
{
    static char bytes[4][20000], out[20000], twin[20000];

    seed_start(__func__);
    for (int round = 0; round < 500; round++) {
        struct slice sources[4];
        enum bitmap_op op = (enum bitmap_op)seed_below(4);
        size_t n = op == BITMAP_NOT ? 1 : 1 + seed_below(4);
        size_t max = round % 10 == 0 ? sizeof(out) : 100;

        for (size_t k = 0; k < n; k++) {
            sources[k] = slice_of(bytes[k], seed_below(max + 1));
            random_bitmap(bytes[k], sources[k].n);
        }
        memset(out, 0x77, sizeof(out));
        memset(twin, 0x77, sizeof(twin));
        bitmap_combine(op, out, sources, n);
        for (size_t i = 0; i < bitmap_longest(sources, n); i++)
            twin[i] = (char)twin_byte(op, sources, n, i);
        ck_assert_int_eq(memcmp(out, twin, sizeof(out)), 0);
    }
}
END_TEST

START_TEST(not_of_two_sources_fails_an_assertion)
{
    struct slice sources[] = {SLICE("a"), SLICE("b")};
    char out[1];

    bitmap_combine(BITMAP_NOT, out, sources, 2);
}
END_TEST

static struct bitmap_field random_field(uint64_t bits)
{
    struct bitmap_field f = {.offset = seed_below(bits), .is_signed = seed_below(2)};

    f.bits = (uint8_t)(1 + seed_below(f.is_signed ? 64 : 63));
    return f;
}

static int64_t twin_get(struct slice s, struct bitmap_field f)
{
    uint64_t v = f.is_signed && bitmap_get(s, f.offset) ? UINT64_MAX : 0;

    for (unsigned i = 0; i < f.bits; i++)
        v = v << 1 | bitmap_get(s, f.offset + i);
    return (int64_t)v;
}

START_TEST(random_fields_are_read_and_written_bit_by_bit)
{
    seed_start(__func__);
    for (int round = 0; round < 50000; round++) {
        char p[40], twin[40];
        struct bitmap_field f = random_field(31 * 8);
        int64_t v = (int64_t)seed_u64();

        random_bitmap(p, sizeof(p));
        memcpy(twin, p, sizeof(p));
        ck_assert_int_eq(bitmap_field_get(slice_of(p, sizeof(p)), f), twin_get(slice_of(p, sizeof(p)), f));
        bitmap_field_put(p, f, v);
        for (unsigned i = 0; i < f.bits; i++)
            bitmap_put(twin, f.offset + i, (uint64_t)v >> (f.bits - 1 - i) & 1);
        ck_assert_int_eq(memcmp(p, twin, sizeof(p)), 0);
    }
}
END_TEST

START_TEST(fields_past_the_end_are_read_as_zeros)
{
    struct slice s = SLICE("\xff");

    ck_assert_int_eq(bitmap_field_get(s, (struct bitmap_field){4, 8, false}), 0xf0);
    ck_assert_int_eq(bitmap_field_get(s, (struct bitmap_field){4, 8, true}), -16);
    ck_assert_int_eq(bitmap_field_get(s, (struct bitmap_field){8, 64, true}), 0);
    ck_assert_int_eq(bitmap_field_get(s, (struct bitmap_field){UINT64_MAX - 100, 64, true}), 0);
}
END_TEST

START_TEST(a_field_writes_no_byte_that_it_does_not_touch)
{
    char p[3] = {0, 0, 0x7f};

    bitmap_field_put(p, (struct bitmap_field){0, 16, false}, 0xffff);
    ck_assert_int_eq(p[2], 0x7f);
    bitmap_field_put(p + 2, (struct bitmap_field){0, 8, true}, -128);
    ck_assert_int_eq((signed char)p[2], -128);
}
END_TEST

#define I8 ((struct bitmap_field){0, 8, true})
#define U8 ((struct bitmap_field){0, 8, false})

START_TEST(overflow_wraps_saturates_or_fails)
{
    int64_t v = 77;

    ck_assert(bitmap_field_add(I8, 127, 1, BITMAP_WRAP, &v) && v == -128);
    ck_assert(bitmap_field_add(I8, 127, 1, BITMAP_SAT, &v) && v == 127);
    ck_assert(bitmap_field_add(I8, -128, -1, BITMAP_WRAP, &v) && v == 127);
    ck_assert(bitmap_field_add(I8, -128, -1, BITMAP_SAT, &v) && v == -128);
    ck_assert(bitmap_field_add(U8, 255, 2, BITMAP_WRAP, &v) && v == 1);
    ck_assert(bitmap_field_add(U8, 255, 2, BITMAP_SAT, &v) && v == 255);
    ck_assert(bitmap_field_add(U8, 0, -1, BITMAP_WRAP, &v) && v == 255);
    ck_assert(bitmap_field_add(U8, 5, -10, BITMAP_SAT, &v) && v == 0);
    ck_assert(!bitmap_field_add(U8, 5, -10, BITMAP_FAIL, &v) && v == 0);
    ck_assert(!bitmap_field_add(I8, 127, 1, BITMAP_FAIL, &v) && v == 0);
    ck_assert(bitmap_field_add(I8, 126, 1, BITMAP_FAIL, &v) && v == 127);
}
END_TEST

START_TEST(the_widest_fields_overflow_at_their_own_limits)
{
    struct bitmap_field i64 = {0, 64, true}, u63 = {0, 63, false};
    int64_t v;

    ck_assert(bitmap_field_add(i64, INT64_MAX, 1, BITMAP_WRAP, &v) && v == INT64_MIN);
    ck_assert(bitmap_field_add(i64, INT64_MIN, INT64_MIN, BITMAP_WRAP, &v) && v == 0);
    ck_assert(bitmap_field_add(i64, INT64_MIN, -1, BITMAP_SAT, &v) && v == INT64_MIN);
    ck_assert(bitmap_field_add(u63, INT64_MAX, 1, BITMAP_WRAP, &v) && v == 0);
    ck_assert(bitmap_field_add(u63, INT64_MAX, INT64_MAX, BITMAP_SAT, &v) && v == INT64_MAX);
    ck_assert(bitmap_field_add(u63, 0, INT64_MIN, BITMAP_SAT, &v) && v == 0);
}
END_TEST

START_TEST(a_value_to_set_is_converted_to_the_field)
{
    int64_t v = 77;

    ck_assert(bitmap_field_fit(I8, -128, BITMAP_FAIL, &v) && v == -128);
    ck_assert(bitmap_field_fit(I8, 200, BITMAP_WRAP, &v) && v == -56);
    ck_assert(bitmap_field_fit(I8, 200, BITMAP_SAT, &v) && v == 127);
    ck_assert(bitmap_field_fit(I8, INT64_MIN, BITMAP_SAT, &v) && v == -128);
    ck_assert(bitmap_field_fit(U8, 256, BITMAP_WRAP, &v) && v == 0);
    ck_assert(!bitmap_field_fit(U8, 256, BITMAP_FAIL, &v) && v == 0);
    /* An unsigned field takes -1 as the largest number. */
    ck_assert(bitmap_field_fit(U8, -1, BITMAP_SAT, &v) && v == 255);
    ck_assert(bitmap_field_fit(U8, -1, BITMAP_WRAP, &v) && v == 255);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bitmap");
    TCase *tests = tcase_create("bitmap");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, bit_0_is_the_highest_of_the_first_byte);
    tcase_add_test(tests, bits_past_the_end_are_clear);
    tcase_add_test(tests, putting_a_bit_returns_its_old_value_and_changes_no_other);
    tcase_add_test(tests, room_is_counted_in_whole_bytes);
    tcase_add_test(tests, counting_follows_the_documentation);
    tcase_add_test(tests, random_counts_and_positions_agree_with_bit_by_bit_ones);
    tcase_add_test(tests, long_bitmaps_are_counted_to_the_last_bit);
    tcase_add_test(tests, without_an_end_clear_bits_are_found_after_the_string);
    tcase_add_test(tests, beyond_the_last_byte_nothing_is_found);
    tcase_add_test(tests, set_bits_are_not_found_in_zeros);
    tcase_add_test(tests, positions_far_before_the_string_are_clamped_in_any_order);
    tcase_add_test(tests, random_combinations_agree_with_byte_by_byte_ones);
    tcase_add_test_raise_signal(tests, not_of_two_sources_fails_an_assertion, SIGABRT);
    tcase_add_test(tests, random_fields_are_read_and_written_bit_by_bit);
    tcase_add_test(tests, fields_past_the_end_are_read_as_zeros);
    tcase_add_test(tests, a_field_writes_no_byte_that_it_does_not_touch);
    tcase_add_test(tests, overflow_wraps_saturates_or_fails);
    tcase_add_test(tests, the_widest_fields_overflow_at_their_own_limits);
    tcase_add_test(tests, a_value_to_set_is_converted_to_the_field);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
