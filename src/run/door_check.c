/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/door_check.h"

#ifdef LARDER_DEBUG

#include "base/buf.h"
#include "base/hash.h"
#include "persist/rdb_write.h"

#define RANDOM_KEYS 4     /* where every shard is held */
#define VALUE_MAX   16384 /* bytes; of a larger value only the size is compared */

static uint64_t sum_value(const struct entry *e)
{
    struct buf bytes = BUF_EMPTY;
    size_t size = entry_size(e);
    uint64_t sum = size;

    if (size > VALUE_MAX)
        return sum;
    rdb_write_value(&bytes, e);
    sum ^= hash_bytes(buf_slice(&bytes));
    buf_fini(&bytes);
    return sum;
}

/* A checksum of everything that a snapshot or a replica would see of an entry. */
static uint64_t sum_entry(const struct entry *e)
{
    struct {
        uint64_t value;
        int64_t expire;
        uint64_t kind;
    } parts;

    if (e == NULL)
        return 0;
    parts.value = sum_value(e);
    parts.expire = entry_expire(e);
    parts.kind = e->kind;
    return hash_bytes(slice_of(&parts, sizeof parts));
}

static void add(struct door_check *d, const struct place *p, struct slice key)
{
    struct door_checked *k = &d->keys[d->n];

    if (d->n == DOOR_CHECK_KEYS || key.n > sizeof k->key)
        return;
    shard_must_hold(p->shard);
    k->place = *p;
    k->entry = shard_peek(p, key);
    k->sum = sum_entry(k->entry);
    k->key_bytes = key.n;
    if (key.n != 0)
        memcpy(k->key, key.p, key.n);
    d->n++;
}

static void add_keys(struct door_check *d, const struct call *c)
{
    int positions[DOOR_CHECK_KEYS];
    int n = command_keys(c->cmd, c->argv, c->argc, positions, DOOR_CHECK_KEYS);

    for (int i = 0; i < n && i < DOOR_CHECK_KEYS; i++) {
        struct place p = keyspace_place(c->instance->keyspace, c->db, c->hash[positions[i]]);

        add(d, &p, c->argv[positions[i]]);
    }
}

static void add_random(struct door_check *d, const struct call *c)
{
    struct keyspace *ks = c->instance->keyspace;

    for (unsigned i = 0; i < RANDOM_KEYS; i++) {
        struct shard *s = keyspace_random_shard(ks, c->db);
        struct slice key;

        if (s == NULL)
            return;
        shard_must_hold(s);
        key = entry_key(table_random(shard_table(s, c->db)));
        add(d, &(struct place){s, c->db, keyspace_hash(key)}, key);
    }
}

void door_check_begin(struct door_check *d, const struct call *c)
{
    d->n = 0;
    add_keys(d, c);
    if (c->unit->is_world)
        add_random(d, c);
}

void door_check_end(const struct door_check *d)
{
    for (unsigned i = 0; i < d->n; i++) {
        const struct door_checked *k = &d->keys[i];
        const struct entry *e;

        shard_must_hold(k->place.shard);
        if (shard_is_touched(&k->place))
            continue;
        e = shard_peek(&k->place, slice_of(k->key, k->key_bytes));
        must(e == k->entry);
        must(sum_entry(e) == k->sum);
    }
}

#endif
