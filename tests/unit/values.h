/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * values: values of all types, drawn at random, and a number that tells two of them apart.
 *
 * Role:    for tests of what writes values and reads them again: the number is the same where the values hold the same,
 *          whatever their form, and (nearly always) another where they do not.
 * Threads: one.
 */
#ifndef LARDER_TESTS_VALUES_H
#define LARDER_TESTS_VALUES_H

#include "base/hash.h"
#include "base/mem.h"
#include "seed.h"
#include "store/limits.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream_group.h"
#include "types/zset.h"

#define VALUES_LATER 4000000000000 /* ms since 1970: when fields expire, from here on */

/* Values stay flat up to so many elements of up to 40 bytes, lists up to `fill`. */
static inline void values_limits(struct options *o, int64_t entries, int64_t fill)
{
    o->hash_max_listpack_entries = o->set_max_listpack_entries = o->zset_max_listpack_entries = entries;
    o->hash_max_listpack_value = o->set_max_listpack_value = o->zset_max_listpack_value = 40;
    o->set_max_intset_entries = entries;
    o->list_max_listpack_size = fill;
    o->stream_node_max_entries = entries;
    o->stream_node_max_bytes = 4096;
}

/* A random element in `room`, at most 80 bytes: a number, text that shrinks when it is compressed, or any bytes. */
static inline struct slice values_word(char *room, bool numbers)
{
    size_t n = seed_below(seed_below(4) == 0 ? 81 : 8);

    switch (numbers ? 0 : seed_below(4)) {
    case 0:
        return slice_of(room, (size_t)num_format_i64(room, (int64_t)seed_u64() >> seed_below(63)));
    case 1:
        memset(room, (int)('a' + seed_below(3)), n);
        return slice_of(room, n);
    default:
        seed_bytes(room, n);
        return slice_of(room, n);
    }
}

static inline double values_score(void)
{
    uint64_t bits;
    double score;

    switch (seed_below(4)) {
    case 0:
        return (double)seed_below(5);
    case 1:
        return (double)seed_below(2000) / 8 - 100;
    case 2:
        return (double)seed_below(2) * 2 - 1 > 0 ? __builtin_inf() : -__builtin_inf();
    default:
        do {
            bits = seed_u64();
            memcpy(&score, &bits, sizeof score);
        } while (score != score);
        return score;
    }
}

/* Appends an entry, and may remove one. */
static inline void values_change_stream(struct stream *s, const struct value_limits *limits)
{
    struct stream_emptied emptied = {0};
    struct stream_id id = s->last;
    char names[4][80];
    struct slice pairs[4];
    size_t fields = 1 + seed_below(2);

    for (size_t i = 0; i < 4; i++)
        pairs[i] = i % 2 == 0 && seed_below(4) != 0 ? SLICE("field") : values_word(names[i], false);
    id.ms += seed_below(2) ? seed_below(3) : seed_u64() >> 20;
    id.seq = seed_below(2) ? id.seq + 1 : seed_u64();
    if (stream_id_compare(id, s->last) > 0)
        stream_append(s, id, pairs, fields, limits);
    if (seed_below(10) == 0)
        stream_remove(s, seed_below(2) ? stream_first_id(s) : s->last, &emptied);
    stream_remove_emptied(s, &emptied);
}

/* Adds a group, a consumer and a nack, or some of these. */
static inline void values_change_groups(struct stream *s)
{
    char names[2][80];
    struct slice name = values_word(names[0], seed_below(2));
    struct stream_group *g;
    struct stream_consumer *c;

    if (seed_below(30) == 0)
        stream_group_add(s, name, stream_first_id(s), (int64_t)seed_below(3) - 1);
    if (stream_group_count(s) == 0)
        return;
    g = stream_group_at(s, seed_below(stream_group_count(s)));
    if (seed_below(10) == 0)
        stream_consumer_add(g, values_word(names[1], false), (int64_t)(seed_u64() >> 1));
    if (stream_consumer_count(g) == 0)
        return;
    c = stream_consumer_at(g, seed_below(stream_consumer_count(g)));
    if (seed_below(3) == 0)
        c->active_time = seed_below(2) ? c->seen_time : -1;
    if (stream_pending_find(&g->pending, s->last) == NULL)
        stream_nack_add(g, c, s->last, VALUES_LATER)->delivery_count = seed_below(3);
}

static inline void values_add(struct value *v, enum entry_type type, bool numbers, bool expiring)
{
    char first[80], second[80];
    struct slice word = values_word(first, numbers);

    switch (type) {
    case TYPE_LIST:
        list_push(v, seed_below(2), word);
        break;
    case TYPE_SET:
        set_add(v, word);
        break;
    case TYPE_ZSET:
        zset_put(v, word, values_score());
        break;
    case TYPE_STREAM:
        values_change_stream(stream_make(v), &v->limits);
        if (expiring)
            values_change_groups(stream_of(v));
        break;
    default:
        if (!hash_has(v, word)) /* or a long value might be gone that has made it large */
            hash_set_until(v, word, values_word(second, false),
                           expiring && seed_below(2) ? VALUES_LATER + (int64_t)seed_below(1000) : 0);
        break;
    }
}

