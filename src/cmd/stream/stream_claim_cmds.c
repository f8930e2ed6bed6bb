/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * XCLAIM and XAUTOCLAIM: https://redis.io/docs/latest/commands/xclaim/,
 * https://redis.io/docs/latest/commands/xautoclaim/
 */
#include "base/buf.h"
#include "cmd/stream/stream_args.h"

#define CONSUMER      3 /* arguments of both commands */
#define MIN_IDLE      4
#define FIRST_ID      5
#define DEFAULT_COUNT 100
#define ATTEMPTS      10 /* entries that XAUTOCLAIM examines for each one that it may claim */
#define MAX_COUNT     (INT64_MAX / 16)

/* The arguments. */
struct claim {
    int64_t min_idle;   /* ms since the last delivery */
    int64_t time;       /* the new delivery time, ms since 1970 */
    int64_t deliveries; /* RETRYCOUNT; negative: not given, the count is incremented */
    bool force;
    bool just_ids;
    /* of XCLAIM */
    int end;            /* the argument after the last id */
    struct stream_id last;
    /* of XAUTOCLAIM */
    struct stream_id from;
    int64_t count;
};

/* The consumer that claims, with its group and stream. */
struct claimant {
    struct stream *stream;
    struct stream_group *group;
    struct stream_consumer *consumer;
};

static bool parse_min_idle(struct call *c, struct claim *x, const char *error)
{
    *x = (struct claim){.time = c->unit->now, .deliveries = -1, .count = DEFAULT_COUNT};
    return call_int_or(c, MIN_IDLE, &x->min_idle, error);
}

/* Gives the nack to the claiming consumer. False: it was delivered too recently. */
static bool take(const struct call *c, const struct claim *x, const struct claimant *to, struct stream_nack *nack)
{
    if (x->min_idle > 0 && c->unit->now - nack->delivery_time < x->min_idle)
        return false;
    if (nack->consumer != to->consumer)
        stream_nack_give(nack, to->consumer);
    return true;
}

static void deliver(const struct call *c, const struct claim *x, const struct claimant *to, struct stream_nack *nack)
{
    nack->delivery_time = x->time;
    if (x->deliveries >= 0)
        nack->delivery_count = (uint64_t)x->deliveries;
    else if (!x->just_ids)
        nack->delivery_count++;
    to->consumer->active_time = c->unit->now;
}

/* ---- XCLAIM ---- */

static bool parse_idle(struct call *c, int i, struct claim *x)
{
    int64_t idle;

    if (!call_int_or(c, i, &idle, "ERR Invalid IDLE option argument for XCLAIM"))
        return false;
    x->time = idle > 0 ? c->unit->now - idle : c->unit->now;
    return true;
}

/* Parses the option at *i, and sets *i to its last argument. False: the error was replied. */
static bool parse_option(struct call *c, int *i, struct claim *x)
{
    bool has_value = *i + 1 < c->argc;
    struct slice word = call_arg(c, *i);

    if (call_is(c, *i, "FORCE"))
        return x->force = true;
    if (call_is(c, *i, "JUSTID"))
        return x->just_ids = true;
    if (has_value && call_is(c, *i, "IDLE"))
        return parse_idle(c, ++*i, x);
    if (has_value && call_is(c, *i, "TIME"))
        return call_int_or(c, ++*i, &x->time, "ERR Invalid TIME option argument for XCLAIM");
    if (has_value && call_is(c, *i, "RETRYCOUNT"))
        return call_int_or(c, ++*i, &x->deliveries, "ERR Invalid RETRYCOUNT option argument for XCLAIM");
    if (has_value && call_is(c, *i, "LASTID"))
        return stream_arg_id(c, ++*i, &x->last);
    reply_errorf(c->out, "ERR Unrecognized XCLAIM option '%.*s'", (int)word.n, word.p);
    return false;
}

