/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands on the members of a single set, and SMOVE. SPOP and SRANDMEMBER are in set_random_cmds.c, unions,
 * intersections and differences in set_algebra_cmds.c. https://redis.io/docs/latest/commands/?group=set
 */
#include "cmd/args/scan_args.h"
#include "run/collection.h"
#include "types/set.h"

CMD(sadd,
    .name = "SADD", .arity = -3, .group = "set", .since = "1.0.0",
    .cost = "O(N) where N is the number of member arguments", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_INSERT), .syntax = "key member [member ...]",
    .history = "2.4.0: Accepts multiple member arguments.",
    .summary = "Adds members to a set. Creates the set if it does not exist. Returns the number of new members.")
{
    struct collection o;
    int64_t added = 0;

    if (!collection_write(&o, c, 1, TYPE_SET))
        return;
    set_reserve(&o.value, call_arg(c, 2), (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++)
        added += set_add(&o.value, call_arg(c, i));
    must(added <= c->argc - 2 && set_count(&o.value) > 0);
    if (added > 0)
        call_changed(c, 1, EVENT_SET, "sadd");
    collection_close(&o);
    reply_int(c->out, added);
}

CMD(srem,
    .name = "SREM", .arity = -3, .group = "set", .since = "1.0.0",
    .cost = "O(N) where N is the number of member arguments", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE), .syntax = "key member [member ...]",
    .history = "2.4.0: Accepts multiple member arguments.",
    .summary = "Removes members from a set, and the key when no member is left. Returns the number of removed members.")
{
    struct collection o;
    int64_t removed = 0;

    if (!collection_write(&o, c, 1, TYPE_SET))
        return;
    for (int i = 2; i < c->argc; i++)
        removed += set_remove(&o.value, call_arg(c, i));
    must(removed <= c->argc - 2);
    if (removed > 0)
        call_changed(c, 1, EVENT_SET, "srem");
    collection_close(&o);
    reply_int(c->out, removed);
}

CMD(smembers,
    .name = "SMEMBERS", .arity = 2, .group = "set", .since = "1.0.0",
    .cost = "O(N) where N is the number of members of the set", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key", .hints = "nondeterministic_output_order",
    .summary = "Returns all members of a set.")
{
    struct collection o;
    struct set_walk w;
    struct slice member;

    if (!collection_read(&o, c, 1, TYPE_SET))
        return;
    reply_set(c->out, set_count(&o.value));
    set_walk_begin(&w, &o.value);
    while (set_walk_next(&w, &member))
        reply_bulk(c->out, member);
}

CMD(sismember,
    .name = "SISMEMBER", .arity = 3, .group = "set", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO), .syntax = "key member",
    .summary = "Determines whether a member belongs to a set.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_SET))
        reply_int(c->out, set_has(&o.value, call_arg(c, 2)));
}

CMD(smismember,
    .name = "SMISMEMBER", .arity = -3, .group = "set", .since = "6.2.0",
    .cost = "O(N) where N is the number of member arguments", .flags = CMD_READONLY | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key member [member ...]",
    .summary = "Determines for each of several members whether it belongs to a set.")
{
    struct collection o;

    if (!collection_read(&o, c, 1, TYPE_SET))
        return;
    reply_array(c->out, (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++)
        reply_int(c->out, set_has(&o.value, call_arg(c, i)));
}

CMD(scard,
    .name = "SCARD", .arity = 2, .group = "set", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO), .syntax = "key",
    .summary = "Returns the number of members of a set.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_SET))
        reply_int(c->out, (int64_t)set_count(&o.value));
}

/* ---- SMOVE ---- */

#define SET_EXTRA 32 /* bytes of a set with one member, besides its entry's header, key and member */

/* Moves a member of one set to another set, and closes both. */
static void move_member(struct collection *from, struct collection *to, struct slice member)
{
    struct call *c = from->call;

    must(from->key != to->key && collection_exists(from));
    set_remove(&from->value, member);
    call_changed(c, from->key, EVENT_SET, "srem");
    collection_close(from);
    if (set_add(&to->value, member))
        call_changed(c, to->key, EVENT_SET, "sadd");
    collection_close(to);
}

/* The size of a new set with the member that SMOVE moves; a set that exists grows by less. */
static size_t new_set_bytes(const struct call *c)
{
    return sizeof(struct entry) + call_arg(c, 2).n + call_arg(c, 3).n + SET_EXTRA;
}

CMD(smove,
    .name = "SMOVE", .arity = 4, .group = "set", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_GROWS | CMD_FAST,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_RW | KEY_INSERT, .first = 2, .last = 2, .step = 1}},
    .syntax = "source destination member", .summary = "Moves a member from one set to another.")
{
    struct slice member = call_arg(c, 3);
    struct collection from, to;
    bool is_member;

    if (!collection_write(&from, c, 1, TYPE_SET))
        return;
    is_member = set_has(&from.value, member);
    if (!collection_exists(&from) || slice_eq(call_arg(c, 1), call_arg(c, 2))) {
        collection_close(&from);
    } else if (!collection_write(&to, c, 2, TYPE_SET)) {
        collection_close(&from);
        return;
    } else if (is_member && !set_has(&to.value, member) && !call_has_room(c, new_set_bytes(c))) {
        collection_close(&from);
        collection_close(&to);
        return;
    } else if (is_member) {
        move_member(&from, &to, member);
    } else {
        collection_close(&from);
        collection_close(&to);
    }
    reply_int(c->out, is_member);
}

/* ---- SSCAN ---- */

struct sscan {
    struct scan_args args;
    struct scan_found found;
};

static void sscan_visit(void *arg, struct slice member)
{
    struct sscan *s = arg;

    s->found.seen++;
    if (scan_args_match(&s->args, member))
        scan_found_add(&s->found, member);
}

/* Continues the iteration at the cursor until COUNT members were visited. A flat set is visited as a whole. */
static void scan_set(struct call *c, const struct value *v, struct sscan *s)
{
    int64_t steps = scan_args_steps(&s->args);
    uint64_t cursor = s->args.cursor;

    must(steps > 0 && s->args.count > 0);
    do
        cursor = set_scan(v, cursor, sscan_visit, s);
    while (cursor != 0 && --steps > 0 && s->found.seen < s->args.count);
    scan_found_reply(c, cursor, &s->found);
    scan_args_fini(&s->args);
}

CMD(sscan,
    .name = "SSCAN", .arity = -3, .group = "set", .since = "2.8.0",
    .cost = "O(1) for every call, O(N) for a complete iteration, where N is the number of members of the set",
    .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key cursor [MATCH pattern] [COUNT count]",
    .hints = "nondeterministic_output",
    .summary = "Iterates over the members of a set, a few per call. A small set is returned as a whole.")
{
    struct sscan s = {0};
    struct collection o;

    if (scan_args_open(c, TYPE_SET, 0, &s.args, &o))
        scan_set(c, &o.value, &s);
}
