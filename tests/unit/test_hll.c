/* SPDX-License-Identifier: BSD-3-Clause */
/* hll: HyperLogLogs as strings of bytes. */
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/hll.h"
#include "types/hll_dense.h"

#define SPARSE_MAX 3000
#define ROUNDS     60

static struct flat empty(void)
{
    struct flat f = FLAT_EMPTY;

    hll_init(&f);
    return f;
}

static uint64_t count_of(const struct flat *f)
{
    uint64_t count;

    ck_assert(hll_count(flat_slice(f), &count));
    return count;
}

static enum hll_result add_number(struct flat *f, uint64_t v, uint64_t sparse_max)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);

    return hll_add(f, slice_of(digits, (size_t)n), sparse_max);
}

START_TEST(the_bytes_are_those_of_redis)
{
    struct flat f = empty();

    ck_assert(slice_eq(flat_slice(&f), SLICE("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80\x7f\xff")));
    ck_assert_int_eq(hll_add(&f, SLICE("a"), SPARSE_MAX), HLL_CHANGED);
    ck_assert_int_eq(hll_add(&f, SLICE("b"), SPARSE_MAX), HLL_CHANGED);
    ck_assert_int_eq(hll_add(&f, SLICE("c"), SPARSE_MAX), HLL_CHANGED);
    ck_assert(slice_eq(flat_slice(&f), SLICE("HYLL\1\0\0\0\0\0\0\0\0\0\0\x80"
                                             "`\xf3\x80P\xb1\x84K\xfb\x80"
                                             "BZ")));
    ck_assert_int_eq(hll_add(&f, SLICE("b"), SPARSE_MAX), HLL_SAME);
    flat_fini(&f);
}
END_TEST

START_TEST(the_estimates_and_lengths_are_those_of_redis)
{
    static const struct {
        uint64_t elements, estimate;
        size_t bytes;
    } seen[] = {{1, 1, 21},          {10, 10, 48},         {100, 100, 287},
                {1000, 1001, 1923}, {10000, 9987, 12304}, {100000, 99565, 12304}};
    struct flat f = empty();
    uint64_t n = 0;

    ck_assert_uint_eq(count_of(&f), 0);
    for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
        while (n < seen[i].elements)
            add_number(&f, n++, SPARSE_MAX);
        ck_assert_uint_eq(count_of(&f), seen[i].estimate);
        ck_assert_uint_eq(f.n, seen[i].bytes);
    }
    flat_fini(&f);
}
END_TEST

START_TEST(elements_may_be_empty_or_long)
{
    static char long_element[1000];
    struct flat f = empty();

    for (size_t n = 0; n < sizeof long_element; n += 37)
        ck_assert_int_eq(hll_add(&f, slice_of(long_element, n), SPARSE_MAX), HLL_CHANGED);
    ck_assert_uint_eq(count_of(&f), 28);
    flat_fini(&f);
}
END_TEST

START_TEST(a_count_is_known_until_a_register_is_raised)
{
    struct flat f = empty();
    uint64_t count;

    ck_assert(!hll_known_count(flat_slice(&f), &count));
    hll_keep_count(f.p, 0x0102030405060708);
    ck_assert(hll_known_count(flat_slice(&f), &count));
    ck_assert_uint_eq(count, 0x0102030405060708);
    ck_assert(hll_make_dense(&f));
    ck_assert(hll_known_count(flat_slice(&f), &count));
    hll_add(&f, SLICE("a"), SPARSE_MAX);
    ck_assert(!hll_known_count(flat_slice(&f), &count));
    hll_keep_count(f.p, 1);
    hll_add(&f, SLICE("a"), SPARSE_MAX);
    ck_assert(hll_known_count(flat_slice(&f), &count));
    flat_fini(&f);
}
END_TEST

START_TEST(a_sparse_one_that_is_too_long_becomes_dense)
{
    struct flat f = empty();

    ck_assert_int_eq(hll_encoding(flat_slice(&f)), HLL_SPARSE);
    for (uint64_t i = 0; f.n <= 30 - 3; i++) {
        add_number(&f, i, 30);
        ck_assert_int_eq(hll_encoding(flat_slice(&f)), HLL_SPARSE);
    }
    for (uint64_t i = 100; i < 110; i++)
        add_number(&f, i, 30);
    ck_assert_int_eq(hll_encoding(flat_slice(&f)), HLL_DENSE);
    flat_fini(&f);
}
END_TEST

