/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HGETDEL, HGETEX and HSETEX of Redis 8.0: they read or set fields of a hash together with their expiry.
 * https://redis.io/docs/latest/commands/hgetex/
 */
#include "cmd/hash/hash_args.h"
#include "run/collection.h"
#include "types/hash.h"

#define FIELD_EXPIRY_BYTES (2 * sizeof(int64_t)) /* in the field, and in the heap of the hash */

/* The new expiry of the fields. */
struct expiry {
    enum expire_option option;
    int64_t at; /* of the four options that have a time: ms since 1970 */
};

/* The option in argument i: EX, PX, EXAT, PXAT, or `timeless`, which is KEEPTTL or PERSIST. EXPIRE_NONE: none of
 * these. */
static enum expire_option option_at(const struct call *c, int i, enum expire_option timeless)
{
    enum expire_option option = expire_option_of(call_arg(c, i));

    return expire_has_time(option) || option == timeless ? option : EXPIRE_NONE;
}

/* Parses argument i as the time of e->option. False: the error was replied. */
static bool parse_time(struct call *c, int i, struct expiry *e)
{
    must(expire_has_time(e->option));
    return hash_args_expire(c, i, expire_unit_of(e->option), expire_is_absolute(e->option), &e->at);
}

/* ---- HGETDEL ---- */

CMD(hgetdel,
    .name = "HGETDEL", .arity = -5, .group = "hash", .since = "8.0.0",
    .cost = "O(N) where N is the number of field arguments", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE), .syntax = "key " HASH_FIELDS_SYNTAX,
    .summary = "Returns the values of fields of a hash and removes the fields.")
{
    struct collection o;
    bool changed = false;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (hash_args_fields(c, 2, HASH_COUNT_ERROR)) {
        reply_array(c->out, c->argc - 4);
        for (int i = 4; i < c->argc; i++)
            if (hash_reply_field(c, &o.value, call_arg(c, i)))
                changed |= hash_remove(&o.value, call_arg(c, i));
        if (changed)
            call_changed(c, 1, EVENT_HASH, "hdel");
    }
    collection_close(&o);
}

/* ---- HGETEX ---- */

/* Parses the option and its time. *fields: where FIELDS must be. False: the error was replied. */
static bool parse_hgetex(struct call *c, struct expiry *e, int *fields)
{
    e->option = option_at(c, 2, EXPIRE_PERSIST);
    *fields = e->option == EXPIRE_NONE ? 2 : e->option == EXPIRE_PERSIST ? 3 : 4;
    must(*fields < c->argc);
    return !expire_has_time(e->option) || parse_time(c, 3, e);
}

/* Sets the expiry of a field that exists. Returns the event to report, NULL if nothing changed. */
static const char *apply_expiry(struct call *c, struct value *v, struct slice field, const struct expiry *e)
{
    int64_t old;

    sane(hash_has(v, field));
    if (expire_has_time(e->option) && e->at <= c->unit->now) {
        hash_remove(v, field);
        shard_count_expired_fields(call_place(c, 1).shard, 1);
        return "hdel";
    }
    if (expire_has_time(e->option)) {
        hash_set_expiry(v, field, e->at);
        return "hexpire";
    }
    if (e->option == EXPIRE_NONE || !hash_expiry(v, field, &old) || old == 0)
        return NULL;
    hash_set_expiry(v, field, 0);
    return "hpersist";
}

/* Whether maxmemory has room for the expiries of n fields. */
static bool hgetex_has_room(struct call *c, const struct expiry *e, int n)
{
    return !expire_has_time(e->option) || e->at <= c->unit->now || call_has_room(c, (size_t)n * FIELD_EXPIRY_BYTES);
}

CMD(hgetex,
    .name = "HGETEX", .arity = -5, .group = "hash", .since = "8.0.0",
    .cost = "O(N) where N is the number of field arguments", .flags = CMD_WRITE | CMD_GROWS | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
    .syntax = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST] "
              HASH_FIELDS_SYNTAX,
    .summary = "Returns the values of fields of a hash and sets or removes their expiry.")
{
    const char *event = NULL;
    struct expiry expiry;
    struct collection o;
    int fields;

    if (!collection_write(&o, c, 1, TYPE_HASH))
        return;
    if (parse_hgetex(c, &expiry, &fields) && hash_args_fields(c, fields, HASH_COUNT_ERROR) &&
        hgetex_has_room(c, &expiry, c->argc - fields - 2)) {
        reply_array(c->out, c->argc - fields - 2);
        for (int i = fields + 2; i < c->argc; i++) {
            const char *change = hash_reply_field(c, &o.value, call_arg(c, i))
                                     ? apply_expiry(c, &o.value, call_arg(c, i), &expiry) : NULL;

            event = change ? change : event;
        }
        if (event != NULL)
            call_changed(c, 1, EVENT_HASH, event);
    }
    collection_close(&o);
}

