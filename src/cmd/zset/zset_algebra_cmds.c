/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Unions, intersections and differences of sorted sets, with plain sets among them, whose members have the score 1.
 * https://redis.io/docs/latest/commands/zunionstore/
 */
#include "base/mem.h"
#include "cmd/zset/zset_args.h"
#include "types/zset_algebra.h"

/* ---- arguments ---- */

enum operation { UNION, INTER, DIFF };

struct request {
    enum operation operation;
    int first;   /* the argument with the number of keys */
    bool stores; /* in the key of argument 1 */
    bool counts; /* the reply is the number of members */
    bool with_scores;
    int64_t limit;               /* with counts: the search ends at so many members; 0: no limit */
    struct zset_algebra algebra; /* owns the sources */
};

/* False: one is neither set nor sorted set, and the error was replied. */
static bool open_sources(struct call *c, struct request *r)
{
    for (size_t i = 0; i < r->algebra.n; i++) {
        const struct entry *e = call_find_read(c, r->first + 1 + (int)i);
        struct value v;

        if (e != NULL && entry_type(e) != TYPE_SET && entry_type(e) != TYPE_ZSET) {
            reply_error(c->out, ERR_WRONGTYPE);
            return false;
        }
        v = e != NULL ? entry_value(e) : (struct value){.form = VALUE_LISTPACK};
        r->algebra.sources[i] = zset_source_of(&v, e != NULL && entry_type(e) == TYPE_SET);
    }
    return true;
}

/* The weights behind argument i. False: the error was replied. */
static bool parse_weights(struct call *c, struct request *r, int i)
{
    for (size_t k = 0; k < r->algebra.n; k++)
        if (!num_parse_double(call_arg(c, i + 1 + (int)k), &r->algebra.sources[k].weight)) {
            reply_error(c->out, "ERR weight value is not a float");
            return false;
        }
    return true;
}

/* False: the error was replied. */
static bool parse_aggregate(struct call *c, struct request *r, int i)
{
    static const char *const words[] = {[ZSET_SUM] = "SUM", [ZSET_MIN] = "MIN", [ZSET_MAX] = "MAX"};

    for (enum zset_aggregate how = ZSET_SUM; how <= ZSET_MAX; how++)
        if (call_is(c, i, words[how])) {
            r->algebra.aggregate = how;
            return true;
        }
    call_error_syntax(c);
    return false;
}

/* The option at argument *i, which becomes its last argument. False: the error was replied. */
static bool parse_option(struct call *c, struct request *r, int *i)
{
    bool combines = r->operation != DIFF && !r->counts, has_value = *i + 1 < c->argc;

    if (combines && call_is(c, *i, "WEIGHTS") && r->algebra.n < (size_t)(c->argc - *i)) {
        if (!parse_weights(c, r, *i))
            return false;
        *i += (int)r->algebra.n;
        return true;
    }
    if (combines && has_value && call_is(c, *i, "AGGREGATE"))
        return parse_aggregate(c, r, ++*i);
    if (r->counts && has_value && call_is(c, *i, "LIMIT"))
        return call_int_between(c, ++*i, 0, INT64_MAX, &r->limit, "ERR LIMIT can't be negative");
    if (!r->stores && !r->counts && call_is(c, *i, "WITHSCORES")) {
        r->with_scores = true;
        return true;
    }
    call_error_syntax(c);
    return false;
}

/* The number of keys, the keys, the options. False: the error was replied. */
static bool parse(struct call *c, struct request *r)
{
    int64_t keys;

    if (!call_int(c, r->first, &keys))
        return false;
    if (keys < 1) {
        reply_errorf(c->out, "ERR at least 1 input key is needed for '%s' command", command_full_name(c->cmd));
        return false;
    }
    if (keys > c->argc - r->first - 1) {
        call_error_syntax(c);
        return false;
    }
    r->algebra.n = (size_t)keys;
    r->algebra.sources = mem_alloc(r->algebra.n * sizeof *r->algebra.sources);
    if (!open_sources(c, r))
        return false;
    for (int i = r->first + 1 + (int)keys; i < c->argc; i++)
        if (!parse_option(c, r, &i))
            return false;
    return true;
}

/* ---- the commands ---- */

static struct zset_gather combine(struct request *r)
{
    struct zset_gather g = zset_gather_new(r->operation == UNION);

