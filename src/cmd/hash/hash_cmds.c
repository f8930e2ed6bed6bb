/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashes: https://redis.io/docs/latest/commands/?group=hash */
#include <math.h>

#include "cmd/hash/hash_args.h"
#include "run/collection.h"
#include "types/hash.h"
#include "types/string.h"

/* ---- setting ---- */

/* Sets the pairs of field and value in arguments 2 and up. *added: the number of new fields. False: the error was
 * replied. */
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
    must(*added <= (c->argc - 2) / 2 && hash_count(&o.value) > 0);
    call_changed(c, 1, EVENT_HASH, "hset");
    collection_close(&o);
    return true;
}

#define SETS(flags_) \
    .group = "hash", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | (flags_))

CMD(hset,
    .name = "HSET", SETS(KEY_UPDATE), .arity = -4, .since = "2.0.0",
    .cost = "O(N) where N is the number of field arguments", .syntax = "key field value [field value ...]",
    .history = "4.0.0: Accepts multiple field and value arguments.",
    .summary = "Sets fields of a hash. Returns the number of new fields.")
{
    int64_t added;

    if (set_fields(c, &added))
        reply_int(c->out, added);
}

CMD(hmset,
    .name = "HMSET", SETS(KEY_UPDATE), .arity = -4, .since = "2.0.0",
    .cost = "O(N) where N is the number of field arguments", .syntax = "key field value [field value ...]",
    .replaced_by = "`HSET` with multiple field-value pairs", .deprecated_since = "4.0.0",
    .summary = "Sets the values of multiple fields of a hash.")
{
    int64_t added;

    if (set_fields(c, &added))
        reply_ok(c->out);
}

CMD(hsetnx,
    .name = "HSETNX", SETS(KEY_INSERT), .arity = 4, .since = "2.0.0", .cost = "O(1)", .syntax = "key field value",
    .summary = "Sets a field of a hash, unless the field exists.")
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
    .cost = "O(N) where N is the number of field arguments", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE), .syntax = "key field [field ...]",
    .history = "2.4.0: Accepts multiple field arguments.",
    .summary = "Removes fields from a hash, and the key when no field is left. Returns the number of removed fields.")
{
    struct collection o;
    int64_t removed = 0;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    for (int i = 2; i < c->argc; i++)
        removed += hash_remove(&o.value, call_arg(c, i));
    must(removed <= c->argc - 2);
    if (removed != 0)
        call_changed(c, 1, EVENT_HASH, "hdel");
    collection_close(&o);
    reply_int(c->out, removed);
}

/* ---- reading ---- */

#define READS(flags_, access_) \
    .group = "hash", .flags = CMD_READONLY | (flags_), .keys = CMD_KEYS(1, 1, 1, KEY_RO | (access_))

CMD(hget,
    .name = "HGET", READS(CMD_FAST, KEY_ACCESS), .arity = 3, .since = "2.0.0", .cost = "O(1)", .syntax = "key field",
    .summary = "Returns the value of a field of a hash.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        hash_reply_field(c, &o.value, call_arg(c, 2));
}

CMD(hmget,
    .name = "HMGET", READS(CMD_FAST, KEY_ACCESS), .arity = -3, .since = "2.0.0",
    .cost = "O(N) where N is the number of fields requested", .syntax = "key field [field ...]",
    .summary = "Returns the values of multiple fields of a hash.")
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
    .summary = "Determines whether a field of a hash exists.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, hash_has(&o.value, call_arg(c, 2)));
}

CMD(hstrlen,
    .name = "HSTRLEN", READS(CMD_FAST, 0), .arity = 3, .since = "3.2.0", .cost = "O(1)", .syntax = "key field",
    .summary = "Returns the length of the value of a field, 0 if the field does not exist.")
{
    struct listpack_digits d;
    struct collection o;
    struct slice value;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, hash_get(&o.value, call_arg(c, 2), &value, &d) ? (int64_t)value.n : 0);
}

CMD(hlen,
    .name = "HLEN", READS(CMD_FAST, 0), .arity = 2, .since = "2.0.0", .cost = "O(1)", .syntax = "key",
    .summary = "Returns the number of fields of a hash.")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_HASH))
        reply_int(c->out, (int64_t)hash_count(&o.value));
}

/* ---- all fields ---- */

enum { FIELDS = 1, VALUES = 2 };

static void reply_all(struct call *c, unsigned what)
{
    struct slice field, value;
    struct collection o;
    struct hash_walk w;

    must(what != 0 && (what & ~(FIELDS | VALUES)) == 0);
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
    READS(0, KEY_ACCESS), .arity = 2, .since = "2.0.0", .cost = "O(N) where N is the number of fields of the hash", \
    .syntax = "key", .hints = "nondeterministic_output_order"

CMD(hgetall, .name = "HGETALL", LISTS, .summary = "Returns all fields of a hash and their values.")
{
    reply_all(c, FIELDS | VALUES);
}

CMD(hkeys, .name = "HKEYS", LISTS, .summary = "Returns all fields of a hash.")
{
    reply_all(c, FIELDS);
}

CMD(hvals, .name = "HVALS", LISTS, .summary = "Returns the values of all fields of a hash.")
{
    reply_all(c, VALUES);
}

/* ---- increments ---- */

/* Sets the field in argument 2 to the sum, and keeps the expiry of the field. */
static void set_sum(struct call *c, struct collection *o, struct slice sum, const char *event)
{
    hash_set_until(&o->value, call_arg(c, 2), sum, HASH_KEEP);
    sane(hash_has(&o->value, call_arg(c, 2)));
    call_changed(c, 1, EVENT_HASH, event);
}

/* *sum: the value of the field in argument 2 plus the increment. False: the error was replied. */
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

#define INCREMENTS \
    .arity = 4, .group = "hash", .cost = "O(1)", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, \
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE)

CMD(hincrby,
    .name = "HINCRBY", INCREMENTS, .since = "2.0.0", .syntax = "key field increment",
    .summary = "Increments the integer value of a field of a hash by a number. A missing field counts as 0.")
{
    char digits[NUM_I64_MAX];
    int64_t increment, sum;
    struct collection o;

    if (!call_int(c, 3, &increment) || !call_args_fit(c, 2, HASH_WORD_MAX) || !collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (add_int(c, &o, increment, &sum)) {
        set_sum(c, &o, slice_of(digits, (size_t)num_format_i64(digits, sum)), "hincrby");
        reply_int(c->out, sum);
    }
    collection_close(&o);
}

/* As add_int, for HINCRBYFLOAT. */
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
    .name = "HINCRBYFLOAT", INCREMENTS, .since = "2.6.0", .syntax = "key field increment:double",
    .summary = "Increments the floating-point value of a field of a hash by a number. A missing field counts as 0.")
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

        set_sum(c, &o, s, "hincrbyfloat");
        reply_bulk(c->out, s);
    }
    collection_close(&o);
}
