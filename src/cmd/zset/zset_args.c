/* SPDX-License-Identifier: BSD-3-Clause */
/* https://redis.io/docs/latest/commands/zrange/ describes the syntax of ranges. */
#include "cmd/zset/zset_args.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- bounds of ranges ---- */

/* Parses a score as strtod does: leading spaces are allowed, overflow gives infinity, an empty string 0. False: not a
 * number. */
static bool read_score(struct slice s, double *score)
{
    char *copy, *end;

    if (num_parse_double(s, score))
        return true;
    copy = mem_strndup(s.p, s.n);
    *score = strtod(copy, &end);
    if (*end != '\0')
        *score = NAN;
    mem_free(copy);
    return !isnan(*score);
}

/* is_max: the upper bound. A bound without a bracket is inclusive. */
static bool parse_score(struct slice s, bool is_max, struct tree_bound *end)
{
    bool open = s.n > 0 && s.p[0] == '(';
    double score;

    if (!read_score(open ? slice_of(s.p + 1, s.n - 1) : s, &score))
        return false;
    *end = tree_bound_score(score, open != is_max);
    return true;
}

static bool parse_member(struct slice s, bool is_max, struct tree_bound *end)
{
    if (s.n == 0)
        return false;
    switch (s.p[0]) {
    case '-':
        *end = TREE_HEAD;
        return s.n == 1;
    case '+':
        *end = TREE_TAIL;
        return s.n == 1;
    case '(':
    case '[':
        *end = tree_bound_member(slice_of(s.p + 1, s.n - 1), (s.p[0] == '(') != is_max);
        return true;
    default:
        return false;
    }
}

bool zset_range_parse(struct call *c, enum zset_by by, int min, int max, struct zset_range *range)
{
    struct slice a = call_arg(c, min), b = call_arg(c, max);

    must(min > 0 && min < c->argc && max > 0 && max < c->argc);
    must(by == BY_RANK || by == BY_SCORE || by == BY_LEX);
    *range = (struct zset_range){.by = by};
    switch (by) {
    case BY_RANK:
        return call_int(c, min, &range->start) && call_int(c, max, &range->stop);
    case BY_SCORE:
        if (parse_score(a, false, &range->min) && parse_score(b, true, &range->max))
            return true;
        reply_error(c->out, "ERR min or max is not a float");
        return false;
    case BY_LEX:
        if (parse_member(a, false, &range->min) && parse_member(b, true, &range->max))
            return true;
        reply_error(c->out, "ERR min or max not valid string range item");
        return false;
    }
    return false;
}

/* ---- ranks ---- */

static struct zset_run find_ranks(size_t count, int64_t start, int64_t stop, bool reverse)
{
    size_t first, n = collection_range(count, start, stop, &first);

    must(n == 0 || first + n <= count);
    return n == 0 ? (struct zset_run){0, 0} : (struct zset_run){reverse ? count - first - n : first, n};
}

struct zset_run zset_range_find(const struct value *v, const struct zset_range *range, bool reverse)
{
    if (range->by == BY_RANK)
        return find_ranks(zset_count(v), range->start, range->stop, reverse);
    return zset_between(v, &range->min, &range->max, reverse);
}

/* ---- replies ---- */

void zset_reply_members(struct call *c, size_t n, bool with_scores)
{
    reply_array(c->out, with_scores && c->out->resp == 2 ? 2 * n : n);
}

void zset_reply_member(struct call *c, struct slice member, double score, bool with_scores)
{
    if (with_scores && c->out->resp > 2)
        reply_array(c->out, 2);
    reply_bulk(c->out, member);
    if (with_scores)
        reply_double(c->out, score);
}

