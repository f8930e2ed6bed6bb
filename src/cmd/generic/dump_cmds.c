/* SPDX-License-Identifier: BSD-3-Clause */
/* DUMP and RESTORE: values as bytes for another server. https://redis.io/docs/latest/commands/dump/ */
#include "persist/dump.h"
#include "run/call.h"
#include "run/reclaim.h"

CMD(dump,
    .name = "DUMP", .arity = 2, .group = "generic", .since = "2.6.0",
    .cost = "O(N) where N is the number of bytes of the value.", .flags = CMD_READONLY | CMD_COPIES,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .hints = "nondeterministic_output", .syntax = "key",
    .summary = "Returns the serialized value of a key, for RESTORE here or in Redis.")
{
    struct entry *e = call_find_read(c, 1);
    struct buf dump = BUF_EMPTY;

    if (e == NULL) {
        reply_null(c->out);
        return;
    }
    buf_reserve(&dump, entry_size(e)); /* usually enough, so that the bytes do not move */
    dump_write(&dump, e);
    must(dump.len > 0);
    reply_bulk(c->out, buf_slice(&dump));
    buf_fini(&dump);
}

/* ---- RESTORE ---- */

struct restore_options {
    bool replace;
    bool absolute;
    int64_t idle;      /* seconds; -1: not given */
    int64_t frequency; /* 0 .. 255; -1: not given */
};

/* Parses the option at argument *i and its value, where *i is left. False: the error was replied. */
static bool parse_restore_option(struct call *c, int *i, struct restore_options *o)
{
    bool has_value = *i + 1 < c->argc;

    must(*i >= 4 && *i < c->argc);
    if (call_is(c, *i, "REPLACE")) {
        o->replace = true;
    } else if (call_is(c, *i, "ABSTTL")) {
        o->absolute = true;
    } else if (call_is(c, *i, "IDLETIME") && has_value && o->frequency == -1) {
        if (!call_int(c, ++*i, &o->idle))
            return false;
        if (o->idle < 0) {
            reply_error(c->out, "ERR Invalid IDLETIME value, must be >= 0");
            return false;
        }
    } else if (call_is(c, *i, "FREQ") && has_value && o->idle == -1) {
        if (!call_int(c, ++*i, &o->frequency))
            return false;
        if (o->frequency < 0 || o->frequency > 255) {
            reply_error(c->out, "ERR Invalid FREQ value, must be >= 0 and <= 255");
            return false;
        }
    } else {
        call_error_syntax(c);
        return false;
    }
    return true;
}

static bool parse_restore(struct call *c, struct restore_options *o)
{
    *o = (struct restore_options){.idle = -1, .frequency = -1};
    for (int i = 4; i < c->argc; i++)
        if (!parse_restore_option(c, &i, o))
            return false;
    return true;
}

/* The expiry that argument 2 gives, 0 if none. False: the error was replied. */
static bool parse_restore_expire(struct call *c, const struct restore_options *o, int64_t *expire)
{
    if (!call_int(c, 2, expire))
        return false;
    if (*expire < 0) {
        reply_error(c->out, "ERR Invalid TTL value, must be >= 0");
        return false;
    }
    if (*expire == 0 || o->absolute || !__builtin_add_overflow(*expire, c->unit->now, expire))
        return true;
    reply_errorf(c->out, ERR_INVALID_EXPIRE, command_full_name(c->cmd));
    return false;
}

/* After a value did not fit in b->room: whether there is more room now (call_has_room). More is made than the value is
 * known to need, since the rest of it is unread. */
static bool has_more_room(struct call *c, const struct rdb_bounds *b)
{
    size_t limit = OPT(c->instance->options, maxmemory), want = 2 * b->room < limit ? 2 * b->room : limit;

    must(b->used > b->room);
    return call_has_room(c, b->used > want ? b->used : want);
}

