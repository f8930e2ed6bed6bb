/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/set_algebra.h"

#include <stdlib.h>

#include "base/must.h"

#define FEW_SETS 4 /* for up to so many sets, a union looks each member up in the sets before; for more, it gathers */

static void begin(struct set_algebra *a)
{
    must(a->n > 0);
    a->found = 0;
    a->gathered = value_new(a->limits);
}

/* Each member is emitted once. */
static void emit(struct set_algebra *a, struct slice member)
{
    if (a->visit != NULL)
        a->visit(a->arg, member);
    else
        set_add_new(&a->gathered, member);
    a->found++;
}

static int smaller_first(const void *a, const void *b)
{
    size_t x = set_count(a), y = set_count(b);

    return (x > y) - (x < y);
}

static int larger_first(const void *a, const void *b)
{
    return smaller_first(b, a);
}

static bool all_have(const struct value *sets, size_t n, struct slice member)
{
    for (size_t i = 0; i < n; i++)
        if (!set_has(&sets[i], member))
            return false;
    return true;
}

static bool any_has(const struct value *sets, size_t n, struct slice member)
{
    for (size_t i = 0; i < n; i++)
        if (set_has(&sets[i], member))
            return true;
    return false;
}

/* Whether both are the value of one key. */
static bool is_same(const struct value *x, const struct value *y)
{
    return x->form == y->form && x->large == y->large && x->flat.p == y->flat.p;
}

/* ---- gathering ---- */

static void add_all(struct value *to, const struct value *from)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, from);
    while (set_walk_next(&w, &member))
        set_add(to, member);
}

/* Whether a set is so large that every superset of it is. */
static bool exceeds_limits(const struct set_algebra *a, const struct value *set)
{
    size_t n = set_count(set);

    return set->form == VALUE_LARGE && n > a->limits.entries && n > a->limits.ints;
}

/* A copy of one of the sets. As in Redis it begins as an intset, whatever the limits are. */
static struct value copy_of(const struct set_algebra *a, const struct value *set)
{
    struct value copy = value_new(a->limits);

    if (exceeds_limits(a, set)) {
        value_enlarge(&copy, set_large_copy(set->large));
        return copy;
    }
    set_begin_intset(&copy);
    add_all(&copy, set);
    return copy;
}

static void set_gathered(struct set_algebra *a, struct value *v)
{
    must(a->found == 0 && value_is_empty(&a->gathered));
    a->found = set_count(v);
    if (a->found == 0)
        set_clear(v);
    a->gathered = *v;
}

/* ---- intersection ---- */

/* Drops the sets that are the same as the first one. */
static void drop_repeats(struct set_algebra *a)
{
    size_t n = 1;

    for (size_t i = 1; i < a->n; i++)
        if (!is_same(&a->sets[0], &a->sets[i]))
            a->sets[n++] = a->sets[i];
    a->n = n;
}

static void choose_form(struct set_algebra *a, bool is_integers)
{
    if (a->found == 0)
        set_clear(&a->gathered);
    else if (is_integers)
        set_make_intset(&a->gathered);
}

/* Looks each member of the smallest set up in the others. As in Redis, the result begins in the form of the smallest
 * set, and becomes an intset if all its members are integers. */
void set_algebra_intersect(struct set_algebra *a)
{
    bool is_integers = a->visit == NULL;
    struct set_walk w;
    struct slice member;
    int64_t number;

    begin(a);
    qsort(a->sets, a->n, sizeof *a->sets, smaller_first);
    drop_repeats(a);
    if (a->visit == NULL && a->sets[0].form == VALUE_INTSET)
        set_begin_intset(&a->gathered);
    else if (a->visit == NULL)
        set_begin_listpack(&a->gathered);
    set_walk_begin(&w, &a->sets[0]);
    while (set_walk_next(&w, &member)) {
        if (!all_have(a->sets + 1, a->n - 1, member))
            continue;
        emit(a, member);
        is_integers = is_integers && num_parse_i64(member, &number);
        if (a->found == a->limit)
            break;
    }
    if (a->visit == NULL)
        choose_form(a, is_integers);
}

/* ---- union ---- */

/* Emits the first set, which is the largest, and the members of each other set that the sets before it do not have. */
static void unite_by_lookup(struct set_algebra *a)
{
    struct set_walk w;
    struct slice member;

    for (size_t i = 0; i < a->n; i++) {
        set_walk_begin(&w, &a->sets[i]);
        while (set_walk_next(&w, &member))
            if (!any_has(a->sets, i, member))
                emit(a, member);
    }
}

/* Moves the largest set to the front if its size decides the form of the result. Otherwise the order does, and stays.
 */
static void put_largest_first(struct set_algebra *a)
{
    size_t largest = 0;
    struct value first = a->sets[0];

    for (size_t i = 1; i < a->n; i++)
        if (set_count(&a->sets[i]) > set_count(&a->sets[largest]))
            largest = i;
    if (!exceeds_limits(a, &a->sets[largest]))
        return;
    a->sets[0] = a->sets[largest];
    a->sets[largest] = first;
}

void set_algebra_unite(struct set_algebra *a)
{
    struct value all;

    begin(a);
    if (a->visit != NULL)
        qsort(a->sets, a->n, sizeof *a->sets, larger_first);
    else
        put_largest_first(a);
    if (a->visit != NULL && a->n <= FEW_SETS) {
        unite_by_lookup(a);
        return;
    }
    all = copy_of(a, &a->sets[0]);
    for (size_t i = 1; i < a->n; i++)
        add_all(&all, &a->sets[i]);
    set_gathered(a, &all);
}

/* ---- difference ---- */

/* Emits the members of the first set that no other set has. */
static void subtract_by_lookup(struct set_algebra *a)
{
    struct set_walk w;
    struct slice member;

    qsort(a->sets + 1, a->n - 1, sizeof *a->sets, larger_first);
    if (a->visit == NULL)
        set_begin_intset(&a->gathered);
    set_walk_begin(&w, &a->sets[0]);
    while (set_walk_next(&w, &member))
        if (!any_has(a->sets + 1, a->n - 1, member))
            emit(a, member);
    if (a->found == 0)
        set_clear(&a->gathered);
}

/* Copies the first set and removes the members of the others. */
static void subtract_by_removal(struct set_algebra *a)
{
    struct value rest = copy_of(a, &a->sets[0]);
    struct set_walk w;
    struct slice member;

    for (size_t i = 1; i < a->n && set_count(&rest) > 0; i++) {
        set_walk_begin(&w, &a->sets[i]);
        while (set_walk_next(&w, &member))
            set_remove(&rest, member);
    }
    set_gathered(a, &rest);
}

/* A lookup costs about half of a removal. */
void set_algebra_subtract(struct set_algebra *a)
{
    uint64_t lookups = 0, steps = 0;

    begin(a);
    for (size_t i = 0; i < a->n; i++) {
        if (i > 0 && is_same(&a->sets[0], &a->sets[i]))
            return;
        lookups += set_count(&a->sets[i]) != 0 ? set_count(&a->sets[0]) : 0;
        steps += set_count(&a->sets[i]);
    }
    if (lookups / 2 <= steps)
        subtract_by_lookup(a);
    else
        subtract_by_removal(a);
}
