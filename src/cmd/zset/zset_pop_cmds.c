/* SPDX-License-Identifier: BSD-3-Clause */
/* Members taken from the ends of sorted sets: https://redis.io/docs/latest/commands/zpopmin/ and zmpop/ */
#include "cmd/args/pop_args.h"
#include "cmd/zset/zset_args.h"

/* How the members are replied. */
enum pop_form {
    POP_ROW,   /* member, score, member, score */
    POP_PAIRS, /* in RESP3 an array of pairs; else the same */
    POP_NESTED /* pairs in either protocol */
};

static void reply_popped(struct call *c, const struct value *v, struct zset_run run, bool greatest, enum pop_form form)
{
    bool pairs = form == POP_NESTED || (form == POP_PAIRS && c->out->resp > 2);
    struct zset_walk w;
    struct slice member;
    double score;

    reply_array(c->out, pairs ? run.n : 2 * run.n);
    if (greatest)
        zset_walk_begin_down(&w, v, run.from + run.n - 1);
    else
        zset_walk_begin(&w, v);
    for (size_t i = 0; i < run.n; i++) {
        if (greatest)
            zset_walk_prev(&w, &member, &score);
        else
            zset_walk_next(&w, &member, &score);
        if (pairs)
            reply_array(c->out, 2);
        reply_bulk(c->out, member);
        reply_double(c->out, score);
    }
}

/* Replies with up to `most` members of o, which has some, and removes them. */
static void pop(struct call *c, struct collection *o, uint64_t most, bool greatest, enum pop_form form)
{
    size_t count = zset_count(&o->value), n = most < count ? (size_t)most : count;
    struct zset_run run = {greatest ? count - n : 0, n};

    reply_popped(c, &o->value, run, greatest, form);
    zset_drop_run(o, run);
    call_changed(c, o->key, EVENT_ZSET, greatest ? "zpopmax" : "zpopmin");
}

/* ---- ZPOPMIN, ZPOPMAX ---- */

static void pop_end(struct call *c, bool greatest)
{
    enum pop_form form = c->argc == 3 ? POP_PAIRS : POP_ROW;
    struct collection o;
    int64_t most = 1;

    if (c->argc > 3) {
        call_error_syntax(c);
        return;
    }
    if (c->argc == 3 && !call_int_between(c, 2, 0, INT64_MAX, &most, ERR_NOT_POSITIVE))
        return;
    if (!collection_write(&o, c, 1, TYPE_ZSET))
        return;
    if (most > 0 && collection_exists(&o))
        pop(c, &o, (uint64_t)most, greatest, form);
    else
        reply_array(c->out, 0);
    collection_close(&o);
}

CMD(zpopmin,
    .name = "ZPOPMIN", .arity = -2, .group = "sorted-set", .since = "5.0.0",
    .cost = "O(log(N)*M), M being the number of members removed.", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
    .summary = "Removes the members of the lowest scores from a sorted set, and returns them.",
    .syntax = "key [count]")
{
    pop_end(c, false);
}

CMD(zpopmax,
    .name = "ZPOPMAX", .arity = -2, .group = "sorted-set", .since = "5.0.0",
    .cost = "O(log(N)*M), M being the number of members removed.", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
    .summary = "Removes the members of the highest scores from a sorted set, and returns them.",
    .syntax = "key [count]")
{
    pop_end(c, true);
}

/* ---- ZMPOP ---- */

/* Pops from the key in argument i. False: there is no such key; else something was replied, perhaps the error. */
static bool pop_from(struct call *c, int i, const struct pop_args *args)
{
    struct collection o;
    bool exists;

    if (!collection_write(&o, c, i, TYPE_ZSET))
        return true;
    exists = collection_exists(&o);
    if (exists) {
        reply_array(c->out, 2);
        reply_bulk(c->out, call_arg(c, i));
        pop(c, &o, (uint64_t)args->count, args->second, POP_NESTED);
    }
    collection_close(&o);
    return exists;
}

CMD(zmpop,
    .name = "ZMPOP", .arity = -4, .group = "sorted-set", .since = "7.0.0",
    .cost = "O(K) + O(M*log(N)), K being the number of keys, M that of the members removed.",
    .flags = CMD_WRITE | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .find = KEYS_NUMBER, .first = 1, .step = 1}},
    .summary = "Removes members from one end of the first of several sorted sets that is not empty, and returns them.",
    .syntax = "numkeys key [key ...] <MIN | MAX> [COUNT count]")
{
    struct pop_args args;

    if (!pop_args_parse(c, 1, "MIN", "MAX", &args))
        return;
    for (int i = 2; i < 2 + args.keys; i++)
        if (pop_from(c, i, &args))
            return;
    reply_null_array(c->out);
}
