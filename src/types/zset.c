/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset.h"

#include <math.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"

/* A large one. */
struct zset {
    struct dict *dict;
    struct tree *tree; /* borrows the elements of the dict */
    size_t bytes;      /* of the elements */
};

/* ---- large ---- */

static void release(void *element)
{
    element_free(element, TREE_REST);
}

static struct zset *large_new(void)
{
    struct zset *z = mem_alloc(sizeof *z);

    *z = (struct zset){dict_new(), tree_new(), 0};
    return z;
}

static void large_insert(struct zset *z, struct slice member, double score)
{
    struct element *e = element_new(member, TREE_REST);

    tree_set_score(e, score);
    dict_insert(z->dict, e);
    tree_insert(z->tree, e);
    z->bytes += element_size(e, TREE_REST);
}

/* e is out of the tree already. */
static void large_drop(void *arg, struct element *e)
{
    struct zset *z = arg;

    z->bytes -= element_size(e, TREE_REST);
    dict_remove(z->dict, e);
    element_free(e, TREE_REST);
}

void zset_large_free(void *large)
{
    struct zset *z = large;

    tree_free(z->tree);
    dict_free(z->dict, release);
    mem_free(z);
}

void *zset_large_copy(const void *large)
{
    const struct zset *z = large;
    struct zset *copy = large_new();
    struct tree_walk w;
    const struct element *e;

    tree_walk_begin(&w, z->tree, 0);
    while ((e = tree_next(&w)) != NULL)
        large_insert(copy, element_key(e), tree_score(e));
    return copy;
}

size_t zset_large_count(const void *large)
{
    return tree_count(((const struct zset *)large)->tree);
}

size_t zset_large_bytes(const void *large)
{
    const struct zset *z = large;

    return mem_usable_size(sizeof *z) + dict_overhead(z->dict) + tree_bytes(z->tree) + z->bytes;
}

static void clear_if_empty(struct value *v)
{
    struct zset *z = v->large;

    if (tree_count(z->tree) > 0)
        return;
    zset_large_free(z);
    value_clear(v);
}

/* ---- flat ---- */

/* A score as an element of the listpack: an integer where it is one, as Redis does it. */
static struct listpack_word score_word(double score, char *text)
{
    const double most = (double)(INT64_MAX / 2);

    if (score >= -most && score <= most && (double)(int64_t)score == score)
        return (struct listpack_word){.number = (int64_t)score, .is_number = true};
    return listpack_word(slice_of(text, (size_t)num_format_double(text, score)));
}

static double flat_score(const struct flat *f, size_t at)
{
    struct listpack_digits d;
    int64_t number;
    double score = 0;

    if (listpack_get_number(f, at, &number))
        return (double)number;
    num_parse_double(listpack_get(f, at, &d), &score);
    return score;
}

static size_t flat_find(const struct flat *f, struct slice member)
{
    struct listpack_word w;

    if (f->n == 0)
        return 0;
    w = listpack_word(member);
    return listpack_find(f, listpack_first(f), &w, 1);
}

/* Members before the first that lies behind the bound; *at: where that one is, 0: there is none. */
static size_t flat_before(const struct flat *f, const struct tree_bound *b, size_t *at)
{
    size_t rank = 0;

    *at = f->n == 0 ? 0 : listpack_first(f);
    while (*at != 0) {
        size_t score = listpack_next(f, *at);
        struct listpack_digits d;

        if (!tree_is_before(flat_score(f, score), listpack_get(f, *at, &d), b))
            break;
        *at = listpack_next(f, score);
        rank++;
    }
    return rank;
}

static void flat_insert(struct flat *f, struct slice member, double score)
{
    struct tree_bound b = tree_bound_both(score, member);
    struct listpack_word m = listpack_word(member), s;
    char text[NUM_DOUBLE_MAX];
    size_t at;

    if (f->n == 0)
        listpack_init(f);
    flat_before(f, &b, &at);
    s = score_word(score, text);
    at = listpack_insert(f, at, &m);
    listpack_insert(f, listpack_next(f, at), &s);
}

static void flat_remove(struct value *v, size_t at, size_t n)
{
    if (n >= listpack_count(&v->flat) / 2)
        value_clear(v);
    else
        listpack_remove(&v->flat, at, 2 * n);
}

static void turn_large(struct value *v)
{
    struct zset *z = large_new();
    struct zset_walk w;
    struct slice member;
    double score;

    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score))
        large_insert(z, member, score);
    value_enlarge(v, z);
}

static bool stays_flat(const struct value *v, struct slice member)
{
    return member.n <= v->limits.bytes && zset_count(v) < v->limits.entries && v->flat.n + member.n < LISTPACK_MOST;
}

/* ---- one member ---- */

static bool is_large(const struct value *v)
{
    return v->form == VALUE_LARGE;
}

size_t zset_count(const struct value *v)
{
    if (is_large(v))
        return zset_large_count(v->large);
    return v->flat.n == 0 ? 0 : listpack_count(&v->flat) / 2;
}

/* A member that was looked for: where it is, in the one or the other encoding. */
struct found {
    size_t at;
    struct element *element;
    double score;
};

