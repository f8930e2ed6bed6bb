/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands that change the entries of streams, and XLEN. Ranges are in stream_range_cmds.c, XREAD and XREADGROUP in
 * stream_read_cmds.c, XGROUP and XACK in stream_group_cmds.c, XCLAIM and XAUTOCLAIM in stream_claim_cmds.c, XPENDING in
 * stream_pending_cmds.c, XINFO in stream_info_cmds.c. https://redis.io/docs/latest/commands/?group=stream
 */
#include "cmd/stream/stream_args.h"

/* ---- XADD ---- */

/* The arguments of XADD. */
struct addition {
    bool no_create;        /* NOMKSTREAM */
    bool has_ms, has_seq;  /* the parts of the id that were given; the others are generated */
    struct stream_id id;
    int first;             /* argument of the first field */
    struct stream_trim_args trim;
};

/* Parses the id "ms-*", whose sequence number is generated. */
static bool parse_partial_id(struct slice s, struct addition *a)
{
    if (s.n < 2 || s.p[s.n - 1] != '*' || s.p[s.n - 2] != '-')
        return false;
    return memchr(s.p, '-', s.n - 2) == NULL && stream_id_read(slice_of(s.p, s.n - 2), 0, &a->id);
}

/* False: the error was replied. */
static bool parse_id(struct call *c, int i, struct addition *a)
{
    a->has_ms = true;
    if (parse_partial_id(call_arg(c, i), a))
        return true;
    a->has_seq = true;
    return stream_arg_id(c, i, &a->id);
}

/* Parses the options and the id. False: the error was replied. */
static bool parse_options(struct call *c, struct addition *a)
{
    bool taken;
    int i;

    for (i = 2; i < c->argc && !slice_eq(call_arg(c, i), SLICE("*")); i++) {
        if (!stream_trim_option(c, &i, &a->trim, &taken))
            return false;
        if (taken)
            continue;
        if (!call_is(c, i, "NOMKSTREAM")) {
            if (!parse_id(c, i, a))
                return false;
            break;
        }
        a->no_create = true;
    }
    a->first = i + 1;
    return stream_trim_check(c, &a->trim, false);
}

/* False: the error was replied. */
static bool parse_addition(struct call *c, struct addition *a)
{
    int words;

    if (!parse_options(c, a))
        return false;
    words = c->argc - a->first;
    if (words < 2 || words % 2 == 1) {
        call_error_arity(c);
        return false;
    }
    if (a->has_seq && stream_id_is_zero(a->id)) {
        reply_error(c->out, "ERR The ID specified in XADD must be greater than 0-0");
        return false;
    }
    return true;
}

/* Completes the id. last: the last id of the stream. False: the id would not be greater than that. */
static bool make_id(const struct call *c, struct addition *a, struct stream_id last)
{
    bool is_generated = !a->has_ms;

    must(a->has_ms || !a->has_seq);
    if (is_generated)
        a->id = (struct stream_id){(uint64_t)c->unit->now, 0};
    if (is_generated ? a->id.ms <= last.ms : !a->has_seq && a->id.ms == last.ms) {
        a->id = last;
        return stream_id_next(&a->id) && (is_generated || a->id.ms == last.ms);
    }
    return stream_id_compare(a->id, last) > 0;
}

/* Appends the entry to the stream of o. False: the error was replied, and nothing changed. */
static bool add_entry(struct call *c, struct addition *a, struct collection *o)
{
    const struct stream *s = stream_of(&o->value);
    struct stream_id last = s != NULL ? s->last : STREAM_ID_MIN;
    size_t fields = (size_t)(c->argc - a->first) / 2;

    must(fields > 0 && (c->argc - a->first) % 2 == 0);
    if (stream_id_compare(last, STREAM_ID_MAX) == 0) {
        reply_error(c->out, "ERR The stream has exhausted the last possible ID, unable to add more items");
        return false;
    }
    if (!make_id(c, a, last)) {
        reply_error(c->out, "ERR The ID specified in XADD is equal or smaller than the target stream top item");
        return false;
    }
    must(stream_id_compare(a->id, last) > 0);
    if (stream_append(stream_make(&o->value), a->id, c->argv + a->first, fields, &o->value.limits))
        return true;
    reply_error(c->out, "ERR Elements are too large to be stored");
    return false;
}

