/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset.h"

#include <math.h>

#include "base/must.h"
#include "types/zset_flat.h"

static inline bool is_large(const struct value *v)
{
    return v->form == VALUE_LARGE;
}

static inline struct zset_large *large_of(const struct value *v)
{
    struct zset_large *z = v->large;

    must_be(z, ZSET_LARGE_MAGIC);
    return z;
}

size_t zset_count(const struct value *v)
{
    return is_large(v) ? zset_large_count(v->large) : zset_flat_count(&v->flat);
}

/* ---- forms ---- */

static void enlarge(struct value *v)
{
    struct zset_large *z = zset_large_new();
    struct zset_walk w;
    struct slice member;
    double score;

    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score))
        zset_large_take(z, zset_large_element(member, score));
    value_enlarge(v, z);
}

static bool stays_flat(const struct value *v, struct slice new)
{
    return new.n <= v->limits.bytes &&zset_flat_count(&v->flat) < v->limits.entries && v->flat.n + new.n < FLAT_MAX;
}

void zset_reserve(struct value *v, size_t n)
{
    if (!is_large(v) && n > v->limits.entries)
        enlarge(v);
}

static void clear_if_empty(struct value *v)
{
    if (zset_count(v) > 0)
        return;
    if (is_large(v))
        zset_large_free(v->large);
    value_clear(v);
}

/* ---- one member ---- */

/* A member that was found, in either encoding. */
struct found {
    size_t at;
    struct element *element;
    double score;
};

static bool find(const struct value *v, struct slice member, struct found *found)
{
    if (is_large(v)) {
        found->element = dict_find(large_of(v)->dict, member);
        if (found->element == NULL)
            return false;
        found->score = tree_score(found->element);
    } else {
        found->at = zset_flat_find(&v->flat, member);
        if (found->at == 0)
            return false;
        found->score = zset_flat_score(&v->flat, found->at);
    }
    return true;
}

bool zset_score(const struct value *v, struct slice member, double *score)
{
    struct found found;

    if (!find(v, member, &found))
        return false;
    *score = found.score;
    return true;
}

/* A score as a flat value holds it. As in Redis, commands store 0 for -0 there. Loaders keep the sign, because the
 * value may have been a large one when it was written. */
static double flat_score(double score, unsigned rules)
{
    return score == 0 && !(rules & ZSET_KEEP_SIGN) ? 0 : score;
}

static void insert(struct value *v, struct slice member, double score, unsigned rules)
{
    if (!is_large(v) && !stays_flat(v, member))
        enlarge(v);
    if (is_large(v))
        zset_large_take(large_of(v), zset_large_element(member, score));
    else
        zset_flat_insert(&v->flat, member, flat_score(score, rules));
}

static void move(struct value *v, struct slice member, const struct found *found, double score, unsigned rules)
{
    if (is_large(v))
        tree_move(large_of(v)->tree, found->element, score);
    else
        zset_flat_move(&v->flat, found->at, member, flat_score(score, rules));
}

enum zset_outcome zset_add(struct value *v, struct slice member, double *score, unsigned rules)
{
    struct found found;
    double wanted = *score;

    must(!isnan(wanted));
    if (!find(v, member, &found)) {
        if (rules & ZSET_XX)
            return ZSET_REFUSED;
        insert(v, member, wanted, rules);
        return ZSET_ADDED;
    }
    if (rules & ZSET_NX)
        return ZSET_REFUSED;
    if (rules & ZSET_INCR)
        wanted += found.score;
    if (isnan(wanted))
        return ZSET_NAN;
    if (((rules & ZSET_GT) && wanted <= found.score) || ((rules & ZSET_LT) && wanted >= found.score))
        return ZSET_REFUSED;
    *score = wanted;
    if (wanted == found.score)
        return ZSET_SAME;
    move(v, member, &found, wanted, rules);
    return ZSET_UPDATED;
}

bool zset_put(struct value *v, struct slice member, double score)
{
    return zset_add(v, member, &score, ZSET_KEEP_SIGN) == ZSET_ADDED;
}

