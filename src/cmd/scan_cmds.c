/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks over the keys: https://redis.io/docs/latest/commands/scan/ */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/glob.h"
#include "cmd/call.h"

/* Which keys are wanted. */
struct filter {
    struct slice pattern;
    bool by_pattern;
    const char *type; /* NULL: any */
    int64_t now;
};

static bool is_wanted(const struct filter *f, const struct entry *e)
{
    return !entry_expired(e, f->now) && (f->type == NULL || entry_type_name(entry_type(e)) == f->type) &&
           (!f->by_pattern || glob_match(f->pattern, entry_key(e), false));
}

/* A lone star is no pattern at all: it takes the empty key too, which stars do not match. */
static void filter_by_pattern(struct filter *f, struct slice pattern)
{
    f->pattern = pattern;
    f->by_pattern = !slice_eq(pattern, SLICE("*"));
}

/* ---- KEYS ---- */

struct keys_walk {
    struct filter filter;
    struct out *out;
    size_t found;
};

static void keys_visit(void *arg, struct shard *shard, struct entry *e)
{
    struct keys_walk *w = arg;

    (void)shard;
    if (is_wanted(&w->filter, e)) {
        reply_bulk(w->out, entry_key(e));
        w->found++;
    }
}

CMD(keys_all,
    .name = "KEYS", .arity = 2, .group = "generic", .since = "1.0.0",
    .cost = "O(N), N being the number of keys in the database.", .flags = CMD_READONLY | CMD_WORLD,
    .syntax = "pattern", .hints = "request_policy:all_shards,nondeterministic_output_order",
    .categories = "@dangerous", .summary = "Lists all keys that match a pattern; all else waits meanwhile.")
{
    struct reply_later reply = reply_later_begin(c->out);
    struct keys_walk w = {.filter.now = c->now, .out = c->out};
    uint64_t cursor = 0;

    filter_by_pattern(&w.filter, call_arg(c, 1));
    do
        cursor = keyspace_scan(c->instance->keyspace, c->db, cursor, c->world, keys_visit, &w);
    while (cursor != 0);
    reply_array_end(c->out, reply, w.found);
}

/* ---- SCAN ---- */

#define COUNT_DEFAULT  10
#define STEPS_PER_KEY  10  /* parts of the keyspace looked at, at the most, for each key that COUNT allows */
#define CURSOR_BYTES   128

struct scan_walk {
    struct filter filter;
    struct buf keys;  /* of each: its length, its bytes */
    size_t found;
    int64_t seen;     /* entries, wanted or not */
};

static void scan_visit(void *arg, struct shard *shard, struct entry *e)
{
    struct scan_walk *w = arg;
    struct slice key = entry_key(e);

    (void)shard;
    w->seen++;
    if (is_wanted(&w->filter, e)) {
        buf_add(&w->keys, &key.n, sizeof key.n);
        buf_add_slice(&w->keys, key);
        w->found++;
    }
}

static void reply_scan(struct call *c, uint64_t cursor, const struct scan_walk *w)
{
    const char *p = w->keys.p;

    reply_array(c->out, 2);
    reply_bulk_int(c->out, cursor);
    reply_array(c->out, w->found);
    for (size_t i = 0; i < w->found; i++) {
        struct slice key;

        memcpy(&key.n, p, sizeof key.n);
        key.p = p + sizeof key.n;
        reply_bulk(c->out, key);
        p = key.p + key.n;
    }
}

/* Any number that strtoul takes is a cursor, as in Redis. False: the error was replied. */
static bool parse_cursor(struct call *c, uint64_t *cursor)
{
    struct slice s = call_arg(c, 1);
    char text[CURSOR_BYTES], *end = text;

    errno = 0;
    if (s.n < sizeof text) {
        memcpy(text, s.p, s.n);
        text[s.n] = 0;
        *cursor = strtoul(text, &end, 10);
        if (!isspace((unsigned char)text[0]) && *end == 0 && errno == 0)
            return true;
    }
    reply_error(c->out, "ERR invalid cursor");
    return false;
}

/* The name as entry_type_name gives it. What no type is called finds nothing. */
static const char *type_called(struct slice name)
{
    for (enum entry_type t = TYPE_STRING; t <= TYPE_STREAM; t++)
        if (slice_is(name, entry_type_name(t)))
            return entry_type_name(t);
    return "";
}

static bool parse_scan(struct call *c, struct filter *f, int64_t *count)
{
    for (int i = 2; i < c->argc; i += 2) {
        bool has_value = i + 1 < c->argc;

        if (has_value && call_is(c, i, "COUNT")) {
            if (!call_int(c, i + 1, count))
                return false;
            if (*count < 1) {
                call_error_syntax(c);
                return false;
            }
        } else if (has_value && call_is(c, i, "MATCH")) {
            filter_by_pattern(f, call_arg(c, i + 1));
        } else if (has_value && call_is(c, i, "TYPE")) {
            f->type = type_called(call_arg(c, i + 1));
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

CMD(scan,
    .name = "SCAN", .arity = -2, .group = "generic", .since = "2.8.0",
    .cost = "O(1) for a call, O(N) for a whole walk, N being the number of keys in the database.",
    .flags = CMD_READONLY | CMD_TOUCHES_ARBITRARY_KEYS,
    .syntax = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .history = "6.0.0: Added TYPE.",
    .hints = "nondeterministic_output,request_policy:special",
    .summary = "Walks over the keys of the database, a few at each call.")
{
    struct scan_walk w = {.filter.now = c->now, .keys = BUF_EMPTY};
    int64_t count = COUNT_DEFAULT, steps;
    uint64_t cursor;

    if (!parse_cursor(c, &cursor) || !parse_scan(c, &w.filter, &count))
        return;
    steps = count < INT64_MAX / STEPS_PER_KEY ? count * STEPS_PER_KEY : INT64_MAX;
    do
        cursor = keyspace_scan(c->instance->keyspace, c->db, cursor, c->world, scan_visit, &w);
    while (cursor != 0 && --steps > 0 && w.seen < count);
    reply_scan(c, cursor, &w);
    buf_fini(&w.keys);
}