CMD(xadd,
    .name = "XADD", .arity = -5, .group = "stream", .since = "5.0.0",
    .cost = "O(1) without trimming, otherwise O(N) where N is the number of entries trimmed",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST,
    .keys = CMD_KEYS_NOTED(1, 1, 1, KEY_RW | KEY_UPDATE,
                           "UPDATE instead of INSERT because of the optional trimming feature"),
    .summary = "Appends an entry to a stream and returns its id. Creates the stream if it does not exist.",
    .syntax = "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]] <* | id> "
              "field value [field value ...]",
    .history = "6.2.0: Added the `NOMKSTREAM`, `MINID` and `LIMIT` options.\n7.0.0: Accepts the id `<ms>-*`.",
    .hints = "nondeterministic_output")
{
    struct addition a = {0};
    struct collection o;

    if (!parse_addition(c, &a) || !collection_write(&o, c, 1, TYPE_STREAM))
        return;
    if (a.no_create && !collection_exists(&o)) {
        reply_null(c->out);
    } else if (add_entry(c, &a, &o)) {
        stream_reply_id(c->out, a.id);
        call_changed(c, 1, EVENT_STREAM, "xadd");
        if (a.trim.is_given && stream_trim(stream_of(&o.value), &a.trim.trim) > 0)
            call_changed(c, 1, EVENT_STREAM, "xtrim");
    }
    collection_close(&o);
}

/* ---- XLEN ---- */

CMD(xlen,
    .name = "XLEN", .arity = 2, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO),
    .summary = "Returns the number of entries of a stream.", .syntax = "key")
{
    struct stream *s;

    if (stream_find(c, 1, &s))
        reply_int(c->out, s != NULL ? (int64_t)s->count : 0);
}

/* ---- XDEL, XTRIM ---- */

#define REMOVES .group = "stream", .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE)

CMD(xdel,
    .name = "XDEL", REMOVES, .arity = -3, .since = "5.0.0",
    .cost = "O(log(N)) for each id, where N is the number of entries of the stream", .flags = CMD_WRITE | CMD_FAST,
    .summary = "Removes entries from a stream and returns the number of removed entries.", .syntax = "key id [id ...]")
{
    struct collection o;
    struct stream *s;
    struct stream_id id;
    struct stream_emptied emptied = {0};
    int64_t removed = 0;

    if (!stream_open_to_write(&o, c, 1))
        return;
    s = stream_of(&o.value);
    if (s != NULL && !stream_args_are_ids(c, 2))
        return;
    for (int i = 2; s != NULL && i < c->argc; i++)
        removed += stream_id_read(call_arg(c, i), 0, &id) && stream_remove(s, id, &emptied);
    if (s != NULL)
        stream_remove_emptied(s, &emptied);
    must(removed <= c->argc - 2);
    if (removed > 0)
        call_changed(c, 1, EVENT_STREAM, "xdel");
    collection_close(&o);
    reply_int(c->out, removed);
}

/* Parses the options of XTRIM. False: the error was replied. */
static bool parse_trim(struct call *c, struct stream_trim_args *a)
{
    bool taken;

    for (int i = 2; i < c->argc; i++) {
        if (!stream_trim_option(c, &i, a, &taken))
            return false;
        if (!taken) {
            call_error_syntax(c);
            return false;
        }
    }
    return stream_trim_check(c, a, true);
}

