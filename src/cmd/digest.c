/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/digest.h"

#include <arpa/inet.h>

#include "types/list.h"

/* Adds what stands in no order. */
static void add(struct digest *d, struct slice s)
{
    uint8_t hash[SHA1_BYTES];

    sha1(s, hash);
    for (int i = 0; i < SHA1_BYTES; i++)
        d->bytes[i] ^= hash[i];
}

/* Adds what follows on what was added before. */
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

static void mix_string(struct digest *d, const struct entry *e)
{
    struct entry_digits digits;

    mix(d, entry_string(e, &digits));
}

static void mix_list(struct digest *d, const struct entry *e)
{
    struct value v = entry_value(e);
    struct list_walk w;
    struct slice s;

    list_walk_begin(&w, &v, 0);
    while (list_walk_next(&w, &s))
        mix(d, s);
}

static void mix_value(struct digest *d, const struct entry *e)
{
    static void (*const mixers[TYPE_STREAM + 1])(struct digest *d, const struct entry *e) = {
        [TYPE_STRING] = mix_string,
        [TYPE_LIST] = mix_list,
    };

    must(mixers[entry_type(e)] != NULL);
    mix_number(d, entry_type(e)); /* numbered as in Redis */
    mixers[entry_type(e)](d, e);
    if (entry_expire(e) != 0)
        add(d, SLICE("!!expire!!"));
}

struct digest digest_value(const struct entry *e)
{
    struct digest d = {{0}};

    mix_value(&d, e);
    return d;
}

static void add_key(void *arg, struct shard *shard, struct entry *e)
{
    struct digest d = {{0}};

    (void)shard;
    mix(&d, entry_key(e));
    mix_value(&d, e);
    add(arg, slice_of(d.bytes, SHA1_BYTES));
}

struct digest digest_keyspace(struct keyspace *ks)
{
    struct digest d = {{0}};

    for (unsigned db = 0; db < ks->databases; db++) {
        uint64_t cursor = 0;

        if (keyspace_size(ks, db) == 0)
            continue;
        mix_number(&d, db);
        do
            cursor = keyspace_scan(ks, db, cursor, true, add_key, &d);
        while (cursor != 0);
    }
    return d;
}