    if (r->operation == UNION) {
        zset_algebra_unite(&r->algebra, &g);
    } else if (r->operation == INTER) {
        zset_algebra_intersect(&r->algebra, &g);
    } else {
        zset_algebra_subtract(&r->algebra, &g);
        entry_free_value(TYPE_SET, &r->algebra.scratch);
    }
    return g;
}

static void reply_result(struct call *c, const struct request *r, struct zset_gather *g)
{
    zset_gather_sort(g);
    zset_reply_members(c, g->n, r->with_scores);
    for (size_t i = 0; i < g->n; i++)
        zset_reply_member(c, element_key(g->elements[i]), tree_score(g->elements[i]), r->with_scores);
    zset_gather_free(g);
}

static void store_result(struct call *c, const struct request *r, struct zset_gather *g)
{
    static const char *const events[] = {[UNION] = "zunionstore", [INTER] = "zinterstore", [DIFF] = "zdiffstore"};
    struct value result = value_new(collection_limits(c, TYPE_ZSET));

    zset_gather_end(g, &result);
    zset_store(c, 1, &result, events[r->operation]);
}

static void answer(struct call *c, struct request *r)
{
    struct zset_gather g;

    if (r->counts) {
        reply_int(c->out, (int64_t)zset_algebra_count_intersection(&r->algebra, (uint64_t)r->limit));
        return;
    }
    g = combine(r);
    if (r->stores)
        store_result(c, r, &g);
    else
        reply_result(c, r, &g);
}

static void run(struct call *c, struct request r)
{
    r.first = r.stores ? 2 : 1;
    if (parse(c, &r))
        answer(c, &r);
    mem_free(r.algebra.sources);
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
    .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_COPIES, .keys = SOURCE_KEYS,
    .summary = "Returns the members that any of several sorted sets has.", .syntax = COMBINE_SYNTAX " [WITHSCORES]")
{
    run(c, (struct request){.operation = UNION});
}

CMD(zinter,
    .name = "ZINTER", .arity = -3, .group = "sorted-set", .since = "6.2.0", .cost = INTER_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_COPIES, .keys = SOURCE_KEYS,
    .summary = "Returns the members that all of several sorted sets have.", .syntax = COMBINE_SYNTAX " [WITHSCORES]")
{
    run(c, (struct request){.operation = INTER});
}

CMD(zdiff,
    .name = "ZDIFF", .arity = -3, .group = "sorted-set", .since = "6.2.0", .cost = DIFF_COST,
    .flags = CMD_READONLY | CMD_MOVABLEKEYS | CMD_COPIES, .keys = SOURCE_KEYS,
    .summary = "Returns the members of the first sorted set that no other one has.",
    .syntax = "numkeys key [key ...] [WITHSCORES]")
{
    run(c, (struct request){.operation = DIFF});
}

CMD(zunionstore,
    .name = "ZUNIONSTORE", .arity = -4, .group = "sorted-set", .since = "2.0.0", .cost = UNION_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_COPIES, .keys = STORE_KEYS,
    .summary = "Stores the members that any of several sorted sets has in a key.",
    .syntax = "destination:key " COMBINE_SYNTAX)
{
    run(c, (struct request){.operation = UNION, .stores = true});
}

CMD(zinterstore,
    .name = "ZINTERSTORE", .arity = -4, .group = "sorted-set", .since = "2.0.0", .cost = INTER_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_COPIES, .keys = STORE_KEYS,
    .summary = "Stores the members that all of several sorted sets have in a key.",
    .syntax = "destination:key " COMBINE_SYNTAX)
{
    run(c, (struct request){.operation = INTER, .stores = true});
}

CMD(zdiffstore,
    .name = "ZDIFFSTORE", .arity = -4, .group = "sorted-set", .since = "6.2.0", .cost = DIFF_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_COPIES, .keys = STORE_KEYS,
    .summary = "Stores the members of the first sorted set that no other one has in a key.",
    .syntax = "destination:key numkeys key [key ...]")
{
    run(c, (struct request){.operation = DIFF, .stores = true});
}

CMD(zintercard,
    .name = "ZINTERCARD", .arity = -3, .group = "sorted-set", .since = "7.0.0",
    .cost = "O(N*K), N being the members of the smallest of K sets.", .flags = CMD_READONLY | CMD_MOVABLEKEYS,
    .keys = SOURCE_KEYS, .summary = "Counts the members that all of several sorted sets have, up to a limit.",
    .syntax = "numkeys key [key ...] [LIMIT limit:integer]")
{
    run(c, (struct request){.operation = INTER, .counts = true});
}