/* ---- HSETEX ---- */

struct hsetex {
    struct expiry expiry;
    enum { ALWAYS, IF_NONE, IF_ALL } condition; /* FNX, FXX */
    int first; /* the first field; its value and the other pairs follow to the end */
};

/* Parses FIELDS, which is argument i, and all that follows. False: the error was replied. */
static bool parse_pairs(struct call *c, int i, struct hsetex *args)
{
    static const char error[] = "ERR invalid number of fields";
    int64_t n;

    must(i < c->argc);
    if (i + 1 == c->argc) {
        call_error_arity(c);
        return false;
    }
    if (!call_int_between(c, i + 1, 1, INT32_MAX, &n, error))
        return false;
    args->first = i + 2;
    if (2 * n == c->argc - args->first)
        return true;
    call_error_arity(c);
    return false;
}

/* Takes argument i, FNX or FXX. False: the error was replied. */
static bool set_condition(struct call *c, int i, struct hsetex *args)
{
    if (args->condition != ALWAYS) {
        reply_error(c->out, "ERR Only one of FXX or FNX arguments can be specified");
        return false;
    }
    args->condition = call_is(c, i, "FNX") ? IF_NONE : IF_ALL;
    return true;
}

/* Parses KEEPTTL or an option with a time at *i, which becomes its last argument. False: the error was replied. */
static bool set_expiry(struct call *c, int *i, struct hsetex *args)
{
    struct expiry *e = &args->expiry;

    if (e->option != EXPIRE_NONE) {
        reply_error(c->out, "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified");
        return false;
    }
    e->option = option_at(c, *i, EXPIRE_KEEPTTL);
    if (e->option == EXPIRE_KEEPTTL)
        return true;
    if (*i + 1 == c->argc) {
        reply_error(c->out, "ERR missing expire time");
        return false;
    }
    return parse_time(c, ++*i, e);
}

static bool parse_hsetex(struct call *c, struct hsetex *args)
{
    *args = (struct hsetex){.condition = ALWAYS};
    for (int i = 2; i < c->argc; i++) {
        if (call_is(c, i, "FIELDS"))
            return parse_pairs(c, i, args);
        if (call_is(c, i, "FNX") || call_is(c, i, "FXX")) {
            if (!set_condition(c, i, args))
                return false;
        } else if (option_at(c, i, EXPIRE_KEEPTTL) != EXPIRE_NONE) {
            if (!set_expiry(c, &i, args))
                return false;
        } else {
            reply_errorf(c->out, "ERR unknown argument: %.*s", (int)c->argv[i].n, c->argv[i].p);
            return false;
        }
    }
    reply_error(c->out, ERR_NO_FIELDS);
    return false;
}

static bool condition_holds(struct call *c, const struct value *v, const struct hsetex *args)
{
    for (int i = args->first; args->condition != ALWAYS && i < c->argc; i += 2)
        if (hash_has(v, call_arg(c, i)) != (args->condition == IF_ALL))
            return false;
    return true;
}

/* Sets the pairs. An expiry in the past removes the fields, which Redis reports as set and then removed. */
static void set_pairs(struct call *c, struct collection *o, const struct hsetex *args)
{
    const struct expiry *e = &args->expiry;
    bool timed = expire_has_time(e->option), past = timed && e->at <= c->unit->now;
    int64_t expire = timed ? e->at : e->option == EXPIRE_KEEPTTL ? HASH_KEEP : 0;

    must(args->first > 2 && args->first < c->argc && (c->argc - args->first) % 2 == 0);
    for (int i = args->first; i < c->argc; i += 2) {
        if (past)
            hash_remove(&o->value, call_arg(c, i));
        else
            hash_set_until(&o->value, call_arg(c, i), call_arg(c, i + 1), expire);
    }
    if (past)
        shard_count_expired_fields(call_place(c, 1).shard, (size_t)(c->argc - args->first) / 2);
    call_changed(c, 1, EVENT_HASH, "hset");
    if (timed)
        call_changed(c, 1, EVENT_HASH, past ? "hdel" : "hexpire");
}

CMD(hsetex,
    .name = "HSETEX", .arity = -6, .group = "hash", .since = "8.0.0",
    .cost = "O(N) where N is the number of field arguments", .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .syntax = "key [FNX | FXX] "
              "[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL] "
              "FIELDS numfields field value [field value ...]",
    .summary = "Sets fields of a hash and their expiry, optionally only if all or none of the fields exist.")
{
    struct collection o;
    struct hsetex args;
    bool holds;

    if (!parse_hsetex(c, &args) || !call_args_fit(c, args.first, HASH_WORD_MAX) ||
        !collection_write(&o, c, 1, TYPE_HASH))
        return;
    holds = condition_holds(c, &o.value, &args);
    if (holds)
        set_pairs(c, &o, &args);
    collection_close(&o);
    reply_int(c->out, holds);
}
