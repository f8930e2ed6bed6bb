/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packed: numbers and words in as few bytes as possible.
 *
 * Role:    the encoding of the nodes of streams.
 * Owns:    nothing.
 * Threads: any.
 * Used by: stream_node.
 * Why:     a listpack spends a byte per element on a second length, for backward reading, and another one on the kind
 *          of the element. In a stream only whole entries are read backwards, and length and kind share one byte up to
 *          63.
 *
 *   first byte               the others, while `more` is set
 *   +------+--------+------+ +------+--------+
 *   | more | 6 bits | flag | | more | 7 bits | ...      the low bits come first
 *   +------+--------+------+ +------+--------+
 *
 * A word is a string: a number with its length, and the bytes. With the flag set it is a canonical decimal, stored as a
 * number in zigzag encoding: 2 * v, or -2 * v - 1 if v is negative. Nothing here checks bounds: it reads only what was
 * written here.
 */
#ifndef LARDER_TYPES_PACKED_H
#define LARDER_TYPES_PACKED_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/num.h"
#include "base/slice.h"
#include "types/listpack.h"

#define PACKED_MAX 10 /* bytes of a number */

/* Bytes of a number with its flag. */
static inline size_t packed_bytes(uint64_t v)
{
    size_t n = 1;

    for (v >>= 6; v != 0; v >>= 7)
        n++;
    return n;
}

/* Returns the end, as the functions below do. */
static inline char *packed_put(char *p, uint64_t v, bool flag)
{
    unsigned bits = (v & 63) << 1 | flag;

    for (v >>= 6; v != 0; v >>= 7) {
        *p++ = (char)(0x80 | bits);
        bits = v & 127;
    }
    *p++ = (char)bits;
    return p;
}

static inline const char *packed_get(const char *p, uint64_t *v, bool *flag)
{
    unsigned byte = (uint8_t)*p++, shift = 6;

    *flag = byte & 1;
    *v = byte >> 1 & 63;
    for (; byte & 0x80; shift += 7) {
        byte = (uint8_t)*p++;
        *v |= (uint64_t)(byte & 127) << shift;
    }
    return p;
}

/* An upper bound of the bytes of a word. */
static inline size_t packed_word_bound(struct slice s)
{
    return s.n + packed_bytes(s.n);
}

static inline char *packed_put_word(char *p, const struct listpack_word *w)
{
    if (w->is_number)
        return packed_put(p, (uint64_t)w->number << 1 ^ (uint64_t)(w->number >> 63), true);
    p = packed_put(p, w->s.n, false);
    if (w->s.n != 0)
        memcpy(p, w->s.p, w->s.n);
    return p + w->s.n;
}

/* Borrowed from the bytes; if it is a number, from `digits`, of NUM_I64_MAX bytes. */
static inline const char *packed_get_word(const char *p, struct slice *s, char *digits)
{
    uint64_t v;
    bool is_number;

    p = packed_get(p, &v, &is_number);
    if (is_number) {
        *s = slice_of(digits, (size_t)num_format_i64(digits, (int64_t)(v >> 1 ^ -(v & 1))));
        return p;
    }
    *s = slice_of(p, v);
    return p + v;
}

static inline const char *packed_skip_word(const char *p)
{
    uint64_t v;
    bool is_number;

    p = packed_get(p, &v, &is_number);
    return is_number ? p : p + v;
}

#endif
