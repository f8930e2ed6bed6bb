/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset_algebra.h"

#include <math.h>
#include <stdlib.h>

#include "base/must.h"

/* ---- sources ---- */

struct zset_source zset_source_of(const struct value *v, bool is_set)
{
    must(v->form == VALUE_LISTPACK || v->form == VALUE_LARGE || (is_set && v->form == VALUE_INTSET));
    return (struct zset_source){*v, is_set, 1, is_set ? set_count(v) : zset_count(v)};
}

struct source_walk {
    bool is_set;
    union {
        struct set_walk set;
        struct zset_walk zset;
    };
};

static void walk_begin(struct source_walk *w, const struct zset_source *s)
{
    w->is_set = s->is_set;
    if (s->is_set)
        set_walk_begin(&w->set, &s->value);
    else
        zset_walk_begin(&w->zset, &s->value);
}

static bool walk_next(struct source_walk *w, struct slice *member, double *score)
{
    if (!w->is_set)
        return zset_walk_next(&w->zset, member, score);
    *score = 1;
    return set_walk_next(&w->set, member);
}

static bool find_in(const struct zset_source *s, struct slice member, double *score)
{
    if (!s->is_set)
        return zset_score(&s->value, member, score);
    *score = 1;
    return set_has(&s->value, member);
}

static int smaller_first(const void *a, const void *b)
{
    const struct zset_source *x = a, *y = b;

    return (x->count > y->count) - (x->count < y->count);
}

static int larger_first(const void *a, const void *b)
{
    return smaller_first(b, a);
}

/* ---- scores ---- */

/* An infinite score with the weight 0 is 0. */
static double weighted(double score, double weight)
{
    double v = score * weight;

    return isnan(v) ? 0 : v;
}

/* The sum of infinities of opposite signs is 0. */
static double aggregated(enum zset_aggregate how, double a, double b)
{
    switch (how) {
    case ZSET_MIN:
        return b < a ? b : a;
    case ZSET_MAX:
        return b > a ? b : a;
    default:
        return isnan(a + b) ? 0 : a + b;
    }
}

/* ---- intersection ---- */

/* Whether all sources but the first have the member. *score: its score in the first source; set to that of the result.
 */
static bool all_have(const struct zset_algebra *a, struct slice member, double *score)
{
    double v;

    *score = weighted(*score, a->sources[0].weight);
    for (size_t i = 1; i < a->n; i++) {
        if (!find_in(&a->sources[i], member, &v))
            return false;
        *score = aggregated(a->aggregate, *score, v * a->sources[i].weight);
    }
    return true;
}

/* Begins a walk over the smallest source. */
static void begin_intersection(struct zset_algebra *a, struct source_walk *w)
{
    must(a->n > 0);
    qsort(a->sources, a->n, sizeof *a->sources, smaller_first);
    walk_begin(w, &a->sources[0]);
}

void zset_algebra_intersect(struct zset_algebra *a, struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    begin_intersection(a, &w);
    while (walk_next(&w, &member, &score))
        if (all_have(a, member, &score))
            zset_gather_add(g, member, score);
}

uint64_t zset_algebra_count_intersection(struct zset_algebra *a, uint64_t limit)
{
    struct source_walk w;
    struct slice member;
    uint64_t count = 0;
    double score;

    begin_intersection(a, &w);
    while (walk_next(&w, &member, &score) && (limit == 0 || count < limit))
        count += all_have(a, member, &score);
    return count;
}

/* ---- union ---- */

static void add_source(const struct zset_algebra *a, const struct zset_source *s, struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    walk_begin(&w, s);
    while (walk_next(&w, &member, &score)) {
        struct element *e = zset_gather_find(g, member);

        score = weighted(score, s->weight);
        if (e == NULL)
            zset_gather_add(g, member, score);
        else
            tree_set_score(e, aggregated(a->aggregate, tree_score(e), score));
    }
}

/* Adds the sources in the order of their sizes, as Redis does: sums of doubles depend on it. */
void zset_algebra_unite(struct zset_algebra *a, struct zset_gather *g)
{
    must(a->n > 0);
    qsort(a->sources, a->n, sizeof *a->sources, smaller_first);
    for (size_t i = 0; i < a->n; i++)
        add_source(a, &a->sources[i], g);
}

/* ---- difference ---- */

static bool any_has(const struct zset_source *sources, size_t n, struct slice member)
{
    double score;

    for (size_t i = 0; i < n; i++)
        if (find_in(&sources[i], member, &score))
            return true;
    return false;
}

/* Adds the members of the first source that no other source has. */
static void subtract_from(const struct zset_source *first, const struct zset_source *others, size_t n,
                          struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    walk_begin(&w, first);
    while (walk_next(&w, &member, &score))
        if (!any_has(others, n, member))
            zset_gather_add(g, member, score);
}

/* A plain set of the members of all these sources. */
static struct value merged(const struct zset_source *sources, size_t n)
{
    struct value all = value_new((struct value_limits){0});
    struct source_walk w;
    struct slice member;
    double score;

    for (size_t i = 0; i < n; i++) {
        walk_begin(&w, &sources[i]);
        while (walk_next(&w, &member, &score))
            set_add(&all, member);
    }
    return all;
}

/* Either looks each member up in every other source, or merges these first, whichever is less work. */
void zset_algebra_subtract(struct zset_algebra *a, struct zset_gather *g)
{
    struct zset_source *others = a->sources + 1, all;
    size_t n = a->n - 1;
    uint64_t members = 0;

    must(a->n > 0);
    a->scratch = value_new((struct value_limits){0});
    for (size_t i = 0; i < n; i++)
        members += others[i].count;
    if (n < 2 || (uint64_t)a->sources[0].count * n / 2 <= members) {
        qsort(others, n, sizeof *others, larger_first);
        subtract_from(a->sources, others, n, g);
        return;
    }
    a->scratch = merged(others, n);
    all = zset_source_of(&a->scratch, true);
    subtract_from(a->sources, &all, 1, g);
}