/* False: the error was replied. */
static bool parse_claim(struct call *c, struct claim *x)
{
    struct stream_id id;

    if (!parse_min_idle(c, x, "ERR Invalid min-idle-time argument for XCLAIM"))
        return false;
    for (x->end = FIRST_ID; x->end < c->argc && stream_id_read(call_arg(c, x->end), 0, &id);)
        x->end++;
    for (int i = x->end; i < c->argc; i++)
        if (!parse_option(c, &i, x))
            return false;
    if (x->time < 0 || x->time > c->unit->now)
        x->time = c->unit->now;
    must(x->end >= FIRST_ID && x->end <= c->argc);
    return true;
}

/* Claims one entry and replies with it. Sets *changed if the group changed. False: it was not claimed. */
static bool claim_id(struct call *c, const struct claim *x, const struct claimant *to, struct stream_id id,
                     bool *changed)
{
    struct stream_nack *nack = stream_pending_find(&to->group->pending, id);
    struct stream_walk w;
    uint64_t fields;

    must(nack == NULL || stream_id_compare(nack->id, id) == 0);
    stream_walk_begin(&w, to->stream, id, id, false);
    if (!stream_walk_next(&w, &id, &fields)) {
        *changed |= nack != NULL;
        if (nack != NULL)
            stream_nack_remove(to->group, nack);
        return false;
    }
    if (nack == NULL && x->force)
        nack = stream_nack_add(to->group, to->consumer, id, c->unit->now);
    else if (nack == NULL || !take(c, x, to, nack))
        return false;
    must(nack->consumer == to->consumer);
    *changed = true;
    deliver(c, x, to, nack);
    if (x->just_ids)
        stream_reply_id(c->out, id);
    else
        stream_reply_entry(c->out, &w, id, fields);
    return true;
}

/* Whether maxmemory has room for n entries that become pending for the consumer, of which with FORCE none may have been
 * pending before. */
static bool has_room(struct call *c, size_t n, bool force)
{
    return call_has_room(c, n * (force ? STREAM_NACK_BYTES : STREAM_REFERENCE_BYTES));
}

CMD(xclaim,
    .name = "XCLAIM", .arity = -6, .group = "stream", .since = "5.0.0",
    .cost = "O(log(N)) for each id, where N is the number of unacknowledged entries of the group",
    .flags = CMD_WRITE | CMD_GROWS | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Changes the consumer that owns pending entries of a group, as if they were delivered to the new one.",
    .syntax = "key group consumer min-idle-time:string id [id ...] [IDLE ms:integer] [TIME unix-time-milliseconds] "
              "[RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]",
    .hints = "nondeterministic_output")
{
    struct reply_later all;
    struct collection o;
    struct claimant to;
    struct claim x;
    struct stream_id id;
    bool changed;
    size_t n = 0;

    if (!stream_open_group(&o, c, 1, stream_open_to_deliver, &to.group) || !parse_claim(c, &x) ||
        !has_room(c, (size_t)(x.end - FIRST_ID), x.force))
        return;
    to.stream = stream_of(&o.value);
    changed = stream_id_compare(x.last, to.group->last) > 0;
    if (changed)
        to.group->last = x.last;
    to.consumer = stream_make_consumer(c, 1, to.group, call_arg(c, CONSUMER));
    all = reply_later_begin(c->out);
    for (int i = FIRST_ID; i < x.end; i++)
        if (stream_id_read(call_arg(c, i), 0, &id))
            n += claim_id(c, &x, &to, id, &changed);
    reply_array_end(c->out, all, n);
    if (changed)
        call_changed_unwatched(c, 1, EVENT_STREAM, NULL);
    collection_close(&o);
}

/* ---- XAUTOCLAIM ---- */

/* False: the error was replied. */
static bool parse_auto_claim(struct call *c, struct claim *x)
{
    if (!parse_min_idle(c, x, "ERR Invalid min-idle-time argument for XAUTOCLAIM") ||
        !stream_arg_from(c, FIRST_ID, &x->from))
        return false;
    for (int i = FIRST_ID + 1; i < c->argc; i++) {
        if (call_is(c, i, "JUSTID")) {
            x->just_ids = true;
        } else if (i + 1 == c->argc || !call_is(c, i, "COUNT")) {
            call_error_syntax(c);
            return false;
        } else if (!call_int_between(c, ++i, 1, MAX_COUNT, &x->count, "ERR COUNT must be > 0")) {
            return false;
        }
    }
    return true;
}

