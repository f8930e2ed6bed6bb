/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * XREAD and XREADGROUP: https://redis.io/docs/latest/commands/xread/,
 * https://redis.io/docs/latest/commands/xreadgroup/.
 * All streams are checked before any is read, so that an error changes nothing.
 */
#include "cmd/stream/stream_args.h"
#include "run/reclaim.h"
#include "types/stream_progress.h"

#define ERR_WAITING "ERR waiting with BLOCK is not supported"
#define ERR_NEEDS_GROUP \
    "ERR The %s option is only supported by XREADGROUP. You called XREAD instead."
#define ERR_MEANINGLESS \
    "ERR The %c ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by " \
    "specifying a proper ID, or use the > ID to get new messages. The %c ID would just return an empty result set."
#define ERR_UNBALANCED \
    "ERR Unbalanced '%s' list of streams: for each stream key an ID or '%c' must be specified."

/* The arguments. */
struct request {
    bool for_group;  /* XREADGROUP */
    bool may_block;  /* BLOCK */
    bool no_ack;     /* NOACK */
    uint64_t count;  /* entries of each stream; 0: all */
    int group;       /* argument: the group's name, followed by the consumer's; 0: none */
    int first, n;    /* the keys; the ids follow them */
};

/* One of the streams. */
struct source {
    struct collection opened;
    struct stream *stream;      /* NULL: the key does not exist */
    struct stream_group *group; /* of XREADGROUP */
    struct stream_id after;     /* read the entries after this id */
    bool is_history;            /* read the pending entries of the consumer instead of new ones */
};

/* ---- arguments ---- */

/* Skips the options without checking them; the body reports their errors. */
static int find_keys(const struct slice *argv, int argc, int *positions, int max)
{
    int first = 1, n;

    for (; first < argc && !slice_is(argv[first], "STREAMS"); first++) {
        if (slice_is(argv[first], "GROUP"))
            first += 2;
        else if (slice_is(argv[first], "COUNT") || slice_is(argv[first], "BLOCK"))
            first++;
    }
    n = (argc - ++first) / 2;
    must(n <= 0 || first + 2 * n <= argc);
    for (int i = 0; i < n && i < max; i++)
        positions[i] = first + i;
    return n > 0 ? n : -1;
}

/* Checks the timeout in argument i, though BLOCK does not wait. False: the error was replied. */
static bool parse_block(struct call *c, int i, struct request *r)
{
    int64_t ms;

    r->may_block = true;
    if (!call_int_or(c, i, &ms, "ERR timeout is not an integer or out of range"))
        return false;
    if (ms >= 0 && ms <= INT64_MAX - c->unit->now)
        return true;
    reply_error(c->out, ms < 0 ? "ERR timeout is negative" : "ERR timeout is out of range");
    return false;
}

static bool parse_count(struct call *c, int i, struct request *r)
{
    int64_t count;

    if (!call_int(c, i, &count))
        return false;
    r->count = count < 0 ? 0 : (uint64_t)count;
    return true;
}

/* Parses the keys and ids, from argument i to the end. False: the error was replied. */
static bool parse_streams(struct call *c, int i, struct request *r)
{
    must(i < c->argc);
    r->first = i;
    r->n = (c->argc - i) / 2;
    if ((c->argc - i) % 2 == 0)
        return true;
    reply_errorf(c->out, ERR_UNBALANCED, command_full_name(c->cmd), r->for_group ? '>' : '$');
    return false;
}

/* For options of XREADGROUP. False: the command is XREAD, and the error was replied. */
static bool check_option(struct call *c, const struct request *r, const char *name)
{
    if (!r->for_group)
        reply_errorf(c->out, ERR_NEEDS_GROUP, name);
    return r->for_group;
}

/* Parses the option at *i, and sets *i to its last argument. False: the error was replied. */
static bool parse_option(struct call *c, int *i, struct request *r)
{
    int left = c->argc - *i - 1;

    if (call_is(c, *i, "BLOCK") && left >= 1)
        return parse_block(c, ++*i, r);
    if (call_is(c, *i, "COUNT") && left >= 1)
        return parse_count(c, ++*i, r);
    if (call_is(c, *i, "STREAMS") && left >= 1)
        return parse_streams(c, *i + 1, r);
    if (call_is(c, *i, "GROUP") && left >= 2) {
        r->group = *i + 1;
        *i += 2;
        return check_option(c, r, "GROUP");
    }
    if (call_is(c, *i, "NOACK")) {
        r->no_ack = true;
        return check_option(c, r, "NOACK");
    }
    call_error_syntax(c);
    return false;
}

