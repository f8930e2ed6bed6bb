/* SPDX-License-Identifier: BSD-3-Clause */
/* XGROUP and XACK: https://redis.io/docs/latest/commands/xgroup/ */
#include "cmd/stream/stream_args.h"

#define ERR_NO_STREAM \
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM " \
    "option to create an empty stream automatically."

#define GROUP_KEY(flags_) CMD_KEYS(2, 2, 1, KEY_RW | (flags_))
#define GROUP_NAME        3 /* argument */

CMD_CONTAINER(xgroup,
    .name = "XGROUP", .arity = -2, .group = "stream", .since = "5.0.0", .cost = "Depends on the subcommand.",
    .summary = "Manages the consumer groups of a stream.");

/* The options of CREATE and SETID. */
struct group_options {
    bool allows_create, create; /* MKSTREAM */
    int64_t entries_read;       /* ENTRIESREAD */
};

static bool parse_entries_read(struct call *c, int i, int64_t *n)
{
    if (!call_int(c, i, n))
        return false;
    if (*n >= 0 || *n == STREAM_READ_UNKNOWN)
        return true;
    reply_error(c->out, "ERR value for ENTRIESREAD must be positive or -1");
    return false;
}

/* False: the error was replied. */
static bool parse_options(struct call *c, struct group_options *o)
{
    must(c->argc >= 5);
    o->entries_read = STREAM_READ_UNKNOWN;
    for (int i = 5; i < c->argc; i++) {
        if (o->allows_create && call_is(c, i, "MKSTREAM")) {
            o->create = true;
        } else if (call_is(c, i, "ENTRIESREAD") && i + 1 < c->argc) {
            if (!parse_entries_read(c, ++i, &o->entries_read))
                return false;
        } else {
            call_error_subcommand(c);
            return false;
        }
    }
    return true;
}

/* Opens the stream for writing; it must exist. False: the error was replied. */
static bool open_stream(struct collection *o, struct call *c)
{
    if (!stream_open_to_write(o, c, 2))
        return false;
    if (!collection_exists(o))
        reply_error(c->out, ERR_NO_STREAM);
    return collection_exists(o);
}

/* Opens the stream for writing and finds the group; both must exist. False: the error was replied. */
static bool open_group(struct collection *o, struct call *c, struct stream_group **g)
{
    struct slice key = call_arg(c, 2), name = call_arg(c, GROUP_NAME);

    if (!open_stream(o, c))
        return false;
    *g = stream_group_find(stream_of(&o->value), name);
    if (*g == NULL)
        reply_errorf(c->out, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", (int)name.n, name.p,
                     (int)key.n, key.p);
    return *g != NULL;
}

/* ---- CREATE ---- */

/* Parses argument 4, the id after which a group reads. allows_ends: "-" and "+" are valid. False: the error was
 * replied. */
static bool parse_start(struct call *c, const struct stream *s, bool allows_ends, struct stream_id *id)
{
    if (slice_eq(call_arg(c, 4), SLICE("$"))) {
        *id = s != NULL ? s->last : STREAM_ID_MIN;
        return true;
    }
    return allows_ends ? stream_arg_id_or_end(c, 4, id) : stream_arg_id(c, 4, id);
}

/* Creates the group, and the stream if it does not exist. WATCH sees a new stream, but not a new group. */
static void create_group(struct call *c, const struct group_options *x, struct collection *o)
{
    struct stream_id id;

    must(collection_exists(o) || x->create);
    if (!parse_start(c, stream_of(&o->value), false, &id))
        return;
    if (!collection_exists(o))
        call_changed(c, 2, EVENT_STREAM, NULL);
    if (stream_group_add(stream_make(&o->value), call_arg(c, GROUP_NAME), id, x->entries_read) == NULL) {
        reply_error(c->out, "BUSYGROUP Consumer Group name already exists");
        return;
    }
    call_changed_unwatched(c, 2, EVENT_STREAM, "xgroup-create");
    reply_ok(c->out);
}

CMD(xgroup_create,
    .name = "CREATE", .parent = "XGROUP", .arity = -5, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = GROUP_KEY(KEY_INSERT), .summary = "Creates a consumer group.",
    .syntax = "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read:integer]",
    .history = "7.0.0: Added the `ENTRIESREAD` option.")
{
    struct group_options x = {.allows_create = true};
    struct collection o;

    if (!parse_options(c, &x) || !collection_write(&o, c, 2, TYPE_STREAM))
        return;
    if (!collection_exists(&o) && !x.create)
        reply_error(c->out, ERR_NO_STREAM);
    else if (c->argc > 8)
        call_error_subcommand(c);
    else
        create_group(c, &x, &o);
    collection_close(&o);
}

/* ---- SETID, DESTROY ---- */

