/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The string commands that read a value, change a part of it or delete it. Those that set whole values are in
 * string_set_cmds.c, those that work on numbers in string_number_cmds.c.
 * https://redis.io/docs/latest/commands/?group=string
 */
#include "cmd/args/expire_args.h"
#include "run/call.h"
#include "types/string.h"

static void reply_string_or_null(struct call *c, const struct entry *e)
{
    if (e != NULL)
        call_reply_string(c, e);
    else
        reply_null(c->out);
}

CMD(get,
    .name = "GET", .arity = 2, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the string value of a key.", .syntax = "key")
{
    struct entry *e;

    if (call_find_typed(c, 1, TYPE_STRING, &e))
        reply_string_or_null(c, e);
}

CMD(mget,
    .name = "MGET", .arity = -2, .group = "string", .since = "1.0.0",
    .cost = "O(N) where N is the number of keys.", .flags = CMD_READONLY | CMD_FAST,
    .keys = CMD_KEYS(1, -1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the string values of several keys, null for a key that is missing or not a string.",
    .syntax = "key [key ...]", .hints = "request_policy:multi_shard")
{
    reply_array(c->out, (size_t)c->argc - 1);
    for (int i = 1; i < c->argc; i++) {
        struct entry *e = call_find_read(c, i);

        reply_string_or_null(c, e != NULL && entry_type(e) == TYPE_STRING ? e : NULL);
    }
}

CMD(getdel,
    .name = "GETDEL", .arity = 2, .group = "string", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE),
    .summary = "Returns the string value of a key and deletes the key.", .syntax = "key")
{
    struct entry *e;

    if (!call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    reply_string_or_null(c, e);
    if (e != NULL)
        call_drop(c, 1, e, EVENT_GENERIC, "del");
}

/* Sets the expiry that GETEX requests. A moment in the past deletes the key. */
static void change_expiry(struct call *c, struct entry *e, enum expire_option option, int64_t expire)
{
    must(expire_has_time(option) == (expire != 0));
    if (expire != 0 && expire <= c->unit->now) {
        call_drop(c, 1, e, EVENT_GENERIC, "del");
    } else if (expire != 0) {
        call_set_expire(c, 1, e, expire);
        call_changed(c, 1, EVENT_GENERIC, "expire");
    } else if (option == EXPIRE_PERSIST && entry_expire(e) != 0) {
        call_set_expire(c, 1, e, 0);
        call_changed(c, 1, EVENT_GENERIC, "persist");
    }
}

CMD(getex, .name = "GETEX", .arity = -2, .group = "string", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_GROWS | CMD_FAST | CMD_STRINGS,
    .keys = CMD_KEYS_NOTED(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE, "RW and UPDATE because it changes the TTL"),
    .summary = "Returns the string value of a key and sets or removes its time to live.",
    .syntax = "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]")
{
    struct expire_args args = {0};
    struct entry *e;
    int64_t expire;
    int taken;

    for (int i = 2; i < c->argc; i += taken) {
        taken = expire_option_at(c, i, EXPIRE_PERSIST, &args);
        if (taken == 0) {
            call_error_syntax(c);
            return;
        }
    }
    if (!call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e == NULL) {
        reply_null(c->out);
        return;
    }
    if (!expire_from_options(c, &args, &expire) || (expire > c->unit->now && !call_has_room_to_expire(c, e)))
        return;
    call_reply_string(c, e);
    change_expiry(c, e, args.option, expire);
}

static void reply_part(struct call *c, const struct entry *e, int64_t start, int64_t end)
{
    struct entry_digits d;
    struct slice all = entry_string(e, &d);
    struct slice part = string_range(all, start, end);

    must(part.n == 0 || (part.p >= all.p && part.n <= all.n - (size_t)(part.p - all.p)));
    if (entry_encoding(e) == ENCODING_BLOB && part.n > 0)
        reply_blob(c->out, entry_blob(e), (size_t)(part.p - all.p), part.n);
    else
        reply_bulk(c->out, part);
}

static void get_range(struct call *c)
{
    struct entry *e;
    int64_t start, end;

    if (!call_int(c, 2, &start) || !call_int(c, 3, &end) || !call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e != NULL)
        reply_part(c, e, start, end);
    else
        reply_bulk(c->out, SLICE(""));
}

CMD(getrange,
    .name = "GETRANGE", .arity = 4, .group = "string", .since = "2.4.0",
    .cost = "O(N) where N is the length of the result; large parts are sent without a copy.",
    .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns a part of a string; negative indexes count from its end.", .syntax = "key start end")
{
    get_range(c);
}

CMD(substr,
    .name = "SUBSTR", .arity = 4, .group = "string", .since = "1.0.0",
    .cost = "O(N) where N is the length of the result.", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .summary = "Returns a part of a string, as GETRANGE.",
    .syntax = "key start end", .replaced_by = "`GETRANGE`", .deprecated_since = "2.0.0")
{
    get_range(c);
}

CMD(strlen,
    .name = "STRLEN", .arity = 2, .group = "string", .since = "2.2.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO),
    .summary = "Returns the length of a string in bytes, 0 if the key is missing.", .syntax = "key")
{
    struct entry *e;

    if (call_find_typed(c, 1, TYPE_STRING, &e))
        reply_int(c->out, e != NULL ? (int64_t)entry_strlen(e) : 0);
}

CMD(digest,
    .name = "DIGEST", .arity = 2, .group = "string", .since = "8.4.0",
    .cost = "O(N) where N is the length of the string.", .flags = CMD_READONLY | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the XXH3 hash of a string as 16 hexadecimal digits, for IFDEQ and IFDNE of SET and DELEX.",
    .syntax = "key")
{
    char digest[STRING_DIGEST_LEN];
    struct entry_digits d;
    struct entry *e;

    if (!call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e == NULL) {
        reply_null(c->out);
        return;
    }
    string_digest(entry_string(e, &d), digest);
    reply_bulk(c->out, slice_of(digest, sizeof(digest)));
}

/* The string of the key in argument 1: its entry, NULL if there is none, and its length. The door is passed later, by
 * the function that changes it. False: it is not a string, and the error was replied. */
static bool find_to_change(struct call *c, struct entry **e, size_t *length)
{
    *e = call_look(c, 1);
    *length = 0;
    if (*e == NULL)
        return true;
    if (entry_type(*e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    *length = entry_strlen(*e);
    return true;
}

/* Whether a string of n + added bytes is within the limit for clients. False: the error was replied. */
static bool fits_string(struct call *c, uint64_t n, size_t added)
{
    must(n <= UINT64_MAX - added);
    if (n + added <= call_string_max(c))
        return true;
    reply_error(c->out, ERR_TOO_LONG);
    return false;
}

/* Writes `part` into the string of the key at byte `at`, reports the event and replies with the new length. */
static void write_part(struct call *c, struct entry *e, size_t length, size_t at, struct slice part,
                       const char *event)
{
    size_t n = at + part.n > length ? at + part.n : length;
    char *p = call_has_room(c, entry_growth(e, n)) ? call_string_for_write(c, 1, e, n) : NULL;

    if (p == NULL)
        return;
    must(at <= n && part.n <= n - at);
    memcpy(p + at, part.p, part.n);
    call_changed(c, 1, EVENT_STRING, event);
    reply_int(c->out, (int64_t)n);
}

CMD(append, .name = "APPEND", .arity = 3, .group = "string", .since = "2.0.0",
    .cost = "O(1) amortized for a short value: a long string reserves room to grow.",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_INSERT),
    .summary = "Appends a value to a string; a missing key is created.", .syntax = "key value")
{
    struct slice value = call_arg(c, 2);
    struct entry *e;
    size_t length;

    if (!find_to_change(c, &e, &length))
        return;
    if (e != NULL) {
        if (fits_string(c, length, value.n))
            write_part(c, e, length, length, value, "append");
        return;
    }
    call_set(c, 1, value, (struct set_options){0});
    call_changed(c, 1, EVENT_STRING, "append");
    reply_int(c->out, (int64_t)value.n);
}

CMD(setrange, .name = "SETRANGE", .arity = 4, .group = "string", .since = "2.2.0",
    .cost = "O(M) where M is the length of the value.", .flags = CMD_WRITE | CMD_DENYOOM | CMD_STRINGS,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Overwrites a part of a string, which is first extended with zero bytes as needed.",
    .syntax = "key offset value")
{
    struct slice value = call_arg(c, 3);
    struct entry *e;
    int64_t offset;
    size_t length;

    if (!call_int(c, 2, &offset))
        return;
    if (offset < 0) {
        reply_error(c->out, ERR_OFFSET);
        return;
    }
    if (!find_to_change(c, &e, &length))
        return;
    if (value.n == 0)
        reply_int(c->out, (int64_t)length);
    else if (fits_string(c, (uint64_t)offset, value.n))
        write_part(c, e, length, (size_t)offset, value, "setrange");
}
