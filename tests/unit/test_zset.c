/* SPDX-License-Identifier: BSD-3-Clause */
/* zset: sorted sets in both encodings; zset_gather and zset_random. */
#include <math.h>
#include <stdlib.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "types/zset.h"
#include "types/zset_flat.h"
#include "types/zset_gather.h"
#include "types/zset_random.h"

#define MAX      300
#define LONG_NAME "a member of more than sixteen bytes"

static const struct value_limits small_limits = {.entries = 128, .bytes = 64};

static void free_value(struct value *v)
{
    if (v->form == VALUE_LARGE)
        zset_large_free(v->large);
    flat_fini(&v->flat);
}

/* ---- the twin: a sorted array ---- */

struct pair {
    char member[40];
    double score;
};

static struct pair twin[MAX];
static size_t twins;

static size_t twin_find(const char *member)
{
    size_t i = 0;

    while (i < twins && strcmp(twin[i].member, member) != 0)
        i++;
    return i;
}

static void twin_cut(size_t i, size_t n)
{
    memmove(twin + i, twin + i + n, (twins - i - n) * sizeof *twin);
    twins -= n;
}

static void twin_put(const char *member, double score)
{
    size_t i = twin_find(member);

    if (i < twins)
        twin_cut(i, 1);
    for (i = twins++; i > 0; i--) {
        const struct pair *p = &twin[i - 1];

        if (p->score < score || (p->score == score && strcmp(p->member, member) < 0))
            break;
        twin[i] = twin[i - 1];
    }
    strcpy(twin[i].member, member);
    twin[i].score = score;
}

static struct slice numbered(unsigned i)
{
    static char member[16];

    return slice_of(member, (size_t)snprintf(member, sizeof member, "member%06u", i));
}

static void assert_same(const struct value *v)
{
    struct zset_walk up, down;
    struct slice member;
    double score;

    ck_assert_uint_eq(zset_count(v), twins);
    zset_walk_begin(&up, v);
    for (size_t i = 0; i < twins; i++) {
        ck_assert(zset_walk_next(&up, &member, &score));
        ck_assert(slice_eq(member, slice_str(twin[i].member)));
        ck_assert(score == twin[i].score);
    }
    ck_assert(!zset_walk_next(&up, &member, &score));
    if (twins == 0)
        return;
    zset_walk_begin_down(&down, v, twins - 1);
    for (size_t i = twins; i-- > 0;) {
        ck_assert(zset_walk_prev(&down, &member, &score));
        ck_assert(slice_eq(member, slice_str(twin[i].member)));
    }
    ck_assert(!zset_walk_prev(&down, &member, &score));
}

static const char *random_member(void)
{
    static char member[40];
    uint64_t number = seed_below(400);

    if (number % 7 == 0)
        snprintf(member, sizeof member, "%d", (int)number * 1000 - 200000);
    else if (number == 1)
        return LONG_NAME;
    else
        snprintf(member, sizeof member, "m%d", (int)number);
    return member;
}

static double random_score(void)
{
    static const double special[] = {INFINITY, -INFINITY, 0.1, 1e300, -1e-300, 4611686018427387904.0, 1.5, 1e19};

    if (seed_below(4) == 0)
        return special[seed_below(sizeof special / sizeof special[0])];
    return (double)seed_below(60) - 30;
}

/* The expected result of zset_add. */
static enum zset_outcome twin_add(const char *member, double *score, unsigned rules)
{
    size_t i = twin_find(member);
    bool was_there = i < twins;
    double old = was_there ? twin[i].score : 0, wanted = rules & ZSET_INCR ? old + *score : *score;

    if ((rules & ZSET_XX && !was_there) || (rules & ZSET_NX && was_there))
        return ZSET_REFUSED;
    if (isnan(wanted))
        return ZSET_NAN;
    if (was_there && ((rules & ZSET_GT && !(wanted > old)) || (rules & ZSET_LT && !(wanted < old))))
        return ZSET_REFUSED;
    *score = wanted;
    if (was_there && wanted == old)
        return ZSET_SAME;
    twin_put(member, wanted);
    return was_there ? ZSET_UPDATED : ZSET_ADDED;
}

static void add(struct value *v)
{
    static const unsigned rules[] = {0, 0, 0, ZSET_NX, ZSET_XX, ZSET_GT, ZSET_LT, ZSET_XX | ZSET_GT, ZSET_INCR,
                                     ZSET_INCR | ZSET_LT, ZSET_INCR | ZSET_NX, ZSET_INCR | ZSET_XX};
    unsigned rule = rules[seed_below(sizeof rules / sizeof rules[0])];
    const char *member = random_member();
    double score = random_score(), expected = score;
    enum zset_outcome outcome = twin_add(member, &expected, rule);

    ck_assert_int_eq(zset_add(v, slice_str(member), &score, rule), outcome);
    if (outcome != ZSET_REFUSED && outcome != ZSET_NAN)
        ck_assert(score == expected);
}

