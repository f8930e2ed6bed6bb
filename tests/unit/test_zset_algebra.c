/* SPDX-License-Identifier: BSD-3-Clause */
/* zset_algebra: intersections, unions and differences of random sorted sets and sets against arrays of scores. */
#include <math.h>
#include <stdlib.h>

#include "account.h"
#include "base/hash.h"
#include "checks.h"
#include "seed.h"
#include "types/zset_algebra.h"

#define MEMBERS     300
#define SOURCES_MAX 6

enum operation { INTERSECT, UNITE, SUBTRACT };

static void (*const operations[])(struct zset_algebra *a, struct zset_gather *g) = {
    [INTERSECT] = zset_algebra_intersect, [UNITE] = zset_algebra_unite, [SUBTRACT] = zset_algebra_subtract};

struct name {
    char p[16];
};

static struct slice name_of(struct name *name, size_t i)
{
    return slice_of(name->p, (size_t)snprintf(name->p, sizeof name->p, "m%zu", i));
}

static size_t number_of(struct slice member)
{
    size_t n = 0;

    for (size_t i = 1; i < member.n; i++)
        n = 10 * n + (size_t)(member.p[i] - '0');
    return n;
}

/* ---- the sources ---- */

struct twin {
    bool has[MEMBERS];
    double scores[MEMBERS];
    double weight;
};

struct sources {
    struct value v[SOURCES_MAX];
    bool is_set[SOURCES_MAX];
    struct twin twin[SOURCES_MAX];
    size_t n;
};

static void source_init(struct sources *s, size_t k)
{
    size_t members = seed_below(4) == 0 ? 0 : seed_below(MEMBERS), share = 1 + seed_below(3);
    struct twin *t = &s->twin[k];
    struct name name;

    s->v[k] = value_new((struct value_limits){.entries = seed_below(100), .bytes = 64});
    s->is_set[k] = seed_below(3) == 0;
    t->weight = (double)seed_below(7) - 3;
    for (size_t i = 0; i < members; i++) {
        t->has[i] = seed_below(share) == 0;
        t->scores[i] = s->is_set[k] ? 1 : (double)seed_below(100) - 50;
        if (t->has[i] && s->is_set[k])
            set_add(&s->v[k], name_of(&name, i));
        else if (t->has[i])
            zset_put(&s->v[k], name_of(&name, i), t->scores[i]);
    }
}

static void sources_init(struct sources *s)
{
    *s = (struct sources){.n = 1 + seed_below(SOURCES_MAX)};
    for (size_t k = 0; k < s->n; k++)
        source_init(s, k);
}

static void sources_fini(struct sources *s)
{
    for (size_t k = 0; k < s->n; k++) {
        if (s->v[k].form == VALUE_LARGE)
            (s->is_set[k] ? set_large_free : zset_large_free)(s->v[k].large);
        flat_fini(&s->v[k].flat);
    }
}

static size_t owners(const struct sources *s, size_t i)
{
    size_t n = 0;

    for (size_t k = 0; k < s->n; k++)
        n += s->twin[k].has[i];
    return n;
}

/* The scores are small integers, so that their sums do not depend on the order. */
static double expected_score(const struct sources *s, enum operation operation, enum zset_aggregate how, size_t i)
{
    double score = NAN;

    if (operation == SUBTRACT)
        return s->twin[0].scores[i];
    for (size_t k = 0; k < s->n; k++) {
        double other = s->twin[k].scores[i] * s->twin[k].weight;

        if (!s->twin[k].has[i])
            continue;
        if (isnan(score))
            score = other;
        else
            score = how == ZSET_SUM ? score + other : how == ZSET_MIN ? fmin(score, other) : fmax(score, other);
    }
    return score;
}

static bool expected(const struct sources *s, enum operation operation, size_t i)
{
    size_t n = owners(s, i);

    if (operation == SUBTRACT)
        return s->twin[0].has[i] && n == 1;
    return operation == UNITE ? n > 0 : n == s->n;
}

/* ---- what an operation finds ---- */

