/* SPDX-License-Identifier: BSD-3-Clause */
/* XRANGE and XREVRANGE: https://redis.io/docs/latest/commands/xrange/ */
#include "cmd/stream/stream_args.h"

/* The arguments. */
struct query {
    struct stream_id from, to;
    int64_t count; /* -1: all */
};

/* from, to: the arguments of the bounds. False: the error was replied. */
static bool parse_query(struct call *c, int from, int to, struct query *q)
{
    must(from < c->argc && to < c->argc && from != to);
    q->count = -1;
    if (!stream_arg_from(c, from, &q->from) || !stream_arg_to(c, to, &q->to))
        return false;
    for (int i = 4; i < c->argc; i += 2) {
        if (i + 1 == c->argc || !call_is(c, i, "COUNT")) {
            call_error_syntax(c);
            return false;
        }
        if (!call_int(c, i + 1, &q->count))
            return false;
        if (q->count < 0)
            q->count = 0;
    }
    return true;
}

static void reply_query(struct call *c, int from, int to, bool is_reverse)
{
    struct query q;
    struct stream *s;

    if (!parse_query(c, from, to, &q) || !stream_find(c, 1, &s))
        return;
    if (s == NULL)
        reply_array(c->out, 0);
    else if (q.count == 0)
        reply_null_array(c->out);
    else
        stream_reply_range(c->out, s, q.from, q.to, q.count < 0 ? 0 : (uint64_t)q.count, is_reverse);
}

#define RANGE \
    .group = "stream", .arity = -4, .since = "5.0.0", .flags = CMD_READONLY, \
    .cost = "O(log(N)+M) where N is the number of entries of the stream and M is the number of entries returned", \
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .history = "6.2.0: Added exclusive ranges."

CMD(xrange,
    .name = "XRANGE", RANGE, .summary = "Returns the entries of a stream within a range of ids.",
    .syntax = "key start:string end:string [COUNT count]")
{
    reply_query(c, 2, 3, false);
}

CMD(xrevrange,
    .name = "XREVRANGE", RANGE,
    .summary = "Returns the entries of a stream within a range of ids, in reverse order.",
    .syntax = "key end:string start:string [COUNT count]")
{
    reply_query(c, 3, 2, true);
}
