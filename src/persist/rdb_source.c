/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_source.h"

#include <lzf.h>
#include <math.h>

#include "base/mem.h"
#include "persist/rdb_format.h"

#define LZF_RATIO 88 /* three compressed bytes expand to at most 264 */

/* The next n bytes; NULL: there are fewer. */
static const char *take(struct rdb_source *from, uint64_t n)
{
    const char *p = from->at;

    if (n > rdb_left(from))
        return NULL;
    from->at += n;
    return p;
}

static bool get_byte(struct rdb_source *from, uint8_t *byte)
{
    const char *p = take(from, 1);

    if (p == NULL)
        return false;
    *byte = (uint8_t)*p;
    return true;
}

static bool get_big_endian(struct rdb_source *from, unsigned bytes, uint64_t *v)
{
    const char *p = take(from, bytes);

    must(bytes <= sizeof *v);
    if (p == NULL)
        return false;
    *v = 0;
    for (unsigned i = 0; i < bytes; i++)
        *v = *v << 8 | (uint8_t)p[i];
    return true;
}

/* A length, or an enum rdb_packing. */
static bool get_length_or_packing(struct rdb_source *from, uint64_t *n, bool *is_packed)
{
    uint8_t first, second;

    *is_packed = false;
    if (!get_byte(from, &first))
        return false;
    *n = first & ~RDB_LENGTH_MASK;
    switch (first & RDB_LENGTH_MASK) {
    case RDB_6_BITS:
        return true;
    case RDB_14_BITS:
        if (!get_byte(from, &second))
            return false;
        *n = *n << 8 | second;
        return true;
    case RDB_PACKED:
        *is_packed = true;
        return true;
    default:
        return first == RDB_32_BITS   ? get_big_endian(from, 4, n)
               : first == RDB_64_BITS ? get_big_endian(from, 8, n)
                                      : false;
    }
}

bool rdb_get_length(struct rdb_source *from, uint64_t *n)
{
    bool is_packed;

    return get_length_or_packing(from, n, &is_packed) && !is_packed;
}

/* ---- strings ---- */

static bool get_integer(struct rdb_source *from, unsigned bytes, struct rdb_string *s)
{
    const char *p = take(from, bytes);
    uint32_t low = 0;

    must(bytes == 1 || bytes == 2 || bytes == 4);
    if (p == NULL)
        return false;
    memcpy(&low, p, bytes);
    s->s = slice_of(s->digits, num_format_i64(s->digits, bytes == 1   ? (int8_t)low
                                                         : bytes == 2 ? (int16_t)low
                                                                      : (int32_t)low));
    return true;
}

/* False: there is no memory. */
static bool make_room(struct rdb_string *s, size_t n)
{
    must(n > 0 && (s->unpacked == NULL) == (s->room == 0));
    if (n <= s->room)
        return true;
    mem_free(s->unpacked);
    s->unpacked = mem_try_alloc(n);
    s->room = s->unpacked ? n : 0;
    return s->unpacked != NULL;
}

#define OVERHEAD 16 /* bytes of an element beside its string, at least */

/* Whether a string of n bytes is within the bounds, with `more` bytes to decompress it. */
static bool is_within(struct rdb_source *from, size_t n, size_t more)
{
    struct rdb_bounds *b = from->bounds;

    if (b == NULL)
        return true;
    b->is_too_long = n > b->longest;
    if (b->is_too_long)
        return false;
    b->used += n + more + OVERHEAD;
    return b->used <= b->room;
}

static bool get_compressed(struct rdb_source *from, struct rdb_string *s)
{
    uint64_t packed, n;
    const char *p;

    if (!rdb_get_length(from, &packed) || !rdb_get_length(from, &n))
        return false;
    p = take(from, packed);
    if (p == NULL || n == 0 || n > UINT32_MAX || packed > UINT32_MAX || n > packed * LZF_RATIO ||
        !is_within(from, n, n > s->room ? n - s->room : 0) || !make_room(s, n) ||
        lzf_decompress(p, packed, s->unpacked, n) != n)
        return false;
    must(n <= s->room);
    s->s = slice_of(s->unpacked, n);
    return true;
}

bool rdb_get_string(struct rdb_source *from, struct rdb_string *s)
{
    uint64_t n;
    bool is_packed;
    const char *p;

    if (!get_length_or_packing(from, &n, &is_packed))
        return false;
    if (is_packed)
        return n == RDB_PACK_LZF ? get_compressed(from, s) : n < RDB_PACK_LZF && get_integer(from, 1u << n, s);
    p = take(from, n);
    if (p == NULL || !is_within(from, n, 0))
        return false;
    s->s = slice_of(p, n);
    return true;
}

void rdb_string_fini(struct rdb_string *s)
{
    mem_free(s->unpacked);
    *s = (struct rdb_string){0};
}

/* ---- numbers ---- */

bool rdb_get_u64(struct rdb_source *from, uint64_t *v)
{
    const char *p = take(from, sizeof *v);

    if (p == NULL)
        return false;
    memcpy(v, p, sizeof *v);
    return true;
}

bool rdb_get_double(struct rdb_source *from, double *v)
{
    const char *p = take(from, sizeof *v);

    if (p == NULL)
        return false;
    memcpy(v, p, sizeof *v);
    return true;
}

bool rdb_get_text_double(struct rdb_source *from, double *v)
{
    uint8_t n;
    const char *p;

    if (!get_byte(from, &n))
        return false;
    switch (n) {
    case RDB_SCORE_NAN:
        *v = NAN;
        return true;
    case RDB_SCORE_INF:
        *v = INFINITY;
        return true;
    case RDB_SCORE_MINUS_INF:
        *v = -INFINITY;
        return true;
    default:
        p = take(from, n);
        return p != NULL && num_parse_double(slice_of(p, n), v);
    }
}
