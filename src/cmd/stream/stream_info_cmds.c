/* SPDX-License-Identifier: BSD-3-Clause */
/* XINFO: https://redis.io/docs/latest/commands/xinfo-stream/ */
#include "cmd/stream/stream_args.h"
#include "types/stream_progress.h"

#define INFO_KEY      CMD_KEYS(2, 2, 1, KEY_RO | KEY_ACCESS)
#define DEFAULT_COUNT 10 /* entries that FULL shows, and pending entries of each group and consumer */

CMD_CONTAINER(xinfo,
    .name = "XINFO", .arity = -2, .group = "stream", .since = "5.0.0", .cost = "Depends on the subcommand.",
    .summary = "Shows information about a stream, its groups and its consumers.");

/* Finds the stream, which must exist. False: the error was replied. */
static bool find_stream(struct call *c, struct stream **s)
{
    if (!stream_find(c, 2, s))
        return false;
    if (*s == NULL)
        reply_error(c->out, ERR_NO_KEY);
    return *s != NULL;
}

/* ---- names with their values ---- */

static void add_int(struct out *out, const char *name, int64_t v)
{
    reply_bulk_str(out, name);
    reply_int(out, v);
}

static void add_id(struct out *out, const char *name, struct stream_id id)
{
    reply_bulk_str(out, name);
    stream_reply_id(out, id);
}

static void add_name(struct out *out, struct slice name)
{
    reply_bulk_str(out, "name");
    reply_bulk(out, name);
}

/* Replies with null if the value is not known. */
static void add_int_or_null(struct out *out, const char *name, bool known, int64_t v)
{
    reply_bulk_str(out, name);
    if (known)
        reply_int(out, v);
    else
        reply_null(out);
}

/* The progress of a group. */
static void add_progress(struct out *out, const struct stream *s, const struct stream_group *g)
{
    int64_t lag = 0;
    bool known = stream_progress_lag(s, g, &lag);

    must(g->entries_read >= STREAM_READ_UNKNOWN);
    add_id(out, "last-delivered-id", g->last);
    add_int_or_null(out, "entries-read", g->entries_read != STREAM_READ_UNKNOWN, g->entries_read);
    add_int_or_null(out, "lag", known, lag);
}

/* ---- STREAM ---- */

/* The seven values that STREAM shows with and without FULL. In Redis the nodes are the leaves of a radix tree with at
 * least one inner node. */
static void add_stream(struct out *out, const struct stream *s)
{
    int64_t nodes = (int64_t)stream_node_count(s);

    must((nodes == 0) == (s->count == 0));
    add_int(out, "length", (int64_t)s->count);
    add_int(out, "radix-tree-keys", nodes);
    add_int(out, "radix-tree-nodes", nodes + 1);
    add_id(out, "last-generated-id", s->last);
    add_id(out, "max-deleted-entry-id", s->max_deleted);
    add_int(out, "entries-added", (int64_t)s->added);
    add_id(out, "recorded-first-entry-id", stream_first_id(s));
}

static void add_entry(struct out *out, const char *name, const struct stream *s, struct stream_id id)
{
    reply_bulk_str(out, name);
    if (!stream_reply_entry_of(out, s, id))
        reply_null(out);
}

static void reply_brief(struct out *out, const struct stream *s)
{
    reply_map(out, 10);
    add_stream(out, s);
    add_int(out, "groups", (int64_t)stream_group_count(s));
    add_entry(out, "first-entry", s, stream_first_id(s));
    add_entry(out, "last-entry", s, stream_last_id(s));
}

/* Up to `max` pending entries; 0: all. Those of a group also show their consumers. */
static void add_pending(struct out *out, const struct stream_pending *pending, uint64_t max, bool of_group)
{
    struct stream_pending_walk w;
    const struct stream_nack *nack;
    uint64_t n = 0;
    struct reply_later all;

    add_int(out, "pel-count", (int64_t)pending->count);
    reply_bulk_str(out, "pending");
    all = reply_later_begin(out);
    stream_pending_walk_begin(&w, pending, STREAM_ID_MIN);
    while (out->cut == NULL && (max == 0 || n < max) && (nack = stream_pending_walk_next(&w)) != NULL) {
        must(nack->consumer != NULL);
        reply_array(out, of_group ? 4 : 3);
        stream_reply_id(out, nack->id);
        if (of_group)
            reply_bulk(out, nack->consumer->name);
        reply_int(out, nack->delivery_time);
        reply_int(out, (int64_t)nack->delivery_count);
        n++;
    }
    reply_array_end(out, all, n);
}

static void reply_full_consumer(struct out *out, const struct stream_consumer *consumer, uint64_t max)
{
    reply_map(out, 5);
    add_name(out, consumer->name);
    add_int(out, "seen-time", consumer->seen_time);
    add_int(out, "active-time", consumer->active_time);
    add_pending(out, &consumer->pending, max, false);
}

static void reply_full_group(struct out *out, const struct stream *s, const struct stream_group *g, uint64_t max)
{
    reply_map(out, 7);
    add_name(out, g->name);
    add_progress(out, s, g);
    add_pending(out, &g->pending, max, true);
    reply_bulk_str(out, "consumers");
    reply_array(out, stream_consumer_count(g));
    for (size_t i = 0; i < stream_consumer_count(g); i++)
        reply_full_consumer(out, stream_consumer_at(g, i), max);
}

