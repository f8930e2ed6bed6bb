/* SPDX-License-Identifier: BSD-3-Clause */
/* ZPOPMIN, ZPOPMAX and ZMPOP: https://redis.io/docs/latest/commands/zpopmin/ */
#include "cmd/args/pop_args.h"
#include "cmd/zset/zset_args.h"

/* The form of the reply. */
enum pop_form {
    POP_FLAT,  /* member, score, member, score ... */
    POP_PAIRS, /* RESP3: an array of pairs; RESP2: as POP_FLAT */
    POP_NESTED /* an array of pairs in both protocols */
};

static void reply_popped(struct call *c, const struct value *v, struct zset_run run, bool from_max, enum pop_form form)
{
    bool pairs = form == POP_NESTED || (form == POP_PAIRS && c->out->resp > 2);
    struct zset_walk w;
    struct slice member;
    double score;

    must(run.n > 0 && run.from + run.n <= zset_count(v));
    reply_array(c->out, pairs ? run.n : 2 * run.n);
    if (from_max)
        zset_walk_begin_down(&w, v, run.from + run.n - 1);
    else
        zset_walk_begin(&w, v);
    for (size_t i = 0; i < run.n; i++) {
        if (from_max)
            zset_walk_prev(&w, &member, &score);
        else
            zset_walk_next(&w, &member, &score);
        if (pairs)
            reply_array(c->out, 2);
        reply_bulk(c->out, member);
        reply_double(c->out, score);
    }
}

/* Replies with up to `max` members of o, which is not empty, and removes them. max > 0. */
static void pop(struct call *c, struct collection *o, uint64_t max, bool from_max, enum pop_form form)
{
    size_t count = zset_count(&o->value), n = max < count ? (size_t)max : count;
    struct zset_run run = {from_max ? count - n : 0, n};

    must(n > 0);
    reply_popped(c, &o->value, run, from_max, form);
    zset_drop_run(o, run);
    call_changed(c, o->key, EVENT_ZSET, from_max ? "zpopmax" : "zpopmin");
}

/* ---- ZPOPMIN, ZPOPMAX ---- */

static void pop_end(struct call *c, bool from_max)
{
    enum pop_form form = c->argc == 3 ? POP_PAIRS : POP_FLAT;
    struct collection o;
    int64_t max = 1;

    if (c->argc > 3) {
        call_error_syntax(c);
        return;
    }
    if (c->argc == 3 && !call_int_between(c, 2, 0, INT64_MAX, &max, ERR_NOT_POSITIVE))
        return;
    if (!collection_write(&o, c, 1, TYPE_ZSET))
        return;
    if (max > 0 && collection_exists(&o))
        pop(c, &o, (uint64_t)max, from_max, form);
    else
        reply_array(c->out, 0);
    collection_close(&o);
}

CMD(zpopmin,
    .name = "ZPOPMIN", .arity = -2, .group = "sorted-set", .since = "5.0.0",
    .cost = "O(M*log(N)) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
    .summary = "Removes and returns the members of a sorted set with the lowest scores.",
    .syntax = "key [count]")
{
    pop_end(c, false);
}

CMD(zpopmax,
    .name = "ZPOPMAX", .arity = -2, .group = "sorted-set", .since = "5.0.0",
    .cost = "O(M*log(N)) where N is the size of the sorted set and M is the number of members removed",
    .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
    .summary = "Removes and returns the members of a sorted set with the highest scores.",
    .syntax = "key [count]")
{
    pop_end(c, true);
}

/* ---- ZMPOP ---- */

/* Pops from the key in argument i. False: the key does not exist. True: the members or an error were replied. */
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
    .cost = "O(K) + O(M*log(N)) where K is the number of keys, N is the size of the sorted set and M is the "
            "number of members removed",
    .flags = CMD_WRITE | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .find = KEYS_NUMBER, .first = 1, .step = 1}},
    .summary = "Removes and returns members with the lowest or highest scores of the first sorted set that exists.",
    .syntax = "numkeys key [key ...] <MIN | MAX> [COUNT count]")
{
    struct pop_args args;

    if (!pop_args_parse(c, 1, "MIN", "MAX", &args))
        return;
    must(args.keys > 0 && 2 + args.keys < c->argc);
    for (int i = 2; i < 2 + args.keys; i++)
        if (pop_from(c, i, &args))
            return;
    reply_null_array(c->out);
}
