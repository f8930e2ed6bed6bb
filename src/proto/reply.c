/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"
#include "base/num.h"

#define HEADER_BYTES 24 /* type, up to 20 digits, CR LF */

/* Type, number, CR LF: the beginning of most replies. */
static inline void header(struct out *o, char type, int64_t v)
{
    char *p = out_room(o, HEADER_BYTES);
    unsigned n = 1;

    p[0] = type;
    if (LIKELY(v >= 0 && v < 10))
        p[n++] = '0' + v;
    else
        n += num_format_i64(p + 1, v);
    p[n++] = '\r';
    p[n++] = '\n';
    sane(n <= HEADER_BYTES);
    o->cur += n;
}

/* A short constant text, whose length the compiler knows. */
static inline void literal(struct out *o, const char *text)
{
    size_t n = strlen(text);

    sane(n <= HEADER_BYTES);
    memcpy(out_room(o, n), text, n);
    o->cur += n;
}

/* ---- simple types ---- */

/* Records the first word, which is the key of INFO errorstats. */
static void note_error(struct out *o, struct slice text)
{
    size_t n = 0;

    must(text.n > 0 && text.p[0] != ' '); /* the text begins with a code */
    while (n < text.n && n < sizeof o->error_code - 1 && text.p[n] != ' ')
        n++;
    memcpy(o->error_code, text.p, n);
    o->error_code[n] = 0;
    o->errors++;
}

static void error_slice(struct out *o, struct slice text)
{
    sane(memchr(text.p, '\r', text.n) == NULL && memchr(text.p, '\n', text.n) == NULL);
    note_error(o, text);
    out_add(o, "-", 1);
    out_add(o, text.p, text.n);
    out_add(o, "\r\n", 2);
}

void reply_error(struct out *o, const char *text)
{
    error_slice(o, slice_str(text));
}

void reply_errorf(struct out *o, const char *format, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    must(n >= 0);
    if ((size_t)n >= sizeof text)
        n = sizeof text - 1;
    for (int i = 0; i < n; i++)
        if (text[i] == '\r' || text[i] == '\n')
            text[i] = ' ';
    error_slice(o, slice_of(text, n));
}

void reply_ok(struct out *o)
{
    literal(o, "+OK\r\n");
}

void reply_simple(struct out *o, const char *text)
{
    sane(strpbrk(text, "\r\n") == NULL);
    out_add(o, "+", 1);
    out_add(o, text, strlen(text));
    out_add(o, "\r\n", 2);
}

void reply_int(struct out *o, int64_t v)
{
    header(o, ':', v);
}

/* A string of at least OUT_BLOCK_BYTES. */
static void long_bulk(struct out *o, struct slice s)
{
    char *p;

    header(o, '$', (int64_t)s.n);
    out_weigh(o);
    p = out_room(o, s.n + 2);
    if (UNLIKELY(p == NULL))
        return;
    memcpy(p, s.p, s.n);
    o->cur += s.n;
    out_weigh_string(o, s.n);
    out_add(o, "\r\n", 2);
}

void reply_bulk(struct out *o, struct slice s)
{
    char *p;
    size_t n = 1;

    if (UNLIKELY(s.n >= OUT_BLOCK_BYTES)) {
        long_bulk(o, s);
        return;
    }
    p = out_room(o, HEADER_BYTES + s.n + 2);
    if (UNLIKELY(p == NULL))
        return;
    p[0] = '$';
    if (s.n < 10)
        p[n++] = '0' + s.n;
    else
        n += num_format_u64(p + 1, s.n);
    p[n++] = '\r';
    p[n++] = '\n';
    if (s.n != 0)
        memcpy(p + n, s.p, s.n);
    n += s.n;
    p[n++] = '\r';
    p[n++] = '\n';
    o->cur += n;
}

void reply_bulk_int(struct out *o, int64_t v)
{
    char digits[NUM_I64_MAX];

    reply_bulk(o, slice_of(digits, num_format_i64(digits, v)));
}

void reply_blob(struct out *o, struct blob *b, size_t at, size_t n)
{
    if (!out_refers(b, n)) {
        reply_bulk(o, slice_of(b->p + at, n));
        return;
    }
    header(o, '$', n);
    out_append_blob(o, b, at, n);
    out_add(o, "\r\n", 2);
}

