/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unions, intersections and differences of sorted sets, with plain sets among them, whose members have the score 1.
 * https://redis.io/docs/latest/commands/zunionstore/
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/zset/zset_args.h"
#include "types/set.h"
#include "types/zset_gather.h"

/* ---- sources ---- */

struct source {
    struct value value; /* borrowed from its key; empty if there is none */
    enum entry_type type;
    double weight;
    size_t count;
};

struct source_walk {
    enum entry_type type;
    union {
        struct set_walk set;
        struct zset_walk zset;
    };
};

static void walk_begin(struct source_walk *w, const struct source *s)
{
    w->type = s->type;
    if (s->type == TYPE_SET)
        set_walk_begin(&w->set, &s->value);
    else
        zset_walk_begin(&w->zset, &s->value);
}

static bool walk_next(struct source_walk *w, struct slice *member, double *score)
{
    if (w->type == TYPE_ZSET)
        return zset_walk_next(&w->zset, member, score);
    *score = 1;
    return set_walk_next(&w->set, member);
}

static bool find_in(const struct source *s, struct slice member, double *score)
{
    if (s->type == TYPE_ZSET)
        return zset_score(&s->value, member, score);
    *score = 1;
    return set_has(&s->value, member);
}

static int smaller_first(const void *a, const void *b)
{
    const struct source *x = a, *y = b;

    return (x->count > y->count) - (x->count < y->count);
}

static int larger_first(const void *a, const void *b)
{
    return smaller_first(b, a);
}

/* ---- what is asked for ---- */

enum operation { UNION, INTER, DIFF };
enum aggregate { SUM, MIN, MAX };

struct algebra {
    enum operation operation;
    int first;               /* the argument with the number of keys */
    bool stores;             /* in the key of argument 1 */
    bool counts;             /* only how many there are is asked for */
    bool with_scores;
    enum aggregate aggregate;
    int64_t limit;           /* with counts: more are not looked for; 0: none */
    struct source *sources;  /* owned */
    size_t n;
};

/* False: one is neither set nor sorted set, and the error was replied. */
static bool open_sources(struct call *c, struct algebra *a)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct entry *e = call_find_read(c, a->first + 1 + (int)i);
        struct source *s = &a->sources[i];

        *s = (struct source){.type = TYPE_ZSET, .weight = 1};
        if (e == NULL)
            continue;
        s->type = entry_type(e);
        if (s->type != TYPE_SET && s->type != TYPE_ZSET) {
            reply_error(c->out, ERR_WRONGTYPE);
            return false;
        }
        s->value = entry_value(e);
        s->count = s->type == TYPE_SET ? set_count(&s->value) : zset_count(&s->value);
    }
    return true;
}

/* The weights behind argument i. False: the error was replied. */
static bool parse_weights(struct call *c, struct algebra *a, int i)
{
    for (size_t k = 0; k < a->n; k++)
        if (!num_parse_double(call_arg(c, i + 1 + (int)k), &a->sources[k].weight)) {
            reply_error(c->out, "ERR weight value is not a float");
            return false;
        }
    return true;
}

/* False: the error was replied. */
static bool parse_aggregate(struct call *c, struct algebra *a, int i)
{
    static const char *const words[] = {[SUM] = "SUM", [MIN] = "MIN", [MAX] = "MAX"};

    for (enum aggregate how = SUM; how <= MAX; how++)
        if (call_is(c, i, words[how])) {
            a->aggregate = how;
            return true;
        }
    call_error_syntax(c);
    return false;
}

/* The option at argument *i, which becomes its last argument. False: the error was replied. */
static bool parse_option(struct call *c, struct algebra *a, int *i)
{
    bool combines = a->operation != DIFF && !a->counts, has_value = *i + 1 < c->argc;

    if (combines && call_is(c, *i, "WEIGHTS") && a->n < (size_t)(c->argc - *i)) {
        if (!parse_weights(c, a, *i))
            return false;
        *i += (int)a->n;
        return true;
    }
    if (combines && has_value && call_is(c, *i, "AGGREGATE"))
        return parse_aggregate(c, a, ++*i);
    if (a->counts && has_value && call_is(c, *i, "LIMIT"))
        return call_int_between(c, ++*i, 0, INT64_MAX, &a->limit, "ERR LIMIT can't be negative");
    if (!a->stores && !a->counts && call_is(c, *i, "WITHSCORES")) {
        a->with_scores = true;
        return true;
    }
    call_error_syntax(c);
    return false;
}

/* The number of keys, the keys, the options. False: the error was replied. */
static bool parse(struct call *c, struct algebra *a)
{
    int64_t keys;

    if (!call_int(c, a->first, &keys))
        return false;
    if (keys < 1) {
        reply_errorf(c->out, "ERR at least 1 input key is needed for '%s' command", command_full_name(c->cmd));
        return false;
    }
    if (keys > c->argc - a->first - 1) {
        call_error_syntax(c);
        return false;
    }
    a->n = (size_t)keys;
    a->sources = mem_alloc(a->n * sizeof *a->sources);
    if (!open_sources(c, a))
        return false;
    for (int i = a->first + 1 + (int)keys; i < c->argc; i++)
        if (!parse_option(c, a, &i))
            return false;
    return true;
}

