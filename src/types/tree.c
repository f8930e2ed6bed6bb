/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/tree.h"

#include "base/must.h"
#include "base/slab.h"
#include "types/tree_node.h"

/*
 * Two neighbours are joined if they fill at most three quarters of a node. So a joined node has room before it is split
 * again.
 */
#define LEAF_JOIN  (TREE_LEAF_MAX * 3 / 4)
#define INNER_JOIN (TREE_INNER_MAX * 3 / 4)

/* ---- searches ---- */

/* Reads the element only if its order does not decide. */
static inline bool is_before(uint64_t order, const struct element *e, const struct tree_bound *b)
{
    if (b->by_score && order != b->order)
        return order < b->order;
    return tree_member_is_before(b->by_member ? element_key(e) : SLICE(""), b);
}

static inline bool element_is_before(const struct element *e, const struct tree_bound *b)
{
    return is_before(b->by_score ? tree_order(tree_score(e)) : 0, e, b);
}

/* The number of elements of the leaf before the bound. */
static unsigned search_leaf(const struct leaf *l, const struct tree_bound *b)
{
    uint32_t upper = b->order >> 32;
    unsigned from = 0, to = l->n;

    while (from < to) {
        unsigned i = (from + to) / 2;
        bool before = b->by_score && l->upper[i] != upper ? l->upper[i] < upper : element_is_before(l->element[i], b);

        if (before)
            from = i + 1;
        else
            to = i;
    }
    return from;
}

/* The child that contains the bound: the last one that begins before it, or the first. */
static unsigned search_inner(const struct inner *node, const struct tree_bound *b)
{
    unsigned from = 1, to = node->n;

    while (from < to) {
        unsigned i = (from + to) / 2;

        if (is_before(node->order[i], node->first[i], b))
            from = i + 1;
        else
            to = i;
    }
    return from - 1;
}

/* ---- the tree ---- */

struct tree *tree_new(void)
{
    struct tree *t = mem_zalloc(sizeof *t);

    t->root = t->head = t->tail = tree_node_new_leaf(t);
    return t;
}

bool tree_free_part(struct tree *t, size_t elements)
{
    must(t->height <= TREE_HEIGHT_MAX);
    for (size_t freed = 0; freed <= elements; freed += TREE_LEAF_MAX)
        if (tree_node_free_last(t->root, t->height)) {
            mem_free(t);
            return true;
        }
    return false;
}

size_t tree_count(const struct tree *t)
{
    return t->count;
}

size_t tree_bytes(const struct tree *t)
{
    return mem_usable_size(sizeof *t) + t->leaves * slab_usable_size(sizeof(struct leaf)) +
           t->inners * slab_usable_size(sizeof(struct inner));
}

/* ---- descent ---- */

/* The path from the root to a position in a leaf: the node and the index of its child at each level. */
struct path {
    struct inner *node[TREE_HEIGHT_MAX];
    unsigned at[TREE_HEIGHT_MAX];
    struct leaf *leaf;
    unsigned i;
};

static void descend(const struct tree *t, const struct tree_bound *b, struct path *p)
{
    void *node = t->root;

    for (unsigned level = 0; level < t->height; level++) {
        p->node[level] = node;
        p->at[level] = search_inner(node, b);
        node = p->node[level]->child[p->at[level]];
    }
    p->leaf = node;
    p->i = search_leaf(node, b);
}

/* To an element that is in the tree. */
static void descend_to_element(const struct tree *t, const struct element *e, struct path *p)
{
    struct tree_bound b = tree_bound_both(tree_score(e), element_key(e), true);

    descend(t, &b, p);
    must(p->i > 0 && p->leaf->element[p->i - 1] == e);
    p->i--;
}

/* To the position before the element of this rank; to the end if there is none. */
static void descend_to_rank(const struct tree *t, size_t rank, struct path *p)
{
    void *node = t->root;

    for (unsigned level = 0; level < t->height; level++) {
        const struct inner *inner = p->node[level] = node;
        unsigned i = 0;

        for (; i + 1 < inner->n && rank >= inner->count[i]; i++)
            rank -= inner->count[i];
        p->at[level] = i;
        node = inner->child[i];
    }
    p->leaf = node;
    p->i = rank < p->leaf->n ? rank : p->leaf->n;
}

