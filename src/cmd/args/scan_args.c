/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/args/scan_args.h"

#include "base/num.h"

#define COUNT_DEFAULT 10

static bool parse_cursor(struct call *c, int i, uint64_t *cursor)
{
    if (num_parse_u64_loose(call_arg(c, i), cursor))
        return true;
    reply_error(c->out, "ERR invalid cursor");
    return false;
}

/* The name of the type in the form of entry_type_name; "" for an unknown one, which matches no key. */
static const char *type_named(struct slice name)
{
    for (enum entry_type t = TYPE_STRING; t < ENTRY_TYPES; t++)
        if (slice_is(name, entry_type_name(t)))
            return entry_type_name(t);
    return "";
}

static bool parse_count(struct call *c, int i, int64_t *count)
{
    if (!call_int(c, i, count))
        return false;
    if (*count >= 1)
        return true;
    call_error_syntax(c);
    return false;
}

void scan_args_set_pattern(struct scan_args *a, struct slice pattern)
{
    must(!a->by_pattern);
    a->by_pattern = !slice_eq(pattern, SLICE("*"));
    if (a->by_pattern)
        glob_init(&a->pattern, pattern, false);
}

void scan_args_fini(struct scan_args *a)
{
    if (a->by_pattern)
        glob_fini(&a->pattern);
}

bool scan_args_parse(struct call *c, int i, unsigned options, struct scan_args *a)
{
    struct slice pattern = SLICE("*");

    must(i > 0 && i < c->argc);
    *a = (struct scan_args){.count = COUNT_DEFAULT};
    if (!parse_cursor(c, i++, &a->cursor))
        return false;
    for (; i < c->argc; i++) {
        bool has_value = i + 1 < c->argc;

        if (has_value && call_is(c, i, "COUNT")) {
            if (!parse_count(c, ++i, &a->count))
                return false;
        } else if (has_value && call_is(c, i, "MATCH")) {
            pattern = call_arg(c, ++i);
        } else if ((options & SCAN_TYPE) && has_value && call_is(c, i, "TYPE")) {
            a->type = type_named(call_arg(c, ++i));
        } else if ((options & SCAN_NOVALUES) && call_is(c, i, "NOVALUES")) {
            a->no_values = true;
        } else if (call_is(c, i, "NOVALUES")) {
            reply_error(c->out, "ERR NOVALUES option can only be used in HSCAN");
            return false;
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    must(a->count >= 1);
    scan_args_set_pattern(a, pattern);
    return true;
}

/* ---- the reply ---- */

void scan_found_add(struct scan_found *f, struct slice word)
{
    buf_add(&f->words, &word.n, sizeof word.n);
    buf_add_slice(&f->words, word);
    f->n++;
}

void scan_found_reply(struct call *c, uint64_t cursor, struct scan_found *f)
{
    const char *p = f->words.p;

    reply_array(c->out, 2);
    reply_bulk_int(c->out, (int64_t)cursor);
    reply_array(c->out, f->n);
    for (size_t i = 0; i < f->n; i++) {
        struct slice word;

        memcpy(&word.n, p, sizeof word.n);
        word.p = p + sizeof word.n;
        reply_bulk(c->out, word);
        p = word.p + word.n;
    }
    must(f->n == 0 || p == f->words.p + f->words.len);
    buf_fini(&f->words);
}

bool scan_args_open(struct call *c, enum entry_type type, unsigned options, struct scan_args *a, struct collection *o)
{
    if (!parse_cursor(c, 2, &a->cursor) || !collection_read(o, c, 1, type))
        return false;
    if (collection_exists(o))
        return scan_args_parse(c, 2, options, a);
    scan_found_reply(c, 0, &(struct scan_found){0});
    return false;
}
