/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset_large.h"

#include "base/mem.h"
#include "base/must.h"

struct zset_large *zset_large_new(void)
{
    struct zset_large *z = mem_alloc(sizeof *z);

    *z = (struct zset_large){ZSET_LARGE_MAGIC, dict_new(), tree_new()};
    return z;
}

struct zset_large *zset_large_new_of(struct dict *dict, struct element *const *sorted, size_t n)
{
    struct zset_large *z = mem_alloc(sizeof *z);

    must(dict_count(dict) == n);
    *z = (struct zset_large){ZSET_LARGE_MAGIC, dict, tree_new()};
    for (size_t i = 0; i < n; i++)
        tree_insert(z->tree, sorted[i]);
    return z;
}

struct element *zset_large_element(struct slice member, double score)
{
    struct element *e = element_new(member, TREE_REST);

    tree_set_score(e, score);
    return e;
}

void zset_large_take(struct zset_large *z, struct element *e)
{
    must_be(z, ZSET_LARGE_MAGIC);
    dict_insert(z->dict, e, TREE_REST);
    tree_insert(z->tree, e);
}

/* For an element that is not in the tree any more. */
static void drop(void *arg, struct element *e)
{
    struct zset_large *z = arg;

    must_be(z, ZSET_LARGE_MAGIC);
    dict_remove(z->dict, e, TREE_REST);
    element_free(e, TREE_REST);
}

void zset_large_remove(struct zset_large *z, struct element *e)
{
    tree_remove(z->tree, e);
    drop(z, e);
}

void zset_large_remove_range(struct zset_large *z, size_t rank, size_t n)
{
    tree_remove_range(z->tree, rank, n, drop, z);
}

static void release(void *element)
{
    element_free(element, TREE_REST);
}

void zset_large_free(void *large)
{
    struct zset_large *z = large;

    must_be(z, ZSET_LARGE_MAGIC);
    tree_free(z->tree);
    dict_free(z->dict, release);
    z->magic = 0;
    mem_free(z);
}

void *zset_large_copy(const void *large)
{
    const struct zset_large *z = large;
    struct zset_large *copy = zset_large_new();
    struct tree_walk w;
    const struct element *e;

    dict_reserve(copy->dict, dict_count(z->dict));
    tree_walk_begin(&w, z->tree, 0);
    while ((e = tree_next(&w)) != NULL)
        zset_large_take(copy, zset_large_element(element_key(e), tree_score(e)));
    return copy;
}

size_t zset_large_count(const void *large)
{
    const struct zset_large *z = large;

    must_be(z, ZSET_LARGE_MAGIC);
    return tree_count(z->tree);
}

size_t zset_large_bytes(const void *large)
{
    const struct zset_large *z = large;

    must_be(z, ZSET_LARGE_MAGIC);
    return mem_usable_size(sizeof *z) + dict_bytes(z->dict) + tree_bytes(z->tree);
}

/* ---- compaction: first the elements, then the nodes of the tree ---- */

#define IN_TREE ((uint64_t)1 << 63) /* in a position: the rest is a rank, else a bucket */

static size_t rest_of(const struct element *e)
{
    (void)e;
    return TREE_REST;
}

static void moved(void *arg, const struct element *old, struct element *e)
{
    struct zset_large *z = arg;

    tree_replace(z->tree, old, e);
}

uint64_t zset_large_compact(void *large, uint64_t at, struct slab_work *w)
{
    struct zset_large *z = large;

    must_be(z, ZSET_LARGE_MAGIC);
    if (!(at & IN_TREE)) {
        at = dict_compact(z->dict, (uint32_t)at, w, &(struct dict_mover){rest_of, moved, z});
        if (at != 0)
            return at;
        at = IN_TREE;
    }
    if (w->left == 0)
        return at;
    at = tree_compact(z->tree, at & ~IN_TREE, w);
    return at != 0 ? at | IN_TREE : 0;
}