static void step(struct value *v, unsigned growth)
{
    const char *member = random_member();
    size_t i = twin_find(member);

    if (seed_below(100) < growth && twins < MAX - 1) {
        add(v);
    } else if (seed_below(60) == 0 && twins > 0) {
        struct zset_run run = {seed_below(twins), seed_below(40)};

        zset_remove_run(v, run);
        twin_cut(run.from, run.n < twins - run.from ? run.n : twins - run.from);
    } else {
        ck_assert(zset_remove(v, slice_str(member)) == (i < twins));
        if (i < twins)
            twin_cut(i, 1);
    }
}

static size_t twin_before(const struct tree_bound *b)
{
    size_t n = 0;

    for (size_t i = 0; i < twins; i++)
        n += tree_is_before(twin[i].score, slice_str(twin[i].member), b);
    return n;
}

/* A walk from a bound begins with the member of this rank. */
static void assert_walk_from(const struct value *v, const struct tree_bound *b, size_t rank)
{
    struct zset_walk w;
    struct slice member;
    double score;

    zset_walk_begin_from(&w, v, b);
    ck_assert(zset_walk_next(&w, &member, &score) == (rank < twins));
    ck_assert(rank == twins || slice_eq(member, slice_str(twin[rank].member)));
}

static void look(const struct value *v)
{
    const char *member = random_member();
    struct tree_bound least = tree_bound_score(random_score(), seed_below(2));
    struct tree_bound most = tree_bound_score(random_score(), seed_below(2));
    struct zset_run run = zset_between(v, &least, &most, seed_below(2));
    size_t i = twin_find(member), from = twin_before(&least), to = twin_before(&most), rank;
    double score;

    ck_assert_uint_eq(run.n, to > from ? to - from : 0);
    if (run.n > 0)
        ck_assert_uint_eq(run.from, from);
    assert_walk_from(v, &least, from);
    ck_assert(zset_score(v, slice_str(member), &score) == (i < twins));
    ck_assert(zset_rank(v, slice_str(member), &rank, &score) == (i < twins));
    if (i < twins) {
        ck_assert_uint_eq(rank, i);
        ck_assert(score == twin[i].score);
    }
}

/* Rounds of growth and shrinkage that exceed the limits each time; a large value stays large until it is empty. */
START_TEST(random_changes_agree_with_a_sorted_array)
{
    static const struct value_limits limits[] = {{.entries = 30, .bytes = 64}, {.entries = 0, .bytes = 0},
                                                 {.entries = 1000, .bytes = 16}, {.entries = 1000, .bytes = 64}};
    struct value v = value_new(limits[_i]);
    size_t before = mem_used();

    seed_start(__func__);
    twins = 0;
    for (unsigned round = 0; round < 20000; round++) {
        step(&v, round / 2000 % 2 == 0 ? 70 : 10);
        if (round % 5 == 0)
            look(&v);
        if (round % 100 == 0)
            assert_same(&v);
        ck_assert(value_is_empty(&v) == (twins == 0));
        account_check_value(before, &v, zset_large_bytes);
    }
    assert_same(&v);
    free_value(&v);
    account_check(before, 0);
}
END_TEST

START_TEST(a_value_is_large_beyond_the_limits)
{
    struct value v = value_new((struct value_limits){.entries = 2, .bytes = 4});

    ck_assert(zset_put(&v, SLICE("a"), 1));
    ck_assert(zset_put(&v, SLICE("abcd"), 2));
    ck_assert(!zset_put(&v, SLICE("a"), 3));
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    ck_assert(zset_put(&v, SLICE("b"), 1));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    zset_remove_run(&v, (struct zset_run){0, 3});
    ck_assert(value_is_empty(&v));
    ck_assert(zset_put(&v, SLICE("abcde"), 1));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert(zset_remove(&v, SLICE("abcde")));
    ck_assert(value_is_empty(&v));
    zset_reserve(&v, 3);
    ck_assert_int_eq(v.form, VALUE_LARGE);
    free_value(&v);
}
END_TEST