void reply_null(struct out *o)
{
    if (o->resp == 2)
        literal(o, "$-1\r\n");
    else
        literal(o, "_\r\n");
}

void reply_null_array(struct out *o)
{
    if (o->resp == 2)
        literal(o, "*-1\r\n");
    else
        literal(o, "_\r\n");
}

void reply_bool(struct out *o, bool v)
{
    if (o->resp == 2)
        reply_int(o, v);
    else if (v)
        literal(o, "#t\r\n");
    else
        literal(o, "#f\r\n");
}

static void reply_decimal(struct out *o, struct slice s)
{
    if (o->resp == 2) {
        reply_bulk(o, s);
        return;
    }
    out_add(o, ",", 1);
    out_add(o, s.p, s.n);
    out_add(o, "\r\n", 2);
}

void reply_double(struct out *o, double v)
{
    char text[NUM_DOUBLE_MAX];

    reply_decimal(o, slice_of(text, num_format_double(text, v)));
}

void reply_fixed(struct out *o, double v)
{
    char text[NUM_LD_MAX];

    reply_decimal(o, slice_of(text, num_format_ld(text, v)));
}

void reply_big_number(struct out *o, struct slice digits)
{
    if (o->resp == 2) {
        reply_bulk(o, digits);
        return;
    }
    out_add(o, "(", 1);
    out_add(o, digits.p, digits.n);
    out_add(o, "\r\n", 2);
}

void reply_verbatim(struct out *o, const char *format, struct slice s)
{
    must(strlen(format) == 3);
    if (o->resp == 2) {
        reply_bulk(o, s);
        return;
    }
    header(o, '=', s.n + 4);
    out_add(o, format, 3);
    out_add(o, ":", 1);
    out_add(o, s.p, s.n);
    out_add(o, "\r\n", 2);
}

/* ---- aggregates ---- */

/* The type byte and count of an aggregate in the connection's version of the protocol. */
struct aggregate {
    char type;
    size_t n;
};

static struct aggregate as_map(const struct out *o, size_t n)
{
    must(n <= SIZE_MAX / 2);
    return o->resp == 2 ? (struct aggregate){'*', 2 * n} : (struct aggregate){'%', n};
}

static struct aggregate as_set(const struct out *o, size_t n)
{
    return (struct aggregate){o->resp == 2 ? '*' : '~', n};
}

void reply_array(struct out *o, size_t n)
{
    header(o, '*', n);
}

void reply_map(struct out *o, size_t n)
{
    struct aggregate a = as_map(o, n);

    header(o, a.type, a.n);
}

void reply_set(struct out *o, size_t n)
{
    struct aggregate a = as_set(o, n);

    header(o, a.type, a.n);
}

void reply_push(struct out *o, size_t n)
{
    header(o, o->resp == 2 ? '*' : '>', n);
}

void reply_attribute(struct out *o, size_t n)
{
    must(o->resp == 3);
    header(o, '|', n);
}

struct reply_later reply_later_begin(struct out *o)
{
    struct reply_later l = {0};
    char *header = out_room(o, HEADER_BYTES);

    if (LIKELY(o->cut == NULL))
        l = (struct reply_later){o->last, header - o->last->data};
    o->cur += HEADER_BYTES;
    return l;
}

/* Writes the header into the room that was left for it, and closes the gap behind it. */
static void later_end(struct out *o, struct reply_later l, struct aggregate a)
{
    char text[HEADER_BYTES], *at, *behind, *end;
    struct out just_header = {.resp = o->resp, .cur = text, .end = text + sizeof(text)};
    size_t n;

    if (UNLIKELY(l.chunk == NULL))
        return;
    header(&just_header, a.type, a.n);
    n = just_header.cur - text;
    at = l.chunk->data + l.at;
    behind = at + HEADER_BYTES;
    end = l.chunk == o->last ? o->cur : l.chunk->data + l.chunk->len;
    must(l.chunk->blob == NULL && n <= HEADER_BYTES && behind <= end);
    memcpy(at, text, n);
    memmove(at + n, behind, end - behind);
    if (l.chunk == o->last) {
        o->cur -= HEADER_BYTES - n;
    } else {
        l.chunk->len -= HEADER_BYTES - n;
        o->closed -= HEADER_BYTES - n;
    }
}

void reply_array_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, (struct aggregate){'*', n});
}

void reply_map_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, as_map(o, n));
}

void reply_set_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, as_set(o, n));
}