static bool find(const struct value *v, struct slice member, struct found *found)
{
    if (is_large(v)) {
        const struct zset *z = v->large;

        found->element = dict_find(z->dict, member);
        if (found->element == NULL)
            return false;
        found->score = tree_score(found->element);
        return true;
    }
    found->at = flat_find(&v->flat, member);
    if (found->at == 0)
        return false;
    found->score = flat_score(&v->flat, listpack_next(&v->flat, found->at));
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

void zset_expect(struct value *v, size_t n)
{
    if (!is_large(v) && n > v->limits.entries)
        turn_large(v);
}

static void insert(struct value *v, struct slice member, double score)
{
    if (!is_large(v) && !stays_flat(v, member))
        turn_large(v);
    if (is_large(v))
        large_insert(v->large, member, score);
    else
        flat_insert(&v->flat, member, score);
}

static void move(struct value *v, struct slice member, const struct found *found, double score)
{
    if (is_large(v)) {
        tree_move(((struct zset *)v->large)->tree, found->element, score);
    } else {
        listpack_remove(&v->flat, found->at, 2);
        flat_insert(&v->flat, member, score);
    }
}

enum zset_outcome zset_add(struct value *v, struct slice member, double *score, unsigned rules)
{
    struct found found;
    double wanted = *score;

    if (!find(v, member, &found)) {
        if (rules & ZSET_XX)
            return ZSET_REFUSED;
        insert(v, member, wanted);
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
    move(v, member, &found, wanted);
    return ZSET_UPDATED;
}

bool zset_put(struct value *v, struct slice member, double score)
{
    return zset_add(v, member, &score, 0) == ZSET_ADDED;
}

bool zset_remove(struct value *v, struct slice member)
{
    struct found found;

    if (!find(v, member, &found))
        return false;
    if (is_large(v)) {
        struct zset *z = v->large;

        tree_remove(z->tree, found.element);
        large_drop(z, found.element);
        clear_if_empty(v);
    } else {
        flat_remove(v, found.at, 1);
    }
    return true;
}

/* ---- by rank ---- */

size_t zset_before(const struct value *v, const struct tree_bound *b)
{
    size_t at;

    if (is_large(v))
        return tree_before(((const struct zset *)v->large)->tree, b);
    return flat_before(&v->flat, b, &at);
}

bool zset_rank(const struct value *v, struct slice member, size_t *rank, double *score)
{
    struct found found;

    if (!find(v, member, &found))
        return false;
    *score = found.score;
    if (is_large(v)) {
        *rank = tree_rank(((const struct zset *)v->large)->tree, found.element);
        return true;
    }
    *rank = 0;
    for (size_t at = listpack_first(&v->flat); at != found.at; ++*rank)
        at = listpack_next(&v->flat, listpack_next(&v->flat, at));
    return true;
}

void zset_remove_range(struct value *v, size_t rank, size_t n)
{
    size_t count = zset_count(v);

    if (rank >= count || n == 0)
        return;
    if (n > count - rank)
        n = count - rank;
    if (is_large(v)) {
        struct zset *z = v->large;

        tree_remove_range(z->tree, rank, n, large_drop, z);
        clear_if_empty(v);
    } else {
        flat_remove(v, listpack_at(&v->flat, 2 * (int64_t)rank), n);
    }
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
        tree_walk_begin(&w->tree, ((const struct zset *)v->large)->tree, rank);
    else
        w->at = v->flat.n == 0 ? 0 : listpack_at(&v->flat, 2 * (int64_t)rank);
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
    size_t score_at;

    if (w->flat == NULL)
        return give(tree_next(&w->tree), member, score);
    if (w->at == 0)
        return false;
    *member = listpack_get(w->flat, w->at, &w->digits);
    score_at = listpack_next(w->flat, w->at);
    *score = flat_score(w->flat, score_at);
    w->at = listpack_next(w->flat, score_at);
    return true;
}

bool zset_walk_prev(struct zset_walk *w, struct slice *member, double *score)
{
    size_t before;

    if (w->flat == NULL)
        return give(tree_prev(&w->tree), member, score);
    if (w->at == 0)
        return false;
    *member = listpack_get(w->flat, w->at, &w->digits);
    *score = flat_score(w->flat, listpack_next(w->flat, w->at));
    before = listpack_prev(w->flat, w->at);
    w->at = before == 0 ? 0 : listpack_prev(w->flat, before);
    return true;
}

/* ---- scans ---- */

/* What zset_scan was asked to call. */
struct visitor {
    void (*visit)(void *arg, struct slice member, double score);
    void *arg;
};

static void visit_element(void *arg, struct element *e)
{
    const struct visitor *visitor = arg;

    visitor->visit(visitor->arg, element_key(e), tree_score(e));
}

uint64_t zset_scan(const struct value *v, uint64_t at, void (*visit)(void *arg, struct slice member, double score),
                   void *arg)
{
    struct visitor visitor = {visit, arg};
    struct zset_walk w;
    struct slice member;
    double score;

    if (is_large(v))
        return dict_scan(((const struct zset *)v->large)->dict, at, visit_element, &visitor);
    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score))
        visit(arg, member, score);
    return 0;
}

struct slice zset_random(const struct value *v, double *score, struct listpack_digits *d)
{
    size_t at;

    if (is_large(v)) {
        const struct element *e = dict_random(((const struct zset *)v->large)->dict);

        *score = tree_score(e);
        return element_key(e);
    }
    at = listpack_at(&v->flat, 2 * (int64_t)rand_below(zset_count(v)));
    *score = flat_score(&v->flat, listpack_next(&v->flat, at));
    return listpack_get(&v->flat, at, d);
}
