/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"

#define BUF_MIN 64

/* The new capacity of a buffer that has to hold `need` bytes. */
static size_t grown_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap + b->cap / 2;

    if (cap < need)
        cap = need;
    if (cap < BUF_MIN)
        cap = BUF_MIN;
    cap = mem_room(cap);
    must(cap >= need);
    return cap;
}

static void grow(struct buf *b, size_t need)
{
    size_t cap = grown_cap(b, need);

    b->p = mem_realloc(b->p, cap);
    b->cap = cap;
}

bool buf_try_reserve(struct buf *b, size_t n)
{
    size_t cap;
    char *p;

    must(b->len <= b->cap && n <= SIZE_MAX / 4 - b->len);
    if (b->p != NULL && b->cap - b->len >= n)
        return true;
    cap = grown_cap(b, b->len + n);
    p = mem_try_realloc(b->p, cap);
    if (p == NULL)
        return false;
    b->p = p;
    b->cap = cap;
    return true;
}

char *buf_reserve(struct buf *b, size_t n)
{
    must(b->len <= b->cap && n <= SIZE_MAX / 4 - b->len);
    if (b->p == NULL || b->cap - b->len < n)
        grow(b, b->len + n);
    return b->p + b->len;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    memcpy(buf_reserve(b, n), p, n);
    b->len += n;
}

void buf_add_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_add_slice(struct buf *b, struct slice s)
{
    buf_add(b, s.p, s.n);
}

void buf_add_char(struct buf *b, char c)
{
    *buf_reserve(b, 1) = c;
    b->len++;
}

/* Prints into the free room. Returns the length of the whole text, whether it fits or not. */
__attribute__((format(printf, 2, 0))) static size_t print(struct buf *b, const char *format, va_list args)
{
    int n = vsnprintf(b->p + b->len, b->cap - b->len, format, args);

    must(n >= 0);
    return (size_t)n;
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    size_t n;

    buf_reserve(b, BUF_MIN);
    va_start(args, format);
    n = print(b, format, args);
    va_end(args);
    if (n >= b->cap - b->len) {
        buf_reserve(b, n + 1);
        va_start(args, format);
        n = print(b, format, args);
        va_end(args);
        must(n < b->cap - b->len);
    }
    b->len += n;
}

void buf_consume(struct buf *b, size_t n)
{
    must(n <= b->len);
    b->len -= n;
    if (n > 0 && b->len > 0)
        memmove(b->p, b->p + n, b->len);
}

const char *buf_cstr(struct buf *b)
{
    *buf_reserve(b, 1) = '\0';
    return b->p;
}

void buf_fini(struct buf *b)
{
    mem_free(b->p);
    *b = BUF_EMPTY;
}
