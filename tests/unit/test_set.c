/* SPDX-License-Identifier: BSD-3-Clause */
/* set: distinct strings in no order. */
#include <stdlib.h>

#include "account.h"
#include "checks.h"
#include "seed.h"
#include "types/set.h"

#define WORDS 400 /* distinct members that a model test uses */

#define STRIDE 3000000007 /* between the positive integers */

/* Member number i: an integer or a string; some long, one empty, some with a prefix of digits. */
struct word {
    char p[200];
};

static struct slice word_of(struct word *w, size_t i, bool integers)
{
    int n;

    if (integers || i % 3 == 0)
        n = snprintf(w->p, sizeof w->p, "%lld", (long long)(i % 2 ? (int64_t)i * STRIDE : -(int64_t)i));
    else if (i == 1)
        n = 0;
    else
        n = snprintf(w->p, sizeof w->p, "%zu%*s", i, i % 20 == 2 ? 150 : 1, "x");
    return slice_of(w->p, (size_t)n);
}

/* The number of a member. */
static size_t number_of(struct slice member)
{
    int64_t v;

    if (member.n == 0)
        return 1;
    if (member.p[member.n - 1] == 'x')
        return strtoul(member.p, NULL, 10);
    ck_assert(num_parse_i64(member, &v));
    return (size_t)(v > 0 ? v / STRIDE : -v);
}

static void release(struct value *v)
{
    if (v->form == VALUE_LARGE)
        set_large_free(v->large);
    flat_fini(&v->flat);
}

static struct value small_value(void)
{
    return value_new((struct value_limits){.entries = 128, .bytes = 64, .ints = 512});
}

static void add_range(struct value *v, int from, int to, const char *behind)
{
    char p[32];

    for (int i = from; i < to; i++)
        set_add(v, slice_of(p, (size_t)snprintf(p, sizeof p, "%d%s", i, behind)));
}

/* What a callback has seen, and whether it has seen a member twice. */
struct seen {
    unsigned times[WORDS];
    size_t n;
};

static void see(void *arg, struct slice member)
{
    struct seen *s = arg;
    size_t i = number_of(member);

    ck_assert_uint_lt(i, WORDS);
    s->times[i]++;
    s->n++;
}

static void count(void *arg, struct slice member)
{
    (void)member;
    ++*(size_t *)arg;
}

START_TEST(integers_make_an_intset_up_to_the_limit)
{
    struct value v = small_value();

    add_range(&v, 0, 512, "");
    ck_assert_int_eq(v.form, VALUE_INTSET);
    ck_assert(!set_add(&v, SLICE("511")));
    ck_assert_int_eq(v.form, VALUE_INTSET);
    ck_assert(set_add(&v, SLICE("512")));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    ck_assert_uint_eq(set_count(&v), 513);
    release(&v);
}
END_TEST

