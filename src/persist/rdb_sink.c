/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_sink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lzf.h>

#include "persist/rdb_format.h"
#include "store/entry.h"

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

void rdb_put_length(struct buf *out, uint64_t n)
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

void rdb_put_string(struct buf *out, struct slice s)
{
    int64_t v;

    if (s.n <= INTEGER_MOST && entry_is_int(s, &v) && put_integer(out, v))
        return;
    if (s.n > COMPRESS_LEAST && put_compressed(out, s))
        return;
    rdb_put_length(out, s.n);
    buf_add_slice(out, s);
}
