/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/geo_search.h"

#include <stdlib.h>

#include "base/mem.h"

#define ROOM_FIRST 32

/* ---- order ---- */

static bool is_before(const struct geo_hit *a, const struct geo_hit *b, enum geo_order order)
{
    if (a->distance != b->distance)
        return (a->distance < b->distance) == (order == GEO_NEAREST);
    return a->found < b->found;
}

static int in_order(const void *a, const void *b, void *order)
{
    return is_before(a, b, *(const enum geo_order *)order) ? -1 : 1;
}

static void swap(struct geo_hit *a, struct geo_hit *b)
{
    struct geo_hit c = *a;

    *a = *b;
    *b = c;
}

/* A heap whose first is the last in the order: https://en.wikipedia.org/wiki/Binary_heap. The last of n hits has come
 * to it. */
static void sift_up(struct geo_hit *v, size_t n, enum geo_order order)
{
    for (size_t i = n - 1; i > 0 && is_before(&v[(i - 1) / 2], &v[i], order); i = (i - 1) / 2)
        swap(&v[i], &v[(i - 1) / 2]);
}

/* Its first is another one. */
static void sift_down(struct geo_hit *v, size_t n, enum geo_order order)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_before(&v[child], &v[child + 1], order))
            child++;
        if (!is_before(&v[i], &v[child], order))
            return;
        swap(&v[i], &v[child]);
    }
}

/* ---- what is found ---- */

struct search {
    const struct value *v;
    const struct geo_query *q;
    struct geo_hits *hits;
    struct zset_walk walk;
    size_t found;
};

/* The bytes of a member as long as the sorted set has it, and not only until the next one. */
static struct slice kept(struct search *s, struct slice member)
{
    struct geo_hits *hits = s->hits;
    char *p;

    if (member.p != s->walk.digits.p)
        return member;
    if (hits->digits == NULL)
        hits->digits = mem_alloc(zset_count(s->v) * NUM_I64_MAX);
    p = hits->digits + hits->digits_n;
    memcpy(p, member.p, member.n);
    hits->digits_n += member.n;
    return slice_of(p, member.n);
}

/* Only the first in the order are asked for, so the others need not be kept. */
static bool is_heap(const struct geo_query *q)
{
    return q->most > 0 && q->order != GEO_AS_FOUND && !q->any;
}

static void push(struct geo_hits *hits, const struct geo_hit *hit)
{
    if (hits->n == hits->room) {
        hits->room = hits->room == 0 ? ROOM_FIRST : 2 * hits->room;
        hits->v = mem_realloc(hits->v, hits->room * sizeof *hits->v);
    }
    hits->v[hits->n++] = *hit;
}

static void add(struct search *s, struct geo_hit *hit)
{
    const struct geo_query *q = s->q;
    struct geo_hits *hits = s->hits;

    hit->found = s->found++;
    if (is_heap(q) && hits->n == q->most) {
        if (!is_before(hit, &hits->v[0], q->order))
            return;
        hit->member = kept(s, hit->member);
        hits->v[0] = *hit;
        sift_down(hits->v, hits->n, q->order);
        return;
    }
    hit->member = kept(s, hit->member);
    push(hits, hit);
    if (is_heap(q))
        sift_up(hits->v, hits->n, q->order);
}

/* ---- the walk ---- */

static bool has_enough(const struct search *s)
{
    return s->q->most > 0 && s->q->any && s->hits->n >= s->q->most;
}

static void search_cell(struct search *s, struct geohash_cell cell)
{
    struct geohash_scores scores = geohash_scores(cell);
    struct tree_bound least = tree_bound_score(scores.least, false);
    struct geo_hit hit;

    zset_walk_begin_from(&s->walk, s->v, &least);
    while (!has_enough(s) && zset_walk_next(&s->walk, &hit.member, &hit.score) && hit.score < scores.below)
        if (geo_shape_has(&s->q->shape, hit.score, &hit.distance))
            add(s, &hit);
}

void geo_search(const struct value *v, const struct geo_query *q, struct geo_hits *hits)
{
    struct search s = {.v = v, .q = q, .hits = hits};
    struct geohash_cell cells[GEO_CELLS_MOST];
    unsigned n = geo_shape_cells(&q->shape, cells);
    enum geo_order order = q->order;

    *hits = (struct geo_hits){0};
    for (unsigned i = 0; i < n && !has_enough(&s); i++)
        search_cell(&s, cells[i]);
    if (order != GEO_AS_FOUND && hits->n > 1)
        qsort_r(hits->v, hits->n, sizeof *hits->v, in_order, &order);
    if (q->most > 0 && hits->n > q->most)
        hits->n = q->most;
}

void geo_hits_free(struct geo_hits *hits)
{
    mem_free(hits->v);
    mem_free(hits->digits);
}
