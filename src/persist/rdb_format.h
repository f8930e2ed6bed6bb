/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_format: the constants of Redis's format of values, which its dumps and snapshots (RDB files) share.
 *
 * Used by: rdb_source, rdb_read, rdb_write, dump.
 * Why:     a published format, defined in one place: https://redis.io/docs/latest/operate/oss_and_stack/reference/ and
 *          the release notes of the versions.
 *
 * A length: the two highest bits of the first byte give its form.
 *
 *   00xxxxxx                       6 bits
 *   01xxxxxx xxxxxxxx              14 bits, big endian
 *   10000000 and 4 bytes           32 bits, big endian
 *   10000001 and 8 bytes           64 bits, big endian (since version 8)
 *   11xxxxxx                       not a length: the encoding of a string, enum rdb_packing
 *
 * A string: a length and as many bytes; or an integer; or LZF: compressed length, length, compressed bytes.
 */
#ifndef LARDER_PERSIST_RDB_FORMAT_H
#define LARDER_PERSIST_RDB_FORMAT_H

/* The versions of redis-server 7.0, which introduced listpacks; of 7.2, which stores when a consumer was active; and of
 * 7.4, which introduced fields that expire, the newest that we read. */
#define RDB_VERSION_PLAIN  10
#define RDB_VERSION_ACTIVE 11
#define RDB_VERSION_NEWEST 12

/* The latest expiry of a field, ms since 1970. */
#define RDB_EXPIRE_MAX ((1ull << 48) - 2)

enum rdb_length {
    RDB_6_BITS = 0x00,
    RDB_14_BITS = 0x40,
    RDB_32_BITS = 0x80,
    RDB_64_BITS = 0x81,
    RDB_PACKED = 0xc0,
    RDB_LENGTH_MASK = 0xc0,
};

enum rdb_packing {
    RDB_PACK_INT8, /* little endian, signed, as the next two */
    RDB_PACK_INT16,
    RDB_PACK_INT32,
    RDB_PACK_LZF,
};

/* The type and encoding of a value. Numbers that are missing here are those of modules. */
enum rdb_type {
    RDB_STRING = 0,
    RDB_LIST = 1,          /* count, strings */
    RDB_SET = 2,           /* count, strings */
    RDB_ZSET_TEXT = 3,     /* count, pairs of string and score as text */
    RDB_HASH = 4,          /* count, pairs of strings */
    RDB_ZSET = 5,          /* count, pairs of string and score in 8 bytes; since 8 */
    RDB_HASH_ZIPMAP = 9,   /* a string that is a zipmap; up to 3 */
    RDB_LIST_ZIPLIST = 10, /* a string that is a ziplist; up to 6 */
    RDB_SET_INTSET = 11,   /* a string that is an intset */
    RDB_ZSET_ZIPLIST = 12, /* up to 9, like the next two */
    RDB_HASH_ZIPLIST = 13,
    RDB_LIST_ZIPLISTS = 14, /* count, strings that are ziplists; since 7 */
    RDB_STREAM = 15,        /* see rdb_stream_write.h; since 9 */
    RDB_HASH_LISTPACK = 16, /* since 10, like the next two */
    RDB_ZSET_LISTPACK = 17,
    RDB_LIST_NODES = 18,       /* count, nodes: enum rdb_node, and a string */
    RDB_STREAM_2 = 19,         /* with the highest deleted id, and the entries that groups have read; since 10 */
    RDB_SET_LISTPACK = 20,     /* since 11, like the next */
    RDB_STREAM_3 = 21,         /* with the times at which consumers were active */
    RDB_HASH_EXPIRING = 24,    /* first expiry, count, triplets of expiry, field, value; since 12, like the next */
    RDB_HASH_LISTPACK_EX = 25, /* first expiry, a string that is a listpack of field, value, expiry */
};

/* The content of a list node's string. */
enum rdb_node {
    RDB_NODE_PLAIN = 1, /* one element, not empty */
    RDB_NODE_PACKED,    /* a listpack */
};

/* The flags of an entry in the listpack of a stream's node. */
enum rdb_entry {
    RDB_ENTRY_DELETED = 1 << 0,
    RDB_ENTRY_SAME_FIELDS = 1 << 1, /* those of the node: only values follow */
};

/* Length bytes of scores in text form that have no text. */
enum rdb_score {
    RDB_SCORE_NAN = 253,
    RDB_SCORE_INF,
    RDB_SCORE_MINUS_INF,
};

#endif
