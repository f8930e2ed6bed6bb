/* SPDX-License-Identifier: BSD-3-Clause */
/* hll_sparse: the registers of a HyperLogLog as runs. */
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/hll_sparse.h"

#define LONGEST 100000
#define ROUNDS  40

static struct flat flat_with(struct slice runs)
{
    struct flat f = FLAT_EMPTY;

    f.resize(&f, HLL_HEADER);
    memset(f.p, 0, HLL_HEADER);
    memcpy(flat_splice(&f, HLL_HEADER, 0, runs.n), runs.p, runs.n);
    return f;
}

static struct slice runs_of(const struct flat *f)
{
    return slice_of(f->p + HLL_HEADER, f->n - HLL_HEADER);
}

/* Raises a register of these runs and compares the result. */
static void raises(struct slice before, unsigned index, uint8_t rank, struct slice after)
{
    struct flat f = flat_with(before);

    ck_assert_int_eq(hll_sparse_raise(&f, index, rank, LONGEST), HLL_SPARSE_RAISED);
    ck_assert(slice_eq(runs_of(&f), after));
    flat_fini(&f);
}

/* In the notation of hll_sparse.h: z 0..63, Z 64.., v. */
START_TEST(a_run_is_split_where_a_register_is_raised)
{
    raises(SLICE("\x7f\xff"), 0, 1, SLICE("\x80\x7f\xfe"));
    raises(SLICE("\x7f\xff"), 16383, 2, SLICE("\x7f\xfe\x84"));
    raises(SLICE("\x7f\xff"), 100, 32, SLICE("\x40\x63\xfc\x7f\x9a"));
    raises(SLICE("\x7f\xff"), 64, 1, SLICE("\x3f\x80\x7f\xbe"));
    raises(SLICE("\x3f\x7f\xbf"), 10, 3, SLICE("\x09\x88\x34\x7f\xbf"));
    raises(SLICE("\x00\x7f\xfe"), 0, 3, SLICE("\x88\x7f\xfe"));
    raises(SLICE("\x40\x00\x7f\xfe"), 0, 3, SLICE("\x88\x7f\xfe"));
    raises(SLICE("\x83\x7f\xfb"), 1, 2, SLICE("\x80\x84\x81\x7f\xfb"));
    raises(SLICE("\x83\x7f\xfb"), 3, 2, SLICE("\x82\x84\x7f\xfb"));
}
END_TEST

START_TEST(equal_neighbours_are_merged_to_runs_of_up_to_four)
{
    raises(SLICE("\x80\x7f\xfe"), 1, 1, SLICE("\x81\x7f\xfd"));
    raises(SLICE("\x84\x80\x7f\xfd"), 1, 2, SLICE("\x85\x7f\xfd"));
    raises(SLICE("\x84\x80\x84\x7f\xfc"), 1, 2, SLICE("\x86\x7f\xfc"));
    raises(SLICE("\x83\x7f\xfb"), 4, 1, SLICE("\x83\x80\x7f\xfa"));
}
END_TEST

START_TEST(ranks_and_lengths_beyond_the_limits_are_reported)
{
    struct flat f = flat_with(SLICE("\x7f\xff"));

    ck_assert_int_eq(hll_sparse_raise(&f, 5, 33, LONGEST), HLL_SPARSE_FULL);
    ck_assert_int_eq(hll_sparse_raise(&f, 100, 1, HLL_HEADER + 4), HLL_SPARSE_FULL);
    ck_assert(slice_eq(runs_of(&f), SLICE("\x7f\xff")));
    ck_assert_int_eq(hll_sparse_raise(&f, 100, 1, HLL_HEADER + 5), HLL_SPARSE_RAISED);
    /* A longer value may be changed, as long as it does not grow. */
    ck_assert_int_eq(hll_sparse_raise(&f, 100, 2, 0), HLL_SPARSE_RAISED);
    ck_assert_int_eq(hll_sparse_raise(&f, 100, 2, 0), HLL_SPARSE_SAME);
    flat_fini(&f);
}
END_TEST