void zset_reply_run(struct call *c, const struct value *v, struct zset_run run, bool reverse, bool with_scores)
{
    struct zset_walk w;
    struct slice member;
    double score;

    must(run.n == 0 || run.from + run.n <= zset_count(v));
    zset_reply_members(c, run.n, with_scores);
    if (run.n == 0)
        return;
    if (reverse)
        zset_walk_begin_down(&w, v, run.from + run.n - 1);
    else
        zset_walk_begin_at(&w, v, run.from);
    for (size_t i = 0; i < run.n; i++) {
        if (reverse)
            zset_walk_prev(&w, &member, &score);
        else
            zset_walk_next(&w, &member, &score);
        zset_reply_member(c, member, score, with_scores);
    }
}

/* ---- changes ---- */

/* The rule that argument i names; 0: none. */
static unsigned rule_of(const struct call *c, int i)
{
    if (call_is(c, i, "NX"))
        return ZSET_NX;
    if (call_is(c, i, "XX"))
        return ZSET_XX;
    if (call_is(c, i, "GT"))
        return ZSET_GT;
    if (call_is(c, i, "LT"))
        return ZSET_LT;
    return call_is(c, i, "INCR") ? ZSET_INCR : 0;
}

void zset_addition_options(struct call *c, struct zset_addition *a, unsigned rules)
{
    for (; a->first < c->argc; a->first++) {
        unsigned rule = rule_of(c, a->first) & rules;

        if (rule == 0 && !call_is(c, a->first, "CH"))
            return;
        a->rules |= rule;
        a->changes |= rule == 0;
    }
}

/* The result of adding members. */
struct added {
    size_t new, updated;
    bool refused; /* whether a rule refused the last member */
    double score; /* of the last member */
};

/* False: a score would not be a number, and the error was replied. Members added before it remain, as in Redis. */
static bool add_each(struct call *c, const struct zset_addition *a, struct value *v, struct added *done)
{
    must(a->first + a->stride * (int)a->n <= c->argc);
    for (size_t i = 0; i < a->n; i++) {
        enum zset_outcome outcome;

        done->score = a->scores[i];
        outcome = zset_add(v, call_arg(c, a->first + a->stride * (int)(i + 1) - 1), &done->score, a->rules);
        if (outcome == ZSET_NAN) {
            reply_error(c->out, "ERR resulting score is not a number (NaN)");
            return false;
        }
        done->new += outcome == ZSET_ADDED;
        done->updated += outcome == ZSET_UPDATED;
        done->refused = outcome == ZSET_REFUSED;
    }
    return true;
}

static void reply_added(struct call *c, const struct zset_addition *a, const struct added *done)
{
    if (!(a->rules & ZSET_INCR))
        reply_int(c->out, (int64_t)(a->changes ? done->new + done->updated : done->new));
    else if (done->refused)
        reply_null(c->out);
    else
        reply_double(c->out, done->score);
}

void zset_add_members(struct call *c, const struct zset_addition *a)
{
    struct added done = {0};
    struct collection o;

    must(a->n > 0 && a->scores != NULL && (a->n == 1 || !(a->rules & ZSET_INCR)));
    if (!collection_write(&o, c, 1, TYPE_ZSET))
        return;
    if (!(a->rules & ZSET_XX) || collection_exists(&o))
        zset_reserve(&o.value, a->n);
    if (add_each(c, a, &o.value, &done))
        reply_added(c, a, &done);
    must(done.new + done.updated <= a->n);
    if (done.new + done.updated > 0)
        call_changed(c, 1, EVENT_ZSET, a->rules & ZSET_INCR ? "zincr" : "zadd");
    collection_close(&o);
}

void zset_drop_run(struct collection *o, struct zset_run run)
{
    must(run.n == 0 || run.from + run.n <= zset_count(&o->value));
    if (run.n == zset_count(&o->value))
        collection_clear(o);
    else
        zset_remove_run(&o->value, run);
}

void zset_store(struct call *c, int i, struct value *v, const char *event)
{
    size_t n = zset_count(v);

    if (collection_store(c, i, TYPE_ZSET, v, EVENT_ZSET, event))
        reply_int(c->out, (int64_t)n);
}
