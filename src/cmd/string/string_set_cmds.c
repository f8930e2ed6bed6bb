/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands that set whole strings, and DELEX, which accepts the conditions of SET.
 * https://redis.io/docs/latest/commands/set/
 */
#include <ctype.h>

#include "cmd/args/expire_args.h"
#include "run/call.h"
#include "types/string.h"

/* ---- conditions ---- */

/* The condition under which SET or DELEX takes effect. */
struct condition {
    enum {
        ALWAYS,
        IF_ABSENT,      /* NX */
        IF_PRESENT,     /* XX */
        IF_EQUAL,       /* IFEQ: the key exists and its value is equal to the operand */
        IF_OTHER,       /* IFNE: the value differs, or there is no key */
        IF_DIGEST,      /* IFDEQ: as IF_EQUAL, for the digest of the value */
        IF_OTHER_DIGEST /* IFDNE */
    } kind;
    struct slice operand; /* of the last four kinds */
};

static bool compares_value(const struct condition *cond)
{
    return cond->kind >= IF_EQUAL;
}

/* Parses NX or XX at argument i. Returns the number of arguments consumed; 0: another word, or it contradicts an
 * earlier option. */
static int existence_at(const struct call *c, int i, struct condition *cond)
{
    struct condition found = {.kind = call_is(c, i, "NX") ? IF_ABSENT : call_is(c, i, "XX") ? IF_PRESENT : ALWAYS};

    if (found.kind == ALWAYS || (cond->kind != ALWAYS && cond->kind != found.kind))
        return 0;
    *cond = found;
    return 1;
}

/* The same for IFEQ, IFNE, IFDEQ and IFDNE with their operand. */
static int comparison_at(const struct call *c, int i, struct condition *cond)
{
    static const char *const words[] = {"IFEQ", "IFNE", "IFDEQ", "IFDNE"};

    if (cond->kind != ALWAYS || i + 1 >= c->argc)
        return 0;
    for (int w = 0; w < 4; w++) {
        if (call_is(c, i, words[w])) {
            cond->kind = IF_EQUAL + w;
            cond->operand = call_arg(c, i + 1);
            return 2;
        }
    }
    return 0;
}

static bool is_digest(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!isxdigit((unsigned char)s.p[i]))
            return false;
    }
    return s.n == STRING_DIGEST_LEN;
}

static bool digest_matches(struct slice value, struct slice digest)
{
    char own[STRING_DIGEST_LEN];

    must(digest.n == STRING_DIGEST_LEN);
    string_digest(value, own);
    return strncasecmp(own, digest.p, sizeof(own)) == 0;
}

/* *holds: whether the condition holds for the value of the entry. False: it cannot be compared, and the error was
 * replied. */