/* False: the error was replied. */
static bool parse_request(struct call *c, struct request *r)
{
    for (int i = 1; i < c->argc && r->first == 0; i++)
        if (!parse_option(c, &i, r))
            return false;
    if (r->first == 0) {
        call_error_syntax(c);
        return false;
    }
    if (r->for_group && r->group == 0) {
        reply_error(c->out, "ERR Missing GROUP option for XREADGROUP");
        return false;
    }
    return true;
}

/* ---- streams ---- */

/* Parses argument i as an id of XREADGROUP. False: the error was replied. */
static bool parse_group_id(struct call *c, int i, struct source *s)
{
    struct slice id = call_arg(c, i);

    if (slice_eq(id, SLICE("$")) || slice_eq(id, SLICE("+"))) {
        reply_errorf(c->out, ERR_MEANINGLESS, id.p[0], id.p[0]);
        return false;
    }
    must(s->group != NULL);
    s->after = STREAM_ID_MAX;
    if (!slice_eq(id, SLICE(">")) && !stream_arg_id(c, i, &s->after))
        return false;
    s->is_history = stream_id_compare(s->after, STREAM_ID_MAX) != 0; /* the largest id means the same as > */
    if (!s->is_history)
        s->after = s->group->last;
    return true;
}

/* Parses argument i as an id of XREAD. False: the error was replied. */
static bool parse_plain_id(struct call *c, int i, struct source *s)
{
    struct slice id = call_arg(c, i);

    s->after = STREAM_ID_MIN;
    if (slice_eq(id, SLICE("$"))) {
        if (s->stream != NULL)
            s->after = s->stream->last;
        return true;
    }
    if (slice_eq(id, SLICE("+"))) { /* the last entry */
        if (s->stream != NULL)
            s->after = stream_last_id(s->stream);
        stream_id_prev(&s->after);
        return true;
    }
    if (!slice_eq(id, SLICE(">")))
        return stream_arg_id(c, i, &s->after);
    reply_error(c->out, "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> "
                        "option.");
    return false;
}

static bool find_group(struct call *c, const struct request *r, int key, struct source *s)
{
    struct slice k = call_arg(c, key), name = call_arg(c, r->group);

    s->group = s->stream != NULL ? stream_group_find(s->stream, name) : NULL;
    if (s->group == NULL)
        reply_errorf(c->out, "NOGROUP No such key '%.*s' or consumer group '%.*s' in XREADGROUP with GROUP option",
                     (int)k.n, k.p, (int)name.n, name.p);
    return s->group != NULL;
}

/* Opens stream i of the request and parses its id. False: the error was replied. */
static bool open_source(struct call *c, const struct request *r, int i, struct source *s)
{
    int key = r->first + i, id = key + r->n;

    must(i >= 0 && i < r->n && id < c->argc);
    *s = (struct source){0};
    if (!(r->for_group ? stream_open_to_deliver : stream_open)(&s->opened, c, key))
        return false;
    s->stream = stream_of(&s->opened.value);
    if (!r->for_group)
        return parse_plain_id(c, id, s);
    return find_group(c, r, key, s) && parse_group_id(c, id, s);
}

/* Whether there is a reply for the stream. For the history there always is, if only an empty array. */
static bool is_ready(const struct source *s)
{
    if (s->stream == NULL)
        return false;
    return s->is_history || (s->stream->count > 0 && stream_id_compare(stream_last_id(s->stream), s->after) > 0);
}

/* Returns the number of streams that are ready, and their entries, as many as may be delivered. -1: the error was
 * replied. */
static int count_ready(struct call *c, const struct request *r, uint64_t *entries)
{
    struct source s;
    int n = 0;

    *entries = 0;
    for (int i = 0; i < r->n; i++) {
        if (!open_source(c, r, i, &s))
            return -1;
        if (!is_ready(&s))
            continue;
        n++;
        *entries += r->count != 0 && r->count < s.stream->count ? r->count : s.stream->count;
    }
    return n;
}