static size_t rank_of(const struct tree *t, const struct path *p)
{
    size_t rank = p->i;

    for (unsigned level = 0; level < t->height; level++)
        for (unsigned i = 0; i < p->at[level]; i++)
            rank += p->node[level]->count[i];
    return rank;
}

size_t tree_before(const struct tree *t, const struct tree_bound *b)
{
    struct path p;

    descend(t, b, &p);
    return rank_of(t, &p);
}

size_t tree_rank(const struct tree *t, const struct element *e)
{
    struct path p;

    descend_to_element(t, e, &p);
    return rank_of(t, &p);
}

/* ---- insertion ---- */

/* Where a new element goes. */
enum side { WITHIN, AT_HEAD, AT_TAIL };

static enum side side_of(const struct tree *t, const struct tree_bound *b)
{
    if (t->count == 0 || element_is_before(t->tail->element[t->tail->n - 1], b))
        return AT_TAIL;
    return element_is_before(t->head->element[0], b) ? WITHIN : AT_HEAD;
}

/* How many of n elements or children stay in the left half of a full node. If the tree grows at one end, full nodes
 * remain. */
static unsigned left_share(unsigned n, enum side side)
{
    return side == AT_TAIL ? n - 1 : side == AT_HEAD ? 1 : n / 2;
}

static void *split_leaf(struct tree *t, struct leaf *l, enum side side)
{
    struct leaf *right = tree_node_new_leaf(t);
    unsigned left = left_share(l->n, side);

    must(left > 0 && left < l->n);
    right->n = l->n - left;
    tree_node_copy_elements(right, 0, l, left, right->n);
    l->n = left;
    tree_node_link_after(t, l, right);
    return right;
}

static void *split_inner(struct tree *t, struct inner *node, enum side side)
{
    struct inner *right = tree_node_new_inner(t);
    unsigned left = left_share(node->n, side);

    must(left > 0 && left < node->n);
    right->n = node->n - left;
    tree_node_copy_children(right, 0, node, left, right->n);
    node->n = left;
    return right;
}

/* Splits child i, which is full; the node has room for one more child. */
static void split_child(struct tree *t, struct inner *node, unsigned i, unsigned height, enum side side)
{
    void *child = node->child[i];
    void *right = height == 1 ? split_leaf(t, child, side) : split_inner(t, child, side);

    must(node->n < TREE_INNER_MAX && i < node->n);
    tree_node_copy_children(node, i + 2, node, i + 1, node->n - i - 1);
    node->n++;
    node->child[i + 1] = right;
    node->count[i + 1] = tree_node_count(right, height - 1);
    node->count[i] -= node->count[i + 1];
    tree_node_update_first(node, i + 1, height);
}

static bool is_full(const void *node, unsigned height)
{
    return tree_node_length(node, height) == (height == 0 ? TREE_LEAF_MAX : TREE_INNER_MAX);
}

/* Adds a root above the old one. */
static void grow(struct tree *t)
{
    struct inner *root = tree_node_new_inner(t);

    must(t->height < TREE_HEIGHT_MAX);
    root->n = 1;
    root->child[0] = t->root;
    root->count[0] = t->count;
    t->root = root;
    tree_node_update_first(root, 0, ++t->height);
}

static void put(struct leaf *l, unsigned i, struct element *e, uint64_t order)
{
    must(i <= l->n && l->n < TREE_LEAF_MAX);
    tree_node_copy_elements(l, i + 1, l, i, l->n - i);
    l->element[i] = e;
    l->upper[i] = order >> 32;
    l->n++;
}

/* Splits full nodes on the way down, so that there is always room above. */
void tree_insert(struct tree *t, struct element *e)
{
    struct tree_bound b = tree_bound_both(tree_score(e), element_key(e), false);
    enum side side = side_of(t, &b);
    void *node;

    must(tree_score(e) == tree_score(e)); /* not NaN */
    if (is_full(t->root, t->height))
        grow(t);
    node = t->root;
    for (unsigned height = t->height; height > 0; height--) {
        struct inner *inner = node;
        unsigned i = search_inner(inner, &b);

        if (is_full(inner->child[i], height - 1)) {
            split_child(t, inner, i, height, side);
            i += is_before(inner->order[i + 1], inner->first[i + 1], &b);
        }
        inner->count[i]++;
        if (side == AT_HEAD) {
            inner->first[i] = e;
            inner->order[i] = b.order;
        }
        node = inner->child[i];
    }
    put(node, search_leaf(node, &b), e, b.order);
    t->count++;
}

