/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HSCAN and HRANDFIELD: https://redis.io/docs/latest/commands/hscan/ and
 * https://redis.io/docs/latest/commands/hrandfield/
 */
#include "base/buf.h"
#include "cmd/args/draw_args.h"
#include "cmd/args/scan_args.h"
#include "types/hash.h"

/* ---- HSCAN ---- */

struct found {
    struct slice field, value; /* borrowed from the hash */
};

struct scan_walk {
    const struct scan_args *args;
    struct buf found; /* of struct found */
    int64_t seen;     /* fields visited, whether they match or not */
};

static void scan_field(void *arg, struct slice field, struct slice value)
{
    struct scan_walk *w = arg;

    w->seen++;
    if (scan_args_match(w->args, field))
        buf_add(&w->found, &(struct found){field, value}, sizeof(struct found));
}

static void reply_found(struct call *c, const struct scan_args *args, struct slice field, struct slice value)
{
    reply_bulk(c->out, field);
    if (!args->no_values)
        reply_bulk(c->out, value);
}

static void scan_large(struct call *c, const struct value *v, const struct scan_args *args)
{
    struct scan_walk w = {.args = args, .found = BUF_EMPTY};
    int64_t steps = scan_args_steps(args);
    uint64_t cursor = args->cursor;
    size_t n;

    must(v->form == VALUE_LARGE && steps > 0 && args->count > 0);
    do
        cursor = hash_scan(v, cursor, scan_field, &w);
    while (cursor != 0 && --steps > 0 && w.seen < args->count);
    must(w.found.len % sizeof(struct found) == 0);
    n = w.found.len / sizeof(struct found);
    reply_array(c->out, 2);
    reply_bulk_int(c->out, (int64_t)cursor);
    reply_array(c->out, args->no_values ? n : 2 * n);
    for (size_t i = 0; i < n; i++) {
        const struct found *f = (const struct found *)(const void *)w.found.p + i;

        reply_found(c, args, f->field, f->value);
    }
    buf_fini(&w.found);
}

/* A flat hash is returned as a whole, whatever the cursor and COUNT are. */
static void scan_flat(struct call *c, const struct value *v, const struct scan_args *args)
{
    struct slice field, value;
    struct reply_later reply;
    struct hash_walk w;
    size_t n = 0;

    reply_array(c->out, 2);
    reply_bulk_int(c->out, 0);
    reply = reply_later_begin(c->out);
    for (hash_walk_begin(&w, v); hash_walk_next(&w, &field, &value);) {
        if (!scan_args_match(args, field))
            continue;
        reply_found(c, args, field, value);
        n++;
    }
    reply_array_end(c->out, reply, args->no_values ? n : 2 * n);
}

CMD(hscan,
    .name = "HSCAN", .arity = -3, .group = "hash", .since = "2.8.0",
    .cost = "O(1) for every call, O(N) for a complete iteration, where N is the number of fields of the hash",
    .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .syntax = "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", .history = "7.4.0: Added NOVALUES.",
    .hints = "nondeterministic_output", .summary = "Iterates over the fields of a hash, a few per call.")
{
    struct scan_args args;
    struct collection o;

    if (!scan_args_open(c, TYPE_HASH, SCAN_NOVALUES, &args, &o))
        return;
    if (o.value.form == VALUE_LARGE)
        scan_large(c, &o.value, &args);
    else
        scan_flat(c, &o.value, &args);
    scan_args_fini(&args);
}

/* ---- HRANDFIELD ---- */

struct draw {
    struct out *out;
    bool with_values;
};

static bool reply_drawn(void *arg, struct slice field, struct slice value)
{
    struct draw *d = arg;

    if (d->with_values && d->out->resp == 3)
        reply_array(d->out, 2);
    reply_bulk(d->out, field);
    if (d->with_values)
        reply_bulk(d->out, value);
    return d->out->cut == NULL; /* the client is about to be disconnected */
}

/* HRANDFIELD with a count: up to `count` distinct fields; negative: `-count` fields, which may repeat. */
static void draw_many(struct call *c, const struct value *v, int64_t count, bool with_values)
{
    struct draw d = {c->out, with_values};
    uint64_t n = count < 0 ? -(uint64_t)count : (uint64_t)count, fields = hash_count(v);

    if (fields == 0)
        n = 0;
    else if (count > 0 && n > fields)
        n = fields;
    must(count < 0 || n <= fields);
    reply_array(c->out, with_values && c->out->resp == 2 ? 2 * n : n);
    if (n != 0)
        hash_draw(v, n, count > 0, reply_drawn, &d);
}

CMD(hrandfield,
    .name = "HRANDFIELD", .arity = -2, .group = "hash", .since = "6.2.0",
    .cost = "O(N) where N is the number of fields returned", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key [count [WITHVALUES]]",
    .hints = "nondeterministic_output", .summary = "Returns random fields of a hash.")
{
    struct draw d = {c->out, false};
    struct collection o;
    bool with_values = false;
    int64_t count = 0;

    if (c->argc > 2 && !draw_args_parse(c, "WITHVALUES", &count, &with_values))
        return;
    if (!collection_read(&o, c, 1, TYPE_HASH))
        return;
    if (c->argc > 2)
        draw_many(c, &o.value, count, with_values);
    else if (hash_count(&o.value) == 0)
        reply_null(c->out);
    else
        hash_draw(&o.value, 1, true, reply_drawn, &d);
}