/* ---- intersection ---- */

/* 0 for what is not a number: an infinite score with the weight 0. */
static double weighed(double score, double weight)
{
    double v = score * weight;

    return isnan(v) ? 0 : v;
}

/* What two scores of a member make. Infinities of both signs cancel each other out. */
static double aggregated(enum aggregate how, double a, double b)
{
    switch (how) {
    case MIN:
        return b < a ? b : a;
    case MAX:
        return b > a ? b : a;
    default:
        return isnan(a + b) ? 0 : a + b;
    }
}

/* Whether all but the first source have the member; *score: that of the first before, all of them afterwards. */
static bool all_have(const struct algebra *a, struct slice member, double *score)
{
    double v;

    *score = weighed(*score, a->sources[0].weight);
    for (size_t i = 1; i < a->n; i++) {
        if (!find_in(&a->sources[i], member, &v))
            return false;
        *score = aggregated(a->aggregate, *score, v * a->sources[i].weight);
    }
    return true;
}

static void intersect(struct algebra *a, struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    qsort(a->sources, a->n, sizeof *a->sources, smaller_first);
    walk_begin(&w, &a->sources[0]);
    while (walk_next(&w, &member, &score))
        if (all_have(a, member, &score))
            zset_gather_add(g, member, score);
}

/* How many members an intersection has, up to the limit. */
static int64_t count_intersection(struct algebra *a)
{
    struct source_walk w;
    struct slice member;
    int64_t count = 0;
    double score;

    qsort(a->sources, a->n, sizeof *a->sources, smaller_first);
    walk_begin(&w, &a->sources[0]);
    while (walk_next(&w, &member, &score) && (a->limit == 0 || count < a->limit))
        count += all_have(a, member, &score);
    return count;
}

/* ---- union ---- */

static void add_source(const struct algebra *a, const struct source *s, struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    walk_begin(&w, s);
    while (walk_next(&w, &member, &score)) {
        struct element *e = zset_gather_find(g, member);

        score = weighed(score, s->weight);
        if (e == NULL)
            zset_gather_add(g, member, score);
        else
            tree_set_score(e, aggregated(a->aggregate, tree_score(e), score));
    }
}

/* In the order of their sizes, as Redis does: sums of doubles depend on it. */
static void unite(struct algebra *a, struct zset_gather *g)
{
    qsort(a->sources, a->n, sizeof *a->sources, smaller_first);
    for (size_t i = 0; i < a->n; i++)
        add_source(a, &a->sources[i], g);
}

/* ---- difference ---- */

static bool any_has(const struct source *sources, size_t n, struct slice member)
{
    double score;

    for (size_t i = 0; i < n; i++)
        if (find_in(&sources[i], member, &score))
            return true;
    return false;
}

/* What the first source has, and none of the others. */
static void subtract_from(const struct source *first, const struct source *others, size_t n, struct zset_gather *g)
{
    struct source_walk w;
    struct slice member;
    double score;

    walk_begin(&w, first);
    while (walk_next(&w, &member, &score))
        if (!any_has(others, n, member))
            zset_gather_add(g, member, score);
}

/* All members of several sources, as one of its own. In the end entry_free_value. */
static struct source merged(const struct source *sources, size_t n)
{
    struct source all = {.type = TYPE_SET, .value = value_new((struct value_limits){0})};
    struct source_walk w;
    struct slice member;
    double score;

    for (size_t i = 0; i < n; i++) {
        walk_begin(&w, &sources[i]);
        while (walk_next(&w, &member, &score))
            set_add(&all.value, member);
    }
    return all;
}

/* Chooses what is less work: to look for each member in every other source, or to make one of those first. */
static void subtract(struct algebra *a, struct zset_gather *g)
{
    struct source *others = a->sources + 1, all;
    size_t n = a->n - 1;
    uint64_t members = 0;

    for (size_t i = 0; i < n; i++)
        members += others[i].count;
    if (n < 2 || (uint64_t)a->sources[0].count * n / 2 <= members) {
        qsort(others, n, sizeof *others, larger_first);
        subtract_from(a->sources, others, n, g);
        return;
    }
    all = merged(others, n);
    subtract_from(a->sources, &all, 1, g);
    entry_free_value(TYPE_SET, &all.value);
}

/* ---- the commands ---- */

static struct zset_gather combine(struct algebra *a)
{
    struct zset_gather g = zset_gather_new(a->operation == UNION);

    if (a->operation == UNION)
        unite(a, &g);
    else if (a->operation == INTER)
        intersect(a, &g);
    else
        subtract(a, &g);
    return g;
}

