/* SPDX-License-Identifier: BSD-3-Clause */
/* set_algebra: intersections, unions and differences of random sets against arrays of flags. */
#include <stdlib.h>

#include "account.h"
#include "base/hash.h"
#include "checks.h"
#include "seed.h"
#include "types/set_algebra.h"

#define MEMBERS  400
#define SETS_MAX 8

enum operation { INTERSECT, UNITE, SUBTRACT };

static void (*const operations[])(struct set_algebra *a) = {
    [INTERSECT] = set_algebra_intersect, [UNITE] = set_algebra_unite, [SUBTRACT] = set_algebra_subtract};

struct name {
    char p[16];
};

/* Every third member is an integer. */
static struct slice name_of(struct name *name, size_t i)
{
    return slice_of(name->p, (size_t)snprintf(name->p, sizeof name->p, i % 3 == 0 ? "%zu" : "m%zu", i));
}

static size_t number_of(struct slice member)
{
    size_t n = 0;

    for (size_t i = member.p[0] == 'm'; i < member.n; i++)
        n = 10 * n + (size_t)(member.p[i] - '0');
    return n;
}

/* ---- the sets ---- */

struct sets {
    struct value v[SETS_MAX];
    bool has[SETS_MAX][MEMBERS];
    size_t n;
};

static void set_init(struct sets *s, size_t k)
{
    size_t members = seed_below(4) == 0 ? 0 : seed_below(MEMBERS), share = 1 + seed_below(4);
    struct name name;

    s->v[k] = value_new((struct value_limits){.entries = seed_below(100), .bytes = 64, .ints = seed_below(100)});
    for (size_t i = 0; i < members; i++) {
        s->has[k][i] = seed_below(share) == 0;
        if (s->has[k][i])
            set_add(&s->v[k], name_of(&name, i));
    }
}

static void sets_init(struct sets *s)
{
    *s = (struct sets){.n = 1 + seed_below(SETS_MAX)};
    for (size_t k = 0; k < s->n; k++)
        set_init(s, k);
}

static void discard(struct value *v)
{
    if (v->form == VALUE_LARGE)
        set_large_free(v->large);
    flat_fini(&v->flat);
}

static void sets_fini(struct sets *s)
{
    for (size_t k = 0; k < s->n; k++)
        discard(&s->v[k]);
}

static bool expected(const struct sets *s, enum operation operation, size_t i)
{
    size_t others = 0;

    for (size_t k = 1; k < s->n; k++)
        others += s->has[k][i];
    if (operation == INTERSECT)
        return s->has[0][i] && others == s->n - 1;
    return operation == UNITE ? s->has[0][i] || others > 0 : s->has[0][i] && others == 0;
}

/* ---- what an operation finds ---- */

static void count_member(void *arg, struct slice member)
{
    unsigned *times = arg;

    times[number_of(member)]++;
}

static void count_gathered(struct set_algebra *a, unsigned *times)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, &a->gathered);
    while (set_walk_next(&w, &member))
        count_member(times, member);
    discard(&a->gathered);
}

static void check(const struct sets *s, enum operation operation, bool visits)
{
    struct value_limits limits = {.entries = seed_below(100), .bytes = 64, .ints = seed_below(100)};
    struct value borrowed[SETS_MAX];
    unsigned times[MEMBERS] = {0};
    struct set_algebra a = {.sets = borrowed, .n = s->n, .limits = limits};
    uint64_t found = 0;

    memcpy(borrowed, s->v, sizeof borrowed);
    if (visits) {
        a.visit = count_member;
        a.arg = times;
    }
    operations[operation](&a);
    count_gathered(&a, times);
    for (size_t i = 0; i < MEMBERS; i++) {
        ck_assert_uint_eq(times[i], expected(s, operation, i));
        found += times[i];
    }
    ck_assert_uint_eq(a.found, found);
}

START_TEST(random_operations_agree_with_flags_and_leak_nothing)
{
    static struct sets s;
    size_t before;

    hash_init();
    seed_start(__func__);
    before = mem_used();
    for (int round = 0; round < 1000; round++) {
        sets_init(&s);
        check(&s, INTERSECT, round % 2 == 0);
        check(&s, UNITE, round % 2 == 0);
        check(&s, SUBTRACT, round % 2 == 0);
        sets_fini(&s);
    }
    account_check(before, 0);
}
END_TEST

START_TEST(an_intersection_ends_at_its_limit)
{
    static struct sets s;

    hash_init();
    seed_start(__func__);
    for (int round = 0; round < 200; round++) {
        unsigned times[MEMBERS] = {0};
        struct value borrowed[SETS_MAX];
        struct set_algebra a = {.sets = borrowed, .visit = count_member, .arg = times, .limit = 1 + seed_below(30)};
        uint64_t all = 0;

        sets_init(&s);
        memcpy(borrowed, s.v, sizeof borrowed);
        for (size_t i = 0; i < MEMBERS; i++)
            all += expected(&s, INTERSECT, i);
        a.n = s.n;
        set_algebra_intersect(&a);
        ck_assert_uint_eq(a.found, all < a.limit ? all : a.limit);
        sets_fini(&s);
    }
}
END_TEST

/* The commands allow one key several times. */
START_TEST(a_set_may_be_given_twice)
{
    struct value v = value_new((struct value_limits){.entries = 10, .bytes = 64, .ints = 10}), twice[2];
    unsigned times[MEMBERS] = {0};
    struct set_algebra a = {.sets = twice, .n = 2, .visit = count_member, .arg = times};

    set_add(&v, SLICE("m1"));
    set_add(&v, SLICE("m2"));
    twice[0] = twice[1] = v;
    set_algebra_subtract(&a);
    ck_assert_uint_eq(a.found, 0);
    set_algebra_unite(&a);
    ck_assert_uint_eq(a.found, 2);
    set_algebra_intersect(&a);
    ck_assert_uint_eq(a.found, 2);
    ck_assert_uint_eq(times[1], 2);
    discard(&v);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("set_algebra");
    TCase *tests = tcase_create("set_algebra");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_operations_agree_with_flags_and_leak_nothing);
    tcase_add_test(tests, an_intersection_ends_at_its_limit);
    tcase_add_test(tests, a_set_may_be_given_twice);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
