/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intersection, union and difference of sets: https://redis.io/docs/latest/commands/sinter/. All sources are read before
 * the destination is written, so that it may be one of them.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "run/collection.h"
#include "types/set.h"

#define FEW_SETS 4 /* a union of so many is found by looking each member up in those before; of more, by gathering */

/* The sets that a command was given, and what became of them so far. */
struct algebra {
    struct call *call;
    struct value *sets;   /* owned; a key that is missing is an empty one */
    size_t n;
    bool any_missing;
    /* Where members go: to the value, if there is one, else to the reply, if there is one; else they are counted. */
    struct value *result;
    struct out *out;
    uint64_t found;       /* those that went there */
    uint64_t limit;       /* of them no more are looked for; 0: none */
};

/* Looks the keys in arguments first .. first + n - 1 up. False: the error was replied. */
static bool open_sets(struct algebra *a, struct call *c, int first, int n)
{
    *a = (struct algebra){.call = c, .sets = mem_alloc((size_t)n * sizeof *a->sets)};
    for (int i = first; i < first + n; i++) {
        struct entry *e;

        if (!call_find_typed(c, i, TYPE_SET, &e)) {
            mem_free(a->sets);
            return false;
        }
        a->sets[a->n++] = e != NULL ? entry_value(e) : (struct value){.form = VALUE_LISTPACK};
        a->any_missing |= e == NULL;
    }
    return true;
}

/* Each member is given once. */
static void give(struct algebra *a, struct slice member)
{
    if (a->result != NULL)
        set_add_new(a->result, member);
    else if (a->out != NULL)
        reply_bulk(a->out, member);
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
    return x->form == VALUE_LARGE ? y->large == x->large : y->flat.p == x->flat.p;
}

/* ---- intersection ---- */

/* Forgets the sets that are the first one once more. */
static void drop_repeats(struct algebra *a)
{
    size_t n = 1;

    for (size_t i = 1; i < a->n; i++)
        if (!is_same(&a->sets[0], &a->sets[i]))
            a->sets[n++] = a->sets[i];
    a->n = n;
}

/* Of the smallest set, what all others have. */
static void intersect(struct algebra *a)
{
    struct set_walk w;
    struct slice member;

    if (a->any_missing)
        return;
    qsort(a->sets, a->n, sizeof *a->sets, smaller_first);
    drop_repeats(a);
    set_walk_begin(&w, &a->sets[0]);
    while (set_walk_next(&w, &member)) {
        if (!all_have(a->sets + 1, a->n - 1, member))
            continue;
        give(a, member);
        if (a->found == a->limit)
            return;
    }
}

/* ---- union ---- */

/* The first set, which is the largest, and of each other what those before have not. */
static void unite_few(struct algebra *a)
{
    struct set_walk w;
    struct slice member;

    for (size_t i = 0; i < a->n; i++) {
        set_walk_begin(&w, &a->sets[i]);
        while (set_walk_next(&w, &member))
            if (!any_has(a->sets, i, member))
                give(a, member);
    }
}

static void add_all(struct value *to, const struct value *from)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, from);
    while (set_walk_next(&w, &member))
        set_add(to, member);
}

static void give_all(struct algebra *a, const struct value *v)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        give(a, member);
}

/* A copy of one of the sets, to gather members in; in the end give_gathered. */
static struct value gather(const struct algebra *a, const struct value *first)
{
    struct value copy = value_new(collection_limits(a->call, TYPE_SET));
    size_t n = set_count(first);
    struct set_walk w;
    struct slice member;

    if (first->form == VALUE_LARGE && n > copy.limits.entries && n > copy.limits.ints) {
        value_enlarge(&copy, set_large_copy(first->large));
        return copy;
    }
    set_walk_begin(&w, first);
    while (set_walk_next(&w, &member)) {
        if (value_is_empty(&copy))
            set_expect(&copy, member, n);
        set_add_new(&copy, member);
    }
    return copy;
}

/* Gives all that was gathered. */
static void give_gathered(struct algebra *a, struct value *v)
{
    if (a->result != NULL) {
        a->found = set_count(v);
        *a->result = *v;
        return;
    }
    give_all(a, v);
    entry_free_value(TYPE_SET, v);
}

static void unite(struct algebra *a)
{
    struct value all;

    qsort(a->sets, a->n, sizeof *a->sets, larger_first);
    if (a->result == NULL && a->n <= FEW_SETS) {
        unite_few(a);
        return;
    }
    all = gather(a, &a->sets[0]);
    for (size_t i = 1; i < a->n; i++)
        add_all(&all, &a->sets[i]);
    give_gathered(a, &all);
}

/* ---- difference ---- */

/* Of the first set, what no other has. */
static void subtract_by_looking(struct algebra *a)
{
    struct set_walk w;
    struct slice member;

    qsort(a->sets + 1, a->n - 1, sizeof *a->sets, larger_first);
    set_walk_begin(&w, &a->sets[0]);
    while (set_walk_next(&w, &member))
        if (!any_has(a->sets + 1, a->n - 1, member))
            give(a, member);
}

/* A copy of the first set, without what the others have. */
static void subtract_by_removing(struct algebra *a)
{
    struct value rest = gather(a, &a->sets[0]);
    struct set_walk w;
    struct slice member;

    for (size_t i = 1; i < a->n && set_count(&rest) > 0; i++) {
        set_walk_begin(&w, &a->sets[i]);
        while (set_walk_next(&w, &member))
            set_remove(&rest, member);
    }
    give_gathered(a, &rest);
}