START_TEST(a_missing_register_is_reported)
{
    struct flat f = flat_with(SLICE("\x40\x63"));

    ck_assert_int_eq(hll_sparse_raise(&f, 100, 1, LONGEST), HLL_SPARSE_CORRUPT);
    ck_assert_int_eq(hll_sparse_raise(&f, 99, 1, LONGEST), HLL_SPARSE_RAISED);
    flat_fini(&f);
    f = flat_with(SLICE(""));
    ck_assert_int_eq(hll_sparse_raise(&f, 0, 1, LONGEST), HLL_SPARSE_CORRUPT);
    flat_fini(&f);
}
END_TEST

START_TEST(a_missing_second_byte_counts_as_zero)
{
    struct slice rest = SLICE("\x41");
    struct hll_run run;

    ck_assert(hll_sparse_next(&rest, &run));
    ck_assert(run.kind == 'Z' && run.rank == 0 && run.length == 257);
    ck_assert(!hll_sparse_next(&rest, &run));
    raises(SLICE("\x41"), 0, 1, SLICE("\x80\x40\xff"));
    raises(SLICE("\x40"), 0, 1, SLICE("\x80"));
}
END_TEST

/* Appends a run of any kind with at most so many registers. Returns how many it has. */
static unsigned add_random_run(struct flat *f, unsigned most)
{
    unsigned length = seed_below(3) ? (unsigned)seed_below(70) : (unsigned)seed_below(HLL_REGISTERS);
    struct slice rest;
    struct hll_run run;
    char p[2];

    p[0] = (char)(seed_below(2) ? 0x80 | seed_below(128) : length & 63);
    if (seed_below(4) == 0) {
        p[0] = (char)(0x40 | length >> 8);
        p[1] = (char)length;
    }
    rest = slice_of(p, 2);
    ck_assert(hll_sparse_next(&rest, &run));
    if (run.length > most) {
        p[0] = (char)(0x40 | (most - 1) >> 8);
        p[1] = (char)(most - 1);
        rest.n = 0;
        run.length = most;
    }
    memcpy(flat_splice(f, f->n, 0, 2 - rest.n), p, 2 - rest.n);
    return run.length;
}

/* A HyperLogLog with all registers 0, or with random runs. */
static struct flat random_registers(void)
{
    struct flat f = flat_with(SLICE(""));
    unsigned n = 0;

    if (seed_below(2))
        hll_sparse_init(flat_splice(&f, HLL_HEADER, 0, HLL_SPARSE_EMPTY));
    else
        while (n < HLL_REGISTERS)
            n += add_random_run(&f, HLL_REGISTERS - n);
    return f;
}

START_TEST(random_raises_agree_with_an_array)
{
    seed_start(__func__);
    for (int round = 0; round < ROUNDS; round++) {
        static uint8_t twin[HLL_REGISTERS], seen[HLL_REGISTERS];
        struct flat f = random_registers();
        uint32_t histogram[33] = {0};

        memset(twin, 0, sizeof twin);
        ck_assert(hll_sparse_merge(twin, runs_of(&f)));
        for (int i = 0; i < 1000; i++) {
            unsigned index = (unsigned)seed_below(seed_below(2) ? HLL_REGISTERS : 500);
            uint8_t rank = (uint8_t)(seed_below(32) + 1);
            bool higher = twin[index] < rank;

            if (hll_sparse_raise(&f, index, rank, LONGEST) != (higher ? HLL_SPARSE_RAISED : HLL_SPARSE_SAME))
                ck_abort_msg("register %u to %u", index, rank);
            if (higher)
                twin[index] = rank;
        }
        memset(seen, 0, sizeof seen);
        ck_assert(hll_sparse_merge(seen, runs_of(&f)));
        ck_assert(memcmp(seen, twin, sizeof twin) == 0);
        ck_assert(hll_sparse_histogram(runs_of(&f), histogram));
        for (unsigned i = 0; i < HLL_REGISTERS; i++)
            histogram[twin[i]]--;
        for (unsigned r = 0; r <= 32; r++)
            ck_assert_uint_eq(histogram[r], 0);
        flat_fini(&f);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hll_sparse");
    TCase *tests = tcase_create("hll_sparse");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, a_run_is_split_where_a_register_is_raised);
    tcase_add_test(tests, equal_neighbours_are_merged_to_runs_of_up_to_four);
    tcase_add_test(tests, ranks_and_lengths_beyond_the_limits_are_reported);
    tcase_add_test(tests, a_missing_register_is_reported);
    tcase_add_test(tests, a_missing_second_byte_counts_as_zero);
    tcase_add_test(tests, random_raises_agree_with_an_array);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