/* ---- removal ---- */

static void remove_child(struct inner *node, unsigned i)
{
    must(i < node->n);
    tree_node_copy_children(node, i, node, i + 1, node->n - i - 1);
    node->n--;
}

/* Appends the content of child i + 1 to child i. */
static void join(struct tree *t, struct inner *node, unsigned i, unsigned height)
{
    void *left = node->child[i], *right = node->child[i + 1];

    must(i + 1 < node->n);
    if (height == 1) {
        struct leaf *l = left, *r = right;

        tree_node_copy_elements(l, l->n, r, 0, r->n);
        l->n += r->n;
    } else {
        struct inner *l = left, *r = right;

        tree_node_copy_children(l, l->n, r, 0, r->n);
        l->n += r->n;
    }
    tree_node_free(t, right, height - 1);
    node->count[i] += node->count[i + 1];
    remove_child(node, i + 1);
}

static bool may_join(const struct inner *node, unsigned i, unsigned height)
{
    return i + 1 < node->n &&
           tree_node_length(node->child[i], height - 1) + tree_node_length(node->child[i + 1], height - 1) <=
               (height == 1 ? LEAF_JOIN : INNER_JOIN);
}

/* After the removal of elements below child i. */
static void rebalance(struct tree *t, struct inner *node, unsigned i, unsigned height)
{
    if (tree_node_length(node->child[i], height - 1) == 0) {
        tree_node_free(t, node->child[i], height - 1);
        remove_child(node, i);
        return;
    }
    tree_node_update_first(node, i, height);
    if (may_join(node, i, height))
        join(t, node, i, height);
    else if (i > 0 && may_join(node, i - 1, height))
        join(t, node, i - 1, height);
}

/* Removes n elements at the end of the path, all in its leaf, and rebalances on the way up. */
static void remove_from_leaf(struct tree *t, const struct path *p, unsigned n)
{
    struct leaf *l = p->leaf;

    must(n > 0 && p->i + n <= l->n && n <= t->count);
    tree_node_copy_elements(l, p->i, l, p->i + n, l->n - p->i - n);
    l->n -= n;
    t->count -= n;
    for (unsigned level = t->height; level-- > 0;) {
        must(p->node[level]->count[p->at[level]] >= n);
        p->node[level]->count[p->at[level]] -= n;
        rebalance(t, p->node[level], p->at[level], t->height - level);
    }
    while (t->height > 0 && tree_node_length(t->root, t->height) == 1) {
        struct inner *root = t->root;

        t->root = root->child[0];
        tree_node_free(t, root, t->height--);
    }
}

void tree_remove(struct tree *t, const struct element *e)
{
    struct path p;

    descend_to_element(t, e, &p);
    remove_from_leaf(t, &p, 1);
}

void tree_remove_range(struct tree *t, size_t rank, size_t n, void (*removed)(void *arg, struct element *e), void *arg)
{
    while (n > 0 && rank < t->count) {
        struct path p;
        unsigned here;

        descend_to_rank(t, rank, &p);
        here = p.leaf->n - p.i < n ? p.leaf->n - p.i : n;
        for (unsigned i = 0; i < here; i++)
            removed(arg, p.leaf->element[p.i + i]);
        remove_from_leaf(t, &p, here);
        n -= here;
    }
}

/* ---- score changes ---- */

/* Whether the element at the end of the path keeps its position with this score. */
static bool keeps_order(const struct path *p, double score)
{
    const struct leaf *l = p->leaf;
    struct tree_walk before = {l, p->i}, after = {l, p->i + 1};
    const struct element *e = l->element[p->i], *prev = tree_prev(&before), *next = tree_next(&after);
    struct tree_bound b = tree_bound_both(score, element_key(e), false);

    return (prev == NULL || element_is_before(prev, &b)) && (next == NULL || !element_is_before(next, &b));
}