/* Checks that sparse, dense, their union in an array, and one written from that array agree. */
START_TEST(both_encodings_and_unions_agree)
{
    seed_start(__func__);
    for (int round = 0; round < ROUNDS; round++) {
        struct flat sparse = empty(), dense = empty(), both = empty();
        static uint8_t registers[HLL_REGISTERS], again[HLL_REGISTERS];
        uint64_t most = seed_below(2) ? SPARSE_MAX : seed_below(20000), n = seed_below(3000), count = 0;

        ck_assert(hll_make_dense(&dense));
        for (uint64_t i = 0; i < n; i++) {
            uint64_t v = seed_below(n);

            count += add_number(&sparse, v, most) != add_number(&dense, v, most);
        }
        ck_assert_uint_eq(count, 0);
        ck_assert_uint_eq(count_of(&sparse), count_of(&dense));
        memset(registers, 0, sizeof registers);
        memset(again, 0, sizeof again);
        ck_assert(hll_merge(registers, flat_slice(&sparse)));
        ck_assert(hll_merge(again, flat_slice(&dense)));
        ck_assert(memcmp(registers, again, sizeof registers) == 0);
        ck_assert_uint_eq(hll_count_registers(registers), count_of(&dense));
        hll_raise_all(&both, registers, most);
        memset(again, 0, sizeof again);
        ck_assert(hll_merge(again, flat_slice(&both)));
        ck_assert(memcmp(registers, again, sizeof registers) == 0);
        ck_assert(hll_make_dense(&sparse));
        ck_assert(slice_eq(slice_of(sparse.p + HLL_HEADER, sparse.n - HLL_HEADER),
                           slice_of(dense.p + HLL_HEADER, dense.n - HLL_HEADER)));
        flat_fini(&sparse);
        flat_fini(&dense);
        flat_fini(&both);
    }
}
END_TEST

START_TEST(dense_registers_agree_with_an_array)
{
    static char packed[HLL_DENSE_BYTES], other[HLL_DENSE_BYTES];
    static uint8_t twin[HLL_REGISTERS], seen[HLL_REGISTERS];
    uint32_t histogram[64] = {0};

    seed_start(__func__);
    for (int i = 0; i < 40000; i++) {
        unsigned index = (unsigned)seed_below(HLL_REGISTERS);
        uint8_t rank = (uint8_t)seed_below(64);
        bool higher = rank > twin[index];

        if (higher)
            twin[index] = rank;
        if (hll_dense_raise(packed, index, rank) != higher)
            ck_abort_msg("register %u", index);
    }
    hll_dense_merge(seen, packed);
    ck_assert(memcmp(seen, twin, sizeof twin) == 0);
    hll_dense_pack(other, twin);
    ck_assert(memcmp(other, packed, sizeof packed) == 0);
    hll_dense_histogram(packed, histogram);
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        histogram[twin[i]]--;
    for (unsigned r = 0; r < 64; r++)
        ck_assert_uint_eq(histogram[r], 0);
}
END_TEST

START_TEST(strings_with_another_header_are_rejected)
{
    static char dense[HLL_HEADER + HLL_DENSE_BYTES + 1] = "HYLL";

    ck_assert(!hll_is(SLICE("")));
    ck_assert(!hll_is(SLICE("HYLL\1\0\0\0\0\0\0\0\0\0\0")));
    ck_assert(hll_is(SLICE("HYLL\1\0\0\0\0\0\0\0\0\0\0\0")));
    ck_assert(!hll_is(SLICE("HYLL\2\0\0\0\0\0\0\0\0\0\0\0")));
    ck_assert(!hll_is(SLICE("HYLL\xff\0\0\0\0\0\0\0\0\0\0\0")));
    ck_assert(!hll_is(SLICE("HYLl\1\0\0\0\0\0\0\0\0\0\0\0")));
    ck_assert(!hll_is(SLICE("HYLL\0\0\0\0\0\0\0\0\0\0\0\0\x7f\xff")));
    ck_assert(hll_is(slice_of(dense, sizeof dense - 1)));
    ck_assert(!hll_is(slice_of(dense, sizeof dense)));
}
END_TEST

START_TEST(too_few_or_too_many_registers_are_corrupt)
{
    static const struct slice bodies[] = {SLICE(""), SLICE("\x7f\xfe"), SLICE("\x7f\xff\0"), SLICE("\x7f\xff\x80"),
                                          SLICE("\x80\x7f\xff")};
    uint8_t registers[HLL_REGISTERS] = {0};
    uint64_t count;

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct flat f = empty();

        f.resize(&f, HLL_HEADER);
        memcpy(flat_splice(&f, HLL_HEADER, 0, bodies[i].n), bodies[i].p, bodies[i].n);
        ck_assert(!hll_count(flat_slice(&f), &count));
        ck_assert(!hll_merge(registers, flat_slice(&f)));
        ck_assert(!hll_make_dense(&f));
        ck_assert_int_eq(hll_encoding(flat_slice(&f)), HLL_SPARSE);
        /* One that has to become dense. */
        if (bodies[i].n != 3)
            ck_assert_int_eq(hll_add(&f, SLICE("a"), 0), HLL_CORRUPT);
        flat_fini(&f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hll");
    TCase *tests = tcase_create("hll");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_bytes_are_those_of_redis);
    tcase_add_test(tests, the_estimates_and_lengths_are_those_of_redis);
    tcase_add_test(tests, elements_may_be_empty_or_long);
    tcase_add_test(tests, a_count_is_known_until_a_register_is_raised);
    tcase_add_test(tests, a_sparse_one_that_is_too_long_becomes_dense);
    tcase_add_test(tests, both_encodings_and_unions_agree);
    tcase_add_test(tests, dense_registers_agree_with_an_array);
    tcase_add_test(tests, strings_with_another_header_are_rejected);
    tcase_add_test(tests, too_few_or_too_many_registers_are_corrupt);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
