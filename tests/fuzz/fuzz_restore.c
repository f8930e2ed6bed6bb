/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads arbitrary bytes as values in Redis's format. They must be refused, or give a valid value: one that can be
 * iterated over, and that is the same after it is written and read again.
 *
 * The first byte of an input chooses the limits of flat forms, the second is the type of the value, the rest is the
 * value. It is in a heap block of exactly its size, so that AddressSanitizer detects reads beyond its end.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"
#include "persist/dump.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/set.h"
#include "types/stream_group.h"
#include "types/zset.h"

#define RATIO 2048 /* at most so many bytes in memory per byte read; compression alone gives up to 88 */
#define SMALL 65536

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct options options;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    hash_init();
    return 0;
}

static void choose_limits(uint8_t choice)
{
    static const int64_t entries[] = {0, 1, 4, 128}, fills[] = {-2, 1, 4, -1};

    options.hash_max_listpack_entries = options.set_max_listpack_entries = options.zset_max_listpack_entries =
        options.set_max_intset_entries = entries[choice & 3];
    options.hash_max_listpack_value = options.set_max_listpack_value = options.zset_max_listpack_value = 16;
    options.list_max_listpack_size = fills[choice >> 2 & 3];
    options.stream_node_max_entries = entries[choice & 3];
}

static size_t look_through_list(const struct value *v)
{
    struct list_walk w;
    struct slice s;
    size_t n = 0;

    list_walk_begin(&w, v, 0);
    while (list_walk_next(&w, &s))
        n++;
    must(n > 0 && n == list_count(v));
    return n;
}

static size_t look_through_set(const struct value *v)
{
    struct set_walk w;
    struct slice s;
    size_t n = 0;

    set_walk_begin(&w, v);
    for (; set_walk_next(&w, &s); n++)
        must(set_has(v, s));
    must(n > 0 && n == set_count(v));
    return n;
}

static size_t look_through_hash(const struct value *v)
{
    struct slice field, value, found;
    struct listpack_digits d;
    struct hash_walk w;
    size_t n = 0;

    hash_walk_begin(&w, v);
    for (; hash_walk_next(&w, &field, &value); n++)
        must(hash_get(v, field, &found, &d) && slice_eq(found, value));
    must(n > 0 && n == hash_count(v));
    return n;
}

static size_t look_through_zset(const struct value *v)
{
    double score, found, before = -__builtin_inf();
    struct slice member;
    struct zset_walk w;
    size_t n = 0;

    zset_walk_begin(&w, v);
    for (; zset_walk_next(&w, &member, &score); n++) {
        must(zset_score(v, member, &found) && found == score && before <= score);
        before = score;
    }
    must(n > 0 && n == zset_count(v));
    return n;
}

static void look_through_group(const struct stream_group *g)
{
    struct stream_pending_walk w;
    const struct stream_nack *nack;
    size_t n = 0;

    for (size_t i = 0; i < stream_consumer_count(g); i++)
        n += stream_consumer_at(g, i)->pending.count;
    must(n == g->pending.count);
    stream_pending_walk_begin(&w, &g->pending, STREAM_ID_MIN);
    for (n = 0; (nack = stream_pending_walk_next(&w)) != NULL; n++)
        must(stream_pending_find(&nack->consumer->pending, nack->id) == nack);
    must(n == g->pending.count);
}

static size_t look_through_stream(const struct value *v)
{
    const struct stream *s = stream_of(v);
    struct stream_id id, before = STREAM_ID_MIN;
    struct slice field, value;
    struct stream_walk w;
    uint64_t fields;
    size_t n = 0;

    stream_walk_begin(&w, s, STREAM_ID_MIN, STREAM_ID_MAX, false);
    for (; stream_walk_next(&w, &id, &fields); n++) {
        must(fields > 0 && stream_id_compare(id, before) > 0 && stream_has(s, id));
        before = id;
        while (stream_walk_pair(&w, &field, &value))
            fields--;
        must(fields == 0);
    }
    must(n == s->count && stream_id_compare(before, s->last) <= 0);
    for (size_t i = 0; i < stream_group_count(s); i++)
        look_through_group(stream_group_at(s, i));
    return n + stream_large_count(s);
}

/* Iterates over a value. Returns the number of elements; of a string, its length. */
static size_t look_through(const struct entry *e)
{
    static size_t (*const looks[])(const struct value *v) = {
        [TYPE_LIST] = look_through_list,
        [TYPE_SET] = look_through_set,
        [TYPE_ZSET] = look_through_zset,
        [TYPE_HASH] = look_through_hash,
        [TYPE_STREAM] = look_through_stream,
    };
    struct value v;

    if (entry_type(e) == TYPE_STRING)
        return entry_strlen(e);
    v = entry_value(e);
    return looks[entry_type(e)](&v);
}

/* Checks that the value is the same after it is written and read. */
static void go_around(const struct entry *e)
{
    struct rdb_target to = {.key = entry_key(e), .options = &options};
    struct buf dump = BUF_EMPTY;
    struct entry *back;

    dump_write(&dump, e);
    must(dump_is_sound(buf_slice(&dump), true));
    back = dump_read(buf_slice(&dump), &to);
    must(back != NULL && entry_type(back) == entry_type(e) && look_through(back) == look_through(e));
    entry_free(back);
    buf_fini(&dump);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rdb_target to = {.key = SLICE("key"), .options = &options};
    struct rdb_source from;
    struct entry *e;
    char *value;

    if (size < 2)
        return 0;
    choose_limits(data[0]);
    value = mem_alloc(size - 2);
    if (size > 2)
        memcpy(value, data + 2, size - 2);
    from = rdb_source_of(slice_of(value, size - 2));
    e = rdb_read_value(&from, data[1], &to);
    must(from.at >= value && from.at <= from.end);
    if (e != NULL) {
        must(entry_size(e) <= SMALL + size * RATIO);
        go_around(e);
        entry_free(e);
    }
    mem_free(value);
    return 0;
}
