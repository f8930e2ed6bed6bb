/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset_gather.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "types/zset_flat.h"

#define ROOM_FIRST 32

struct zset_gather zset_gather_new(bool findable)
{
    return (struct zset_gather){.dict = findable ? dict_new() : NULL};
}

void zset_gather_add(struct zset_gather *g, struct slice member, double score)
{
    struct element *e = zset_large_element(member, score);

    sane(g->dict == NULL || dict_find(g->dict, member) == NULL);
    if (g->n == g->room) {
        g->room = g->room == 0 ? ROOM_FIRST : 2 * g->room;
        g->elements = mem_realloc(g->elements, g->room * sizeof *g->elements);
    }
    g->elements[g->n++] = e;
    if (g->dict != NULL)
        dict_insert(g->dict, e, TREE_REST);
    g->longest = member.n > g->longest ? member.n : g->longest;
    g->bytes += member.n;
}

struct element *zset_gather_find(const struct zset_gather *g, struct slice member)
{
    must(g->dict != NULL);
    return dict_find(g->dict, member);
}

static int in_order(const void *a, const void *b)
{
    const struct element *x = *(struct element *const *)a, *y = *(struct element *const *)b;
    double s = tree_score(x), t = tree_score(y);

    return s < t ? -1 : s > t ? 1 : slice_cmp(element_key(x), element_key(y));
}

void zset_gather_sort(struct zset_gather *g)
{
    if (g->n > 0)
        qsort(g->elements, g->n, sizeof *g->elements, in_order);
}

static void keep(void *element)
{
    (void)element;
}

void zset_gather_free(struct zset_gather *g)
{
    for (size_t i = 0; i < g->n; i++)
        element_free(g->elements[i], TREE_REST);
    if (g->dict != NULL)
        dict_free(g->dict, keep);
    mem_free(g->elements);
}

static struct dict *dict_of(const struct zset_gather *g)
{
    struct dict *d = dict_new();

    dict_reserve(d, g->n);
    for (size_t i = 0; i < g->n; i++)
        dict_insert(d, g->elements[i], TREE_REST);
    return d;
}

static void make_large(struct zset_gather *g, struct value *v)
{
    struct dict *d = g->dict != NULL ? g->dict : dict_of(g);

    value_enlarge(v, zset_large_new_of(d, g->elements, g->n));
}

void zset_gather_end(struct zset_gather *g, struct value *v)
{
    must(value_is_empty(v));
    zset_gather_sort(g);
    if (g->n > v->limits.entries || g->longest > v->limits.bytes || g->bytes >= FLAT_MAX) {
        make_large(g, v);
        mem_free(g->elements);
        return;
    }
    for (size_t i = 0; i < g->n; i++) {
        double score = tree_score(g->elements[i]);

        zset_flat_append(&v->flat, element_key(g->elements[i]), score == 0 ? 0 : score); /* no -0, as by zset_add */
    }
    zset_gather_free(g);
}