/* ---- memory ---- */

/* The number of entries of stream i that XREADGROUP is about to deliver. All arguments are known to be valid. */
static uint64_t count_new(struct call *c, const struct request *r, int i)
{
    int key = r->first + i;
    struct source s = {0};
    struct stream_walk w;
    struct stream_id id;
    uint64_t n = 0, fields;

    if (!stream_open_to_write(&s.opened, c, key)) /* without a hit or a miss */
        return 0;
    s.stream = stream_of(&s.opened.value);
    if (!find_group(c, r, key, &s) || !parse_group_id(c, key + r->n, &s) || s.is_history || !is_ready(&s))
        return 0;
    id = s.after;
    stream_id_next(&id);
    stream_walk_begin(&w, s.stream, id, STREAM_ID_MAX, false);
    while ((n < r->count || r->count == 0) && stream_walk_next(&w, &id, &fields))
        n++;
    return n;
}

/* Whether maxmemory has room for the entries that become pending; there are at most so many. */
static bool has_room(struct call *c, const struct request *r, uint64_t entries)
{
    if (!r->for_group || r->no_ack || reclaim_fits(c->runner, entries * STREAM_NACK_BYTES))
        return true;
    entries = 0;
    for (int i = 0; i < r->n; i++)
        entries += count_new(c, r, i);
    return call_has_room(c, entries * STREAM_NACK_BYTES);
}

/* ---- delivery ---- */

/* Makes the entry `id` pending for the consumer. It may be pending for another consumer, after XGROUP SETID has moved
 * the group back. */
static void make_pending(const struct call *c, struct stream_group *g, struct stream_consumer *consumer,
                      struct stream_id id)
{
    struct stream_nack *last = stream_pending_last(&g->pending), *nack = NULL;

    must(consumer != NULL);
    if (last != NULL && stream_id_compare(id, last->id) <= 0)
        nack = stream_pending_find(&g->pending, id);
    if (nack == NULL) {
        stream_nack_add(g, consumer, id, c->unit->now);
    } else {
        stream_nack_give(nack, consumer);
        nack->delivery_time = c->unit->now;
        nack->delivery_count = 1;
    }
    consumer->active_time = c->unit->now;
}

/* Replies with entries that were not delivered to the group yet, and returns their number. Stops when the client
 * exceeds its output limit: entries that it will not get remain undelivered. */
static uint64_t deliver(struct call *c, const struct request *r, const struct source *s,
                        struct stream_consumer *consumer)
{
    struct reply_later all = reply_later_begin(c->out);
    struct stream_id id = s->after;
    struct stream_walk w;
    uint64_t fields, n = 0;

    must(s->stream != NULL && s->group != NULL && !s->is_history);
    stream_id_next(&id);
    stream_walk_begin(&w, s->stream, id, STREAM_ID_MAX, false);
    for (; (n < r->count || r->count == 0) && c->out->cut == NULL && stream_walk_next(&w, &id, &fields); n++) {
        stream_progress_deliver(s->stream, s->group, id);
        stream_reply_entry(c->out, &w, id, fields);
        if (!r->no_ack)
            make_pending(c, s->group, consumer, id);
    }
    reply_array_end(c->out, all, n);
    return n;
}

/* Replies with the pending entries of the consumer, null for those that were deleted from the stream. As in Redis, the
 * delivery times and counts that it updates are no change of the key. */
static void deliver_again(struct call *c, const struct request *r, const struct source *s,
                          struct stream_consumer *consumer)
{
    struct reply_later all = reply_later_begin(c->out);
    struct stream_id id = s->after;
    struct stream_pending_walk w;
    struct stream_nack *nack;
    uint64_t n = 0;

    must(s->stream != NULL && s->is_history);
    stream_id_next(&id);
    stream_pending_walk_begin(&w, &consumer->pending, id);
    while (c->out->cut == NULL && (r->count == 0 || n < r->count) && (nack = stream_pending_walk_next(&w)) != NULL) {
        n++;
        if (stream_reply_entry_of(c->out, s->stream, nack->id)) {
            nack->delivery_time = c->unit->now;
            nack->delivery_count++;
        } else {
            reply_array(c->out, 2);
            stream_reply_id(c->out, nack->id);
            reply_null_array(c->out);
        }
    }
    reply_array_end(c->out, all, n);
}

