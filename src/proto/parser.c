/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/parser.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "proto/client_memory.h"

#define INLINE_MAX           (64 * 1024) /* the longest inline request or length line, in bytes */
#define UNAUTHENTICATED_ARGS 10
#define UNAUTHENTICATED_BULK 16384

void parser_init(struct parser *p)
{
    *p = (struct parser){.bulk = -1};
}

void parser_clear(struct parser *p)
{
    p->n = p->first = 0;
    p->left = 0;
    p->bulk = -1;
    mem_free(p->unquoted);
    p->unquoted = NULL;
}

void parser_fini(struct parser *p)
{
    client_memory_free(p->args);
    client_memory_free(p->hashes);
    mem_free(p->unquoted);
    parser_init(p);
}

/* Makes room for n arguments. False: memory is out. */
static bool grow(struct parser *p, size_t n)
{
    size_t cap = p->cap ? p->cap * 2 : 64;
    struct slice *args;
    uint64_t *hashes;

    if (cap < n)
        cap = n;
    must(cap >= n && cap < SIZE_MAX / sizeof *p->args);
    args = client_memory_try_realloc(p->args, cap * sizeof *p->args);
    if (args == NULL)
        return false;
    p->args = args;
    hashes = client_memory_try_realloc(p->hashes, cap * sizeof *p->hashes);
    if (hashes == NULL)
        return false;
    p->hashes = hashes;
    p->cap = cap;
    return true;
}

/* False: memory is out. */
static inline bool push(struct parser *p, struct slice arg)
{
    if (UNLIKELY(p->n == p->cap) && !grow(p, p->n + 1))
        return false;
    p->args[p->n++] = arg;
    return true;
}

static enum parse_result fail(struct parser *p, const char *text)
{
    p->error = text;
    return PARSE_ERROR;
}

static enum parse_result starve(struct parser *p)
{
    p->is_starved = true;
    return fail(p, "out of memory for the request");
}

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* Parses a length line, whose type byte is at p->at. PARSE_REQUEST: *v is the length, and `at` is behind the line.
 * PARSE_ERROR: not a number, or too long; p->error is set only if it is too long. */
static inline enum parse_result length_line(struct parser *p, const char *end, int64_t *v, const char *too_long)
{
    const char *digit = p->at + 1, *cr;
    int64_t n = 0;

    sane(p->at < end && p->error == NULL);
    /* The usual case: up to nine digits and CR LF. */
    while (digit < end && is_digit(*digit) && digit - p->at < 10)
        n = n * 10 + (*digit++ - '0');
    if (LIKELY(end - digit >= 2 && *digit == '\r' && digit > p->at + 1 && (p->at[1] != '0' || digit == p->at + 2))) {
        *v = n;
        p->at = digit + 2;
        return PARSE_REQUEST;
    }
    cr = memchr(p->at, '\r', end - p->at);
    if (cr == NULL)
        return end - p->at > INLINE_MAX ? fail(p, too_long) : PARSE_MORE;
    if (end - cr < 2)
        return PARSE_MORE;
    if (!num_parse_i64(slice_of(p->at + 1, cr - p->at - 1), v))
        return PARSE_ERROR;
    p->at = cr + 2;
    return PARSE_REQUEST;
}

/* ---- inline requests ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one escape sequence inside double quotes off the front of s. Returns the byte that it stands for. */
static char unescape(struct slice *s)
{
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    const char *known;
    char c;

    must(s->n >= 2 && s->p[0] == '\\');
    if (s->n >= 4 && s->p[1] == 'x' && hex_digit(s->p[2]) >= 0 && hex_digit(s->p[3]) >= 0) {
        c = hex_digit(s->p[2]) * 16 + hex_digit(s->p[3]);
        *s = slice_of(s->p + 4, s->n - 4);
        return c;
    }
    c = s->p[1];
    known = c ? strchr(from, c) : NULL;
    *s = slice_of(s->p + 2, s->n - 2);
    return known ? to[known - from] : c;
}