void tree_move(struct tree *t, struct element *e, double score)
{
    struct path p;

    must(score == score); /* not NaN */
    descend_to_element(t, e, &p);
    if (!keeps_order(&p, score)) {
        remove_from_leaf(t, &p, 1);
        tree_set_score(e, score);
        tree_insert(t, e);
        return;
    }
    tree_set_score(e, score);
    p.leaf->upper[p.i] = tree_order(score) >> 32;
    if (p.i > 0)
        return;
    for (unsigned level = t->height; level-- > 0 && p.node[level]->first[p.at[level]] == e;)
        p.node[level]->order[p.at[level]] = tree_order(score);
}

/* ---- compaction ---- */

/* Where the pointer to the node at `level` of the path is; the leaf is at level t->height. */
static void **pointer_to(struct tree *t, const struct path *p, unsigned level)
{
    return level == 0 ? &t->root : &p->node[level - 1]->child[p->at[level - 1]];
}

void tree_replace(struct tree *t, const struct element *e, struct element *copy)
{
    struct path p;

    descend_to_element(t, e, &p);
    p.leaf->element[p.i] = copy;
    for (unsigned level = t->height; p.i == 0 && level-- > 0 && p.node[level]->first[p.at[level]] == e;)
        p.node[level]->first[p.at[level]] = copy;
}

static void move_leaf(struct tree *t, const struct path *p, struct slab_work *w)
{
    struct leaf *old = p->leaf, *l = slab_move(w, old, sizeof *old);

    if (l == NULL)
        return;
    *pointer_to(t, p, t->height) = l;
    *(l->prev != NULL ? &l->prev->next : &t->head) = l;
    *(l->next != NULL ? &l->next->prev : &t->tail) = l;
    slab_moved(old, sizeof *old);
}

static void move_inner(struct tree *t, struct path *p, unsigned level, struct slab_work *w)
{
    struct inner *old = p->node[level], *moved = slab_move(w, old, sizeof *old);

    if (moved == NULL)
        return;
    *pointer_to(t, p, level) = moved;
    p->node[level] = moved;
    slab_moved(old, sizeof *old);
}

/* The inner nodes above a leaf move with the first leaf below them. */
static void move_path(struct tree *t, struct path *p, struct slab_work *w)
{
    unsigned top = t->height;

    while (top > 0 && p->at[top - 1] == 0)
        top--;
    for (unsigned level = top; level < t->height; level++)
        move_inner(t, p, level, w);
    move_leaf(t, p, w);
}

size_t tree_compact(struct tree *t, size_t rank, struct slab_work *w)
{
    while (w->left > 0 && (rank < t->count || rank == 0)) {
        struct path p;

        descend_to_rank(t, rank, &p);
        rank += p.leaf->n - p.i;
        move_path(t, &p, w);
        if (t->count == 0)
            return 0;
    }
    return rank < t->count ? rank : 0;
}

/* ---- walks ---- */

#define AHEAD 8 /* elements to prefetch ahead of the walk */

void tree_walk_begin(struct tree_walk *w, const struct tree *t, size_t rank)
{
    struct path p;

    descend_to_rank(t, rank, &p);
    *w = (struct tree_walk){p.leaf, p.i};
}

void tree_walk_begin_from(struct tree_walk *w, const struct tree *t, const struct tree_bound *b)
{
    struct path p;

    descend(t, b, &p);
    *w = (struct tree_walk){p.leaf, p.i};
}

struct element *tree_next(struct tree_walk *w)
{
    if (w->i == w->leaf->n) {
        if (w->leaf->next == NULL)
            return NULL;
        *w = (struct tree_walk){w->leaf->next, 0};
    }
    if (w->i + AHEAD < w->leaf->n)
        __builtin_prefetch(w->leaf->element[w->i + AHEAD]);
    return w->leaf->element[w->i++];
}

struct element *tree_prev(struct tree_walk *w)
{
    if (w->i == 0) {
        if (w->leaf->prev == NULL)
            return NULL;
        *w = (struct tree_walk){w->leaf->prev, w->leaf->prev->n};
    }
    return w->leaf->element[--w->i];
}
