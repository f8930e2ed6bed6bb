/* SPDX-License-Identifier: BSD-3-Clause */
/* LCS: the longest common subsequence of two strings. https://redis.io/docs/latest/commands/lcs/ */
#include "run/call.h"
#include "types/lcs.h"

struct lcs_args {
    bool length;        /* LEN */
    bool ranges;        /* IDX */
    bool range_lengths; /* WITHMATCHLEN */
    int64_t min_length; /* MINMATCHLEN */
};

/* False: the error was replied. */
static bool parse_args(struct call *c, struct lcs_args *args)
{
    *args = (struct lcs_args){0};
    for (int i = 3; i < c->argc; i++) {
        if (call_is(c, i, "IDX")) {
            args->ranges = true;
        } else if (call_is(c, i, "LEN")) {
            args->length = true;
        } else if (call_is(c, i, "WITHMATCHLEN")) {
            args->range_lengths = true;
        } else if (call_is(c, i, "MINMATCHLEN") && i + 1 < c->argc) {
            if (!call_int(c, ++i, &args->min_length))
                return false;
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    if (args->length && args->ranges) {
        reply_error(c->out, "ERR If you want both the length and indexes, please just use IDX.");
        return false;
    }
    return true;
}

/* The strings of both keys; a missing key counts as empty. As in Redis, both are looked up before a type is checked.
 * False: the error was replied. */
static bool find_strings(struct call *c, struct slice *strings, struct entry_digits *digits)
{
    struct entry *found[2] = {call_find_read(c, 1), call_find_read(c, 2)};

    for (int i = 0; i < 2; i++) {
        const struct entry *e = found[i];

        if (e != NULL && entry_type(e) != TYPE_STRING) {
            reply_error(c->out, "ERR The specified keys must contain string values");
            return false;
        }
        strings[i] = e != NULL ? entry_string(e, &digits[i]) : SLICE("");
    }
    return true;
}

static void error_no_memory(struct call *c)
{
    reply_error(c->out, "ERR Insufficient memory, failed allocating transient memory for LCS");
}

static void reply_range(struct call *c, size_t first, size_t last)
{
    must(first <= last);
    reply_array(c->out, 2);
    reply_int(c->out, (int64_t)first);
    reply_int(c->out, (int64_t)last);
}

static void reply_ranges(struct call *c, struct lcs *l, const struct lcs_args *args)
{
    struct reply_later matches;
    struct lcs_match m;
    size_t n = 0, matched = 0;

    reply_map(c->out, 2);
    reply_bulk_str(c->out, "matches");
    matches = reply_later_begin(c->out);
    while (lcs_next(l, &m)) {
        int64_t length = (int64_t)(m.a_last - m.a_first + 1);

        must(m.a_last - m.a_first == m.b_last - m.b_first);
        matched += (size_t)length;
        if (length < args->min_length)
            continue;
        reply_array(c->out, args->range_lengths ? 3 : 2);
        reply_range(c, m.a_first, m.a_last);
        reply_range(c, m.b_first, m.b_last);
        if (args->range_lengths)
            reply_int(c->out, length);
        n++;
    }
    must(matched == lcs_size(l));
    reply_array_end(c->out, matches, n);
    reply_bulk_str(c->out, "len");
    reply_int(c->out, (int64_t)lcs_size(l));
}

static void reply_subsequence(struct call *c, struct lcs *l)
{
    struct blob *b = blob_new(lcs_size(l));

    if (b == NULL) {
        error_no_memory(c);
        return;
    }
    b->len = lcs_size(l);
    lcs_copy(l, b->p);
    reply_blob(c->out, b, 0, b->len);
    blob_disown(b);
}

static void reply_length(struct call *c, const struct slice *strings)
{
    size_t length;

    if (!lcs_length(strings[0], strings[1], &length)) {
        error_no_memory(c);
        return;
    }
    must(length <= strings[0].n && length <= strings[1].n);
    reply_int(c->out, (int64_t)length);
}

static void reply_lcs(struct call *c, const struct slice *strings, const struct lcs_args *args)
{
    struct lcs *l = lcs_new(strings[0], strings[1]);

    if (l == NULL)
        error_no_memory(c);
    else if (args->ranges)
        reply_ranges(c, l, args);
    else
        reply_subsequence(c, l);
    lcs_free(l);
}

CMD(lcs,
    .name = "LCS", .arity = -3, .group = "string", .since = "7.0.0",
    .cost = "O(N*M) where N and M are the lengths of the two strings.", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 2, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the longest common subsequence of two strings, its length, or the matching ranges.",
    .syntax = "key1 key2 [LEN] [IDX] [MINMATCHLEN min-match-len] [WITHMATCHLEN]")
{
    struct slice strings[2];
    struct entry_digits digits[2];
    struct lcs_args args;

    if (!find_strings(c, strings, digits) || !parse_args(c, &args))
        return;
    if (strings[0].n >= UINT32_MAX - 1 || strings[1].n >= UINT32_MAX - 1)
        reply_error(c->out, "ERR String too long for LCS");
    else if (lcs_table_size(strings[0], strings[1]) > call_string_max(c))
        reply_error(c->out, "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    else if (args.length)
        reply_length(c, strings);
    else
        reply_lcs(c, strings, &args);
}
