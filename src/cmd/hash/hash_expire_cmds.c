/* SPDX-License-Identifier: BSD-3-Clause */
/* Times to live of the fields of a hash: https://redis.io/docs/latest/commands/hexpire/ */
#include "cmd/hash/hash_args.h"
#include "run/collection.h"
#include "types/hash.h"

#define SECOND 1000 /* in milliseconds, in which all times are kept */

/* What is replied for a field. */
enum {
    NO_FIELD = -2,
    NO_EXPIRY = -1,
    NOT_MET = 0, /* the condition */
    DONE = 1,
    DELETED = 2, /* the moment was past */
};

/* ---- setting ---- */

static int expire_field(struct call *c, struct value *v, struct slice field, unsigned when, int64_t moment)
{
    int64_t old;

    if (!hash_expiry(v, field, &old))
        return NO_FIELD;
    if (!expire_allows(when, old, moment))
        return NOT_MET;
    if (moment <= c->unit->now) {
        hash_remove(v, field);
        return DELETED;
    }
    hash_set_expiry(v, field, moment);
    return DONE;
}

/* The fields in the arguments from i on. */
static void expire_fields(struct call *c, struct collection *o, int i, unsigned when, int64_t moment)
{
    bool changed = false;

    reply_array(c->out, c->argc - i);
    for (; i < c->argc; i++) {
        int done = expire_field(c, &o->value, call_arg(c, i), when, moment);

        changed |= done > NOT_MET;
        reply_int(c->out, done);
    }
    if (changed)
        call_changed(c, 1, EVENT_HASH, moment <= c->unit->now ? "hdel" : "hexpire");
}

/* HEXPIRE and its like. Redis looks at the key before it looks at the arguments. */
static void expire_at(struct call *c, enum expire_unit unit, bool absolute)
{
    struct collection o;
    unsigned when;
    int64_t moment;
    int fields;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    when = expire_when_at(c, 3);
    fields = when == 0 ? 3 : 4;
    if (hash_args_moment(c, 2, unit, absolute, &moment) &&
        hash_args_fields(c, fields, "ERR Parameter `numFields` should be greater than 0"))
        expire_fields(c, &o, fields + 2, when, moment);
    collection_close(&o);
}

#define EXPIRES(time) \
    .arity = -6, .group = "hash", .since = "7.4.0", .cost = "O(N), N being the number of fields that are given.", \
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), \
    .syntax = "key " time " [NX | XX | GT | LT] " HASH_FIELDS_SYNTAX

CMD(hexpire, .name = "HEXPIRE", EXPIRES("seconds"),
    .summary = "Lets fields of a hash end so many seconds from now.")
{
    expire_at(c, EXPIRE_SECONDS, false);
}

CMD(hpexpire, .name = "HPEXPIRE", EXPIRES("milliseconds"),
    .summary = "Lets fields of a hash end so many milliseconds from now.")
{
    expire_at(c, EXPIRE_MILLISECONDS, false);
}

CMD(hexpireat, .name = "HEXPIREAT", EXPIRES("unix-time-seconds"),
    .summary = "Lets fields of a hash end at a time, told in seconds since 1970.")
{
    expire_at(c, EXPIRE_SECONDS, true);
}

CMD(hpexpireat, .name = "HPEXPIREAT", EXPIRES("unix-time-milliseconds"),
    .summary = "Lets fields of a hash end at a time, told in milliseconds since 1970.")
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
    .cost = "O(N), N being the number of fields that are given.", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), .syntax = "key " HASH_FIELDS_SYNTAX,
    .summary = "Takes away the time to live of fields of a hash.")
{
    struct collection o;
    bool changed = false;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (hash_args_fields(c, 2, HASH_COUNT_ERROR)) {
        reply_array(c->out, c->argc - 4);
        for (int i = 4; i < c->argc; i++) {
            int done = persist_field(&o.value, call_arg(c, i));

            changed |= done == DONE;
            reply_int(c->out, done);
        }
        if (changed)
            call_changed(c, 1, EVENT_HASH, "hpersist");
    }
    collection_close(&o);
}

/* ---- asking ---- */

/* Replies for each field with its expiry less base, in units, rounded up. */
static void reply_expiries(struct call *c, int64_t base, int64_t unit)
{
    struct collection o;

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

#define ASKS \
    .arity = -5, .group = "hash", .since = "7.4.0", .cost = "O(N), N being the number of fields that are given.", \
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), \
    .syntax = "key " HASH_FIELDS_SYNTAX

CMD(httl, .name = "HTTL", ASKS, .hints = "nondeterministic_output",
    .summary = "Tells how many seconds fields of a hash have still to live.")
{
    reply_expiries(c, c->unit->now, SECOND);
}

CMD(hpttl, .name = "HPTTL", ASKS, .hints = "nondeterministic_output",
    .summary = "Tells how many milliseconds fields of a hash have still to live.")
{
    reply_expiries(c, c->unit->now, 1);
}

CMD(hexpiretime, .name = "HEXPIRETIME", ASKS,
    .summary = "Tells when fields of a hash end, in seconds since 1970.")
{
    reply_expiries(c, 0, SECOND);
}

CMD(hpexpiretime, .name = "HPEXPIRETIME", ASKS,
    .summary = "Tells when fields of a hash end, in milliseconds since 1970.")
{
    reply_expiries(c, 0, 1);
}
