/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_write.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lzf.h>

#include "types/set.h"

#define INTEGER_MOST    11 /* digits and sign of a number of 32 bits */
#define COMPRESS_LEAST  20 /* a string up to here is not worth it */
#define COMPRESS_SAVES  4  /* and neither is one that does not save so many bytes */
#define LENGTH_MOST     9
#define COMPRESSED_HEAD (1 + 2 * LENGTH_MOST)

/* ---- lengths and strings ---- */

/* Writes a length; returns its bytes, at most LENGTH_MOST. */
static size_t write_length(char *p, uint64_t n)
{
    if (n < 1 << 6) {
        p[0] = (char)(RDB_6_BITS | n);
        return 1;
    }
    if (n < 1 << 14) {
        p[0] = (char)(RDB_14_BITS | n >> 8);
        p[1] = (char)n;
        return 2;
    }
    if (n <= UINT32_MAX) {
        p[0] = (char)RDB_32_BITS;
        memcpy(p + 1, &(uint32_t){htonl(n)}, 4);
        return 5;
    }
    p[0] = (char)RDB_64_BITS;
    memcpy(p + 1, &(uint64_t){htobe64(n)}, 8);
    return 9;
}

static void put_length(struct buf *out, uint64_t n)
{
    char *p = buf_reserve(out, LENGTH_MOST);

    out->len += write_length(p, n);
}

/* As a number of 8, 16 or 32 bits. False: it needs more. */
static bool put_integer(struct buf *out, int64_t v)
{
    char *p = buf_reserve(out, 1 + sizeof(int32_t));
    enum rdb_packing kind = v == (int8_t)v ? RDB_PACK_INT8 : v == (int16_t)v ? RDB_PACK_INT16 : RDB_PACK_INT32;

    if (v != (int32_t)v)
        return false;
    p[0] = (char)(RDB_PACKED | kind);
    memcpy(p + 1, &(int32_t){v}, sizeof(int32_t));
    out->len += 1 + (1u << kind);
    return true;
}

/* Compressed. False: that does not save enough. */
static bool put_compressed(struct buf *out, struct slice s)
{
    char *p = buf_reserve(out, COMPRESSED_HEAD + s.n);
    size_t head = 1, n;

    if (s.n > UINT32_MAX)
        return false;
    n = lzf_compress(s.p, s.n, p + COMPRESSED_HEAD, s.n - COMPRESS_SAVES);
    if (n == 0)
        return false;
    p[0] = (char)(RDB_PACKED | RDB_PACK_LZF);
    head += write_length(p + head, n);
    head += write_length(p + head, s.n);
    memmove(p + head, p + COMPRESSED_HEAD, n);
    out->len += head + n;
    return true;
}

static void put_string(struct buf *out, struct slice s)
{
    int64_t v;

    if (s.n <= INTEGER_MOST && entry_is_int(s, &v) && put_integer(out, v))
        return;
    if (s.n > COMPRESS_LEAST && put_compressed(out, s))
        return;
    put_length(out, s.n);
    buf_add_slice(out, s);
}

/* ---- values ---- */

enum rdb_type rdb_type_of(const struct entry *e)
{
    struct value v;

    if (entry_type(e) == TYPE_STRING)
        return RDB_STRING;
    v = entry_value(e);
    switch (entry_type(e)) {
    case TYPE_LIST:
        return RDB_LIST_NODES;
    case TYPE_SET:
        return v.form == VALUE_INTSET ? RDB_SET_INTSET : RDB_SET;
    case TYPE_ZSET:
        return v.form == VALUE_LISTPACK ? RDB_ZSET_LISTPACK : RDB_ZSET;
    default:
        return v.form == VALUE_LISTPACK ? RDB_HASH_LISTPACK : RDB_HASH;
    }
}

unsigned rdb_version_of(enum rdb_type type)
{
    return type >= RDB_HASH_EXPIRING ? RDB_VERSION_NEWEST : RDB_VERSION_PLAIN;
}

static void put_set(struct buf *out, const struct value *v)
{
    struct set_walk w;
    struct slice member;

    put_length(out, set_count(v));
    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        put_string(out, member);
}

void rdb_write_value(struct buf *out, const struct entry *e)
{
    struct entry_digits digits;
    struct value v;

    if (entry_type(e) == TYPE_STRING) {
        put_string(out, entry_string(e, &digits));
        return;
    }
    v = entry_value(e);
    switch (rdb_type_of(e)) {
    case RDB_SET:
        put_set(out, &v);
        break;
    default:
        put_string(out, flat_slice(&v.flat));
        break;
    }
}