/* A new entry with the value that argument 3 holds. NULL: the caller replies nothing. */
static struct entry *read_dump(struct call *c, int64_t expire)
{
    struct rdb_bounds bounds;
    struct rdb_target to = {
        .key = call_arg(c, 1), .expire = expire, .options = c->instance->options, .bounds = &bounds};
    struct entry *e;

    if (!dump_is_sound(call_arg(c, 3), !atomic_load_explicit(&c->instance->skip_checksums, memory_order_relaxed))) {
        reply_error(c->out, "ERR DUMP payload version or checksum are wrong");
        return NULL;
    }
    do {
        bounds = (struct rdb_bounds){.longest = call_string_max(c), .room = reclaim_room(c->runner)};
        e = dump_read(call_arg(c, 3), &to);
    } while (e == NULL && bounds.used > bounds.room && has_more_room(c, &bounds));
    if (e == NULL) {
        if (bounds.used <= bounds.room)
            reply_error(c->out, bounds.is_too_long ? ERR_TOO_LONG : "ERR Bad data format");
        return NULL;
    }
    must(entry_expire(e) == expire);
    if (call_has_room_with(c, entry_size(e)))
        return e;
    entry_free(e);
    return NULL;
}

/* Sets how much the restored entry was used, where the policy goes by that. */
static void set_usage(struct call *c, struct entry *e, const struct restore_options *o)
{
    struct keyspace *ks = c->instance->keyspace;
    const struct policy *policy = keyspace_policy(ks);
    struct place p = call_place(c, 1);

    keyspace_renew(ks, &p, e);
    if (policy->set_frequency != NULL && o->frequency >= 0)
        policy->set_frequency(&ks->stamps, policy_state(policy, p.shard), &p, e, (unsigned)o->frequency);
    if (policy->set_idle != NULL && o->idle >= 0)
        policy->set_idle(&ks->stamps, policy_state(policy, p.shard), &p, e, o->idle);
}

/* The restored entry has expired already: only deletes the one that it replaces. Takes e. */
static void restore_nothing(struct call *c, struct entry *old, struct entry *e)
{
    must(entry_expired(e, c->unit->now));
    entry_free(e);
    if (old != NULL)
        call_drop(c, 1, old, EVENT_GENERIC, "del");
}

static void restore(struct call *c)
{
    struct restore_options o;
    struct entry *old, *e;
    int64_t expire;

    if (!parse_restore(c, &o))
        return;
    old = call_peek(c, 1);
    if (old != NULL && !o.replace) {
        reply_error(c->out, "BUSYKEY Target key name already exists.");
        return;
    }
    if (!parse_restore_expire(c, &o, &expire))
        return;
    e = read_dump(c, expire);
    if (e == NULL)
        return;
    if (entry_expired(e, c->unit->now)) {
        restore_nothing(c, old, e);
    } else {
        call_put(c, 1, c->db, old, e);
        set_usage(c, e, &o);
        call_changed(c, 1, EVENT_GENERIC, "restore");
    }
    reply_ok(c->out);
}

#define RESTORE_ALIKE \
    .arity = -4, .cost = "O(N) where N is the number of bytes of the value; for a sorted set O(N*log(M)) where M is " \
                         "the number of its members.", \
    .keys = CMD_KEYS(1, 1, 1, KEY_OW | KEY_UPDATE), .categories = "@keyspace,@dangerous", \
    .syntax = "key ttl:integer serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]", \
    .history = "3.0.0: Added `REPLACE`.\n5.0.0: Added `ABSTTL`.\n5.0.0: Added `IDLETIME` and `FREQ`."

CMD(restore,
    .name = "RESTORE", .group = "generic", .since = "2.6.0", .flags = CMD_WRITE | CMD_DENYOOM, RESTORE_ALIKE,
    .summary = "Creates a key from a value that DUMP serialized, here or in Redis.")
{
    restore(c);
}

CMD(restore_asking,
    .name = "RESTORE-ASKING", .group = "server", .since = "3.0.0",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_ASKING, RESTORE_ALIKE,
    .summary = "RESTORE, as sent while a cluster migrates slots.")
{
    restore(c);
}