/* What Redis 7.2 dumps for the same members. */
START_TEST(a_small_sorted_set_is_the_listpack_of_redis)
{
    static const char bytes[] = "\x27\0\0\0\x0a\0" /* 39 bytes, 10 elements */
                                "\x81" "b\x02" "\x84-inf\x05"
                                "\x81" "z\x02" "\x00\x01"
                                "\x07\x01" "\x83" "0.1\x04"
                                "\x81" "c\x02" "\x03\x01"
                                "\x81" "d\x02" "\xc4\xd2\x02" "\xff";
    struct value v = value_new(small_limits);
    double zero = -0.0;

    zset_put(&v, SLICE("c"), 3);
    zset_put(&v, SLICE("7"), 0.1);
    zset_add(&v, SLICE("z"), &zero, 0);
    zset_put(&v, SLICE("b"), -INFINITY);
    zset_put(&v, SLICE("d"), 1234);
    ck_assert_uint_eq(v.flat.n, sizeof bytes - 1);
    ck_assert_mem_eq(v.flat.p, bytes, v.flat.n);
    free_value(&v);
}
END_TEST

START_TEST(loading_a_value_keeps_the_sign_of_zero_and_commands_keep_it_in_large_values)
{
    struct value v = value_new(small_limits);
    double score, zero = -0.0;

    zset_put(&v, SLICE("loaded"), zero);
    ck_assert(zset_score(&v, SLICE("loaded"), &score) && signbit(score));
    zset_add(&v, SLICE("added"), &zero, 0);
    ck_assert(zset_score(&v, SLICE("added"), &score) && score == 0 && !signbit(score));
    for (unsigned i = 0; v.form != VALUE_LARGE; i++)
        zset_put(&v, numbered(i), 1);
    ck_assert(zset_score(&v, SLICE("loaded"), &score) && signbit(score));
    zset_add(&v, SLICE("later"), &zero, 0);
    ck_assert(zset_score(&v, SLICE("later"), &score) && signbit(score));
    free_value(&v);
}
END_TEST

/* By member: up from the first that is large enough to the first that is too large, or down from the last that is small
 * enough to the first that is too small. */
START_TEST(ranges_by_member_among_different_scores_are_as_in_redis)
{
    struct tree_bound least = tree_bound_member(SLICE("b"), false), most = tree_bound_member(SLICE("c"), true);
    struct value v = value_new(small_limits);
    struct zset_run run;
    static const char *const members[] = {"a", "c", "x", "b", "bb"};

    for (size_t i = 0; i < 5; i++)
        zset_put(&v, slice_str(members[i]), (double)i);
    run = zset_between(&v, &least, &most, false);
    ck_assert_uint_eq(run.from, 1);
    ck_assert_uint_eq(run.n, 1);
    run = zset_between(&v, &least, &most, true);
    ck_assert_uint_eq(run.from, 1);
    ck_assert_uint_eq(run.n, 4);
    zset_put(&v, SLICE("a"), 9);
    run = zset_between(&v, &least, &most, false);
    ck_assert_uint_eq(run.n, 0);
    free_value(&v);
}
END_TEST

/* ---- gathering ---- */

START_TEST(gathered_members_become_a_flat_or_large_value)
{
    size_t n = _i < 2 ? 100 : 200;
    struct zset_gather g = zset_gather_new(_i % 2);
    struct value v = value_new(small_limits);

    seed_start(__func__);
    twins = 0;
    for (size_t i = 0; i < n; i++) {
        struct slice member = numbered(i);
        double score = (double)seed_below(20);

        twin_put(member.p, score);
        zset_gather_add(&g, member, score);
    }
    if (_i % 2) {
        ck_assert_ptr_null(zset_gather_find(&g, SLICE("x")));
        tree_set_score(zset_gather_find(&g, SLICE("member000007")), 100);
        twin_put("member000007", 100);
    }
    zset_gather_end(&g, &v);
    ck_assert_int_eq(v.form, n <= 128 ? VALUE_LISTPACK : VALUE_LARGE);
    assert_same(&v);
    free_value(&v);
}
END_TEST

START_TEST(gathered_members_may_be_read_in_order_and_freed)
{
    struct zset_gather g = zset_gather_new(false);
    struct value v = value_new(small_limits);

    zset_gather_add(&g, SLICE("b"), 1);
    zset_gather_add(&g, SLICE("a"), 1);
    zset_gather_sort(&g);
    ck_assert(slice_eq(element_key(g.elements[0]), SLICE("a")));
    zset_gather_free(&g);
    g = zset_gather_new(true);
    zset_gather_end(&g, &v);
    ck_assert(value_is_empty(&v));
    free_value(&v);
}
END_TEST

/* ---- at random ---- */

static unsigned times[MAX];

static void count_visit(void *arg, struct slice member, double score)
{
    (void)arg;
    (void)member;
    times[(size_t)score]++;
}

static void fill(struct value *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zset_put(v, numbered(i), (double)i);
}

/* Each of n members is in about as many samples as any other: six deviations of a binomial distribution. */
static void assert_even(size_t n, double samples, double chance)
{
    double mean = samples * chance, deviation = sqrt(samples * chance * (1 - chance));

    for (size_t i = 0; i < n; i++)
        ck_assert(fabs(times[i] - mean) < 6 * deviation + 1);
}

