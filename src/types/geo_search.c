/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/geo_search.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"

#define ROOM_FIRST 32

/* ---- order ---- */

/* Below 0: a comes first; 0: both are equally distant. */
static inline int compare(const struct geo_hit *a, const struct geo_hit *b, enum geo_order order)
{
    int sign = (a->distance > b->distance) - (a->distance < b->distance);

    return order == GEO_NEAREST ? sign : -sign;
}

static int in_order(const void *a, const void *b, void *order)
{
    const struct geo_hit *x = a, *y = b;
    int sign = compare(x, y, *(const enum geo_order *)order);

    return sign != 0 ? sign : (x->found > y->found) - (x->found < y->found);
}

static void sort_all(struct geo_hit *v, size_t n, enum geo_order order)
{
    qsort_r(v, n, sizeof *v, in_order, &order);
}

static inline void swap(struct geo_hit *a, struct geo_hit *b)
{
    struct geo_hit c = *a;

    *a = *b;
    *b = c;
}

static void swap_runs(struct geo_hit *a, struct geo_hit *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        swap(&a[i], &b[i]);
}

/*
 * The quicksort of Bentley and McIlroy, "Engineering a Sort Function", 1993, without the parts that lie after the hits
 * asked for. It determines which of several equally distant members come first, step by step as in Redis.
 */
#define FEW  7  /* below so many members, insertion sort */
#define MANY 40 /* above so many, the pivot is a median of medians */

static void sort_few(struct geo_hit *v, size_t n, enum geo_order order)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && compare(&v[k - 1], &v[k], order) > 0; k--)
            swap(&v[k - 1], &v[k]);
}

static struct geo_hit *median(struct geo_hit *a, struct geo_hit *b, struct geo_hit *c, enum geo_order order)
{
    if (compare(a, b, order) < 0)
        return compare(b, c, order) < 0 ? b : compare(a, c, order) < 0 ? c : a;
    return compare(b, c, order) > 0 ? b : compare(a, c, order) < 0 ? a : c;
}

static struct geo_hit *pivot(struct geo_hit *v, size_t n, enum geo_order order)
{
    struct geo_hit *first = v, *middle = v + n / 2, *last = v + n - 1;
    size_t step = n / 8;

    if (n == FEW)
        return middle;
    if (n > MANY) {
        first = median(first, first + step, first + 2 * step, order);
        middle = median(middle - step, middle, middle + step, order);
        last = median(last - 2 * step, last - step, last, order);
    }
    return median(first, middle, last, order);
}

/* Partitions v. Elements equal to the pivot are gathered at both ends and moved to the middle at last.
 *
 *   0       a      b          c       d       n
 *   +-------+------+----------+-------+-------+
 *   | equal | less |    ?     | more  | equal |
 *   +-------+------+----------+-------+-------+
 *
 * *less and *more: how many elements are before and after the equal ones. */
static void part(struct geo_hit *v, size_t n, enum geo_order order, size_t *less, size_t *more)
{
    size_t a = 1, b = 1, c = n, d = n;
    int sign;

    swap(&v[0], pivot(v, n, order));
    for (;;) {
        for (; b < c && (sign = compare(&v[b], &v[0], order)) <= 0; b++)
            if (sign == 0)
                swap(&v[a++], &v[b]);
        for (; b < c && (sign = compare(&v[c - 1], &v[0], order)) >= 0; c--)
            if (sign == 0)
                swap(&v[c - 1], &v[--d]);
        if (b >= c)
            break;
        swap(&v[b++], &v[--c]);
    }
    *less = b - a;
    *more = d - c;
    swap_runs(v, v + b - (a < *less ? a : *less), a < *less ? a : *less);
    swap_runs(v + b, v + n - (n - d < *more ? n - d : *more), n - d < *more ? n - d : *more);
}

/* Sorts as much of v as is needed for its first `count` elements. rounds: how many partitions may follow one another,
 * before all is sorted by other means; this bounds the cost of bad pivots. */
static void sort_first(struct geo_hit *v, size_t n, size_t count, enum geo_order order, unsigned rounds)
{
    size_t less, more;

    must(count > 0);
    while (n >= FEW) {
        if (rounds-- == 0) {
            sort_all(v, n, order);
            return;
        }
        part(v, n, order, &less, &more);
        if (less > 1)
            sort_first(v, less, count, order, rounds);
        if (more <= 1 || n - more >= count)
            return;
        v += n - more;
        count -= n - more;
        n = more;
    }
    sort_few(v, n, order);
}

static unsigned rounds_for(size_t n)
{
    return 2 * (64 - (unsigned)__builtin_clzll(n));
}

static void put_in_order(struct geo_hits *hits, const struct geo_query *q)
{
    if (q->order == GEO_AS_FOUND || hits->n < 2)
        return;
    if (q->count > 0 && q->count < hits->n)
        sort_first(hits->v, hits->n, q->count, q->order, rounds_for(hits->n));
    else
        sort_all(hits->v, hits->n, q->order);
}

/* ---- hits ---- */

struct search {
    const struct value *v;
    const struct geo_query *q;
    struct geo_hits *hits;
    struct zset_walk walk;
};

/* The bytes of a member, valid as long as the sorted set is unchanged and not only until the next member. */
static struct slice retained(struct search *s, struct slice member)
{
    struct geo_hits *hits = s->hits;
    char *p;

    if (member.p != s->walk.digits.p)
        return member;
    if (hits->digits == NULL)
        hits->digits = mem_alloc(zset_count(s->v) * NUM_I64_MAX);
    must(hits->digits_n + member.n <= zset_count(s->v) * NUM_I64_MAX);
    p = hits->digits + hits->digits_n;
    memcpy(p, member.p, member.n);
    hits->digits_n += member.n;
    return slice_of(p, member.n);
}

static void add(struct search *s, struct geo_hit hit)
{
    struct geo_hits *hits = s->hits;

    if (hits->n == hits->room) {
        hits->room = hits->room == 0 ? ROOM_FIRST : 2 * hits->room;
        hits->v = mem_realloc(hits->v, hits->room * sizeof *hits->v);
    }
    hit.member = retained(s, hit.member);
    hit.found = hits->n;
    hits->v[hits->n++] = hit;
}

/* ---- the walk ---- */

static bool has_enough(const struct search *s)
{
    return s->q->count > 0 && s->q->any && s->hits->n >= s->q->count;
}

static void search_cell(struct search *s, struct geohash_cell cell)
{
    struct geohash_scores scores = geohash_scores(cell);
    struct tree_bound min = tree_bound_score(scores.min, false);
    struct geo_hit hit;

    zset_walk_begin_from(&s->walk, s->v, &min);
    while (!has_enough(s) && zset_walk_next(&s->walk, &hit.member, &hit.score) && hit.score < scores.end)
        if (geo_shape_has(&s->q->shape, hit.score, &hit.distance))
            add(s, hit);
}

void geo_search(const struct value *v, const struct geo_query *q, struct geo_hits *hits)
{
    struct search s = {.v = v, .q = q, .hits = hits};
    struct geohash_cell cells[GEO_CELLS_MAX];
    unsigned n = geo_shape_cells(&q->shape, cells);

    *hits = (struct geo_hits){0};
    must(n > 0 && n <= GEO_CELLS_MAX);
    for (unsigned i = 0; i < n && !has_enough(&s); i++)
        search_cell(&s, cells[i]);
    put_in_order(hits, q);
    if (q->count > 0 && hits->n > q->count)
        hits->n = q->count;
}

void geo_hits_free(struct geo_hits *hits)
{
    mem_free(hits->v);
    mem_free(hits->digits);
}