/* Takes a quoted string off the front of s and writes its bytes to *w. False: the quotes are not balanced. */
static bool unquote(struct slice *s, char **w)
{
    char quote = s->p[0];

    must(quote == '"' || quote == '\'');
    *s = slice_of(s->p + 1, s->n - 1);
    while (s->n > 0) {
        if (quote == '"' && s->n >= 2 && s->p[0] == '\\') {
            *(*w)++ = unescape(s);
            continue;
        }
        if (quote == '\'' && s->n >= 2 && s->p[0] == '\\' && s->p[1] == '\'') {
            *s = slice_of(s->p + 1, s->n - 1);
        } else if (s->p[0] == quote) {
            *s = slice_of(s->p + 1, s->n - 1);
            return s->n == 0 || isspace((unsigned char)s->p[0]);
        }
        *(*w)++ = s->p[0];
        *s = slice_of(s->p + 1, s->n - 1);
    }
    return false;
}

/* Whether the byte ends an unquoted argument. As in Redis, form feed and vertical tab do not, although they are skipped
 * before an argument. */
static bool ends_word(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

/* Splits a line into arguments and writes their bytes to w, which has room for s.n. False: the quotes are not balanced,
 * or memory is out. */
static bool split_line(struct parser *p, struct slice s, char *w)
{
    const char *end = w + s.n;

    for (;;) {
        char *begin = w;

        while (s.n > 0 && (isspace((unsigned char)s.p[0]) || s.p[0] == 0))
            s = slice_of(s.p + 1, s.n - 1);
        if (s.n == 0)
            return true;
        while (s.n > 0 && !ends_word(s.p[0])) {
            if (s.p[0] == '"' || s.p[0] == '\'') {
                if (!unquote(&s, &w))
                    return false;
                break;
            }
            *w++ = s.p[0];
            s = slice_of(s.p + 1, s.n - 1);
        }
        must(w <= end);
        if (!push(p, slice_of(begin, w - begin))) {
            p->is_starved = true;
            return false;
        }
    }
}

static enum parse_result inline_request(struct parser *p, const char *end)
{
    const char *newline = memchr(p->at, '\n', end - p->at);
    struct slice line;

    if (newline == NULL)
        return end - p->at > INLINE_MAX ? fail(p, "Protocol error: too big inline request") : PARSE_MORE;
    line = slice_of(p->at, newline - p->at);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    if (p->unquoted != NULL)
        return PARSE_MORE; /* the previous inline request still uses it */
    p->unquoted = mem_alloc(line.n + 1);
    if (!split_line(p, line, p->unquoted))
        return p->is_starved ? starve(p) : fail(p, "Protocol error: unbalanced quotes in request");
    if (p->n == p->first) { /* an empty line */
        mem_free(p->unquoted);
        p->unquoted = NULL;
    }
    p->at = newline + 1;
    return PARSE_REQUEST;
}

/* ---- arrays of bulk strings ---- */

static enum parse_result begin_array(struct parser *p, const char *end, const struct parser_limits *limits)
{
    enum parse_result r;
    int64_t n;

    if (LIKELY(end - p->at >= 4 && is_digit(p->at[1]) && p->at[2] == '\r')) {
        p->left = p->at[1] - '0';
        p->at += 4;
        return PARSE_REQUEST;
    }
    r = length_line(p, end, &n, "Protocol error: too big mbulk count string");
    if (r == PARSE_MORE || (r == PARSE_ERROR && p->error != NULL))
        return r;
    if (r == PARSE_ERROR || n > INT_MAX)
        return fail(p, "Protocol error: invalid multibulk length");
    if (n > UNAUTHENTICATED_ARGS && !limits->authenticated)
        return fail(p, "Protocol error: unauthenticated multibulk length");
    p->left = n > 0 ? n : 0;
    return PARSE_REQUEST;
}

/* The header of one argument. */
static inline enum parse_result bulk_header(struct parser *p, const char *end, const struct parser_limits *limits)
{
    enum parse_result r;
    int64_t n;

    if (p->at == end)
        return PARSE_MORE;
    if (UNLIKELY(*p->at != '$')) {
        /* The byte as received, unless it would end the error reply. */
        snprintf(p->error_text, sizeof p->error_text, "Protocol error: expected '$', got '%c'",
                 *p->at && *p->at != '\r' && *p->at != '\n' ? *p->at : ' ');
        return fail(p, p->error_text);
    }
    r = length_line(p, end, &n, "Protocol error: too big bulk count string");
    if (r == PARSE_MORE || (r == PARSE_ERROR && p->error != NULL))
        return r;
    if (r == PARSE_ERROR || n < 0 || n > limits->bulk)
        return fail(p, "Protocol error: invalid bulk length");
    if (n > UNAUTHENTICATED_BULK && !limits->authenticated)
        return fail(p, "Protocol error: unauthenticated bulk length");
    p->bulk = n;
    return PARSE_REQUEST;
}

/* Parses complete arguments of up to 99 bytes, the usual ones, and stops at any other. */
static inline void short_args(struct parser *p, const char *end, const struct parser_limits *limits)
{
    const char *at = p->at;
    size_t n = p->n, last = p->n + p->left;

    last = last < p->cap ? last : p->cap;
    while (n < last && end - at >= 5 && at[0] == '$' && is_digit(at[1])) {
        int64_t length = at[1] - '0';
        const char *arg = at + 4;

        if (at[2] != '\r') {
            if (!is_digit(at[2]) || at[3] != '\r' || length == 0)
                break;
            length = length * 10 + (at[2] - '0');
            arg++;
        }
        if (end - arg < length + 2 || length > limits->bulk)
            break;
        p->args[n++] = slice_of(arg, length);
        at = arg + length + 2;
    }
    p->left -= (int64_t)(n - p->n);
    p->n = n;
    p->at = at;
}

enum parse_result parser_next(struct parser *p, const char *end, const struct parser_limits *limits)
{
    enum parse_result r;

    must(p->at <= end && p->left >= 0);
    sane(p->first <= p->n && p->n <= p->cap && p->bulk >= -1);
    if (p->left == 0) {
        sane(p->bulk == -1);
        p->first = p->n;
        p->error = NULL;
        p->is_starved = false;
        if (p->at == end)
            return PARSE_MORE;
        if (UNLIKELY(*p->at != '*'))
            return inline_request(p, end);
        r = begin_array(p, end, limits);
        if (r != PARSE_REQUEST)
            return r;
        short_args(p, end, limits);
    }
    while (p->left > 0) {
        if (p->bulk < 0 && (r = bulk_header(p, end, limits)) != PARSE_REQUEST)
            return r;
        if (end - p->at - 2 < p->bulk) /* p->bulk + 2 might overflow */
            return PARSE_MORE;
        if (UNLIKELY(!push(p, slice_of(p->at, p->bulk))))
            return starve(p);
        p->at += p->bulk + 2;
        p->bulk = -1;
        p->left--;
    }
    return PARSE_REQUEST;
}

bool parser_add(struct parser *p, struct slice arg)
{
    must(p->left > 0 && p->bulk == (int64_t)arg.n);
    if (!push(p, arg))
        return false;
    p->bulk = -1;
    p->left--;
    return true;
}

void parser_rebase(struct parser *p, struct slice old, const char *new_base)
{
    must(p->at >= old.p && p->at <= old.p + old.n);
    for (size_t i = p->first; i < p->n; i++)
        if (p->args[i].p >= old.p && p->args[i].p <= old.p + old.n)
            p->args[i].p = new_base + (p->args[i].p - old.p);
    p->at = new_base + (p->at - old.p);
}

bool parser_move(struct parser *to, struct parser *from)
{
    size_t n = from->n - from->first;

    must(to->n == 0 && to->left == 0 && to->unquoted == NULL);
    must(from->first <= from->n && from->n <= from->cap);
    if (n > to->cap && !grow(to, n))
        return false;
    if (n > 0)
        memcpy(to->args, from->args + from->first, n * sizeof *to->args);
    to->n = n;
    to->first = 0;
    to->left = from->left;
    to->bulk = from->bulk;
    to->at = from->at;
    from->n = from->first;
    from->left = 0;
    from->bulk = -1;
    return true;
}
