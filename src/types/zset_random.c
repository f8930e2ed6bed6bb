/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset_random.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "types/zset_flat.h"

#define DENSE 4 /* a sample of at least 1 of so many members is selected on a walk */

/* ---- draws ---- */

void zset_draw_begin(struct zset_draw *d, const struct value *v)
{
    const struct flat *f = &v->flat;
    size_t n = 0;

    *d = (struct zset_draw){.v = v};
    if (v->form == VALUE_LARGE)
        return;
    d->n = zset_flat_count(f);
    d->at = mem_alloc(d->n * sizeof *d->at);
    for (size_t at = zset_flat_at(f, 0); at != 0; at = zset_flat_next(f, at))
        d->at[n++] = at;
}

struct slice zset_draw(struct zset_draw *d, double *score)
{
    const struct flat *f = &d->v->flat;
    size_t at;

    if (d->v->form == VALUE_LARGE) {
        const struct zset_large *z = d->v->large;
        const struct element *e;

        must_be(z, ZSET_LARGE_MAGIC);
        e = dict_random(z->dict);
        must(e != NULL);
        *score = tree_score(e);
        return element_key(e);
    }
    must(d->n > 0);
    at = d->at[rand_below(d->n)];
    *score = zset_flat_score(f, at);
    return listpack_get(f, at, &d->digits);
}

void zset_draw_end(struct zset_draw *d)
{
    mem_free(d->at);
}

/* ---- samples ---- */

static void sample_on_walk(const struct value *v, size_t n, zset_visit *visit, void *arg)
{
    struct zset_walk w;
    struct slice member;
    double score;

    zset_walk_begin(&w, v);
    for (size_t left = zset_count(v); n > 0 && zset_walk_next(&w, &member, &score); left--) {
        if (!rand_picks(n, left))
            continue;
        visit(arg, member, score);
        n--;
    }
}

static int ascending(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;

    return (x > y) - (x < y);
}

/* Sorts n ranks and removes duplicates. Returns how many remain. */
static size_t sort_out(size_t *ranks, size_t n)
{
    size_t left = 0;

    qsort(ranks, n, sizeof *ranks, ascending);
    for (size_t i = 0; i < n; i++)
        if (left == 0 || ranks[left - 1] != ranks[i])
            ranks[left++] = ranks[i];
    return left;
}

/* Draws ranks until n distinct ones have come. */
static void sample_by_rank(const struct value *v, size_t n, zset_visit *visit, void *arg)
{
    size_t *ranks = mem_alloc(n * sizeof *ranks), drawn = 0;
    struct zset_walk w;
    struct slice member;
    double score;

    while (drawn < n) {
        for (size_t i = drawn; i < n; i++)
            ranks[i] = rand_below(zset_count(v));
        drawn = sort_out(ranks, n);
    }
    for (size_t i = 0; i < n; i++) {
        zset_walk_begin_at(&w, v, ranks[i]);
        zset_walk_next(&w, &member, &score);
        visit(arg, member, score);
    }
    mem_free(ranks);
}

void zset_sample(const struct value *v, size_t n, zset_visit *visit, void *arg)
{
    must(n <= zset_count(v));
    if (v->form != VALUE_LARGE || n >= zset_count(v) / DENSE)
        sample_on_walk(v, n, visit, arg);
    else
        sample_by_rank(v, n, visit, arg);
}
