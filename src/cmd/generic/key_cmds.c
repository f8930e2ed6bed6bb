/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys whatever they hold: https://redis.io/docs/latest/commands/?group=generic */
#include "base/buf.h"
#include "run/call.h"

/* ---- there or not ---- */

static void delete_keys(struct call *c)
{
    int64_t gone = 0;

    for (int i = 1; i < c->argc; i++) {
        struct entry *e = call_peek(c, i);

        if (e == NULL)
            continue;
        call_drop(c, i, e, EVENT_GENERIC, "del");
        gone++;
    }
    reply_int(c->out, gone);
}

CMD(del,
    .name = "DEL", .arity = -2, .group = "generic", .since = "1.0.0", .cost = "O(N), N being the number of keys.",
    .flags = CMD_WRITE, .keys = CMD_KEYS(1, -1, 1, KEY_RM | KEY_DELETE),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Removes keys and replies with how many there were.")
{
    delete_keys(c);
}

CMD(unlink,
    .name = "UNLINK", .arity = -2, .group = "generic", .since = "4.0.0", .cost = "O(N), N being the number of keys.",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RM | KEY_DELETE),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Removes keys, as DEL does.")
{
    delete_keys(c);
}

CMD(exists,
    .name = "EXISTS", .arity = -2, .group = "generic", .since = "1.0.0",
    .cost = "O(N), N being the number of keys.", .flags = CMD_READONLY | CMD_FAST,
    .keys = CMD_KEYS(1, -1, 1, KEY_RO), .hints = "request_policy:multi_shard,response_policy:agg_sum",
    .syntax = "key [key ...]", .history = "3.0.3: Several keys may be given.",
    .summary = "Counts how many of the keys are there; a key that is named twice counts twice.")
{
    int64_t there = 0;

    for (int i = 1; i < c->argc; i++)
        there += call_peek_read(c, i) != NULL;
    reply_int(c->out, there);
}

CMD(touch,
    .name = "TOUCH", .arity = -2, .group = "generic", .since = "3.2.1", .cost = "O(N), N being the number of keys.",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RO),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Makes keys recently used and replies with how many there are.")
{
    int64_t there = 0;

    for (int i = 1; i < c->argc; i++)
        there += call_find_read(c, i) != NULL;
    reply_int(c->out, there);
}

CMD(type,
    .name = "TYPE", .arity = 2, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO), .syntax = "key",
    .summary = "Names the type of the value of a key, `none` where there is no such key.")
{
    struct entry *e = call_peek_read(c, 1);

    reply_simple(c->out, e ? entry_type_name(entry_type(e)) : "none");
}

CMD(persist,
    .name = "PERSIST", .arity = 2, .group = "generic", .since = "2.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), .syntax = "key",
    .summary = "Takes away a key's time to live.")
{
    struct entry *e = call_look(c, 1);

    if (e == NULL || entry_expire(e) == 0) {
        reply_int(c->out, 0);
        return;
    }
    call_set_expire(c, 1, e, 0);
    call_changed(c, 1, EVENT_GENERIC, "persist");
    reply_int(c->out, 1);
}

/* ---- another name, another place ---- */

/* Gives the value in argument 1 the name in argument 2. False: there is none; the error was replied. *done: whether
 * anything came of it, which it does not where only_new finds the name taken, or where both names are one. */
static bool rename_key(struct call *c, bool only_new, bool *done)
{
    struct entry *e = call_look(c, 1);
    struct entry *old;
    struct entry_usage usage;
    struct place p;

    *done = false;
    if (e == NULL) {
        reply_error(c->out, ERR_NO_KEY);
        return false;
    }
    if (slice_eq(call_arg(c, 1), call_arg(c, 2)))
        return true;
    old = call_look(c, 2);
    if (old != NULL && only_new)
        return true;
    usage = entry_usage(e);
    call_take(c, 1, e);
    e = entry_rename(e, call_arg(c, 2));
    call_put(c, 2, c->db, old, e);
    p = call_place(c, 2);
    keyspace_inherit(c->instance->keyspace, &p, e, usage);
    call_changed(c, 1, EVENT_GENERIC, "rename_from");
    call_changed(c, 2, EVENT_GENERIC, "rename_to");
    *done = true;
    return true;
}

#define RENAME_KEYS(target_flags) \
    {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .first = 1, .last = 1, .step = 1}, \
     {.flags = (target_flags), .first = 2, .last = 2, .step = 1}}

CMD(rename,
    .name = "RENAME", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)", .flags = CMD_WRITE,
    .keys = RENAME_KEYS(KEY_OW | KEY_UPDATE), .syntax = "key newkey",
    .summary = "Gives a key another name; what had that name before is replaced.")
{
    bool done;

    if (rename_key(c, false, &done))
        reply_ok(c->out);
}