/* Replies with the key of a stream and its entries. consumer: of XREADGROUP, else NULL. */
static void reply_source(struct call *c, const struct request *r, int key, const struct source *s,
                         struct stream_consumer *consumer)
{
    struct stream_id from = s->after;

    must((consumer != NULL) == r->for_group && s->stream != NULL);
    if (c->out->resp == 2)
        reply_array(c->out, 2);
    reply_bulk(c->out, call_arg(c, key));
    if (consumer == NULL) {
        stream_id_next(&from);
        stream_reply_range(c->out, s->stream, from, STREAM_ID_MAX, r->count, false);
        return;
    }
    if (s->is_history)
        deliver_again(c, r, s, consumer);
    else if (deliver(c, r, s, consumer) > 0)
        call_changed_unwatched(c, key, EVENT_STREAM, NULL);
}

/* Replies with all streams that are ready, and returns their number. */
static size_t reply_sources(struct call *c, const struct request *r)
{
    struct stream_consumer *consumer = NULL;
    struct source s;
    size_t n = 0;

    for (int i = 0; i < r->n && open_source(c, r, i, &s); i++) {
        bool ready = is_ready(&s);

        if (r->for_group)
            consumer = stream_make_consumer(c, r->first + i, s.group, call_arg(c, r->group + 1));
        if (ready)
            reply_source(c, r, r->first + i, &s, consumer);
        if (r->for_group)
            collection_close(&s.opened);
        n += ready;
    }
    return n;
}

/* Replies with the streams that are ready, in RESP3 as a map. ready: how many streams are ready before any is read. If
 * XREADGROUP names a stream twice, the first read may leave nothing for the second, so their number is known last. */
static void reply_ready(struct call *c, const struct request *r, int ready)
{
    bool is_map = c->out->resp > 2;
    struct reply_later all;
    size_t n;

    must(ready > 0 && ready <= r->n);
    if (ready == 1 || !r->for_group) {
        (is_map ? reply_map : reply_array)(c->out, (size_t)ready);
        reply_sources(c, r);
        return;
    }
    all = reply_later_begin(c->out);
    n = reply_sources(c, r);
    (is_map ? reply_map_end : reply_array_end)(c->out, all, n);
}

static void read_streams(struct call *c, bool for_group)
{
    struct request r = {.for_group = for_group};
    uint64_t entries;
    int ready;

    if (!parse_request(c, &r))
        return;
    ready = count_ready(c, &r, &entries);
    if (ready < 0 || !has_room(c, &r, entries))
        return;
    if (ready > 0) {
        reply_ready(c, &r, ready);
    } else if (r.may_block && !c->in_exec) {
        reply_error(c->out, ERR_WAITING);
    } else {
        reply_sources(c, &r); /* replies with nothing, but updates or creates the consumer */
        reply_null_array(c->out);
    }
}

#define STREAM_KEYS(from) \
    {{.flags = KEY_RO | KEY_ACCESS, .find = KEYS_RANGE, .keyword = "STREAMS", .first = (from), .last = -1, .step = 1, \
      .limit = 2}}

CMD(xread,
    .name = "XREAD", .arity = -4, .group = "stream", .since = "5.0.0",
    .cost = "O(log(N)+M) for each stream, where N is the number of its entries and M is the number of entries returned",
    .flags = CMD_READONLY | CMD_BLOCKING | CMD_MOVABLEKEYS, .keys = STREAM_KEYS(1), .find_keys = find_keys,
    .summary = "Returns the entries of multiple streams with ids greater than the ones given.",
    .syntax = "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]")
{
    read_streams(c, false);
}

CMD(xreadgroup,
    .name = "XREADGROUP", .arity = -7, .group = "stream", .since = "5.0.0",
    .cost = "O(log(N)+M) for each stream, where N is the number of its entries and M is the number of entries returned",
    .flags = CMD_WRITE | CMD_GROWS | CMD_BLOCKING | CMD_MOVABLEKEYS, .keys = STREAM_KEYS(4), .find_keys = find_keys,
    .summary = "Returns new entries of multiple streams for a consumer of a group, or its unacknowledged entries.",
    .syntax = "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]")
{
    read_streams(c, true);
}
