/* SPDX-License-Identifier: BSD-3-Clause */
/* The commands on keys of any type: https://redis.io/docs/latest/commands/?group=generic */
#include "base/buf.h"
#include "run/call.h"

/* ---- existence ---- */

static void delete_keys(struct call *c)
{
    int64_t deleted = 0;

    for (int i = 1; i < c->argc; i++) {
        struct entry *e = call_peek(c, i);

        if (e == NULL)
            continue;
        call_drop(c, i, e, EVENT_GENERIC, "del");
        deleted++;
    }
    must(deleted < c->argc);
    reply_int(c->out, deleted);
}

CMD(del,
    .name = "DEL", .arity = -2, .group = "generic", .since = "1.0.0", .cost = "O(N) where N is the number of keys.",
    .flags = CMD_WRITE, .keys = CMD_KEYS(1, -1, 1, KEY_RM | KEY_DELETE),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Deletes keys and returns how many existed.")
{
    delete_keys(c);
}

CMD(unlink,
    .name = "UNLINK", .arity = -2, .group = "generic", .since = "4.0.0", .cost = "O(N) where N is the number of keys.",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RM | KEY_DELETE),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Deletes keys, as DEL does.")
{
    delete_keys(c);
}

CMD(exists,
    .name = "EXISTS", .arity = -2, .group = "generic", .since = "1.0.0",
    .cost = "O(N) where N is the number of keys.", .flags = CMD_READONLY | CMD_FAST,
    .keys = CMD_KEYS(1, -1, 1, KEY_RO), .hints = "request_policy:multi_shard,response_policy:agg_sum",
    .syntax = "key [key ...]", .history = "3.0.3: Accepts several keys.",
    .summary = "Returns how many of the keys exist; a key that is given twice counts twice.")
{
    int64_t found = 0;

    for (int i = 1; i < c->argc; i++)
        found += call_peek_read(c, i) != NULL;
    reply_int(c->out, found);
}

CMD(touch,
    .name = "TOUCH", .arity = -2, .group = "generic", .since = "3.2.1", .cost = "O(N) where N is the number of keys.",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RO),
    .hints = "request_policy:multi_shard,response_policy:agg_sum", .syntax = "key [key ...]",
    .summary = "Marks keys as used just now and returns how many exist.")
{
    int64_t found = 0;

    for (int i = 1; i < c->argc; i++)
        found += call_find_read(c, i) != NULL;
    reply_int(c->out, found);
}

CMD(type,
    .name = "TYPE", .arity = 2, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO), .syntax = "key",
    .summary = "Returns the type of the value of a key, `none` without such a key.")
{
    struct entry *e = call_peek_read(c, 1);

    reply_simple(c->out, e ? entry_type_name(entry_type(e)) : "none");
}

CMD(persist,
    .name = "PERSIST", .arity = 2, .group = "generic", .since = "2.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), .syntax = "key",
    .summary = "Removes the expiry of a key.")
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

/* ---- renaming, copying, moving ---- */

/* Renames the key in argument 1 to argument 2. False: there is no such key, or no memory for a longer name; the
 * error was replied, or the body runs again. *done: false if nothing changed, because the new name exists and only_new
 * is set, or because both names are equal. */
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
    sane(slice_eq(entry_key(e), call_arg(c, 1)) && e != old);
    if (call_arg(c, 2).n > call_arg(c, 1).n && !call_has_room(c, call_arg(c, 2).n - call_arg(c, 1).n))
        return false;
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
    .name = "RENAME", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)", .flags = CMD_WRITE | CMD_GROWS,
    .keys = RENAME_KEYS(KEY_OW | KEY_UPDATE), .syntax = "key newkey",
    .summary = "Renames a key; replaces the key that has the new name.")
{
    bool done;

    if (rename_key(c, false, &done))
        reply_ok(c->out);
}

CMD(renamenx,
    .name = "RENAMENX", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_GROWS | CMD_FAST, .keys = RENAME_KEYS(KEY_OW | KEY_INSERT), .syntax = "key newkey",
    .history = "3.2.0: Both names may be equal.",
    .summary = "Renames a key if no key has the new name.")
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
    must(c->argc >= 3);
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
    .cost = "O(1) for a string, otherwise O(N) where N is the number of elements.",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES,
    .keys = {{.flags = KEY_RO | KEY_ACCESS, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_OW | KEY_UPDATE, .first = 2, .last = 2, .step = 1}},
    .syntax = "source destination [DB destination-db] [REPLACE]",
    .summary = "Copies a value with its expiry to another key, optionally in another database.")
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
    must(o.db < c->instance->keyspace->databases);
    if (!call_has_room(c, entry_size(e)))
        return;
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

#define MOVED_BYTES 16 /* by which the table of one database grows before that of the other one shrinks */

CMD(move,
    .name = "MOVE", .arity = 3, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_GROWS | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
    .syntax = "key db",
    .summary = "Moves a key to another database if that database does not have the key.")
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
    if (!call_has_room(c, MOVED_BYTES))
        return;
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

/* CLIENT PAUSE promises that nothing changes, so RANDOMKEY cannot remove the expired keys that it finds. After so many
 * it replies with one, as Redis does: perhaps there are no others. */
#define PAUSED_TRIES 100

/* Replies with a random key of a shard, in a unit of its own. False: removed an expired key instead, or the shard has
 * become empty or, with c->gave_up, is held by another worker. is_paused: expired keys must stay; may_be_expired: such
 * a key is good enough. */
static bool reply_random_key(struct call *c, struct shard *s, bool is_paused, bool may_be_expired)
{
    struct unit u;
    struct table *t;
    struct entry *e;

    if (!unit_begin_within(&u, c->unit, s, call_patience(c))) {
        c->gave_up = true;
        return false;
    }
    t = shard_table(s, c->db);
    e = t != NULL ? table_random(t) : NULL;
    if (e != NULL && is_paused && !may_be_expired && entry_expired(e, u.now))
        e = NULL;
    else if (e != NULL && !is_paused) /* removes it, or its fields, if they have expired */
        e = shard_find(&(struct place){s, c->db, keyspace_hash(entry_key(e))}, entry_key(e), u.now, &c->due_fields);
    if (e != NULL)
        reply_bulk(c->out, entry_key(e));
    unit_end(&u);
    return e != NULL;
}

CMD(randomkey,
    .name = "RANDOMKEY", .arity = 1, .group = "generic", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS, .syntax = "",
    .hints = "request_policy:all_shards,response_policy:special,nondeterministic_output",
    .summary = "Returns a random key of the database.")
{
    bool is_paused = pause_mode(&c->instance->pause, c->runner->mono) != PAUSE_NONE;
    unsigned tries = 0;
    struct shard *s;

    do
        s = keyspace_random_shard(c->instance->keyspace, c->db);
    while (s != NULL && !reply_random_key(c, s, is_paused, is_paused && ++tries > PAUSED_TRIES) && !c->gave_up);
    if (s == NULL)
        reply_null(c->out);
}

CMD(dbsize,
    .name = "DBSIZE", .arity = 1, .group = "server", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .syntax = "", .categories = "@keyspace",
    .hints = "request_policy:all_shards,response_policy:agg_sum",
    .summary = "Returns the number of keys in the database.")
{
    must(c->db < c->instance->keyspace->databases);
    reply_int(c->out, keyspace_size(c->instance->keyspace, c->db));
}
