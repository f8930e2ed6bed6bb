/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/tree_node.h"

#include <string.h>

#include "base/must.h"
#include "base/slab.h"

struct leaf *tree_node_new_leaf(struct tree *t)
{
    struct leaf *l = slab_alloc(sizeof *l);

    l->prev = l->next = NULL;
    l->n = 0;
    t->leaves++;
    return l;
}

struct inner *tree_node_new_inner(struct tree *t)
{
    struct inner *node = slab_alloc(sizeof *node);

    node->n = 0;
    t->inners++;
    return node;
}

void tree_node_link_after(struct tree *t, struct leaf *l, struct leaf *next)
{
    next->prev = l;
    next->next = l->next;
    if (l->next != NULL)
        l->next->prev = next;
    else
        t->tail = next;
    l->next = next;
}

static void free_leaf(struct tree *t, struct leaf *l)
{
    must(l->n == 0 || t->leaves > 1);
    if (l->prev != NULL)
        l->prev->next = l->next;
    else
        t->head = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    else
        t->tail = l->prev;
    slab_free(l, sizeof *l);
    t->leaves--;
}

static void free_inner(struct tree *t, struct inner *node)
{
    must(t->inners > 0);
    slab_free(node, sizeof *node);
    t->inners--;
}

void tree_node_free(struct tree *t, void *node, unsigned height)
{
    if (height == 0)
        free_leaf(t, node);
    else
        free_inner(t, node);
}

void tree_node_copy_elements(struct leaf *k, unsigned to, const struct leaf *l, unsigned from, unsigned n)
{
    memmove(k->upper + to, l->upper + from, n * sizeof *k->upper);
    memmove(k->element + to, l->element + from, n * sizeof *k->element);
}

void tree_node_copy_children(struct inner *k, unsigned to, const struct inner *node, unsigned from, unsigned n)
{
    memmove(k->count + to, node->count + from, n * sizeof *k->count);
    memmove(k->order + to, node->order + from, n * sizeof *k->order);
    memmove(k->first + to, node->first + from, n * sizeof *k->first);
    memmove(k->child + to, node->child + from, n * sizeof *k->child);
}

void tree_node_update_first(struct inner *node, unsigned i, unsigned height)
{
    must(i < node->n && tree_node_length(node->child[i], height - 1) > 0);
    if (height == 1) {
        struct element *e = ((const struct leaf *)node->child[i])->element[0];

        node->first[i] = e;
        node->order[i] = tree_order(tree_score(e));
    } else {
        const struct inner *child = node->child[i];

        node->first[i] = child->first[0];
        node->order[i] = child->order[0];
    }
}

uint32_t tree_node_count(const void *node, unsigned height)
{
    const struct inner *inner = node;
    uint32_t n = 0;

    if (height == 0)
        return ((const struct leaf *)node)->n;
    for (unsigned i = 0; i < inner->n; i++)
        n += inner->count[i];
    return n;
}

bool tree_node_free_last(void *node, unsigned height)
{
    struct inner *inner = node;

    if (height == 0) {
        slab_free(node, sizeof(struct leaf));
        return true;
    }
    must(inner->n > 0);
    if (!tree_node_free_last(inner->child[inner->n - 1], height - 1) || --inner->n > 0)
        return false;
    slab_free(inner, sizeof *inner);
    return true;
}