static bool check_value(struct call *c, const struct condition *cond, const struct entry *e, bool *holds)
{
    struct entry_digits d;
    bool equal;

    must(compares_value(cond));
    if (entry_type(e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    if (cond->kind == IF_EQUAL || cond->kind == IF_OTHER) {
        equal = slice_eq(entry_string(e, &d), cond->operand);
    } else if (is_digest(cond->operand)) {
        equal = digest_matches(entry_string(e, &d), cond->operand);
    } else {
        reply_error(c->out, "ERR must be exactly 16 hexadecimal characters");
        return false;
    }
    *holds = equal == (cond->kind == IF_EQUAL || cond->kind == IF_DIGEST);
    return true;
}

/* As check_value, for any condition, with or without an entry. */
static bool check(struct call *c, const struct condition *cond, const struct entry *e, bool *holds)
{
    if (e != NULL && compares_value(cond))
        return check_value(c, cond, e, holds);
    if (e != NULL)
        *holds = cond->kind != IF_ABSENT;
    else
        *holds = cond->kind == ALWAYS || cond->kind == IF_ABSENT || cond->kind == IF_OTHER ||
                 cond->kind == IF_OTHER_DIGEST;
    return true;
}

/* ---- setting ---- */

/* Sets the key in argument `key` to argument `value` and reports the events. */
static void set_value(struct call *c, int key, int value, struct set_options options)
{
    sane(key < value && value < c->argc);
    sane(!options.keep_expire || options.expire == 0);
    call_set(c, key, call_arg(c, value), options);
    call_changed(c, key, EVENT_STRING, "set");
    if (options.expire != 0)
        call_changed(c, key, EVENT_GENERIC, "expire");
}

struct set_args {
    struct condition condition;
    struct expire_args expire;
    bool get;
};

/* The options of SET. False: the error was replied. */
static bool parse_set(struct call *c, struct set_args *args)
{
    int taken;

    for (int i = 3; i < c->argc; i += taken) {
        taken = expire_option_at(c, i, EXPIRE_KEEPTTL, &args->expire);
        if (taken == 0)
            taken = existence_at(c, i, &args->condition);
        if (taken == 0)
            taken = comparison_at(c, i, &args->condition);
        if (taken == 0 && call_is(c, i, "GET")) {
            args->get = true;
            taken = 1;
        }
        if (taken == 0) {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

/* Replies with the value before SET. False: it is not a string, and the error was replied. */
static bool reply_old(struct call *c, struct entry *e)
{
    if (e == NULL) {
        reply_null(c->out);
    } else if (entry_type(e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    } else {
        call_reply_string(c, e);
    }
    return true;
}

/* SET with options that depend on the old entry: conditions and GET. */
static void set_if(struct call *c, const struct set_args *args, struct set_options options)
{
    struct entry *e = args->get ? call_find_read(c, 1) : call_look(c, 1);
    bool holds;

    must(args->get || args->condition.kind != ALWAYS);
    if (!check(c, &args->condition, e, &holds) || (args->get && !reply_old(c, e)))
        return;
    if (holds)
        set_value(c, 1, 2, options);
    if (args->get)
        return;
    if (holds)
        reply_ok(c->out);
    else
        reply_null(c->out);
}

/* SET reads the key only for GET and for conditions on the value. */
static uint32_t flags_of_set(const struct slice *argv, int argc)
{
    static const char *const reading[] = {"GET", "IFEQ", "IFNE", "IFDEQ", "IFDNE"};

    for (int i = 3; i < argc; i++) {
        for (size_t w = 0; w < sizeof(reading) / sizeof(reading[0]); w++) {
            if (slice_is(argv[i], reading[w]))
                return KEY_RW | KEY_ACCESS | KEY_UPDATE;
        }
    }
    return KEY_OW | KEY_UPDATE;
}

CMD(set, .name = "SET", .arity = -3, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS,
    .keys = CMD_KEYS_NOTED(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE | KEY_VARIABLE_FLAGS,
                           "RW and ACCESS due to the optional `GET` argument"),
    .key_flags = flags_of_set, .summary = "Sets a key to a string value, whatever its type was.",
    .syntax = "key value [NX | XX | IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest] "
              "[GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    .history = "2.6.12: Added `EX`, `PX`, `NX` and `XX`.\n"
               "6.0.0: Added `KEEPTTL`.\n"
               "6.2.0: Added `GET`, `EXAT` and `PXAT`.\n"
               "7.0.0: `NX` and `GET` can be combined.\n"
               "8.4.0: Added `IFEQ`, `IFNE`, `IFDEQ` and `IFDNE`.")
{
    struct set_args args = {0};
    struct set_options options = {0};

    if (c->argc > 3) {
        if (!parse_set(c, &args) || !expire_from_options(c, &args.expire, &options.expire))
            return;
        options.keep_expire = args.expire.option == EXPIRE_KEEPTTL;
        if (args.get || args.condition.kind != ALWAYS) {
            set_if(c, &args, options);
            return;
        }
    }
    set_value(c, 1, 2, options);
    reply_ok(c->out);
}

/* SETEX and PSETEX: argument 2 is the time, argument 3 the value. */
static void set_with_expiry(struct call *c, enum expire_option option)
{
    struct expire_args args = {option, 2};
    struct set_options options = {0};

    must(c->argc == 4 && expire_has_time(option));
    if (!expire_from_options(c, &args, &options.expire))
        return;
    set_value(c, 1, 3, options);
    reply_ok(c->out);
}

CMD(setex, .name = "SETEX", .arity = 4, .group = "string", .since = "2.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS, .keys = CMD_KEYS(1, 1, 1, KEY_OW | KEY_UPDATE),
    .summary = "Sets a key to a string value with a time to live in seconds.", .syntax = "key seconds value",
    .replaced_by = "`SET` with the `EX` argument", .deprecated_since = "2.6.12")
{
    set_with_expiry(c, EXPIRE_EX);
}

CMD(psetex, .name = "PSETEX", .arity = 4, .group = "string", .since = "2.6.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS, .keys = CMD_KEYS(1, 1, 1, KEY_OW | KEY_UPDATE),
    .summary = "Sets a key to a string value with a time to live in milliseconds.", .syntax = "key milliseconds value",
    .replaced_by = "`SET` with the `PX` argument", .deprecated_since = "2.6.12")
{
    set_with_expiry(c, EXPIRE_PX);
}

CMD(setnx, .name = "SETNX", .arity = 3, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS, .keys = CMD_KEYS(1, 1, 1, KEY_OW | KEY_INSERT),
    .summary = "Sets a key to a string value if the key does not exist.", .syntax = "key value",
    .replaced_by = "`SET` with the `NX` argument", .deprecated_since = "2.6.12")
{
    bool absent = call_look(c, 1) == NULL;

    if (absent)
        set_value(c, 1, 2, (struct set_options){0});
    reply_int(c->out, absent);
}

CMD(getset, .name = "GETSET", .arity = 3, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
    .summary = "Sets a key to a string value and returns the previous value.", .syntax = "key value",
    .replaced_by = "`SET` with the `!GET` argument", .deprecated_since = "6.2.0")
{
    if (reply_old(c, call_find_read(c, 1)))
        set_value(c, 1, 2, (struct set_options){0});
}

/* ---- several keys ---- */

/* The arguments that are keys and values: key, value, key, value ... */
struct pairs {
    int first;
    int end; /* one past the last value */
};

static void set_pairs(struct call *c, struct pairs p, struct set_options options)
{
    must(p.first > 0 && p.end <= c->argc && (p.end - p.first) % 2 == 0);
    for (int i = p.first; i < p.end; i += 2)
        set_value(c, i, i + 1, options);
}

/* Whether the condition, NX or XX, holds for all keys. */
static bool all_satisfy(struct call *c, struct pairs p, const struct condition *cond)
{
    if (cond->kind == ALWAYS)
        return true;
    must(cond->kind == IF_ABSENT || cond->kind == IF_PRESENT);
    must(p.first > 0 && p.end <= c->argc);
    for (int i = p.first; i < p.end; i += 2) {
        if ((call_look(c, i) == NULL) != (cond->kind == IF_ABSENT))
            return false;
    }
    return true;
}

/* The pairs of MSET and MSETNX. False: the last value is missing, and the error was replied. */
static bool all_arguments(struct call *c, struct pairs *p)
{
    *p = (struct pairs){1, c->argc};
    if (c->argc % 2 == 1)
        return true;
    call_error_arity(c);
    return false;
}

CMD(mset, .name = "MSET", .arity = -3, .group = "string", .since = "1.0.1",
    .cost = "O(N) where N is the number of keys.", .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS,
    .keys = CMD_KEYS(1, -1, 2, KEY_OW | KEY_UPDATE), .summary = "Sets several keys to string values at once.",
    .syntax = "key value [key value ...]", .hints = "request_policy:multi_shard,response_policy:all_succeeded")
{
    struct pairs p;

    if (!all_arguments(c, &p))
        return;
    set_pairs(c, p, (struct set_options){0});
    reply_ok(c->out);
}

CMD(msetnx, .name = "MSETNX", .arity = -3, .group = "string", .since = "1.0.1",
    .cost = "O(N) where N is the number of keys.", .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS,
    .keys = CMD_KEYS(1, -1, 2, KEY_OW | KEY_INSERT),
    .summary = "Sets several keys to string values if none of them exists, otherwise none.",
    .syntax = "key value [key value ...]")
{
    struct pairs p;
    bool absent;

    if (!all_arguments(c, &p))
        return;
    absent = all_satisfy(c, p, &(struct condition){.kind = IF_ABSENT});
    if (absent)
        set_pairs(c, p, (struct set_options){0});
    reply_int(c->out, absent);
}

/* The pairs of MSETEX, whose number is argument 1. False: the error was replied. */
static bool counted_pairs(struct call *c, struct pairs *p)
{
    int64_t n;

    if (!call_int_between(c, 1, 1, INT32_MAX, &n, "ERR numkeys should be greater than 0"))
        return false;
    if (n > (c->argc - 2) / 2) {
        call_error_arity(c);
        return false;
    }
    *p = (struct pairs){2, 2 + 2 * (int)n};
    return true;
}

/* The options of MSETEX from argument i on. False: the error was replied. */
static bool parse_msetex(struct call *c, int i, struct set_args *args)
{
    int taken;

    for (; i < c->argc; i += taken) {
        taken = expire_option_at(c, i, EXPIRE_KEEPTTL, &args->expire);
        if (taken == 0)
            taken = existence_at(c, i, &args->condition);
        if (taken == 0) {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

CMD(msetex, .name = "MSETEX", .arity = -4, .group = "string", .since = "8.4.0",
    .cost = "O(N) where N is the number of keys.", .flags = CMD_WRITE | CMD_DENYOOM | CMD_MOVABLEKEYS | CMD_STRINGS,
    .keys = {{.flags = KEY_OW | KEY_UPDATE, .find = KEYS_NUMBER, .first = 1, .step = 2}},
    .summary = "Sets several keys to string values with one time to live, optionally if all or none of them exist.",
    .syntax = "numkeys key value [key value ...] [NX | XX] "
              "[EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
    .hints = "request_policy:multi_shard,response_policy:all_succeeded")
{
    struct set_args args = {0};
    struct set_options options = {0};
    struct pairs p;
    bool holds;

    if (!counted_pairs(c, &p) || !parse_msetex(c, p.end, &args) ||
        !expire_from_options(c, &args.expire, &options.expire))
        return;
    options.keep_expire = args.expire.option == EXPIRE_KEEPTTL;
    holds = all_satisfy(c, p, &args.condition);
    if (holds)
        set_pairs(c, p, options);
    reply_int(c->out, holds);
}

CMD(delex, .name = "DELEX", .arity = -2, .group = "string", .since = "8.4.0",
    .cost = "O(1), with IFDEQ and IFDNE O(N) where N is the length of the string.",
    .flags = CMD_WRITE | CMD_FAST | CMD_STRINGS, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE),
    .summary = "Deletes a key if its value, or the digest of it, is equal to the operand, or differs from it.",
    .syntax = "key [IFEQ ifeq-value | IFNE ifne-value | IFDEQ ifdeq-digest | IFDNE ifdne-digest]")
{
    struct condition cond = {0};
    struct entry *e;
    bool holds;

    if (c->argc != 2 && c->argc != 4) {
        call_error_arity(c);
        return;
    }
    if (c->argc == 4 && comparison_at(c, 2, &cond) == 0) {
        call_error_syntax(c);
        return;
    }
    e = call_look(c, 1);
    if (e == NULL) {
        reply_int(c->out, 0);
        return;
    }
    if (!check(c, &cond, e, &holds))
        return;
    if (holds)
        call_drop(c, 1, e, EVENT_GENERIC, "del");
    reply_int(c->out, holds);
}
