/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_sink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lzf.h>

#include "base/must.h"
#include "persist/rdb_format.h"
#include "store/entry.h"

#define INTEGER_MAX       11 /* digits and sign of an integer of 32 bits */
#define COMPRESS_MIN      20 /* strings up to this length are not compressed */
#define COMPRESS_SAVES    4  /* nor are those that compression makes shorter by less than this */
#define LENGTH_MAX        9
#define COMPRESSED_HEADER (1 + 2 * LENGTH_MAX)

/* ---- lengths and strings ---- */

/* Writes a length; returns its bytes, at most LENGTH_MAX. */
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

void rdb_put_length(struct buf *out, uint64_t n)
{
    char *p = buf_reserve(out, LENGTH_MAX);

    out->len += write_length(p, n);
}

/* Writes an integer of 8, 16 or 32 bits. False: it has more. */
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

/* Writes a string compressed. False: that would save less than COMPRESS_SAVES. */
static bool put_compressed(struct buf *out, struct slice s)
{
    char *p = buf_reserve(out, COMPRESSED_HEADER + s.n);
    size_t head = 1, n;

    must(s.n > COMPRESS_SAVES);
    if (s.n > UINT32_MAX)
        return false;
    n = lzf_compress(s.p, s.n, p + COMPRESSED_HEADER, s.n - COMPRESS_SAVES);
    if (n == 0)
        return false;
    must(n <= s.n - COMPRESS_SAVES);
    p[0] = (char)(RDB_PACKED | RDB_PACK_LZF);
    head += write_length(p + head, n);
    head += write_length(p + head, s.n);
    must(head <= COMPRESSED_HEADER);
    memmove(p + head, p + COMPRESSED_HEADER, n);
    out->len += head + n;
    return true;
}

void rdb_put_string(struct buf *out, struct slice s)
{
    int64_t v;

    if (s.n <= INTEGER_MAX && entry_is_int(s, &v) && put_integer(out, v))
        return;
    if (s.n > COMPRESS_MIN && put_compressed(out, s))
        return;
    rdb_put_length(out, s.n);
    buf_add_slice(out, s);
}