/* The result of an XAUTOCLAIM. */
struct outcome {
    struct buf claimed, deleted; /* ids */
    struct stream_id next;       /* the start of the next call; 0-0: the end was reached */
};

static size_t id_count(const struct buf *ids)
{
    must(ids->len % sizeof(struct stream_id) == 0);
    return ids->len / sizeof(struct stream_id);
}

static void add_id(struct buf *ids, struct stream_id id)
{
    buf_add(ids, &id, sizeof id);
}

static struct stream_id id_at(const struct buf *ids, size_t i)
{
    struct stream_id id;

    must(i < id_count(ids));
    memcpy(&id, ids->p + i * sizeof id, sizeof id);
    return id;
}

/* Claims unacknowledged entries of the group, from x->from on. */
static void claim_all(const struct call *c, const struct claim *x, const struct claimant *to, struct outcome *o)
{
    int64_t left = x->count, attempts = left * ATTEMPTS;
    struct stream_pending_walk w;
    struct stream_nack *nack;

    must(x->count > 0 && x->count <= MAX_COUNT);
    stream_pending_walk_begin(&w, &to->group->pending, x->from);
    while (attempts-- > 0 && left > 0 && (nack = stream_pending_walk_next(&w)) != NULL) {
        if (!stream_has(to->stream, nack->id)) {
            add_id(&o->deleted, nack->id);
            stream_nack_remove(to->group, nack);
        } else if (take(c, x, to, nack)) {
            deliver(c, x, to, nack);
            add_id(&o->claimed, nack->id);
        } else {
            continue;
        }
        left--;
    }
    nack = stream_pending_walk_next(&w);
    o->next = nack != NULL ? nack->id : STREAM_ID_MIN;
}

static void reply_ids(struct out *out, const struct buf *ids)
{
    reply_array(out, id_count(ids));
    for (size_t i = 0; i < id_count(ids) && out->cut == NULL; i++)
        stream_reply_id(out, id_at(ids, i));
}

static void reply_outcome(struct out *out, const struct claim *x, const struct stream *s, const struct outcome *o)
{
    reply_array(out, 3);
    stream_reply_id(out, o->next);
    if (x->just_ids) {
        reply_ids(out, &o->claimed);
    } else {
        reply_array(out, id_count(&o->claimed));
        for (size_t i = 0; i < id_count(&o->claimed) && out->cut == NULL; i++)
            stream_reply_entry_of(out, s, id_at(&o->claimed, i));
    }
    reply_ids(out, &o->deleted);
}

CMD(xautoclaim,
    .name = "XAUTOCLAIM", .arity = -6, .group = "stream", .since = "6.2.0",
    .cost = "O(log(N)+M) where N is the number of unacknowledged entries of the group and M is the number of entries "
            "examined", .flags = CMD_WRITE | CMD_GROWS | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE),
    .summary = "Changes the consumer that owns pending entries of a group which have been idle for some time.",
    .syntax = "key group consumer min-idle-time:string start:string [COUNT count] [JUSTID]",
    .history = "7.0.0: Returns the ids of pending entries that were deleted from the stream.",
    .hints = "nondeterministic_output")
{
    struct outcome result = {0};
    struct collection o;
    struct claimant to;
    struct claim x;

    if (!parse_auto_claim(c, &x) || !stream_open_group(&o, c, 1, stream_open_to_deliver, &to.group) ||
        !has_room(c, (size_t)x.count < to.group->pending.count ? (size_t)x.count : to.group->pending.count, false))
        return;
    to.stream = stream_of(&o.value);
    to.consumer = stream_make_consumer(c, 1, to.group, call_arg(c, CONSUMER));
    claim_all(c, &x, &to, &result);
    if (result.claimed.len + result.deleted.len > 0)
        call_changed_unwatched(c, 1, EVENT_STREAM, NULL);
    collection_close(&o);
    reply_outcome(c->out, &x, to.stream, &result);
    buf_fini(&result.claimed);
    buf_fini(&result.deleted);
}