/* A string in `room` that may be long, and may be a number. */
static inline struct entry *values_string(size_t n)
{
    char room[80];
    struct entry_spec s = {.key = SLICE("key"), .value = values_word(room, false)};

    s.is_int = entry_is_int(s.value, &s.integer);
    if (n > ENTRY_INLINE_MAX) {
        s.blob = blob_new(n);
        must(s.blob != NULL);
        s.is_int = false;
        s.blob->len = n;
        memset(s.blob->p, 'x', n);
        seed_bytes(s.blob->p, seed_below(n));
    }
    return entry_new(&s);
}

/* A random value of n elements, fewer where some are equal; expiring: a hash may have fields that expire, and a stream
 * groups. */
static inline struct entry *values_random(enum entry_type type, size_t n, const struct options *o, bool expiring)
{
    bool numbers = seed_below(3) == 0;
    struct value v;
    struct entry *e;

    if (type == TYPE_STRING)
        return values_string(n);
    v = value_new(limits_of(o, type));
    for (size_t i = 0; i < n || value_is_empty(&v); i++)
        values_add(&v, type, numbers, expiring);
    e = entry_new_value(SLICE("key"), type, &v, seed_below(2) ? VALUES_LATER : 0);
    mem_free(v.flat.p);
    return e;
}

static inline uint64_t values_mix(uint64_t a, uint64_t b)
{
    return (a ^ b >> 7) * 0x9e3779b97f4a7c15u + b;
}

static inline uint64_t values_sum_of_list(const struct value *v)
{
    struct list_walk w;
    struct slice s;
    uint64_t sum = 0;

    list_walk_begin(&w, v, 0);
    while (list_walk_next(&w, &s))
        sum = values_mix(sum, hash_bytes(s));
    return sum;
}

static inline uint64_t values_sum_of_set(const struct value *v)
{
    struct set_walk w;
    struct slice s;
    uint64_t sum = 0;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &s))
        sum += values_mix(1, hash_bytes(s));
    return sum;
}

static inline uint64_t values_sum_of_zset(const struct value *v)
{
    struct zset_walk w;
    struct slice s;
    double score;
    uint64_t sum = 0;

    zset_walk_begin(&w, v);
    while (zset_walk_next(&w, &s, &score)) {
        score += 0.0; /* zero has no sign in a listpack */
        sum = values_mix(sum, values_mix(hash_bytes(s), hash_bytes(slice_of(&score, sizeof score))));
    }
    return sum;
}

static inline uint64_t values_sum_of_hash(const struct value *v)
{
    struct hash_walk w;
    struct slice field, value;
    uint64_t sum = 0;

    hash_walk_begin(&w, v);
    while (hash_walk_next(&w, &field, &value))
        sum += values_mix(values_mix(hash_bytes(field), hash_bytes(value)), (uint64_t)w.expire);
    return sum;
}

static inline uint64_t values_mix_id(uint64_t sum, struct stream_id id)
{
    return values_mix(values_mix(sum, id.ms), id.seq);
}

static inline uint64_t values_sum_of_group(uint64_t sum, const struct stream_group *g)
{
    struct stream_pending_walk w;
    const struct stream_nack *n;

    sum = values_mix(values_mix_id(values_mix(sum, hash_bytes(g->name)), g->last), (uint64_t)g->entries_read);
    for (size_t i = 0; i < stream_consumer_count(g); i++) {
        const struct stream_consumer *c = stream_consumer_at(g, i);

        sum = values_mix(values_mix(sum, hash_bytes(c->name)), c->pending.count);
        sum = values_mix(values_mix(sum, (uint64_t)c->seen_time), (uint64_t)c->active_time);
    }
    stream_pending_walk_begin(&w, &g->pending, STREAM_ID_MIN);
    while ((n = stream_pending_walk_next(&w)) != NULL)
        sum = values_mix(values_mix(values_mix_id(sum, n->id), n->delivery_count), hash_bytes(n->consumer->name));
    return sum;
}

static inline uint64_t values_sum_of_stream(const struct value *v)
{
    const struct stream *s = stream_of(v);
    struct slice field, value;
    struct stream_walk w;
    struct stream_id id;
    uint64_t fields, sum = values_mix_id(values_mix_id(s->added, s->last), s->max_deleted);

    stream_walk_begin(&w, s, STREAM_ID_MIN, STREAM_ID_MAX, false);
    while (stream_walk_next(&w, &id, &fields)) {
        sum = values_mix(values_mix_id(sum, id), fields);
        while (stream_walk_pair(&w, &field, &value))
            sum = values_mix(values_mix(sum, hash_bytes(field)), hash_bytes(value));
    }
    for (size_t i = 0; i < stream_group_count(s); i++)
        sum = values_sum_of_group(sum, stream_group_at(s, i));
    return sum;
}

/* The number of a value: its type, its elements, its expiry. */
static inline uint64_t values_sum(const struct entry *e)
{
    static uint64_t (*const sums[])(const struct value *v) = {
        [TYPE_LIST] = values_sum_of_list,
        [TYPE_SET] = values_sum_of_set,
        [TYPE_ZSET] = values_sum_of_zset,
        [TYPE_HASH] = values_sum_of_hash,
        [TYPE_STREAM] = values_sum_of_stream,
    };
    struct entry_digits d;
    struct value v;
    uint64_t sum;

    if (entry_type(e) == TYPE_STRING) {
        sum = hash_bytes(entry_string(e, &d));
    } else {
        v = entry_value(e);
        sum = sums[entry_type(e)](&v);
    }
    return values_mix(values_mix(sum, entry_type(e)), (uint64_t)entry_expire(e));
}

#endif
