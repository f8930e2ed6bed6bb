/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of sorted sets by rank, score or member: https://redis.io/docs/latest/commands/zrange/ */
#include "cmd/zset/zset_args.h"
#include "types/zset_gather.h"

#define READ_KEY   CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS)
#define DELETE_KEY CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE)

/* ---- ZRANGE, ZREVRANGE, Z[REV]RANGEBYSCORE, Z[REV]RANGEBYLEX ---- */

/* The arguments of a range command. The older commands imply by their names what are options of ZRANGE. */
struct query {
    int key;             /* argument; the bounds of the range follow it */
    enum zset_by by;
    bool reverse;
    bool with_scores;
    bool takes_by, takes_reverse, takes_scores; /* the options that are allowed */
    int64_t offset;
    int64_t limit;       /* negative: none */
    struct zset_range range;
};

/* Parses the option at *i, and sets *i to its last argument. False: the error was replied. */
static bool parse_option(struct call *c, struct query *q, int *i)
{
    if (q->takes_scores && call_is(c, *i, "WITHSCORES")) {
        q->with_scores = true;
    } else if (call_is(c, *i, "LIMIT") && *i + 2 < c->argc) {
        if (!call_int(c, *i + 1, &q->offset) || !call_int(c, *i + 2, &q->limit))
            return false;
        *i += 2;
    } else if (q->takes_reverse && call_is(c, *i, "REV")) {
        q->reverse = true;
        q->takes_reverse = false;
    } else if (q->takes_by && (call_is(c, *i, "BYLEX") || call_is(c, *i, "BYSCORE"))) {
        q->by = call_is(c, *i, "BYLEX") ? BY_LEX : BY_SCORE;
        q->takes_by = false;
    } else {
        call_error_syntax(c);
        return false;
    }
    return true;
}

/* Parses the options and the range. False: the error was replied. */
static bool parse_query(struct call *c, struct query *q)
{
    int min = q->key + 1, max = q->key + 2;

    must(max < c->argc);
    q->limit = -1;
    for (int i = q->key + 3; i < c->argc; i++)
        if (!parse_option(c, q, &i))
            return false;
    if (q->limit != -1 && q->by == BY_RANK) {
        reply_error(c->out, ERR_SYNTAX ", LIMIT is only supported in combination with either BYSCORE or BYLEX");
        return false;
    }
    if (q->with_scores && q->by == BY_LEX) {
        reply_error(c->out, ERR_SYNTAX ", WITHSCORES not supported in combination with BYLEX");
        return false;
    }
    if (q->reverse && q->by != BY_RANK)
        return zset_range_parse(c, q->by, max, min, &q->range);
    return zset_range_parse(c, q->by, min, max, &q->range);
}

/* Applies LIMIT to a run. In reverse order it counts from the member with the highest score. */
static struct zset_run limited(struct zset_run run, const struct query *q)
{
    size_t n;

    if (q->by == BY_RANK)
        return run;
    if (q->offset < 0 || (uint64_t)q->offset >= run.n)
        return (struct zset_run){0, 0};
    n = run.n - (size_t)q->offset;
    if (q->limit >= 0 && (uint64_t)q->limit < n)
        n = (size_t)q->limit;
    must((size_t)q->offset + n <= run.n);
    if (q->reverse)
        run.from += run.n - (size_t)q->offset - n;
    else
        run.from += (size_t)q->offset;
    return (struct zset_run){run.from, n};
}

static struct zset_run find_run(const struct value *v, const struct query *q)
{
    return limited(zset_range_find(v, &q->range, q->reverse), q);
}

static void reply_query(struct call *c, struct query q)
{
    struct collection o;

    q.key = 1;
    if (parse_query(c, &q) && collection_read(&o, c, 1, TYPE_ZSET))
        zset_reply_run(c, &o.value, find_run(&o.value, &q), q.reverse, q.with_scores);
}

CMD(zrange,
    .name = "ZRANGE", .arity = -4, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a range of ranks, scores or members.",
    .syntax = "key start:string stop:string [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
    .history = "6.2.0: Added the `REV`, `BYSCORE`, `BYLEX` and `LIMIT` options.")
{
    reply_query(c, (struct query){.takes_by = true, .takes_reverse = true, .takes_scores = true});
}