bool zset_remove(struct value *v, struct slice member)
{
    struct found found;

    if (!find(v, member, &found))
        return false;
    if (is_large(v))
        zset_large_remove(large_of(v), found.element);
    else
        listpack_remove(&v->flat, found.at, 2);
    clear_if_empty(v);
    return true;
}

/* ---- by rank ---- */

struct zset_run zset_between(const struct value *v, const struct tree_bound *min, const struct tree_bound *max,
                             bool down)
{
    struct zset_run run;
    size_t end;

    if (!is_large(v)) {
        run.from = zset_flat_between(&v->flat, min, max, down, &run.n);
        return run;
    }
    run.from = tree_before(large_of(v)->tree, min);
    end = tree_before(large_of(v)->tree, max);
    run.n = end > run.from ? end - run.from : 0;
    return run;
}

bool zset_rank(const struct value *v, struct slice member, size_t *rank, double *score)
{
    struct found found;

    if (!find(v, member, &found))
        return false;
    *score = found.score;
    *rank = is_large(v) ? tree_rank(large_of(v)->tree, found.element) : zset_flat_rank(&v->flat, found.at);
    return true;
}

void zset_remove_run(struct value *v, struct zset_run run)
{
    size_t count = zset_count(v);

    if (run.n == 0 || run.from >= count)
        return;
    if (is_large(v))
        zset_large_remove_range(large_of(v), run.from, run.n);
    else
        listpack_remove(&v->flat, zset_flat_at(&v->flat, run.from), run.n < count ? 2 * run.n : SIZE_MAX);
    clear_if_empty(v);
}

/* ---- walks ---- */

void zset_walk_begin(struct zset_walk *w, const struct value *v)
{
    zset_walk_begin_at(w, v, 0);
}

void zset_walk_begin_at(struct zset_walk *w, const struct value *v, size_t rank)
{
    w->flat = is_large(v) ? NULL : &v->flat;
    if (is_large(v))
        tree_walk_begin(&w->tree, large_of(v)->tree, rank);
    else
        w->at = zset_flat_at(&v->flat, rank);
}

void zset_walk_begin_from(struct zset_walk *w, const struct value *v, const struct tree_bound *b)
{
    w->flat = is_large(v) ? NULL : &v->flat;
    if (is_large(v))
        tree_walk_begin_from(&w->tree, large_of(v)->tree, b);
    else
        w->at = zset_flat_from(&v->flat, b);
}

void zset_walk_begin_down(struct zset_walk *w, const struct value *v, size_t rank)
{
    zset_walk_begin_at(w, v, is_large(v) ? rank + 1 : rank);
}

static bool give(const struct element *e, struct slice *member, double *score)
{
    if (e == NULL)
        return false;
    *member = element_key(e);
    *score = tree_score(e);
    return true;
}

bool zset_walk_next(struct zset_walk *w, struct slice *member, double *score)
{
    if (w->flat == NULL)
        return give(tree_next(&w->tree), member, score);
    if (w->at == 0)
        return false;
    *member = listpack_get(w->flat, w->at, &w->digits);
    *score = zset_flat_score(w->flat, w->at);
    w->at = zset_flat_next(w->flat, w->at);
    return true;
}

bool zset_walk_prev(struct zset_walk *w, struct slice *member, double *score)
{
    if (w->flat == NULL)
        return give(tree_prev(&w->tree), member, score);
    if (w->at == 0)
        return false;
    *member = listpack_get(w->flat, w->at, &w->digits);
    *score = zset_flat_score(w->flat, w->at);
    w->at = zset_flat_prev(w->flat, w->at);
    return true;
}

/* The argument of dict_scan's callback. */
struct visitor {
    zset_visit *visit;
    void *arg;
};

static void visit_element(void *arg, struct element *e)
{
    const struct visitor *visitor = arg;

    visitor->visit(visitor->arg, element_key(e), tree_score(e));
}

uint64_t zset_scan(const struct value *v, uint64_t at, zset_visit *visit, void *arg)
{
    struct visitor visitor = {visit, arg};
    struct zset_walk w;
    struct slice member;
    double score;

    if (is_large(v))
        return dict_scan(large_of(v)->dict, at, visit_element, &visitor);
    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score))
        visit(arg, member, score);
    return 0;
}