/* Chooses what is less work. To look is the cheaper step of the two. */
static void subtract(struct algebra *a)
{
    uint64_t lookups = 0, steps = 0;

    for (size_t i = 0; i < a->n; i++) {
        if (i > 0 && is_same(&a->sets[0], &a->sets[i]))
            return;
        lookups += set_count(&a->sets[i]) != 0 ? set_count(&a->sets[0]) : 0;
        steps += set_count(&a->sets[i]);
    }
    if (lookups / 2 <= steps)
        subtract_by_looking(a);
    else
        subtract_by_removing(a);
}

/* ---- the commands ---- */

/* Replies with what `combine` makes of the sets in arguments first .. first + n - 1. */
static void reply_combined(struct call *c, int first, int n, void (*combine)(struct algebra *a))
{
    struct reply_later reply;
    struct algebra a;

    if (!open_sets(&a, c, first, n))
        return;
    a.out = c->out;
    reply = reply_later_begin(c->out);
    combine(&a);
    reply_set_end(c->out, reply, a.found);
    mem_free(a.sets);
}

/* Makes it the value of the key in argument 1, of the sets from argument 2 on. */
static void store_combined(struct call *c, void (*combine)(struct algebra *a), const char *event)
{
    struct value result = value_new(collection_limits(c, TYPE_SET));
    struct algebra a;

    if (!open_sets(&a, c, 2, c->argc - 2))
        return;
    a.result = &result;
    combine(&a);
    mem_free(a.sets);
    collection_store(c, 1, TYPE_SET, &result, EVENT_SET, event);
    reply_int(c->out, (int64_t)a.found);
}

#define INTERSECTION_COST "O(N*M) where N is the number of members of the smallest set and M that of the sets."
#define TOTAL_COST        "O(N) where N is the number of members of all sets together."
#define ALL_KEYS          CMD_KEYS(1, -1, 1, KEY_RO | KEY_ACCESS)
#define STORE_KEYS(target_flags) \
    {{.flags = (target_flags), .first = 1, .last = 1, .step = 1}, \
     {.flags = KEY_RO | KEY_ACCESS, .first = 2, .last = -1, .step = 1}}

CMD(sinter,
    .name = "SINTER", .arity = -2, .group = "set", .since = "1.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_READONLY, .keys = ALL_KEYS, .syntax = "key [key ...]", .hints = "nondeterministic_output_order",
    .summary = "Returns the members that all of several sets have.")
{
    reply_combined(c, 1, c->argc - 1, intersect);
}

CMD(sunion,
    .name = "SUNION", .arity = -2, .group = "set", .since = "1.0.0", .cost = TOTAL_COST, .flags = CMD_READONLY,
    .keys = ALL_KEYS, .syntax = "key [key ...]", .hints = "nondeterministic_output_order",
    .summary = "Returns the members that any of several sets has.")
{
    reply_combined(c, 1, c->argc - 1, unite);
}

CMD(sdiff,
    .name = "SDIFF", .arity = -2, .group = "set", .since = "1.0.0", .cost = TOTAL_COST, .flags = CMD_READONLY,
    .keys = ALL_KEYS, .syntax = "key [key ...]", .hints = "nondeterministic_output_order",
    .summary = "Returns the members of the first set that no other one has.")
{
    reply_combined(c, 1, c->argc - 1, subtract);
}

CMD(sinterstore,
    .name = "SINTERSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = STORE_KEYS(KEY_RW | KEY_UPDATE), .syntax = "destination key [key ...]",
    .summary = "Stores the members that all of several sets have in a key.")
{
    store_combined(c, intersect, "sinterstore");
}

CMD(sunionstore,
    .name = "SUNIONSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = STORE_KEYS(KEY_OW | KEY_UPDATE), .syntax = "destination key [key ...]",
    .summary = "Stores the members that any of several sets has in a key.")
{
    store_combined(c, unite, "sunionstore");
}

CMD(sdiffstore,
    .name = "SDIFFSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = STORE_KEYS(KEY_OW | KEY_UPDATE), .syntax = "destination key [key ...]",
    .summary = "Stores the members of the first set that no other one has in a key.")
{
    store_combined(c, subtract, "sdiffstore");
}

/* The number of keys and the limit that SINTERCARD was given. False: the error was replied. */
static bool parse_sintercard(struct call *c, int64_t *keys, int64_t *limit)
{
    if (!call_int_between(c, 1, 1, INT64_MAX, keys, "ERR numkeys should be greater than 0"))
        return false;
    if (*keys > c->argc - 2) {
        reply_error(c->out, "ERR Number of keys can't be greater than number of args");
        return false;
    }
    for (int i = 2 + (int)*keys; i < c->argc; i += 2) {
        if (!call_is(c, i, "LIMIT") || i + 1 == c->argc) {
            call_error_syntax(c);
            return false;
        }
        if (!call_int_between(c, i + 1, 0, INT64_MAX, limit, "ERR LIMIT can't be negative"))
            return false;
    }
    return true;
}

CMD(sintercard,
    .name = "SINTERCARD", .arity = -3, .group = "set", .since = "7.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RO | KEY_ACCESS, .find = KEYS_NUMBER, .first = 1, .step = 1}},
    .syntax = "numkeys key [key ...] [LIMIT limit]",
    .summary = "Counts the members that all of several sets have, up to a limit.")
{
    int64_t keys, limit = 0;
    struct algebra a;

    if (!parse_sintercard(c, &keys, &limit) || !open_sets(&a, c, 2, (int)keys))
        return;
    a.limit = (uint64_t)limit;
    intersect(&a);
    reply_int(c->out, (int64_t)a.found);
    mem_free(a.sets);
}