CMD(xtrim,
    .name = "XTRIM", REMOVES, .arity = -4, .since = "5.0.0",
    .cost = "O(N) where N is the number of entries trimmed", .flags = CMD_WRITE,
    .summary = "Trims the oldest entries from a stream and returns the number of trimmed entries.",
    .syntax = "key <MAXLEN | MINID> [= | ~] threshold:string [LIMIT count]",
    .history = "6.2.0: Added the `MINID` and `LIMIT` options.", .hints = "nondeterministic_output")
{
    struct stream_trim_args a = {0};
    struct collection o;
    struct stream *s;
    uint64_t removed;

    if (!parse_trim(c, &a) || !stream_open_to_write(&o, c, 1))
        return;
    must(a.is_given);
    s = stream_of(&o.value);
    removed = s != NULL ? stream_trim(s, &a.trim) : 0;
    if (removed > 0)
        call_changed(c, 1, EVENT_STREAM, "xtrim");
    collection_close(&o);
    reply_int(c->out, (int64_t)removed);
}

/* ---- XSETID ---- */

/* The arguments of XSETID. */
struct setting {
    struct stream_id last;
    struct stream_id max_deleted; /* 0-0: keep */
    int64_t added;                /* -1: keep */
};

static bool parse_added(struct call *c, int i, int64_t *added)
{
    if (!call_int(c, i, added))
        return false;
    if (*added < 0)
        reply_error(c->out, "ERR entries_added must be positive");
    return *added >= 0;
}

static bool parse_max_deleted(struct call *c, int i, struct setting *x)
{
    if (!stream_arg_id(c, i, &x->max_deleted))
        return false;
    if (stream_id_compare(x->last, x->max_deleted) >= 0)
        return true;
    reply_error(c->out, "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
    return false;
}

/* False: the error was replied. */
static bool parse_setting(struct call *c, struct setting *x)
{
    *x = (struct setting){.added = -1};
    if (!stream_arg_id(c, 2, &x->last))
        return false;
    for (int i = 3; i < c->argc; i += 2) {
        if (i + 1 < c->argc && call_is(c, i, "ENTRIESADDED")) {
            if (!parse_added(c, i + 1, &x->added))
                return false;
        } else if (i + 1 < c->argc && call_is(c, i, "MAXDELETEDID")) {
            if (!parse_max_deleted(c, i + 1, x))
                return false;
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

/* The error if the stream cannot be set so; NULL: it can. */
static const char *conflict_of(const struct stream *s, const struct setting *x)
{
    if (s == NULL)
        return ERR_NO_KEY;
    if (stream_id_compare(x->last, s->max_deleted) < 0)
        return "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id";
    if (s->count == 0)
        return NULL;
    if (stream_id_compare(x->last, stream_last_id(s)) < 0)
        return "ERR The ID specified in XSETID is smaller than the target stream top item";
    if (x->added != -1 && s->count > (uint64_t)x->added)
        return "ERR The entries_added specified in XSETID is smaller than the target stream length";
    return NULL;
}

CMD(xsetid,
    .name = "XSETID", .arity = -3, .group = "stream", .since = "5.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Sets the last id of a stream. Used for replication.",
    .syntax = "key last-id [ENTRIESADDED entries-added:integer] [MAXDELETEDID max-deleted-id]",
    .history = "7.0.0: Added the `ENTRIESADDED` and `MAXDELETEDID` options.")
{
    struct setting x;
    struct collection o;
    struct stream *s;
    const char *conflict;

    if (!parse_setting(c, &x) || !stream_open_to_write(&o, c, 1))
        return;
    s = stream_of(&o.value);
    conflict = conflict_of(s, &x);
    if (conflict != NULL) {
        reply_error(c->out, conflict);
        return;
    }
    must(s->count == 0 || stream_id_compare(x.last, stream_last_id(s)) >= 0);
    s->last = x.last;
    if (x.added != -1)
        s->added = (uint64_t)x.added;
    if (!stream_id_is_zero(x.max_deleted))
        s->max_deleted = x.max_deleted;
    call_changed_unwatched(c, 1, EVENT_STREAM, "xsetid");
    collection_close(&o);
    reply_ok(c->out);
}
