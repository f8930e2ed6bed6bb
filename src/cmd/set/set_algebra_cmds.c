/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intersection, union and difference of sets: https://redis.io/docs/latest/commands/sinter/. All sources are read
 * before the destination is written, so that it may be one of them.
 */
#include "base/mem.h"
#include "run/collection.h"
#include "types/set_algebra.h"

/* Looks up the keys in arguments first .. first + n - 1. Then a->sets is owned by the caller. False: the error was
 * replied. */
static bool open_sets(struct set_algebra *a, struct call *c, int first, int n)
{
    *a = (struct set_algebra){.sets = mem_alloc((size_t)n * sizeof *a->sets), .limits = collection_limits(c, TYPE_SET)};
    for (int i = first; i < first + n; i++) {
        struct entry *e;

        if (!call_find_typed(c, i, TYPE_SET, &e)) {
            mem_free(a->sets);
            return false;
        }
        a->sets[a->n++] = e != NULL ? entry_value(e) : (struct value){.form = VALUE_LISTPACK};
    }
    return true;
}

static void reply_member(void *arg, struct slice member)
{
    struct call *c = arg;

    reply_bulk(c->out, member);
}

/* Replies with the members that were gathered, and frees them. */
static void reply_gathered(struct call *c, struct set_algebra *a)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, &a->gathered);
    while (set_walk_next(&w, &member))
        reply_bulk(c->out, member);
    entry_free_value(TYPE_SET, &a->gathered);
}

/* Replies with what `combine` makes of the sets in arguments first .. first + n - 1. */
static void reply_combined(struct call *c, int first, int n, void (*combine)(struct set_algebra *a))
{
    struct reply_later reply;
    struct set_algebra a;

    if (!open_sets(&a, c, first, n))
        return;
    a.visit = reply_member;
    a.arg = c;
    reply = reply_later_begin(c->out);
    combine(&a);
    reply_gathered(c, &a);
    reply_set_end(c->out, reply, a.found);
    mem_free(a.sets);
}

/* The bytes of the largest set: their union has no fewer. */
static size_t largest(const struct set_algebra *a)
{
    size_t max = 0;

    for (size_t i = 0; i < a->n; i++) {
        size_t bytes = entry_value_bytes(TYPE_SET, &a->sets[i]);

        max = bytes > max ? bytes : max;
    }
    return max;
}

/* Stores what `combine` makes of the sets from argument 2 on in the key of argument 1. */
static void store_combined(struct call *c, void (*combine)(struct set_algebra *a), const char *event)
{
    struct set_algebra a;

    if (!open_sets(&a, c, 2, c->argc - 2))
        return;
    if (combine == set_algebra_unite && !call_has_room(c, largest(&a))) {
        mem_free(a.sets);
        return;
    }
    combine(&a);
    mem_free(a.sets);
    if (collection_store(c, 1, TYPE_SET, &a.gathered, EVENT_SET, event))
        reply_int(c->out, (int64_t)a.found);
}

#define INTERSECTION_COST "O(N*M) where N is the number of members of the smallest set and M that of the sets."
#define TOTAL_COST        "O(N) where N is the number of members of all sets together."
#define ALL_KEYS          CMD_KEYS(1, -1, 1, KEY_RO | KEY_ACCESS)
#define STORE_KEYS \
    {{.flags = KEY_OW | KEY_UPDATE, .first = 1, .last = 1, .step = 1}, \
     {.flags = KEY_RO | KEY_ACCESS, .first = 2, .last = -1, .step = 1}}

CMD(sinter,
    .name = "SINTER", .arity = -2, .group = "set", .since = "1.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_READONLY | CMD_COPIES, .keys = ALL_KEYS, .syntax = "key [key ...]",
    .hints = "nondeterministic_output_order",
    .summary = "Returns the members that all of several sets have.")
{
    reply_combined(c, 1, c->argc - 1, set_algebra_intersect);
}

CMD(sunion,
    .name = "SUNION", .arity = -2, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_READONLY | CMD_COPIES,
    .keys = ALL_KEYS, .syntax = "key [key ...]", .hints = "nondeterministic_output_order",
    .summary = "Returns the members that any of several sets has.")
{
    reply_combined(c, 1, c->argc - 1, set_algebra_unite);
}

CMD(sdiff,
    .name = "SDIFF", .arity = -2, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_READONLY | CMD_COPIES,
    .keys = ALL_KEYS, .syntax = "key [key ...]", .hints = "nondeterministic_output_order",
    .summary = "Returns the members of the first set that no other one has.")
{
    reply_combined(c, 1, c->argc - 1, set_algebra_subtract);
}

CMD(sinterstore,
    .name = "SINTERSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES, .keys = STORE_KEYS, .syntax = "destination key [key ...]",
    .summary = "Stores the members that all of several sets have in a key.")
{
    store_combined(c, set_algebra_intersect, "sinterstore");
}

CMD(sunionstore,
    .name = "SUNIONSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES, .keys = STORE_KEYS, .syntax = "destination key [key ...]",
    .summary = "Stores the members that any of several sets has in a key.")
{
    store_combined(c, set_algebra_unite, "sunionstore");
}

CMD(sdiffstore,
    .name = "SDIFFSTORE", .arity = -3, .group = "set", .since = "1.0.0", .cost = TOTAL_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES, .keys = STORE_KEYS, .syntax = "destination key [key ...]",
    .summary = "Stores the members of the first set that no other one has in a key.")
{
    store_combined(c, set_algebra_subtract, "sdiffstore");
}

/* Parses the arguments of SINTERCARD. False: the error was replied. */
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

/* For the intersection of which only the size is asked for. */
static void ignore_member(void *arg, struct slice member)
{
    (void)arg;
    (void)member;
}

CMD(sintercard,
    .name = "SINTERCARD", .arity = -3, .group = "set", .since = "7.0.0", .cost = INTERSECTION_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RO | KEY_ACCESS, .find = KEYS_NUMBER, .first = 1, .step = 1}},
    .syntax = "numkeys key [key ...] [LIMIT limit]",
    .summary = "Counts the members that all of several sets have, up to a limit.")
{
    int64_t keys, limit = 0;
    struct set_algebra a;

    if (!parse_sintercard(c, &keys, &limit) || !open_sets(&a, c, 2, (int)keys))
        return;
    a.visit = ignore_member;
    a.limit = (uint64_t)limit;
    set_algebra_intersect(&a);
    reply_int(c->out, (int64_t)a.found);
    mem_free(a.sets);
}
