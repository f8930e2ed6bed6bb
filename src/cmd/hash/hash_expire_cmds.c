/* SPDX-License-Identifier: BSD-3-Clause */
/* The expiry of fields of a hash: https://redis.io/docs/latest/commands/hexpire/ */
#include "cmd/hash/hash_args.h"
#include "run/collection.h"
#include "types/hash.h"

#define SECOND 1000 /* ms */

/* The reply for one field. */
enum {
    NO_FIELD = -2,
    NO_EXPIRY = -1,
    NOT_MET = 0, /* the condition */
    DONE = 1,
    DELETED = 2, /* the expiry is in the past */
};

/* ---- setting ---- */

static int expire_field(struct call *c, struct value *v, struct slice field, unsigned when, int64_t expire)
{
    int64_t old;

    if (!hash_expiry(v, field, &old))
        return NO_FIELD;
    if (!expire_allows(when, old, expire))
        return NOT_MET;
    if (expire <= c->unit->now) {
        hash_remove(v, field);
        return DELETED;
    }
    hash_set_expiry(v, field, expire);
    return DONE;
}

/* Sets the expiry of the fields in arguments i and up, and replies. */
static void expire_fields(struct call *c, struct collection *o, int i, unsigned when, int64_t expire)
{
    bool changed = false;
    size_t deleted = 0;

    must(i > 3 && i < c->argc && expire >= 0 && expire <= HASH_EXPIRE_MAX);
    reply_array(c->out, c->argc - i);
    for (; i < c->argc; i++) {
        int result = expire_field(c, &o->value, call_arg(c, i), when, expire);

        changed |= result > NOT_MET;
        deleted += result == DELETED;
        reply_int(c->out, result);
    }
    shard_count_expired_fields(call_place(c, 1).shard, deleted);
    if (changed)
        call_changed(c, 1, EVENT_HASH, expire <= c->unit->now ? "hdel" : "hexpire");
}

/* HEXPIRE, HPEXPIRE, HEXPIREAT, HPEXPIREAT. As in Redis, WRONGTYPE takes precedence over errors in the arguments. */
static void expire_at(struct call *c, enum expire_unit unit, bool absolute)
{
    struct collection o;
    unsigned when;
    int64_t expire;
    int fields;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    when = expire_when_at(c, 3);
    fields = when == 0 ? 3 : 4;
    must(fields + 1 < c->argc);
    if (hash_args_expire(c, 2, unit, absolute, &expire) &&
        hash_args_fields(c, fields, "ERR Parameter `numFields` should be greater than 0"))
        expire_fields(c, &o, fields + 2, when, expire);
    collection_close(&o);
}

#define EXPIRE_COMMAND(time) \
    .arity = -6, .group = "hash", .since = "7.4.0", .cost = "O(N) where N is the number of field arguments", \
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), \
    .syntax = "key " time " [NX | XX | GT | LT] " HASH_FIELDS_SYNTAX

CMD(hexpire, .name = "HEXPIRE", EXPIRE_COMMAND("seconds"),
    .summary = "Sets the expiry of fields of a hash, in seconds from now.")
{
    expire_at(c, EXPIRE_SECONDS, false);
}

CMD(hpexpire, .name = "HPEXPIRE", EXPIRE_COMMAND("milliseconds"),
    .summary = "Sets the expiry of fields of a hash, in milliseconds from now.")
{
    expire_at(c, EXPIRE_MILLISECONDS, false);
}

CMD(hexpireat, .name = "HEXPIREAT", EXPIRE_COMMAND("unix-time-seconds"),
    .summary = "Sets the expiry of fields of a hash to a Unix timestamp in seconds.")
{
    expire_at(c, EXPIRE_SECONDS, true);
}

CMD(hpexpireat, .name = "HPEXPIREAT", EXPIRE_COMMAND("unix-time-milliseconds"),
    .summary = "Sets the expiry of fields of a hash to a Unix timestamp in milliseconds.")
{
    expire_at(c, EXPIRE_MILLISECONDS, true);
}

static int persist_field(struct value *v, struct slice field)
{
    int64_t expire;

    if (!hash_expiry(v, field, &expire))
        return NO_FIELD;
    if (expire == 0)
        return NO_EXPIRY;
    hash_set_expiry(v, field, 0);
    return DONE;
}

CMD(hpersist,
    .name = "HPERSIST", .arity = -5, .group = "hash", .since = "7.4.0",
    .cost = "O(N) where N is the number of field arguments", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), .syntax = "key " HASH_FIELDS_SYNTAX,
    .summary = "Removes the expiry of fields of a hash.")
{
    struct collection o;
    bool changed = false;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (hash_args_fields(c, 2, HASH_COUNT_ERROR)) {
        reply_array(c->out, c->argc - 4);
        for (int i = 4; i < c->argc; i++) {
            int result = persist_field(&o.value, call_arg(c, i));

            changed |= result == DONE;
            reply_int(c->out, result);
        }
        if (changed)
            call_changed(c, 1, EVENT_HASH, "hpersist");
    }
    collection_close(&o);
}

/* ---- reading ---- */

/* Replies for each field with its expiry minus base, in multiples of unit ms, rounded up. */
static void reply_expiries(struct call *c, int64_t base, int64_t unit)
{
    struct collection o;

    must(base >= 0 && unit > 0);
    if (!collection_read(&o, c, 1, TYPE_HASH) || !hash_args_fields(c, 2, HASH_COUNT_ERROR))
        return;
    reply_array(c->out, c->argc - 4);
    for (int i = 4; i < c->argc; i++) {
        int64_t expire;

        if (!hash_expiry(&o.value, call_arg(c, i), &expire))
            reply_int(c->out, NO_FIELD);
        else
            reply_int(c->out, expire == 0 ? NO_EXPIRY : (expire - base + unit - 1) / unit);
    }
}

#define TTL_COMMAND \
    .arity = -5, .group = "hash", .since = "7.4.0", .cost = "O(N) where N is the number of field arguments", \
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), \
    .syntax = "key " HASH_FIELDS_SYNTAX

CMD(httl, .name = "HTTL", TTL_COMMAND,
    .summary = "Returns the remaining time to live of fields of a hash, in seconds.")
{
    reply_expiries(c, c->unit->now, SECOND);
}

CMD(hpttl, .name = "HPTTL", TTL_COMMAND,
    .summary = "Returns the remaining time to live of fields of a hash, in milliseconds.")
{
    reply_expiries(c, c->unit->now, 1);
}

CMD(hexpiretime, .name = "HEXPIRETIME", TTL_COMMAND,
    .summary = "Returns the expiry of fields of a hash as Unix timestamps in seconds.")
{
    reply_expiries(c, 0, SECOND);
}

CMD(hpexpiretime, .name = "HPEXPIRETIME", TTL_COMMAND,
    .summary = "Returns the expiry of fields of a hash as Unix timestamps in milliseconds.")
{
    reply_expiries(c, 0, 1);
}
