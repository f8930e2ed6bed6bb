/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_write.h"

#include "base/must.h"
#include "persist/rdb_sink.h"
#include "persist/rdb_stream_write.h"
#include "types/hash.h"
#include "types/list_large.h"
#include "types/set.h"
#include "types/zset.h"

/* ---- values ---- */

static enum rdb_type type_of_hash(const struct value *v)
{
    if (v->form == VALUE_LISTPACK)
        return RDB_HASH_LISTPACK;
    if (hash_next_due(v) == 0)
        return RDB_HASH; /* no field has an expiry, though some may have had one */
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
    case TYPE_STREAM:
        return rdb_stream_needs_active(stream_of(&v)) ? RDB_STREAM_3 : RDB_STREAM_2;
    case TYPE_ZSET:
        return v.form == VALUE_LISTPACK ? RDB_ZSET_LISTPACK : RDB_ZSET;
    default:
        must(entry_type(e) == TYPE_HASH);
        return type_of_hash(&v);
    }
}

enum rdb_type rdb_newest_type_of(const struct entry *e)
{
    if (entry_type(e) == TYPE_SET && entry_value(e).form == VALUE_LISTPACK)
        return RDB_SET_LISTPACK;
    return rdb_type_of(e);
}

unsigned rdb_version_of(enum rdb_type type)
{
    if (type == RDB_STREAM_3 || type == RDB_SET_LISTPACK)
        return RDB_VERSION_ACTIVE;
    return type >= RDB_HASH_EXPIRING ? RDB_VERSION_NEWEST : RDB_VERSION_PLAIN;
}

static void put_flat(struct buf *out, const struct value *v)
{
    rdb_put_string(out, flat_slice(&v->flat));
}

static void put_node(struct buf *out, const struct flat *f)
{
    rdb_put_length(out, RDB_NODE_PACKED);
    rdb_put_string(out, flat_slice(f));
}

/* A node of one large element. */
static void put_plain_node(struct buf *out, const struct flat *f)
{
    struct listpack_digits d;

    rdb_put_length(out, RDB_NODE_PLAIN);
    rdb_put_string(out, listpack_get(f, listpack_first(f), &d));
}

static void put_stream(struct buf *out, const struct value *v)
{
    rdb_put_stream(out, stream_of(v), false);
}

static void put_stream_active(struct buf *out, const struct value *v)
{
    rdb_put_stream(out, stream_of(v), true);
}

static void put_list(struct buf *out, const struct value *v)
{
    const struct list_large *l = v->large;

    if (v->form != VALUE_LARGE) {
        rdb_put_length(out, 1);
        put_node(out, &v->flat);
        return;
    }
    rdb_put_length(out, l->chunks.used);
    for (size_t i = 0; i < l->chunks.used; i++) {
        const struct list_chunk *chunk = list_large_chunk(l, i);
        struct flat f = list_chunk_flat(chunk);

        if (chunk->plain)
            put_plain_node(out, &f);
        else
            put_node(out, &f);
    }
}

static void put_set(struct buf *out, const struct value *v)
{
    size_t left = set_count(v);
    struct set_walk w;
    struct slice member;

    rdb_put_length(out, left);
    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member)) {
        must(left-- > 0);
        rdb_put_string(out, member);
    }
    must(left == 0);
}

static void put_zset(struct buf *out, const struct value *v)
{
    size_t left = zset_count(v);
    struct zset_walk w;
    struct slice member;
    double score;

    rdb_put_length(out, left);
    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score)) {
        must(left-- > 0);
        rdb_put_string(out, member);
        buf_add(out, &score, sizeof score);
    }
    must(left == 0);
}

static void put_hash(struct buf *out, const struct value *v)
{
    size_t left = hash_count(v);
    struct slice field, value;
    struct hash_walk w;

    rdb_put_length(out, left);
    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value)) {
        must(left-- > 0);
        rdb_put_string(out, field);
        rdb_put_string(out, value);
    }
    must(left == 0);
}

/* The earliest expiry of a field, 8 bytes. */
static int64_t put_first_expire(struct buf *out, const struct value *v)
{
    int64_t first = hash_next_due(v);

    must(first > 0);
    buf_add(out, &first, sizeof first);
    return first;
}

/* An expiry is written as its difference to the first one plus 1; 0: none. */
static void put_hash_expiring(struct buf *out, const struct value *v)
{
    int64_t first = put_first_expire(out, v);
    size_t left = hash_count(v);
    struct slice field, value;
    struct hash_walk w;

    rdb_put_length(out, left);
    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value)) {
        must(left-- > 0 && (w.expire == 0 || w.expire >= first));
        rdb_put_length(out, w.expire != 0 ? (uint64_t)(w.expire - first) + 1 : 0);
        rdb_put_string(out, field);
        rdb_put_string(out, value);
    }
    must(left == 0);
}

static void put_hash_listpack_ex(struct buf *out, const struct value *v)
{
    put_first_expire(out, v);
    put_flat(out, v);
}

void rdb_write_value(struct buf *out, const struct entry *e)
{
    rdb_write_value_as(out, e, rdb_type_of(e));
}

void rdb_write_value_as(struct buf *out, const struct entry *e, enum rdb_type type)
{
    static void (*const collections[])(struct buf * out, const struct value *v) = {
        [RDB_LIST_NODES] = put_list,
        [RDB_SET] = put_set,
        [RDB_SET_INTSET] = put_flat,
        [RDB_SET_LISTPACK] = put_flat,
        [RDB_ZSET] = put_zset,
        [RDB_ZSET_LISTPACK] = put_flat,
        [RDB_HASH] = put_hash,
        [RDB_HASH_LISTPACK] = put_flat,
        [RDB_STREAM_2] = put_stream,
        [RDB_STREAM_3] = put_stream_active,
        [RDB_HASH_EXPIRING] = put_hash_expiring,
        [RDB_HASH_LISTPACK_EX] = put_hash_listpack_ex,
    };
    struct entry_digits digits;
    struct value v;

    if (entry_type(e) == TYPE_STRING) {
        rdb_put_string(out, entry_string(e, &digits));
        return;
    }
    v = entry_value(e); /* its `now` is 0: expired fields are written too */
    must(type < sizeof collections / sizeof *collections && collections[type] != NULL);
    collections[type](out, &v);
}