static void reply_result(struct call *c, const struct algebra *a, struct zset_gather *g)
{
    zset_gather_sort(g);
    zset_reply_members(c, g->n, a->with_scores);
    for (size_t i = 0; i < g->n; i++)
        zset_reply_member(c, element_key(g->elements[i]), tree_score(g->elements[i]), a->with_scores);
    zset_gather_free(g);
}

static void store_result(struct call *c, const struct algebra *a, struct zset_gather *g)
{
    static const char *const events[] = {[UNION] = "zunionstore", [INTER] = "zinterstore", [DIFF] = "zdiffstore"};
    struct value result = value_new(collection_limits(c, TYPE_ZSET));

    zset_gather_end(g, &result);
    zset_store(c, 1, &result, events[a->operation]);
}

static void answer(struct call *c, struct algebra *a)
{
    struct zset_gather g;

    if (a->counts) {
        reply_int(c->out, count_intersection(a));
        return;
    }
    g = combine(a);
    if (a->stores)
        store_result(c, a, &g);
    else
        reply_result(c, a, &g);
}

static void run(struct call *c, struct algebra a)
{
    a.first = a.stores ? 2 : 1;
    if (parse(c, &a))
        answer(c, &a);
    mem_free(a.sources);
}

#define SOURCE_KEYS {{.flags = KEY_RO | KEY_ACCESS, .find = KEYS_NUMBER, .first = 1, .step = 1}}
#define STORE_KEYS \
    {{.flags = KEY_OW | KEY_UPDATE, .find = KEYS_RANGE, .first = 1, .last = 1, .step = 1}, \
     {.flags = KEY_RO | KEY_ACCESS, .find = KEYS_NUMBER, .first = 2, .step = 1}}
#define UNION_COST "O(N)+O(M*log(M)), N being the members of all sets together, M those of the result."
#define INTER_COST "O(N*K)+O(M*log(M)), N being the members of the smallest of K sets, M those of the result."
#define DIFF_COST  "O(L+M*log(M)), L being the members of all sets together, M those of the result."
#define COMBINE_SYNTAX \
    "numkeys key [key ...] [WEIGHTS weight:integer [weight:integer ...]] [AGGREGATE <SUM | MIN | MAX>]"

CMD(zunion,
    .name = "ZUNION", .arity = -3, .group = "sorted-set", .since = "6.2.0", .cost = UNION_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS, .keys = SOURCE_KEYS,
    .summary = "Returns the members that any of several sorted sets has.", .syntax = COMBINE_SYNTAX " [WITHSCORES]")
{
    run(c, (struct algebra){.operation = UNION});
}

CMD(zinter,
    .name = "ZINTER", .arity = -3, .group = "sorted-set", .since = "6.2.0", .cost = INTER_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS, .keys = SOURCE_KEYS,
    .summary = "Returns the members that all of several sorted sets have.", .syntax = COMBINE_SYNTAX " [WITHSCORES]")
{
    run(c, (struct algebra){.operation = INTER});
}

CMD(zdiff,
    .name = "ZDIFF", .arity = -3, .group = "sorted-set", .since = "6.2.0", .cost = DIFF_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS, .keys = SOURCE_KEYS,
    .summary = "Returns the members of the first sorted set that no other one has.",
    .syntax = "numkeys key [key ...] [WITHSCORES]")
{
    run(c, (struct algebra){.operation = DIFF});
}

CMD(zunionstore,
    .name = "ZUNIONSTORE", .arity = -4, .group = "sorted-set", .since = "2.0.0", .cost = UNION_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS, .keys = STORE_KEYS,
    .summary = "Stores the members that any of several sorted sets has in a key.",
    .syntax = "destination:key " COMBINE_SYNTAX)
{
    run(c, (struct algebra){.operation = UNION, .stores = true});
}

CMD(zinterstore,
    .name = "ZINTERSTORE", .arity = -4, .group = "sorted-set", .since = "2.0.0", .cost = INTER_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS, .keys = STORE_KEYS,
    .summary = "Stores the members that all of several sorted sets have in a key.",
    .syntax = "destination:key " COMBINE_SYNTAX)
{
    run(c, (struct algebra){.operation = INTER, .stores = true});
}

CMD(zdiffstore,
    .name = "ZDIFFSTORE", .arity = -4, .group = "sorted-set", .since = "6.2.0", .cost = DIFF_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS, .keys = STORE_KEYS,
    .summary = "Stores the members of the first sorted set that no other one has in a key.",
    .syntax = "destination:key numkeys key [key ...]")
{
    run(c, (struct algebra){.operation = DIFF, .stores = true});
}

CMD(zintercard,
    .name = "ZINTERCARD", .arity = -3, .group = "sorted-set", .since = "7.0.0",
    .cost = "O(N*K), N being the members of the smallest of K sets.", .flags = CMD_READONLY | CMD_MOVABLEKEYS,
    .keys = SOURCE_KEYS, .summary = "Counts the members that all of several sorted sets have, up to a limit.",
    .syntax = "numkeys key [key ...] [LIMIT limit:integer]")
{
    run(c, (struct algebra){.operation = INTER, .counts = true});
}
