/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashes: https://redis.io/docs/latest/commands/?group=hash */
#include <math.h>

#include "cmd/hash/hash_args.h"
#include "run/collection.h"
#include "types/hash.h"
#include "types/string.h"

/* ---- setting ---- */

/* Sets the fields in the arguments from the third on, each with its value behind it. *added: how many are new. False:
 * the error was replied. */
static bool set_fields(struct call *c, int64_t *added)
{
    struct collection o;

    if (c->argc % 2 == 1) {
        call_error_arity(c);
        return false;
    }
    if (!call_args_fit(c, 2, HASH_WORD_MAX) || !collection_write(&o, c, 1, TYPE_HASH))
        return false;
    *added = 0;
    for (int i = 2; i < c->argc; i += 2)
        *added += hash_set(&o.value, call_arg(c, i), call_arg(c, i + 1));
    call_changed(c, 1, EVENT_HASH, "hset");
    collection_close(&o);
    return true;
}

#define SETS(flags_) \
    .group = "hash", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | (flags_))

CMD(hset,
    .name = "HSET", SETS(KEY_UPDATE), .arity = -4, .since = "2.0.0",
    .cost = "O(N), N being the number of fields that are given.", .syntax = "key field value [field value ...]",
    .history = "4.0.0: Several fields may be given.",
    .summary = "Sets fields of a hash and replies with how many of them are new.")
{
    int64_t added;

    if (set_fields(c, &added))
        reply_int(c->out, added);
}

CMD(hmset,
    .name = "HMSET", SETS(KEY_UPDATE), .arity = -4, .since = "2.0.0",
    .cost = "O(N), N being the number of fields that are given.", .syntax = "key field value [field value ...]",
    .replaced_by = "`HSET` with multiple field-value pairs", .deprecated_since = "4.0.0",
    .summary = "Sets fields of a hash.")
{
    int64_t added;

    if (set_fields(c, &added))
        reply_ok(c->out);
}

CMD(hsetnx,
    .name = "HSETNX", SETS(KEY_INSERT), .arity = 4, .since = "2.0.0", .cost = "O(1)", .syntax = "key field value",
    .summary = "Sets a field of a hash, unless it is there already.")
{
    struct collection o;
    bool absent;

    if (!call_args_fit(c, 2, HASH_WORD_MAX) || !collection_write(&o, c, 1, TYPE_HASH))
        return;
    absent = !hash_has(&o.value, call_arg(c, 2));
    if (absent) {
        hash_set(&o.value, call_arg(c, 2), call_arg(c, 3));
        call_changed(c, 1, EVENT_HASH, "hset");
    }
    collection_close(&o);
    reply_int(c->out, absent);
}

CMD(hdel,
    .name = "HDEL", .arity = -3, .group = "hash", .since = "2.0.0",
    .cost = "O(N), N being the number of fields that are given.", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE), .syntax = "key field [field ...]",
    .history = "2.4.0: Several fields may be given.",
    .summary = "Removes fields of a hash and replies with how many there were; a hash without fields goes.")
{
    struct collection o;
    int64_t gone = 0;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    for (int i = 2; i < c->argc; i++)
        gone += hash_remove(&o.value, call_arg(c, i));
    if (gone != 0)
        call_changed(c, 1, EVENT_HASH, "hdel");
    collection_close(&o);
    reply_int(c->out, gone);
}

/* ---- reading ---- */

#define READS(flags_, access_) \
    .group = "hash", .flags = CMD_READONLY | (flags_), .keys = CMD_KEYS(1, 1, 1, KEY_RO | (access_))

CMD(hget,
    .name = "HGET", READS(CMD_FAST, KEY_ACCESS), .arity = 3, .since = "2.0.0", .cost = "O(1)", .syntax = "key field",
    .summary = "Replies with the value of a field of a hash.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        hash_reply_field(c, &o.value, call_arg(c, 2));
}

CMD(hmget,
    .name = "HMGET", READS(CMD_FAST, KEY_ACCESS), .arity = -3, .since = "2.0.0",
    .cost = "O(N), N being the number of fields that are asked for.", .syntax = "key field [field ...]",
    .summary = "Replies with the values of fields of a hash.")
{
    struct collection o;

    if (!collection_read(&o, c, 1, TYPE_HASH))
        return;
    reply_array(c->out, c->argc - 2);
    for (int i = 2; i < c->argc; i++)
        hash_reply_field(c, &o.value, call_arg(c, i));
}

CMD(hexists,
    .name = "HEXISTS", READS(CMD_FAST, 0), .arity = 3, .since = "2.0.0", .cost = "O(1)", .syntax = "key field",
    .summary = "Tells whether a hash has a field.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, hash_has(&o.value, call_arg(c, 2)));
}

CMD(hstrlen,
    .name = "HSTRLEN", READS(CMD_FAST, 0), .arity = 3, .since = "3.2.0", .cost = "O(1)", .syntax = "key field",
    .summary = "Tells the length of the value of a field, 0 where there is none.")
{
    struct listpack_digits d;
    struct collection o;
    struct slice value;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, hash_get(&o.value, call_arg(c, 2), &value, &d) ? (int64_t)value.n : 0);
}

