/* SPDX-License-Identifier: BSD-3-Clause */
/* XPENDING: https://redis.io/docs/latest/commands/xpending/ */
#include "cmd/stream/stream_args.h"

/* The arguments. */
struct query {
    struct stream_id from, to;
    int64_t count;
    int64_t idle;  /* minimum ms since the last delivery */
    int consumer;  /* argument; 0: all consumers of the group */
};

/* ---- arguments ---- */

/* Parses the bounds, the count and the consumer, from argument i on. As in Redis, arguments after them are ignored. */
static bool parse_range(struct call *c, int i, struct query *q)
{
    must(i + 2 < c->argc);
    if (!call_int(c, i + 2, &q->count) || !stream_arg_from(c, i, &q->from) || !stream_arg_to(c, i + 1, &q->to))
        return false;
    if (i + 3 < c->argc)
        q->consumer = i + 3;
    return true;
}

/* False: the error was replied. */
static bool parse_query(struct call *c, struct query *q)
{
    bool has_idle;

    *q = (struct query){0};
    if (c->argc == 3)
        return true;
    if (c->argc < 6 || c->argc > 9) {
        call_error_syntax(c);
        return false;
    }
    has_idle = call_is(c, 3, "IDLE");
    if (has_idle && !call_int(c, 4, &q->idle))
        return false;
    if (has_idle && c->argc < 8) {
        call_error_syntax(c);
        return false;
    }
    return parse_range(c, has_idle ? 5 : 3, q);
}

/* ---- replies ---- */

/* Replies with the consumers that have pending entries, and the number of these. */
static void reply_consumers(struct out *out, const struct stream_group *g)
{
    struct reply_later all = reply_later_begin(out);
    size_t n = 0;

    for (size_t i = 0; i < stream_consumer_count(g); i++) {
        const struct stream_consumer *consumer = stream_consumer_at(g, i);

        if (consumer->pending.count == 0)
            continue;
        reply_array(out, 2);
        reply_bulk(out, consumer->name);
        reply_bulk_int(out, (int64_t)consumer->pending.count);
        n++;
    }
    reply_array_end(out, all, n);
}

static void reply_summary(struct out *out, const struct stream_group *g)
{
    must(g->pending.count == 0 || stream_consumer_count(g) > 0);
    reply_array(out, 4);
    reply_int(out, (int64_t)g->pending.count);
    if (g->pending.count == 0) {
        reply_null(out);
        reply_null(out);
        reply_null_array(out);
        return;
    }
    stream_reply_id(out, stream_pending_first(&g->pending)->id);
    stream_reply_id(out, stream_pending_last(&g->pending)->id);
    reply_consumers(out, g);
}

static void reply_nack(struct call *c, const struct stream_nack *nack)
{
    int64_t idle = c->unit->now - nack->delivery_time;

    must(nack->consumer != NULL);
    reply_array(c->out, 4);
    stream_reply_id(c->out, nack->id);
    reply_bulk(c->out, nack->consumer->name);
    reply_int(c->out, idle > 0 ? idle : 0);
    reply_int(c->out, (int64_t)nack->delivery_count);
}

static void reply_range(struct call *c, const struct stream_pending *pending, const struct query *q)
{
    struct reply_later all = reply_later_begin(c->out);
    struct stream_pending_walk w;
    const struct stream_nack *nack;
    int64_t n = 0;

    stream_pending_walk_begin(&w, pending, q->from);
    while (c->out->cut == NULL && n < q->count && (nack = stream_pending_walk_next(&w)) != NULL &&
           stream_id_compare(nack->id, q->to) <= 0) {
        must(stream_id_compare(nack->id, q->from) >= 0);
        if (q->idle != 0 && c->unit->now - nack->delivery_time < q->idle)
            continue;
        reply_nack(c, nack);
        n++;
    }
    reply_array_end(c->out, all, (size_t)n);
}

CMD(xpending,
    .name = "XPENDING", .arity = -3, .group = "stream", .since = "5.0.0",
    .cost = "O(log(N)+M) where N is the number of unacknowledged entries and M is the number of entries examined; O(M) "
            "without a range, where M is the number of consumers",
    .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Lists the entries that were delivered to a group and not acknowledged.",
    .syntax = "key group [[IDLE min-idle-time:integer] start:string end:string count [consumer]]",
    .history = "6.2.0: Added the `IDLE` option and exclusive range intervals.", .hints = "nondeterministic_output")
{
    const struct stream_consumer *consumer;
    struct collection o;
    struct stream_group *g;
    struct query q;

    if (!parse_query(c, &q) || !stream_open_group(&o, c, 1, stream_open, &g))
        return;
    if (c->argc == 3) {
        reply_summary(c->out, g);
        return;
    }
    consumer = q.consumer != 0 ? stream_consumer_find(g, call_arg(c, q.consumer)) : NULL;
    if (q.consumer != 0 && consumer == NULL)
        reply_array(c->out, 0);
    else
        reply_range(c, consumer != NULL ? &consumer->pending : &g->pending, &q);
}