CMD(xgroup_setid,
    .name = "SETID", .parent = "XGROUP", .arity = -5, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_WRITE, .keys = GROUP_KEY(KEY_UPDATE), .summary = "Sets the id after which a group reads.",
    .syntax = "key group <id | $> [ENTRIESREAD entries-read:integer]",
    .history = "7.0.0: Added the `ENTRIESREAD` option.")
{
    struct group_options x = {0};
    struct collection o;
    struct stream_group *g;
    struct stream_id id;

    if (!parse_options(c, &x) || !open_group(&o, c, &g))
        return;
    if (c->argc > 7) {
        call_error_subcommand(c);
        return;
    }
    if (!parse_start(c, stream_of(&o.value), true, &id))
        return;
    g->last = id;
    g->entries_read = x.entries_read;
    call_changed_unwatched(c, 2, EVENT_STREAM, "xgroup-setid");
    collection_close(&o);
    reply_ok(c->out);
}

CMD(xgroup_destroy,
    .name = "DESTROY", .parent = "XGROUP", .arity = 4, .group = "stream", .since = "5.0.0",
    .cost = "O(N) where N is the number of unacknowledged entries of the group", .flags = CMD_WRITE,
    .keys = GROUP_KEY(KEY_DELETE), .summary = "Removes a consumer group. Returns 1 if it existed, otherwise 0.",
    .syntax = "key group")
{
    struct collection o;
    struct stream *s;
    struct stream_group *g;

    if (!open_stream(&o, c))
        return;
    s = stream_of(&o.value);
    g = stream_group_find(s, call_arg(c, GROUP_NAME));
    if (g != NULL) {
        stream_group_remove(s, g);
        call_changed_unwatched(c, 2, EVENT_STREAM, "xgroup-destroy");
    }
    collection_close(&o);
    reply_int(c->out, g != NULL);
}

/* ---- consumers ---- */

CMD(xgroup_createconsumer,
    .name = "CREATECONSUMER", .parent = "XGROUP", .arity = 5, .group = "stream", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = GROUP_KEY(KEY_INSERT),
    .summary = "Creates a consumer in a group. Returns 1 if it is new, otherwise 0.", .syntax = "key group consumer")
{
    struct collection o;
    struct stream_group *g;
    bool is_new;

    if (!open_group(&o, c, &g))
        return;
    is_new = stream_consumer_add(g, call_arg(c, 4), c->unit->now) != NULL;
    if (is_new)
        call_changed_unwatched(c, 2, EVENT_STREAM, "xgroup-createconsumer");
    collection_close(&o);
    reply_int(c->out, is_new);
}

CMD(xgroup_delconsumer,
    .name = "DELCONSUMER", .parent = "XGROUP", .arity = 5, .group = "stream", .since = "5.0.0",
    .cost = "O(N) where N is the number of unacknowledged entries of the consumer", .flags = CMD_WRITE,
    .keys = GROUP_KEY(KEY_DELETE),
    .summary = "Removes a consumer from a group and returns the number of its unacknowledged entries.",
    .syntax = "key group consumer")
{
    struct collection o;
    struct stream_group *g;
    struct stream_consumer *consumer;
    size_t pending = 0;

    if (!open_group(&o, c, &g))
        return;
    consumer = stream_consumer_find(g, call_arg(c, 4));
    if (consumer != NULL) {
        must(consumer->pending.count <= g->pending.count);
        pending = stream_consumer_remove(g, consumer);
        call_changed_unwatched(c, 2, EVENT_STREAM, "xgroup-delconsumer");
    }
    collection_close(&o);
    reply_int(c->out, (int64_t)pending);
}

CMD(xgroup_help,
    .name = "HELP", .parent = "XGROUP", .arity = 2, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of XGROUP.")
{
    static const char *const lines[] = {
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a group that reads the entries after an id, or after the last one ($). Options:",
        "    * MKSTREAM",
        "      Create an empty stream if the key does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the number of entries that the group has read, from which its lag is computed.",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a consumer in a group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove a consumer and its unacknowledged entries.",
        "DESTROY <key> <groupname>",
        "    Remove a group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the id after which a group reads, and the number of entries it has read.",
        NULL,
    };

    call_reply_help(c, lines);
}

/* ---- XACK ---- */

CMD(xack,
    .name = "XACK", .arity = -4, .group = "stream", .since = "5.0.0",
    .cost = "O(log(N)) for each id, where N is the number of unacknowledged entries of the group",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Acknowledges entries that were delivered to a group. Returns the number of entries that were pending.",
    .syntax = "key group id [id ...]")
{
    struct collection o;
    struct stream *s;
    struct stream_group *g;
    struct stream_nack *nack;
    struct stream_id id;
    int64_t n = 0;

    if (!stream_open_to_deliver(&o, c, 1))
        return;
    s = stream_of(&o.value);
    g = s != NULL ? stream_group_find(s, call_arg(c, 2)) : NULL;
    if (g != NULL && !stream_args_are_ids(c, 3))
        return;
    for (int i = 3; g != NULL && i < c->argc; i++) {
        nack = stream_id_read(call_arg(c, i), 0, &id) ? stream_pending_find(&g->pending, id) : NULL;
        if (nack == NULL)
            continue;
        stream_nack_remove(g, nack);
        n++;
    }
    must(n <= c->argc - 3);
    if (n > 0)
        call_changed_unwatched(c, 1, EVENT_STREAM, NULL);
    collection_close(&o);
    reply_int(c->out, n);
}