CMD(zrevrange,
    .name = "ZREVRANGE", .arity = -4, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a range of ranks, in descending order of scores.",
    .syntax = "key start stop [WITHSCORES]", .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` argument")
{
    reply_query(c, (struct query){.reverse = true, .takes_scores = true});
}

CMD(zrangebyscore,
    .name = "ZRANGEBYSCORE", .arity = -4, .group = "sorted-set", .since = "1.0.5",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a range of scores.",
    .syntax = "key min:double max:double [WITHSCORES] [LIMIT offset count]",
    .history = "2.0.0: Added the `WITHSCORES` option.",
    .deprecated_since = "6.2.0", .replaced_by = "`ZRANGE` with the `BYSCORE` argument")
{
    reply_query(c, (struct query){.by = BY_SCORE, .takes_scores = true});
}

CMD(zrevrangebyscore,
    .name = "ZREVRANGEBYSCORE", .arity = -4, .group = "sorted-set", .since = "2.2.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a range of scores, in descending order.",
    .syntax = "key max:double min:double [WITHSCORES] [LIMIT offset count]",
    .history = "2.1.6: `min` and `max` can be exclusive.", .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` and `BYSCORE` arguments")
{
    reply_query(c, (struct query){.by = BY_SCORE, .reverse = true, .takes_scores = true});
}

CMD(zrangebylex,
    .name = "ZRANGEBYLEX", .arity = -4, .group = "sorted-set", .since = "2.8.9",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a lexicographical range, if all scores are equal.",
    .syntax = "key min:string max:string [LIMIT offset count]", .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `BYLEX` argument")
{
    reply_query(c, (struct query){.by = BY_LEX, .takes_scores = true});
}

CMD(zrevrangebylex,
    .name = "ZREVRANGEBYLEX", .arity = -4, .group = "sorted-set", .since = "2.8.9",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members returned",
    .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the members of a sorted set within a lexicographical range, in descending order.",
    .syntax = "key max:string min:string [LIMIT offset count]", .deprecated_since = "6.2.0",
    .replaced_by = "`ZRANGE` with the `REV` and `BYLEX` arguments")
{
    reply_query(c, (struct query){.by = BY_LEX, .reverse = true, .takes_scores = true});
}

/* ---- ZRANGESTORE ---- */

static struct value copy_run(const struct value *v, struct zset_run run)
{
    struct zset_gather g = zset_gather_new(false);
    struct value copy = value_new(v->limits);
    struct zset_walk w;
    struct slice member;
    double score;

    must(run.n == 0 || run.from + run.n <= zset_count(v));
    zset_walk_begin_at(&w, v, run.from);
    for (size_t i = 0; i < run.n && zset_walk_next(&w, &member, &score); i++)
        zset_gather_add(&g, member, score);
    zset_gather_end(&g, &copy);
    must(zset_count(&copy) == run.n);
    return copy;
}

CMD(zrangestore,
    .name = "ZRANGESTORE", .arity = -5, .group = "sorted-set", .since = "6.2.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members stored",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES,
    .keys = {{.flags = KEY_OW | KEY_UPDATE, .find = KEYS_RANGE, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_RO | KEY_ACCESS, .find = KEYS_RANGE, .first = 2, .last = 2, .step = 1}},
    .summary = "Stores the members of a sorted set within a range of ranks, scores or members in a key.",
    .syntax = "dst:key src:key min:string max:string [BYSCORE | BYLEX] [REV] [LIMIT offset count]")
{
    struct query q = {.key = 2, .takes_by = true, .takes_reverse = true};
    struct collection source;
    struct value copy;

    if (!parse_query(c, &q) || !collection_read(&source, c, 2, TYPE_ZSET))
        return;
    copy = copy_run(&source.value, find_run(&source.value, &q));
    zset_store(c, 1, &copy, "zrangestore");
}

/* ---- counts ---- */

static void count_range(struct call *c, enum zset_by by)
{
    struct zset_range range;
    struct collection o;

    if (zset_range_parse(c, by, 2, 3, &range) && collection_read(&o, c, 1, TYPE_ZSET))
        reply_int(c->out, (int64_t)zset_range_find(&o.value, &range, false).n);
}

CMD(zcount,
    .name = "ZCOUNT", .arity = 4, .group = "sorted-set", .since = "2.0.0",
    .cost = "O(log(N)) where N is the size of the sorted set",
    .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY,
    .summary = "Returns the number of members of a sorted set within a range of scores.",
    .syntax = "key min:double max:double")
{
    count_range(c, BY_SCORE);
}

CMD(zlexcount,
    .name = "ZLEXCOUNT", .arity = 4, .group = "sorted-set", .since = "2.8.9",
    .cost = "O(log(N)) where N is the size of the sorted set",
    .flags = CMD_READONLY | CMD_FAST, .keys = READ_KEY,
    .summary = "Returns the number of members of a sorted set within a lexicographical range, if all scores are equal.",
    .syntax = "key min:string max:string")
{
    count_range(c, BY_LEX);
}

/* ---- ZREMRANGEBY... ---- */

static void remove_range(struct call *c, enum zset_by by, const char *event)
{
    struct zset_range range;
    struct zset_run run;
    struct collection o;

    if (!zset_range_parse(c, by, 2, 3, &range) || !collection_write(&o, c, 1, TYPE_ZSET))
        return;
    run = zset_range_find(&o.value, &range, false);
    zset_drop_run(&o, run);
    if (run.n > 0)
        call_changed(c, 1, EVENT_ZSET, event);
    collection_close(&o);
    reply_int(c->out, (int64_t)run.n);
}

CMD(zremrangebyrank,
    .name = "ZREMRANGEBYRANK", .arity = 4, .group = "sorted-set", .since = "2.0.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE, .keys = DELETE_KEY,
    .summary = "Removes the members of a sorted set within a range of ranks.", .syntax = "key start stop")
{
    remove_range(c, BY_RANK, "zremrangebyrank");
}

CMD(zremrangebyscore,
    .name = "ZREMRANGEBYSCORE", .arity = 4, .group = "sorted-set", .since = "1.2.0",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE, .keys = DELETE_KEY,
    .summary = "Removes the members of a sorted set within a range of scores.", .syntax = "key min:double max:double")
{
    remove_range(c, BY_SCORE, "zremrangebyscore");
}

CMD(zremrangebylex,
    .name = "ZREMRANGEBYLEX", .arity = 4, .group = "sorted-set", .since = "2.8.9",
    .cost = "O(log(N)+M) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE, .keys = DELETE_KEY,
    .summary = "Removes the members of a sorted set within a lexicographical range, if all scores are equal.",
    .syntax = "key min:string max:string")
{
    remove_range(c, BY_LEX, "zremrangebylex");
}
