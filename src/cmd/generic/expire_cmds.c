/* SPDX-License-Identifier: BSD-3-Clause */
/* Times to live: https://redis.io/docs/latest/commands/expire/ */
#include "cmd/args/expire_args.h"

#define SECOND 1000 /* milliseconds, the unit of all stored times */

/* ---- setting ---- */

/* The conditions in the arguments from the fourth on. False: the error was replied. */
static bool parse_when(struct call *c, unsigned *when)
{
    *when = 0;
    for (int i = 3; i < c->argc; i++) {
        unsigned condition = expire_when_at(c, i);

        if (condition == 0) {
            reply_errorf(c->out, "ERR Unsupported option %.*s", (int)c->argv[i].n, c->argv[i].p);
            return false;
        }
        *when |= condition;
    }
    if ((*when & EXPIRE_NX) && (*when & ~EXPIRE_NX))
        reply_error(c->out, "ERR NX and XX, GT or LT options at the same time are not compatible");
    else if ((*when & EXPIRE_GT) && (*when & EXPIRE_LT))
        reply_error(c->out, "ERR GT and LT options at the same time are not compatible");
    else
        return true;
    return false;
}

/* EXPIRE and its variants. A moment in the past deletes the key. */
static void expire_at(struct call *c, enum expire_unit unit, bool absolute)
{
    struct entry *e;
    int64_t moment;
    unsigned when;

    if (!parse_when(c, &when) || !expire_from_arg(c, 2, unit, absolute, &moment))
        return;
    e = call_look(c, 1);
    if (e == NULL || !expire_allows(when, entry_expire(e), moment)) {
        reply_int(c->out, 0);
        return;
    }
    if (moment <= c->unit->now) {
        call_drop(c, 1, e, EVENT_GENERIC, "del");
    } else if (!call_has_room_to_expire(c, e)) {
        return;
    } else {
        call_set_expire(c, 1, e, moment);
        call_changed(c, 1, EVENT_GENERIC, "expire");
    }
    reply_int(c->out, 1);
}

#define SETS(unit_name) \
    .arity = -3, .group = "generic", .cost = "O(1)", .flags = CMD_WRITE | CMD_GROWS | CMD_FAST, \
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE), .syntax = "key " unit_name " [NX | XX | GT | LT]", \
    .history = "7.0.0: Added `NX`, `XX`, `GT` and `LT`."

CMD(expire, .name = "EXPIRE", SETS("seconds"), .since = "1.0.0",
    .summary = "Sets the time to live of a key in seconds.")
{
    expire_at(c, EXPIRE_SECONDS, false);
}

CMD(pexpire, .name = "PEXPIRE", SETS("milliseconds"), .since = "2.6.0",
    .summary = "Sets the time to live of a key in milliseconds.")
{
    expire_at(c, EXPIRE_MILLISECONDS, false);
}

CMD(expireat, .name = "EXPIREAT", SETS("unix-time-seconds"), .since = "1.2.0",
    .summary = "Sets the expiry of a key as a Unix time in seconds.")
{
    expire_at(c, EXPIRE_SECONDS, true);
}

CMD(pexpireat, .name = "PEXPIREAT", SETS("unix-time-milliseconds"), .since = "2.6.0",
    .summary = "Sets the expiry of a key as a Unix time in milliseconds.")
{
    expire_at(c, EXPIRE_MILLISECONDS, true);
}

/* ---- reading ---- */

/* Replies with the expiry minus base, rounded to units; -1 without an expiry; -2 without the key. */
static void reply_expiry(struct call *c, int64_t base, int64_t unit)
{
    struct entry *e = call_peek_read(c, 1);

    must(unit > 0 && base <= c->unit->now);
    if (e == NULL)
        reply_int(c->out, -2);
    else if (entry_expire(e) == 0)
        reply_int(c->out, -1);
    else
        reply_int(c->out, (entry_expire(e) - base) / unit + ((entry_expire(e) - base) % unit >= unit - unit / 2));
}

#define READS \
    .arity = 2, .group = "generic", .cost = "O(1)", .flags = CMD_READONLY | CMD_FAST, \
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key"

CMD(ttl, .name = "TTL", READS, .since = "1.0.0", .hints = "nondeterministic_output",
    .history = "2.8.0: Added the reply -2.", .summary = "Returns the time to live of a key in seconds.")
{
    reply_expiry(c, c->unit->now, SECOND);
}

CMD(pttl, .name = "PTTL", READS, .since = "2.6.0", .hints = "nondeterministic_output",
    .history = "2.8.0: Added the reply -2.", .summary = "Returns the time to live of a key in milliseconds.")
{
    reply_expiry(c, c->unit->now, 1);
}

CMD(expiretime, .name = "EXPIRETIME", READS, .since = "7.0.0",
    .summary = "Returns the expiry of a key as a Unix time in seconds.")
{
    reply_expiry(c, 0, SECOND);
}

CMD(pexpiretime, .name = "PEXPIRETIME", READS, .since = "7.0.0",
    .summary = "Returns the expiry of a key as a Unix time in milliseconds.")
{
    reply_expiry(c, 0, 1);
}