START_TEST(samples_are_distinct_and_uniform)
{
    size_t n = _i == 0 ? 100 : 200, size = _i == 2 ? 150 : 20;
    struct value v = value_new(small_limits);

    fill(&v, n);
    memset(times, 0, sizeof times);
    for (int round = 0; round < 2000; round++) {
        unsigned before[MAX];

        memcpy(before, times, sizeof before);
        zset_sample(&v, size, count_visit, NULL);
        for (size_t i = 0; i < n; i++)
            ck_assert_uint_le(times[i] - before[i], 1);
    }
    assert_even(n, 2000, (double)size / (double)n);
    memset(times, 0, sizeof times);
    zset_sample(&v, n, count_visit, NULL);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(times[i], 1);
    free_value(&v);
}
END_TEST

START_TEST(draws_are_uniform)
{
    size_t n = _i == 0 ? 100 : 200;
    struct value v = value_new(small_limits);
    struct zset_draw d;
    double score;

    fill(&v, n);
    memset(times, 0, sizeof times);
    zset_draw_begin(&d, &v);
    for (int round = 0; round < 100000; round++) {
        struct slice member = zset_draw(&d, &score);

        ck_assert_int_eq(member.p[0], 'm');
        times[(size_t)score]++;
    }
    zset_draw_end(&d);
    assert_even(n, 100000, 1.0 / (double)n);
    free_value(&v);
}
END_TEST

START_TEST(a_scan_visits_all_members)
{
    size_t n = _i == 0 ? 100 : MAX;
    struct value v = value_new(small_limits);
    uint64_t at = 0;

    fill(&v, n);
    memset(times, 0, sizeof times);
    do
        at = zset_scan(&v, at, count_visit, NULL);
    while (at != 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_ge(times[i], 1);
    free_value(&v);
}
END_TEST

/* ---- the large structure ---- */

START_TEST(a_copy_is_equal_and_independent)
{
    struct value v = value_new((struct value_limits){0}), copy = v;

    twins = 0;
    for (size_t i = 0; i < 200; i++) {
        struct slice member = numbered(i);

        twin_put(member.p, (double)(i % 17));
        zset_put(&v, member, (double)(i % 17));
    }
    value_enlarge(&copy, zset_large_copy(v.large));
    zset_remove(&v, SLICE("member000007"));
    assert_same(&copy);
    ck_assert_uint_eq(zset_large_count(v.large), 199);
    free_value(&v);
    free_value(&copy);
}
END_TEST

#define MANY 300000

/* The target of the project is 60 bytes for a million members. */
START_TEST(a_member_of_12_bytes_takes_at_most_60_bytes)
{
    struct value v = value_new((struct value_limits){0});
    size_t before, used, reported;

    before = mem_used();
    for (size_t i = 0; i < MANY; i++) {
        size_t k = _i == 0 ? i : i * 7919 % MANY;

        zset_put(&v, numbered(k), (double)k);
    }
    used = mem_used() - before;
    reported = zset_large_bytes(v.large);
    account_check_value(before, &v, zset_large_bytes);
    printf("%s %d: %.1f bytes, %.1f reported\n", __func__, _i, (double)used / MANY, (double)reported / MANY);
    ck_assert_uint_le(reported, (size_t)MANY * 60);
    if (mem_usable_size(21) != 21) /* an allocator that reports the size of a block */
        ck_assert_uint_le(used, (size_t)MANY * 60);
    free_value(&v);
    account_check(before, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zset");
    TCase *tests = tcase_create("zset");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, random_changes_agree_with_a_sorted_array, 0, 4);
    tcase_add_test(tests, a_value_is_large_beyond_the_limits);
    tcase_add_test(tests, a_small_sorted_set_is_the_listpack_of_redis);
    tcase_add_test(tests, loading_a_value_keeps_the_sign_of_zero_and_commands_keep_it_in_large_values);
    tcase_add_test(tests, ranges_by_member_among_different_scores_are_as_in_redis);
    tcase_add_loop_test(tests, gathered_members_become_a_flat_or_large_value, 0, 4);
    tcase_add_test(tests, gathered_members_may_be_read_in_order_and_freed);
    tcase_add_loop_test(tests, samples_are_distinct_and_uniform, 0, 3);
    tcase_add_loop_test(tests, draws_are_uniform, 0, 2);
    tcase_add_loop_test(tests, a_scan_visits_all_members, 0, 2);
    tcase_add_test(tests, a_copy_is_equal_and_independent);
    tcase_add_loop_test(tests, a_member_of_12_bytes_takes_at_most_60_bytes, 0, 2);
    tcase_set_timeout(tests, 120);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
