/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands on single members of sorted sets. Ranges are in zset_range_cmds.c, pops in zset_pop_cmds.c, ZSCAN and
 * ZRANDMEMBER in zset_walk_cmds.c, unions, intersections and differences in zset_algebra_cmds.c.
 * https://redis.io/docs/latest/commands/?group=sorted-set
 */
#include "base/mem.h"
#include "cmd/zset/zset_args.h"

#define READ_KEY CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS)

/* ---- ZADD, ZINCRBY ---- */

/* The error of options that exclude each other; NULL: none do. */
static const char *conflict_of(const struct zset_addition *a)
{
    unsigned gt_lt = a->rules & (ZSET_GT | ZSET_LT);

    if ((a->rules & ZSET_NX) && (a->rules & ZSET_XX))
        return "ERR XX and NX options at the same time are not compatible";
    if (gt_lt == (ZSET_GT | ZSET_LT) || (gt_lt != 0 && (a->rules & ZSET_NX)))
        return "ERR GT, LT, and/or NX options at the same time are not compatible";
    if ((a->rules & ZSET_INCR) && a->n > 1)
        return "ERR INCR option supports a single increment-element pair";
    return NULL;
}

/* Parses the options and counts the members. False: the error was replied. */
static bool parse_addition(struct call *c, struct zset_addition *a)
{
    const char *conflict;
    int left;

    zset_addition_options(c, a, ZSET_NX | ZSET_XX | ZSET_GT | ZSET_LT | ZSET_INCR);
    left = c->argc - a->first;
    if (left == 0 || left % 2 != 0) {
        call_error_syntax(c);
        return false;
    }
    a->n = (size_t)left / 2;
    conflict = conflict_of(a);
    if (conflict != NULL)
        reply_error(c->out, conflict);
    return conflict == NULL;
}

/* Parses all scores before any member is added. False: the error was replied. */
static bool parse_scores(struct call *c, const struct zset_addition *a)
{
    must(a->first + 2 * (int)a->n == c->argc);
    for (size_t i = 0; i < a->n; i++)
        if (!call_double(c, a->first + 2 * (int)i, &a->scores[i]))
            return false;
    return true;
}

static void add(struct call *c, unsigned rules)
{
    struct zset_addition a = {.rules = rules, .first = 2, .stride = 2};
    double on_stack[ZSET_ADDITION_FEW];

    if (!parse_addition(c, &a))
        return;
    a.scores = a.n <= ZSET_ADDITION_FEW ? on_stack : mem_alloc(a.n * sizeof *a.scores);
    if (parse_scores(c, &a))
        zset_add_members(c, &a);
    if (a.scores != on_stack)
        mem_free(a.scores);
}

CMD(zadd,
    .name = "ZADD", .arity = -4, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(log(N)) for each member, where N is the size of the sorted set",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Adds members to a sorted set, or updates the scores of existing members.",
    .syntax = "key [NX | XX] [GT | LT] [CH] [INCR] score:double member [score:double member ...]",
    .history = "2.4.0: Accepts multiple members.\n3.0.2: Added the `XX`, `NX`, `CH` and `INCR` options.\n"
               "6.2.0: Added the `GT` and `LT` options.")
{
    add(c, 0);
}

CMD(zincrby,
    .name = "ZINCRBY", .arity = 4, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(log(N)) where N is the size of the sorted set",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
    .summary = "Increments the score of a member of a sorted set. A missing member counts as 0.",
    .syntax = "key increment member")
{
    add(c, ZSET_INCR);
}

/* ---- ZREM ---- */

CMD(zrem,
    .name = "ZREM", .arity = -3, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(M*log(N)) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE),
    .summary = "Removes members from a sorted set, and the key when no member is left.",
    .syntax = "key member [member ...]", .history = "2.4.0: Accepts multiple members.")
{
    struct collection o;
    int64_t removed = 0;

    if (!collection_write(&o, c, 1, TYPE_ZSET))
        return;
    for (int i = 2; i < c->argc; i++)
        removed += zset_remove(&o.value, call_arg(c, i));
    must(removed <= c->argc - 2);
    if (removed > 0)
        call_changed(c, 1, EVENT_ZSET, "zrem");
    collection_close(&o);
    reply_int(c->out, removed);
}

/* ---- reading ---- */

CMD(zcard,
    .name = "ZCARD", .arity = 2, .group = "sorted-set", .since = "1.2.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO),
    .summary = "Returns the number of members of a sorted set.", .syntax = "key")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_ZSET))
        reply_int(c->out, (int64_t)zset_count(&o.value));
}

/* Replies with the score of the member in argument i, or null. */
static void reply_score(struct call *c, const struct value *v, int i)
{
    double score;

    if (zset_score(v, call_arg(c, i), &score))
        reply_double(c->out, score);
    else
        reply_null(c->out);
}

CMD(zscore,
    .name = "ZSCORE", .arity = 3, .group = "sorted-set", .since = "1.2.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY, .summary = "Returns the score of a member of a sorted set.",
    .syntax = "key member")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_ZSET))
        reply_score(c, &o.value, 2);
}

CMD(zmscore,
    .name = "ZMSCORE", .arity = -3, .group = "sorted-set", .since = "6.2.0",
    .cost = "O(N) where N is the number of member arguments", .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY,
    .summary = "Returns the scores of multiple members of a sorted set.", .syntax = "key member [member ...]")
{
    struct collection o;

    if (!collection_read(&o, c, 1, TYPE_ZSET))
        return;
    reply_array(c->out, (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++)
        reply_score(c, &o.value, i);
}

static void reply_rank_and_score(struct call *c, bool with_score, size_t rank, double score)
{
    if (with_score)
        reply_array(c->out, 2);
    reply_int(c->out, (int64_t)rank);
    if (with_score)
        reply_double(c->out, score);
}

static void reply_rank(struct call *c, bool reverse)
{
    bool with_score = c->argc == 4;
    struct collection o;
    double score;
    size_t rank;

    if (c->argc > 4) {
        call_error_arity(c);
        return;
    }
    if (with_score && !call_is(c, 3, "WITHSCORE")) {
        call_error_syntax(c);
        return;
    }
    if (!collection_read(&o, c, 1, TYPE_ZSET))
        return;
    if (zset_rank(&o.value, call_arg(c, 2), &rank, &score)) {
        must(rank < zset_count(&o.value));
        reply_rank_and_score(c, with_score, reverse ? zset_count(&o.value) - 1 - rank : rank, score);
    } else if (with_score) {
        reply_null_array(c->out);
    } else {
        reply_null(c->out);
    }
}

CMD(zrank,
    .name = "ZRANK", .arity = -3, .group = "sorted-set", .since = "2.0.0",
    .cost = "O(log(N)) where N is the size of the sorted set",
    .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY,
    .summary = "Returns the index of a member of a sorted set in ascending order of scores.",
    .syntax = "key member [WITHSCORE]", .history = "7.2.0: Added the `WITHSCORE` option.")
{
    reply_rank(c, false);
}

CMD(zrevrank,
    .name = "ZREVRANK", .arity = -3, .group = "sorted-set", .since = "2.0.0",
    .cost = "O(log(N)) where N is the size of the sorted set",
    .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY,
    .summary = "Returns the index of a member of a sorted set in descending order of scores.",
    .syntax = "key member [WITHSCORE]", .history = "7.2.0: Added the `WITHSCORE` option.")
{
    reply_rank(c, true);
}
