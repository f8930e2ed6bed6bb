/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/debug/digest.h"

#include <arpa/inet.h>

#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/zset.h"

/* The types have the same numbers as in Redis, except this one: there 5 stands for modules. */
#define NUMBER_OF_STREAMS 6

/* Adds an element of an unordered collection. */
static void add(struct digest *d, struct slice s)
{
    uint8_t hash[SHA1_BYTES];

    sha1(s, hash);
    for (int i = 0; i < SHA1_BYTES; i++)
        d->bytes[i] ^= hash[i];
}

/* Adds an element whose order matters. */
static void mix(struct digest *d, struct slice s)
{
    uint8_t hash[SHA1_BYTES];

    add(d, s);
    sha1(slice_of(d->bytes, SHA1_BYTES), hash);
    memcpy(d->bytes, hash, SHA1_BYTES);
}

static void mix_number(struct digest *d, uint32_t v)
{
    uint32_t big = htonl(v);

    mix(d, slice_of(&big, sizeof big));
}

/* ---- values ---- */

static void mix_string(struct digest *d, const struct entry *e)
{
    struct entry_digits digits;

    mix(d, entry_string(e, &digits));
}

static void mix_elements(struct digest *d, const struct value *v)
{
    struct list_walk w;
    struct slice s;

    list_walk_begin(&w, v, 0);
    while (list_walk_next(&w, &s))
        mix(d, s);
}

static void add_members(struct digest *d, const struct value *v)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        add(d, member);
}

/* Adds a pair of strings to an unordered collection. */
static void add_pair(struct digest *d, struct slice a, struct slice b, bool expires)
{
    struct digest pair = {{0}};

    mix(&pair, a);
    mix(&pair, b);
    if (expires)
        add(&pair, SLICE("!!hexpire!!"));
    add(d, slice_of(pair.bytes, SHA1_BYTES));
}

static void add_fields(struct digest *d, const struct value *v)
{
    struct hash_walk w;
    struct slice field, value;

    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value))
        add_pair(d, field, value, w.expire != 0);
}

static void add_scored(struct digest *d, const struct value *v)
{
    char text[NUM_DOUBLE_MAX];
    struct zset_walk w;
    struct slice member;
    double score;

    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &member, &score))
        add_pair(d, member, slice_of(text, num_format_shortest(text, score)), false);
}

static void mix_entries(struct digest *d, const struct value *v)
{
    char text[2 * NUM_I64_MAX];
    struct stream_walk w;
    struct stream_id id;
    struct slice field, value;
    uint64_t fields;

    stream_walk_begin(&w, stream_of(v), STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&w, &id, &fields)) {
        size_t n = (size_t)num_format_u64(text, id.ms);

        text[n++] = '.';
        mix(d, slice_of(text, n + (size_t)num_format_u64(text + n, id.seq)));
        while (stream_walk_pair(&w, &field, &value)) {
            mix(d, field);
            mix(d, value);
        }
    }
}

static void mix_value(struct digest *d, const struct entry *e, int64_t now)
{
    static void (*const collections[ENTRY_TYPES])(struct digest *d, const struct value *v) = {
        [TYPE_LIST] = mix_elements,
        [TYPE_SET] = add_members,
        [TYPE_ZSET] = add_scored,
        [TYPE_HASH] = add_fields,
        [TYPE_STREAM] = mix_entries,
    };
    struct value v;

    must(entry_type(e) < ENTRY_TYPES);
    mix_number(d, entry_type(e) == TYPE_STREAM ? NUMBER_OF_STREAMS : entry_type(e));
    if (entry_type(e) == TYPE_STRING) {
        mix_string(d, e);
    } else {
        v = entry_value(e);
        v.now = now;
        collections[entry_type(e)](d, &v);
    }
    if (entry_expire(e) != 0)
        add(d, SLICE("!!expire!!"));
}

struct digest digest_value(const struct entry *e, int64_t now)
{
    struct digest d = {{0}};

    mix_value(&d, e, now);
    return d;
}

/* ---- keyspace ---- */

/* A digest under construction. */
struct sum {
    struct digest digest;
    int64_t now;
};

static void add_key(void *arg, struct shard *shard, struct entry *e)
{
    struct sum *sum = arg;
    struct digest d = {{0}};

    (void)shard;
    mix(&d, entry_key(e));
    mix_value(&d, e, sum->now);
    add(&sum->digest, slice_of(d.bytes, SHA1_BYTES));
}

struct digest digest_keyspace(struct keyspace *ks, int64_t now)
{
    struct sum sum = {.now = now};

    KEYSPACE_EACH_DB(ks, db) {
        struct shard *s;
        uint64_t cursor = 0;

        if (keyspace_size(ks, db) == 0)
            continue;
        mix_number(&sum.digest, db);
        while ((s = keyspace_scan_shard(ks, db, &cursor)) != NULL) {
            shard_must_hold(s);
            cursor = keyspace_scan(s, db, cursor, add_key, &sum);
            if (cursor == 0)
                break;
        }
    }
    return sum.digest;
}