CMD(hlen,
    .name = "HLEN", READS(CMD_FAST, 0), .arity = 2, .since = "2.0.0", .cost = "O(1)", .syntax = "key",
    .summary = "Counts the fields of a hash.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, (int64_t)hash_count(&o.value));
}

/* ---- all of it ---- */

enum { FIELDS = 1, VALUES = 2 };

static void reply_all(struct call *c, unsigned what)
{
    struct slice field, value;
    struct collection o;
    struct hash_walk w;

    if (!collection_read(&o, c, 1, TYPE_HASH))
        return;
    if (what == (FIELDS | VALUES))
        reply_map(c->out, hash_count(&o.value));
    else
        reply_array(c->out, hash_count(&o.value));
    for (hash_walk_begin(&w, &o.value); hash_walk_next(&w, &field, &value);) {
        if (what & FIELDS)
            reply_bulk(c->out, field);
        if (what & VALUES)
            reply_bulk(c->out, value);
    }
}

#define LISTS \
    READS(0, KEY_ACCESS), .arity = 2, .since = "2.0.0", .cost = "O(N), N being the number of fields of the hash.", \
    .syntax = "key", .hints = "nondeterministic_output_order"

CMD(hgetall, .name = "HGETALL", LISTS, .summary = "Replies with all fields of a hash and their values.")
{
    reply_all(c, FIELDS | VALUES);
}

CMD(hkeys, .name = "HKEYS", LISTS, .summary = "Replies with all fields of a hash.")
{
    reply_all(c, FIELDS);
}

CMD(hvals, .name = "HVALS", LISTS, .summary = "Replies with the values of all fields of a hash.")
{
    reply_all(c, VALUES);
}

/* ---- counting ---- */

/* Puts the sum in the place of what the field was; its expiry stays. */
static void put_counted(struct call *c, struct collection *o, struct slice sum, const char *event)
{
    hash_set_until(&o->value, call_arg(c, 2), sum, HASH_KEEP);
    call_changed(c, 1, EVENT_HASH, event);
}

/* The sum of HINCRBY. False: there is none, and the error was replied. */
static bool add_int(struct call *c, struct collection *o, int64_t increment, int64_t *sum)
{
    struct listpack_digits d;
    struct slice value;
    int64_t old = 0;

    if (hash_get(&o->value, call_arg(c, 2), &value, &d) && !num_parse_i64(value, &old))
        reply_error(c->out, "ERR hash value is not an integer");
    else if (!string_add(old, increment, sum))
        reply_error(c->out, ERR_OVERFLOW);
    else
        return true;
    return false;
}

#define COUNTS \
    .arity = 4, .group = "hash", .cost = "O(1)", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, \
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE)

CMD(hincrby,
    .name = "HINCRBY", COUNTS, .since = "2.0.0", .syntax = "key field increment",
    .summary = "Adds a number to the integer that a field of a hash holds; a missing field counts as 0.")
{
    char digits[NUM_I64_MAX];
    int64_t increment, sum;
    struct collection o;

    if (!call_int(c, 3, &increment) || !call_args_fit(c, 2, HASH_WORD_MAX) || !collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (add_int(c, &o, increment, &sum)) {
        put_counted(c, &o, slice_of(digits, (size_t)num_format_i64(digits, sum)), "hincrby");
        reply_int(c->out, sum);
    }
    collection_close(&o);
}

/* The same for HINCRBYFLOAT. */
static bool add_float(struct call *c, struct collection *o, long double increment, long double *sum)
{
    struct listpack_digits d;
    struct slice value;
    long double old = 0;

    if (hash_get(&o->value, call_arg(c, 2), &value, &d) && !num_parse_ld(value, &old)) {
        reply_error(c->out, "ERR hash value is not a float");
        return false;
    }
    *sum = old + increment;
    if (isfinite(*sum))
        return true;
    reply_error(c->out, ERR_NAN_OR_INF);
    return false;
}

CMD(hincrbyfloat,
    .name = "HINCRBYFLOAT", COUNTS, .since = "2.6.0", .syntax = "key field increment:double",
    .summary = "Adds a floating-point number to the number that a field of a hash holds; a missing field counts as 0.")
{
    long double increment, sum;
    char text[NUM_LD_MAX];
    struct collection o;

    if (!call_long_double(c, 3, &increment))
        return;
    if (!isfinite(increment)) {
        reply_error(c->out, "ERR value is NaN or Infinity");
        return;
    }
    if (!call_args_fit(c, 2, HASH_WORD_MAX) || !collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (add_float(c, &o, increment, &sum)) {
        struct slice s = slice_of(text, (size_t)num_format_ld(text, sum));

        put_counted(c, &o, s, "hincrbyfloat");
        reply_bulk(c->out, s);
    }
    collection_close(&o);
}