START_TEST(strings_make_a_listpack_up_to_its_limits)
{
    struct value v = small_value(), w = small_value();
    char long_one[65];

    add_range(&v, 0, 128, "x");
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    set_add(&v, SLICE("more"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    memset(long_one, 'a', sizeof long_one);
    set_add(&w, slice_of(long_one, 64));
    ck_assert_int_eq(w.form, VALUE_LISTPACK);
    set_add(&w, slice_of(long_one, 65));
    ck_assert_int_eq(w.form, VALUE_LARGE);
    ck_assert(set_has(&w, slice_of(long_one, 64)));
    release(&v);
    release(&w);
}
END_TEST

START_TEST(an_intset_with_a_string_becomes_a_listpack_if_it_fits)
{
    struct value v = small_value(), w = small_value();

    add_range(&v, -20, 100, "");
    ck_assert(set_add(&v, SLICE("a")));
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    ck_assert(set_has(&v, SLICE("-20")));
    ck_assert_uint_eq(set_count(&v), 121);
    add_range(&w, 0, 128, "");
    ck_assert(set_add(&w, SLICE("a")));
    ck_assert_int_eq(w.form, VALUE_LARGE);
    ck_assert_uint_eq(set_count(&w), 129);
    release(&v);
    release(&w);
}
END_TEST

START_TEST(an_intset_becomes_large_if_its_integers_are_too_long_for_a_listpack)
{
    struct value v = value_new((struct value_limits){.entries = 128, .bytes = 4, .ints = 512});

    set_add(&v, SLICE("-1234"));
    set_add(&v, SLICE("1"));
    ck_assert_int_eq(v.form, VALUE_INTSET);
    set_add(&v, SLICE("a"));
    ck_assert_int_eq(v.form, VALUE_LARGE);
    release(&v);
}
END_TEST

START_TEST(a_set_is_large_at_once_if_many_members_are_announced)
{
    struct value v = small_value(), w = small_value(), x = small_value();

    set_reserve(&v, SLICE("1"), 512);
    ck_assert_int_eq(v.form, VALUE_INTSET);
    set_reserve(&w, SLICE("1"), 513);
    ck_assert_int_eq(w.form, VALUE_LARGE);
    set_reserve(&x, SLICE("a"), 128);
    ck_assert_int_eq(x.form, VALUE_LISTPACK);
    set_add(&x, SLICE("a"));
    set_reserve(&x, SLICE("b"), 129);
    ck_assert_int_eq(x.form, VALUE_LARGE);
    ck_assert(set_has(&x, SLICE("a")));
    release(&v);
    release(&w);
    release(&x);
}
END_TEST

START_TEST(a_large_set_without_members_is_empty)
{
    struct value v = value_new((struct value_limits){.entries = 2, .bytes = 64, .ints = 2});

    add_range(&v, 0, 100, "x");
    for (int i = 0; i < 100; i++) {
        char p[8];

        ck_assert(!value_is_empty(&v));
        ck_assert(set_remove(&v, slice_of(p, (size_t)snprintf(p, sizeof p, "%dx", i))));
    }
    ck_assert(value_is_empty(&v));
    ck_assert_uint_eq(set_count(&v), 0);
    ck_assert(!set_has(&v, SLICE("1x")) && !set_remove(&v, SLICE("1x")));
    add_range(&v, 0, 2, "");
    ck_assert_uint_eq(set_count(&v), 2);
    release(&v);
}
END_TEST

START_TEST(a_scan_of_a_small_set_visits_all_members_at_once)
{
    struct value v = small_value();
    size_t n = 0;

    add_range(&v, 0, 100, "");
    ck_assert_uint_eq(set_scan(&v, 12345, count, &n), 0);
    ck_assert_uint_eq(n, 100);
    release(&v);
}
END_TEST

START_TEST(members_of_12_bytes_take_at_most_30_bytes_each)
{
    static const int many = 300000;
    struct value v = small_value();
    size_t before;
    char p[16];

    before = mem_used();
    for (int i = 0; i < many; i++)
        set_add(&v, slice_of(p, (size_t)snprintf(p, sizeof p, "member%06d", i)));
    ck_assert_uint_le(set_large_bytes(v.large), 30 * (size_t)many);
    account_check_value(before, &v, set_large_bytes);
    release(&v);
    account_check(before, 0);
}
END_TEST

static void check_random(struct value *v)
{
    static const size_t rounds = 20000, members = 100;
    struct seen s = {.n = 0};
    double expected = (double)rounds / (double)members, chi = 0;
    struct set_draw d;

    set_draw_begin(&d, v);
    for (size_t i = 0; i < rounds; i++)
        see(&s, set_draw(&d));
    set_draw_end(&d);
    for (size_t i = 0; i < members; i++)
        chi += (s.times[i] - expected) * (s.times[i] - expected) / expected;
    ck_assert_double_lt(chi, 200); /* the mean is 99 and the deviation 14: seven deviations never occur */
    release(v);
}

/* The members 0 .. n - 1 of those that a model test uses. */
static struct value some_integers(size_t n, struct value_limits limits, enum value_form form)
{
    struct value v = value_new(limits);
    struct word w;

    if (form == VALUE_LISTPACK)
        set_add(&v, SLICE("x"));
    for (size_t i = 0; i < n; i++)
        set_add(&v, word_of(&w, i, true));
    if (form == VALUE_LISTPACK)
        set_remove(&v, SLICE("x"));
    ck_assert_int_eq(v.form, form);
    return v;
}

START_TEST(each_member_is_drawn_equally_often)
{
    struct value ints = some_integers(100, small_value().limits, VALUE_INTSET);
    struct value pack = some_integers(100, small_value().limits, VALUE_LISTPACK);
    struct value large = some_integers(100, (struct value_limits){0}, VALUE_LARGE);

    check_random(&ints);
    check_random(&pack);
    check_random(&large);
}
END_TEST

/* Removes n members by set_pop and checks that just these are gone. */
static void check_pop(struct value *v, size_t n, const bool *twin, bool integers)
{
    struct seen s = {.n = 0};
    size_t before = set_count(v);
    struct word w;

    set_pop(v, n, see, &s);
    ck_assert_uint_eq(s.n, n);
    ck_assert_uint_eq(set_count(v), before - n);
    for (size_t i = 0; i < WORDS; i++) {
        ck_assert_uint_le(s.times[i], twin[i]);
        ck_assert_int_eq(set_has(v, word_of(&w, i, integers)), twin[i] && !s.times[i]);
    }
}

START_TEST(a_large_set_becomes_small_when_nearly_all_members_are_popped)
{
    struct value v = some_integers(WORDS, (struct value_limits){.entries = 128, .bytes = 64}, VALUE_LARGE);
    bool twin[WORDS];

    memset(twin, true, sizeof twin);
    check_pop(&v, WORDS - 10, twin, true);
    ck_assert_int_eq(v.form, VALUE_LISTPACK);
    release(&v);
}
END_TEST

/* ---- model ---- */

static void check_walks(const struct value *v, const bool *twin)
{
    struct seen walked = {.n = 0}, scanned = {.n = 0};
    struct set_walk w;
    struct slice member;
    uint64_t at = 0;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        see(&walked, member);
    do
        at = set_scan(v, at, see, &scanned);
    while (at != 0);
    for (size_t i = 0; i < WORDS; i++) {
        ck_assert_uint_eq(walked.times[i], twin[i]);
        ck_assert_uint_eq(scanned.times[i], twin[i]);
    }
}

static void check_sample(const struct value *v, const bool *twin)
{
    struct seen s = {.n = 0};
    size_t n = seed_below(set_count(v) + 1);

    set_sample(v, n, see, &s);
    ck_assert_uint_eq(s.n, n);
    for (size_t i = 0; i < WORDS; i++)
        ck_assert_uint_le(s.times[i], twin[i]);
}

static void check_copy(const struct value *v, const bool *twin)
{
    struct value copy = *v;

    if (v->form != VALUE_LARGE)
        return;
    ck_assert_uint_eq(set_large_count(v->large), set_count(v));
    copy.large = set_large_copy(v->large);
    check_walks(&copy, twin);
    set_large_free(copy.large);
}

/* Pops some members and removes them from the twin. */
static void pop_some(struct value *v, bool *twin, bool integers)
{
    size_t n = seed_below(3) == 0 ? seed_below(set_count(v) + 1) : set_count(v) > 0;
    struct word w;

    check_pop(v, n, twin, integers);
    for (size_t i = 0; i < WORDS; i++)
        twin[i] = set_has(v, word_of(&w, i, integers));
}

static void play(struct value_limits limits, size_t members, bool integers)
{
    struct value v = value_new(limits);
    bool twin[WORDS] = {false};
    size_t there = 0, before = mem_used();
    struct word w;

    for (int step = 0; step < 3000; step++) {
        size_t i = seed_below(members);
        struct slice member = word_of(&w, i, integers);

        ck_assert_int_eq(set_has(&v, member), twin[i]);
        if (seed_below(20) < (step / 500 % 2 ? 17 : 11)) {
            ck_assert_int_eq(set_add(&v, member), !twin[i]);
            there += !twin[i];
            twin[i] = true;
        } else {
            ck_assert_int_eq(set_remove(&v, member), twin[i]);
            there -= twin[i];
            twin[i] = false;
        }
        ck_assert_uint_eq(set_count(&v), there);
        ck_assert_int_eq(value_is_empty(&v), there == 0);
        account_check_value(before, &v, set_large_bytes);
        if (step % 150 == 0) {
            check_walks(&v, twin);
            check_copy(&v, twin);
            check_sample(&v, twin);
            pop_some(&v, twin, integers);
            there = set_count(&v);
        }
    }
    release(&v);
    account_check(before, 0);
}

START_TEST(random_changes_agree_with_an_array_of_flags)
{
    seed_start(__func__);
    for (int round = 0; round < 20; round++) {
        struct value_limits limits = {.entries = seed_below(60), .bytes = seed_below(160), .ints = seed_below(100)};

        play(limits, 5 + seed_below(WORDS - 5), round % 3 == 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("set");
    TCase *tc = tcase_create("set");
    SRunner *sr = srunner_create(s);
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, integers_make_an_intset_up_to_the_limit);
    tcase_add_test(tc, strings_make_a_listpack_up_to_its_limits);
    tcase_add_test(tc, an_intset_with_a_string_becomes_a_listpack_if_it_fits);
    tcase_add_test(tc, an_intset_becomes_large_if_its_integers_are_too_long_for_a_listpack);
    tcase_add_test(tc, a_set_is_large_at_once_if_many_members_are_announced);
    tcase_add_test(tc, a_large_set_without_members_is_empty);
    tcase_add_test(tc, a_scan_of_a_small_set_visits_all_members_at_once);
    tcase_add_test(tc, members_of_12_bytes_take_at_most_30_bytes_each);
    tcase_add_test(tc, each_member_is_drawn_equally_often);
    tcase_add_test(tc, a_large_set_becomes_small_when_nearly_all_members_are_popped);
    tcase_add_test(tc, random_changes_agree_with_an_array_of_flags);
    suite_add_tcase(s, tc);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
