/* SPDX-License-Identifier: BSD-3-Clause */
/* ZSCAN and ZRANDMEMBER: https://redis.io/docs/latest/commands/zscan/ */
#include <math.h>
#include <stdio.h>

#include "base/rand.h"
#include "cmd/args/draw_args.h"
#include "cmd/args/scan_args.h"
#include "cmd/zset/zset_args.h"
#include "types/zset_random.h"

#define READ_KEY CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS)

/* ---- ZSCAN ---- */

struct zscan {
    struct scan_args args;
    struct scan_found found;
    bool is_large;
};

/* As in Redis, ZSCAN shows the scores of a flat set as the listpack holds them, and those of a large set with 17
 * digits. */
static int score_text(char *text, double score, bool is_large)
{
    if (is_large && isfinite(score) && (score != floor(score) || fabs(score) >= 1e17))
        return snprintf(text, NUM_DOUBLE_MAX, "%.17g", score);
    return num_format_double(text, score);
}

static void zscan_visit(void *arg, struct slice member, double score)
{
    char text[NUM_DOUBLE_MAX];
    struct zscan *z = arg;

    z->found.seen++;
    if (!scan_args_match(&z->args, member))
        return;
    scan_found_add(&z->found, member);
    scan_found_add(&z->found, slice_of(text, (size_t)score_text(text, score, z->is_large)));
}

/* Continues the iteration at the cursor until COUNT members were visited. A flat set is visited as a whole. */
static void scan_zset(struct call *c, const struct value *v, struct zscan *z)
{
    int64_t steps = scan_args_steps(&z->args);
    uint64_t cursor = z->args.cursor;

    must(steps > 0 && z->args.count > 0);
    z->is_large = v->form == VALUE_LARGE;
    do
        cursor = zset_scan(v, cursor, zscan_visit, z);
    while (cursor != 0 && --steps > 0 && z->found.seen < z->args.count);
    scan_found_reply(c, cursor, &z->found);
    scan_args_fini(&z->args);
}

CMD(zscan,
    .name = "ZSCAN", .arity = -3, .group = "sorted-set", .since = "2.8.0",
    .cost = "O(1) for every call, O(N) for a complete iteration, where N is the size of the sorted set",
    .flags = CMD_READONLY,
    .keys = READ_KEY, .syntax = "key cursor [MATCH pattern] [COUNT count]", .hints = "nondeterministic_output",
    .summary = "Iterates over the members of a sorted set and their scores, a few per call. A small set is returned as "
               "a whole.")
{
    struct zscan z = {0};
    struct collection o;

    if (scan_args_open(c, TYPE_ZSET, 0, &z.args, &o))
        scan_zset(c, &o.value, &z);
}

/* ---- ZRANDMEMBER ---- */

static void draw_one(struct call *c)
{
    struct collection o;
    struct zset_walk w;
    struct slice member;
    double score;

    if (!collection_read(&o, c, 1, TYPE_ZSET))
        return;
    if (!collection_exists(&o)) {
        reply_null(c->out);
        return;
    }
    must(zset_count(&o.value) > 0);
    zset_walk_begin_at(&w, &o.value, rand_below(zset_count(&o.value)));
    zset_walk_next(&w, &member, &score);
    reply_bulk(c->out, member);
}

/* Replies with n random members, which may repeat. Stops when the client exceeds its output limit and is about to be
 * disconnected. */
static void draw_with_repeats(struct call *c, const struct value *v, uint64_t n, bool with_scores)
{
    struct zset_draw d;

    must(n > 0 && zset_count(v) > 0);
    zset_reply_members(c, n, with_scores);
    zset_draw_begin(&d, v);
    for (; n > 0 && c->out->cut == NULL; n--) {
        double score;
        struct slice member = zset_draw(&d, &score);

        zset_reply_member(c, member, score, with_scores);
    }
    zset_draw_end(&d);
}

struct sample {
    struct call *call;
    bool with_scores;
};

static void reply_sampled(void *arg, struct slice member, double score)
{
    const struct sample *s = arg;

    zset_reply_member(s->call, member, score, s->with_scores);
}

static void draw_many(struct call *c)
{
    struct sample sample = {.call = c};
    struct collection o;
    int64_t count;
    size_t n;

    if (!draw_args_parse(c, "WITHSCORES", &count, &sample.with_scores) || !collection_read(&o, c, 1, TYPE_ZSET))
        return;
    if (count < 0 && collection_exists(&o)) {
        draw_with_repeats(c, &o.value, (uint64_t)-count, sample.with_scores);
        return;
    }
    n = zset_count(&o.value);
    if (count >= 0 && (uint64_t)count < n)
        n = (size_t)count;
    must(n <= zset_count(&o.value));
    zset_reply_members(c, n, sample.with_scores);
    zset_sample(&o.value, n, reply_sampled, &sample);
}

CMD(zrandmember,
    .name = "ZRANDMEMBER", .arity = -2, .group = "sorted-set", .since = "6.2.0",
    .cost = "O(1) without a count, otherwise O(N*log(M)) where N is the absolute value of the count and M is the size "
            "of the sorted set", .flags = CMD_READONLY | CMD_COPIES,
    .keys = READ_KEY, .syntax = "key [count [WITHSCORES]]", .hints = "nondeterministic_output",
    .summary = "Returns random members of a sorted set: distinct ones, or with a negative count, ones that may "
               "repeat.")
{
    if (c->argc == 2)
        draw_one(c);
    else
        draw_many(c);
}
