/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_write.h"

#include <arpa/inet.h>
#include <endian.h>
#include <lzf.h>

#include "types/hash.h"
#include "types/list_large.h"
#include "types/set.h"
#include "types/zset.h"

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

static enum rdb_type type_of_hash(const struct value *v)
{
    if (v->form == VALUE_LISTPACK)
        return RDB_HASH_LISTPACK;
    if (hash_next_due(v) == 0)
        return RDB_HASH; /* fields had an expiry once, or never */
    return v->form == VALUE_LISTPACK_EX ? RDB_HASH_LISTPACK_EX : RDB_HASH_EXPIRING;
}

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
        must(entry_type(e) == TYPE_HASH);
        return type_of_hash(&v);
    }
}

unsigned rdb_version_of(enum rdb_type type)
{
    return type >= RDB_HASH_EXPIRING ? RDB_VERSION_NEWEST : RDB_VERSION_PLAIN;
}

static void put_flat(struct buf *out, const struct value *v)
{
    put_string(out, flat_slice(&v->flat));
}

static void put_node(struct buf *out, const struct flat *f)
{
    put_length(out, RDB_NODE_PACKED);
    put_string(out, flat_slice(f));
}

static void put_list(struct buf *out, const struct value *v)
{
    const struct list_large *l = v->large;

    if (v->form != VALUE_LARGE) {
        put_length(out, 1);
        put_node(out, &v->flat);
        return;
    }
    put_length(out, l->row.used);
    for (size_t i = 0; i < l->row.used; i++) {
        struct flat f = list_chunk_flat(list_large_chunk(l, i));

        put_node(out, &f);
    }
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

static void put_zset(struct buf *out, const struct value *v)
{
    struct zset_walk w;
    struct slice member;
    double score;

    put_length(out, zset_count(v));
    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score)) {
        put_string(out, member);
        buf_add(out, &score, sizeof score);
    }
}

static void put_hash(struct buf *out, const struct value *v)
{
    struct slice field, value;
    struct hash_walk w;

    put_length(out, hash_count(v));
    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value)) {
        put_string(out, field);
        put_string(out, value);
    }
}

/* The times are written as what they are beyond the first of them, and one; 0: none. */
static void put_hash_expiring(struct buf *out, const struct value *v)
{
    int64_t least = hash_next_due(v);
    struct slice field, value;
    struct hash_walk w;

    buf_add(out, &least, sizeof least);
    put_length(out, hash_count(v));
    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value)) {
        put_length(out, w.expire != 0 ? (uint64_t)(w.expire - least) + 1 : 0);
        put_string(out, field);
        put_string(out, value);
    }
}

static void put_hash_listpack_ex(struct buf *out, const struct value *v)
{
    int64_t least = hash_next_due(v);

    buf_add(out, &least, sizeof least);
    put_flat(out, v);
}

void rdb_write_value(struct buf *out, const struct entry *e)
{
    static void (*const collections[])(struct buf *out, const struct value *v) = {
        [RDB_LIST_NODES] = put_list,
        [RDB_SET] = put_set,
        [RDB_SET_INTSET] = put_flat,
        [RDB_ZSET] = put_zset,
        [RDB_ZSET_LISTPACK] = put_flat,
        [RDB_HASH] = put_hash,
        [RDB_HASH_LISTPACK] = put_flat,
        [RDB_HASH_EXPIRING] = put_hash_expiring,
        [RDB_HASH_LISTPACK_EX] = put_hash_listpack_ex,
    };
    struct entry_digits digits;
    struct value v;

    if (entry_type(e) == TYPE_STRING) {
        put_string(out, entry_string(e, &digits));
        return;
    }
    v = entry_value(e); /* its `now` is 0: fields that are due are written too */
    collections[rdb_type_of(e)](out, &v);
}