static void reply_full(struct out *out, const struct stream *s, uint64_t max)
{
    reply_map(out, 9);
    add_stream(out, s);
    reply_bulk_str(out, "entries");
    stream_reply_range(out, s, STREAM_ID_MIN, STREAM_ID_MAX, max, false);
    reply_bulk_str(out, "groups");
    reply_array(out, stream_group_count(s));
    for (size_t i = 0; i < stream_group_count(s) && out->cut == NULL; i++)
        reply_full_group(out, s, stream_group_at(s, i), max);
}

/* Parses FULL [COUNT n]. False: the error was replied. */
static bool parse_full(struct call *c, int64_t *count)
{
    *count = DEFAULT_COUNT;
    if (!call_is(c, 3, "FULL") || c->argc == 5 || c->argc > 6 || (c->argc == 6 && !call_is(c, 4, "COUNT"))) {
        call_error_subcommand(c);
        return false;
    }
    if (c->argc == 6 && !call_int(c, 5, count))
        return false;
    if (*count < 0)
        *count = DEFAULT_COUNT;
    must(*count >= 0);
    return true;
}

CMD(xinfo_stream,
    .name = "STREAM", .parent = "XINFO", .arity = -3, .group = "stream", .since = "5.0.0",
    .cost = "O(1) without FULL, otherwise O(N) where N is the number of entries, groups and consumers returned",
    .flags = CMD_READONLY, .keys = INFO_KEY,
    .summary = "Shows information about a stream, with `FULL` also its entries and groups.",
    .syntax = "key [FULL [COUNT count]]",
    .history = "6.0.0: Added the `FULL` option.\n"
               "7.0.0: Added `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and "
               "`lag`.\n7.2.0: Added `active-time`; `seen-time` is updated by every attempt to read.")
{
    struct stream *s;
    int64_t count;

    if (!find_stream(c, &s))
        return;
    if (c->argc == 3)
        reply_brief(c->out, s);
    else if (parse_full(c, &count))
        reply_full(c->out, s, (uint64_t)count);
}

/* ---- GROUPS, CONSUMERS ---- */

CMD(xinfo_groups,
    .name = "GROUPS", .parent = "XINFO", .arity = 3, .group = "stream", .since = "5.0.0",
    .cost = "O(N) where N is the number of groups", .flags = CMD_READONLY, .keys = INFO_KEY,
    .summary = "Lists the consumer groups of a stream.", .syntax = "key",
    .history = "7.0.0: Added `entries-read` and `lag`.")
{
    struct stream *s;

    if (!find_stream(c, &s))
        return;
    reply_array(c->out, stream_group_count(s));
    for (size_t i = 0; i < stream_group_count(s) && c->out->cut == NULL; i++) {
        const struct stream_group *g = stream_group_at(s, i);

        reply_map(c->out, 6);
        add_name(c->out, g->name);
        add_int(c->out, "consumers", (int64_t)stream_consumer_count(g));
        add_int(c->out, "pending", (int64_t)g->pending.count);
        add_progress(c->out, s, g);
    }
}

/* The time since a moment, ms. 0 if the clock was set back behind it. */
static int64_t since(const struct call *c, int64_t moment)
{
    return moment < c->unit->now ? c->unit->now - moment : 0;
}

static void reply_consumer(struct call *c, const struct stream_consumer *consumer)
{
    must(consumer->active_time >= -1);
    reply_map(c->out, 4);
    add_name(c->out, consumer->name);
    add_int(c->out, "pending", (int64_t)consumer->pending.count);
    add_int(c->out, "idle", since(c, consumer->seen_time));
    add_int(c->out, "inactive", consumer->active_time < 0 ? -1 : since(c, consumer->active_time));
}

CMD(xinfo_consumers,
    .name = "CONSUMERS", .parent = "XINFO", .arity = 4, .group = "stream", .since = "5.0.0",
    .cost = "O(N) where N is the number of consumers", .flags = CMD_READONLY, .keys = INFO_KEY,
    .summary = "Lists the consumers of a group.", .syntax = "key group", .history = "7.2.0: Added `inactive`.",
    .hints = "nondeterministic_output")
{
    struct slice key = call_arg(c, 2), name = call_arg(c, 3);
    const struct stream_group *g;
    struct stream *s;

    if (!find_stream(c, &s))
        return;
    g = stream_group_find(s, name);
    if (g == NULL) {
        reply_errorf(c->out, "NOGROUP No such consumer group '%.*s' for key name '%.*s'", (int)name.n, name.p,
                     (int)key.n, key.p);
        return;
    }
    reply_array(c->out, stream_consumer_count(g));
    for (size_t i = 0; i < stream_consumer_count(g) && c->out->cut == NULL; i++)
        reply_consumer(c, stream_consumer_at(g, i));
}

CMD(xinfo_help,
    .name = "HELP", .parent = "XINFO", .arity = 2, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .summary = "Describes the subcommands of XINFO.")
{
    static const char *const lines[] = {
        "CONSUMERS <key> <groupname>",
        "    Show the consumers of a group.",
        "GROUPS <key>",
        "    Show the groups of a stream.",
        "STREAM <key> [FULL [COUNT <count>]]",
        "    Show information about a stream, with FULL also its entries and groups.",
        NULL,
    };

    call_reply_help(c, lines);
}