CMD(renamenx,
    .name = "RENAMENX", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_FAST, .keys = RENAME_KEYS(KEY_OW | KEY_INSERT), .syntax = "key newkey",
    .history = "3.2.0: Both names may be the same.",
    .summary = "Gives a key another name, unless that name is taken.")
{
    bool done;

    if (rename_key(c, true, &done))
        reply_int(c->out, done);
}

struct copy_options {
    unsigned db;
    bool replace;
};

static bool parse_copy(struct call *c, struct copy_options *o)
{
    *o = (struct copy_options){.db = c->db};
    for (int i = 3; i < c->argc; i++) {
        if (call_is(c, i, "REPLACE")) {
            o->replace = true;
        } else if (call_is(c, i, "DB") && i + 1 < c->argc) {
            if (!call_db(c, ++i, &o->db))
                return false;
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    if (o->db != c->db || !slice_eq(call_arg(c, 1), call_arg(c, 2)))
        return true;
    reply_error(c->out, ERR_SAME_OBJECT);
    return false;
}

CMD(copy,
    .name = "COPY", .arity = -3, .group = "generic", .since = "6.2.0",
    .cost = "O(1) for a string, else O(N), N being the number of elements.", .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = {{.flags = KEY_RO | KEY_ACCESS, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_OW | KEY_UPDATE, .first = 2, .last = 2, .step = 1}},
    .syntax = "source destination [DB destination-db] [REPLACE]",
    .summary = "Copies a value, with its time to live, to another key, in another database if so asked.")
{
    struct copy_options o;
    struct entry *e, *old;
    struct place p;

    if (!parse_copy(c, &o))
        return;
    e = call_find_read(c, 1);
    old = e ? call_peek_in(c, 2, o.db) : NULL;
    if (e == NULL || (old != NULL && !o.replace)) {
        reply_int(c->out, 0);
        return;
    }
    e = entry_copy(e, call_arg(c, 2));
    if (e == NULL) {
        reply_error(c->out, ERR_NO_MEMORY);
        return;
    }
    call_put(c, 2, o.db, old, e);
    p = call_place_in(c, 2, o.db);
    keyspace_renew(c->instance->keyspace, &p, e);
    call_changed_in(c, 2, o.db, EVENT_GENERIC, "copy_to");
    reply_int(c->out, 1);
}

CMD(move,
    .name = "MOVE", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE), .syntax = "key db",
    .summary = "Moves a key to another database, unless it is there already.")
{
    struct entry *e;
    struct entry_usage usage;
    struct place p;
    unsigned db;

    if (!call_db(c, 2, &db))
        return;
    if (db == c->db) {
        reply_error(c->out, ERR_SAME_OBJECT);
        return;
    }
    e = call_look(c, 1);
    if (e == NULL || call_peek_in(c, 1, db) != NULL) {
        reply_int(c->out, 0);
        return;
    }
    usage = entry_usage(e);
    call_take(c, 1, e);
    call_put(c, 1, db, NULL, e);
    p = call_place_in(c, 1, db);
    keyspace_inherit(c->instance->keyspace, &p, e, usage);
    call_changed(c, 1, EVENT_GENERIC, "move_from");
    call_changed_in(c, 1, db, EVENT_GENERIC, "move_to");
    reply_int(c->out, 1);
}

/* ---- the whole database ---- */

/* Replies with a random key of a shard, in a unit of its own. False: an expired key was removed instead, or the shard
 * has no keys by now. */
static bool reply_random_key(struct call *c, struct shard *s)
{
    struct unit u;
    struct table *t;
    struct entry *e;
    bool found;

    unit_begin_within(&u, c->unit, s);
    t = shard_table(s, c->db);
    e = t != NULL ? table_random(t) : NULL;
    found = e != NULL && !entry_expired(e, u.now);
    if (found)
        reply_bulk(c->out, entry_key(e));
    else if (e != NULL)
        shard_expire(&(struct place){s, c->db, keyspace_hash(entry_key(e))}, e);
    unit_end(&u);
    return found;
}

CMD(randomkey,
    .name = "RANDOMKEY", .arity = 1, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS, .syntax = "",
    .hints = "request_policy:all_shards,nondeterministic_output",
    .summary = "Replies with a random key of the database.")
{
    struct shard *s;

    do
        s = keyspace_random_shard(c->instance->keyspace, c->db);
    while (s != NULL && !reply_random_key(c, s));
    if (s == NULL)
        reply_null(c->out);
}

CMD(dbsize,
    .name = "DBSIZE", .arity = 1, .group = "server", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .syntax = "", .categories = "@keyspace",
    .hints = "request_policy:all_shards,response_policy:agg_sum",
    .summary = "Counts the keys of the database.")
{
    reply_int(c->out, keyspace_size(c->instance->keyspace, c->db));
}
