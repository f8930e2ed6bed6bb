/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/zipmap.h"

#include "base/must.h"

#define LONG      254
#define COUNT_MAX 254
#define END       0xff

static bool take_byte(struct slice *s, uint8_t *byte)
{
    if (s->n == 0)
        return false;
    *byte = (uint8_t)*s->p;
    *s = slice_of(s->p + 1, s->n - 1);
    return true;
}

static bool take_length(struct slice *s, size_t *n)
{
    uint8_t byte;
    uint32_t more;

    if (!take_byte(s, &byte) || byte > LONG)
        return false;
    *n = byte;
    if (byte < LONG)
        return true;
    if (s->n < sizeof more)
        return false;
    memcpy(&more, s->p, sizeof more);
    *s = slice_of(s->p + sizeof more, s->n - sizeof more);
    *n = more;
    return true;
}

/* Takes n bytes, and the unused bytes after them. */
static bool take(struct slice *s, size_t n, size_t unused, struct slice *bytes)
{
    if (n > s->n || unused > s->n - n)
        return false;
    *bytes = slice_of(s->p, n);
    *s = slice_of(s->p + n + unused, s->n - n - unused);
    return true;
}

bool zipmap_append_to(struct flat *listpack, struct slice zipmap)
{
    struct slice left, field, value;
    size_t n, count = 0;
    uint8_t stated, unused;

    if (zipmap.n < 2 || zipmap.n > LISTPACK_MAX || (uint8_t)zipmap.p[zipmap.n - 1] != END)
        return false;
    left = slice_of(zipmap.p, zipmap.n - 1);
    take_byte(&left, &stated);
    for (; left.n > 0; count++) {
        if (!take_length(&left, &n) || !take(&left, n, 0, &field) || !take_length(&left, &n) ||
            !take_byte(&left, &unused) || !take(&left, n, unused, &value))
            return false;
        listpack_append(listpack, field);
        listpack_append(listpack, value);
    }
    must(left.p == zipmap.p + zipmap.n - 1);
    return stated >= COUNT_MAX || stated == count;
}
