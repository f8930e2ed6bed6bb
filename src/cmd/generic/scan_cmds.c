/* SPDX-License-Identifier: BSD-3-Clause */
/* KEYS and SCAN: https://redis.io/docs/latest/commands/scan/ */
#include "cmd/args/scan_args.h"

/* Whether a key that exists matches the arguments of the command. */
static bool matches(const struct scan_args *a, const struct entry *e)
{
    return (a->type == NULL || entry_type_name(entry_type(e)) == a->type) && scan_args_match(a, entry_key(e));
}

/* ---- KEYS ---- */

struct keys_walk {
    struct scan_args args;
    int64_t now;
    struct out *out;
    size_t found;
};

static void keys_visit(void *arg, struct shard *shard, struct entry *e)
{
    struct keys_walk *w = arg;

    shard_must_hold(shard);
    if (!entry_expired(e, w->now) && matches(&w->args, e)) {
        reply_bulk(w->out, entry_key(e));
        w->found++;
    }
}

CMD(keys_all,
    .name = "KEYS", .arity = 2, .group = "generic", .since = "1.0.0",
    .cost = "O(N) where N is the number of keys in the database.", .flags = CMD_READONLY | CMD_WORLD,
    .syntax = "pattern", .hints = "request_policy:all_shards,nondeterministic_output_order",
    .categories = "@dangerous", .summary = "Returns all keys that match a pattern; blocks all other commands.")
{
    struct reply_later reply = reply_later_begin(c->out);
    struct keys_walk w = {.now = c->unit->now, .out = c->out};
    uint64_t cursor = 0;

    must(c->unit->is_world); /* the reply is one moment of the database */
    scan_args_set_pattern(&w.args, call_arg(c, 1));
    do
        must(call_scan(c, c->db, &cursor, keys_visit, &w));
    while (cursor != 0);
    reply_array_end(c->out, reply, w.found);
    scan_args_fini(&w.args);
}

/* ---- SCAN ---- */

struct scan_walk {
    struct scan_args args;
    struct scan_found found;
};

static void scan_visit(void *arg, struct shard *shard, struct entry *e)
{
    struct scan_walk *w = arg;

    shard_must_hold(shard);
    w->found.seen++;
    if (matches(&w->args, e))
        scan_found_add(&w->found, entry_key(e));
}

CMD(scan,
    .name = "SCAN", .arity = -2, .group = "generic", .since = "2.8.0",
    .cost = "O(1) for a call, O(N) for a full iteration, where N is the number of keys in the database.",
    .flags = CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS,
    .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .history = "6.0.0: Added `TYPE`.",
    .hints = "nondeterministic_output,request_policy:special,response_policy:special",
    .summary = "Iterates over the keys of the database, a few per call.")
{
    struct scan_walk w = {0};
    int64_t steps;
    uint64_t cursor;
    bool is_held;

    if (!scan_args_parse(c, 1, SCAN_TYPE, &w.args))
        return;
    cursor = w.args.cursor;
    steps = scan_args_steps(&w.args);
    must(w.args.count >= 1 && steps >= w.args.count);
    do
        is_held = !call_scan_live(c, c->db, &cursor, scan_visit, &w);
    while (!is_held && cursor != 0 && --steps > 0 && w.found.seen < w.args.count);
    c->gave_up = is_held && cursor == w.args.cursor; /* otherwise there is progress to reply */
    if (!c->gave_up)
        scan_found_reply(c, cursor, &w.found);
    scan_args_fini(&w.args);
}