static struct zset_algebra algebra_of(const struct sources *s, struct zset_source *sources)
{
    struct zset_algebra a = {.sources = sources, .n = s->n, .aggregate = (enum zset_aggregate)seed_below(3)};

    for (size_t k = 0; k < s->n; k++) {
        sources[k] = zset_source_of(&s->v[k], s->is_set[k]);
        sources[k].weight = s->twin[k].weight;
    }
    return a;
}

static void check(const struct sources *s, enum operation operation)
{
    struct zset_source sources[SOURCES_MAX];
    struct zset_algebra a = algebra_of(s, sources);
    struct zset_gather g = zset_gather_new(operation == UNITE);
    double scores[MEMBERS];
    size_t n = 0;

    for (size_t i = 0; i < MEMBERS; i++)
        scores[i] = NAN;
    operations[operation](&a, &g);
    for (size_t i = 0; i < g.n; i++)
        scores[number_of(element_key(g.elements[i]))] = tree_score(g.elements[i]);
    for (size_t i = 0; i < MEMBERS; i++) {
        ck_assert(isnan(scores[i]) != expected(s, operation, i));
        ck_assert(isnan(scores[i]) || scores[i] == expected_score(s, operation, a.aggregate, i));
        n += !isnan(scores[i]);
    }
    ck_assert_uint_eq(g.n, n);
    zset_gather_free(&g);
    if (operation == SUBTRACT && a.scratch.form == VALUE_LARGE)
        set_large_free(a.scratch.large);
}

static void check_count(const struct sources *s)
{
    struct zset_source sources[SOURCES_MAX];
    struct zset_algebra a = algebra_of(s, sources);
    uint64_t all = 0, limit = seed_below(20);

    for (size_t i = 0; i < MEMBERS; i++)
        all += expected(s, INTERSECT, i);
    ck_assert_uint_eq(zset_algebra_count_intersection(&a, limit), limit != 0 && limit < all ? limit : all);
}

START_TEST(random_operations_agree_with_arrays_of_scores_and_leak_nothing)
{
    static struct sources s;
    size_t before;

    hash_init();
    seed_start(__func__);
    before = mem_used();
    for (int round = 0; round < 1000; round++) {
        sources_init(&s);
        check(&s, INTERSECT);
        check(&s, UNITE);
        check(&s, SUBTRACT);
        check_count(&s);
        sources_fini(&s);
    }
    account_check(before, 0);
}
END_TEST

static double united(double a, double b, double weight, enum zset_aggregate how)
{
    struct value v[2] = {value_new((struct value_limits){.entries = 9, .bytes = 9})};
    struct zset_source sources[2];
    struct zset_algebra algebra = {.sources = sources, .n = 2, .aggregate = how};
    struct zset_gather g = zset_gather_new(true);
    double score;

    v[1] = v[0];
    zset_put(&v[0], SLICE("m"), a);
    zset_put(&v[1], SLICE("m"), b);
    for (int i = 0; i < 2; i++) {
        sources[i] = zset_source_of(&v[i], false);
        sources[i].weight = weight;
    }
    zset_algebra_unite(&algebra, &g);
    score = tree_score(g.elements[0]);
    zset_gather_free(&g);
    flat_fini(&v[0].flat);
    flat_fini(&v[1].flat);
    return score;
}

/* As Redis has it. */
START_TEST(what_is_not_a_number_is_0)
{
    ck_assert(united(INFINITY, -INFINITY, 1, ZSET_SUM) == 0);
    ck_assert(united(INFINITY, 5, 0, ZSET_SUM) == 0);
    ck_assert(united(INFINITY, 5, 1, ZSET_SUM) == INFINITY);
    ck_assert(united(INFINITY, -INFINITY, 1, ZSET_MIN) == -INFINITY);
    ck_assert(united(INFINITY, -INFINITY, 1, ZSET_MAX) == INFINITY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zset_algebra");
    TCase *tests = tcase_create("zset_algebra");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, random_operations_agree_with_arrays_of_scores_and_leak_nothing);
    tcase_add_test(tests, what_is_not_a_number_is_0);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
