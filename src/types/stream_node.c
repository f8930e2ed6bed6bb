/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream_node.h"

#include "base/must.h"
#include "base/slab.h"

#define ROOM_MIN   64 /* bytes; a block is not shrunk below it */
#define LENGTH_MAX 5  /* bytes of an entry's length */

/* The overhead of Redis's listpack: its frame; in front the number of fields and a final 0; for each entry its flags
 * and the number of its elements. */
#define WEIGHT_EMPTY LISTPACK_EMPTY

/* ---- bytes as Redis counts them ---- */

static uint32_t number_weight(int64_t v)
{
    struct listpack_word w = {.number = v, .is_number = true};

    return (uint32_t)listpack_bytes_of(&w);
}

bool stream_node_takes(const struct stream_node *n, size_t bytes, const struct stream_node_limits *limits)
{
    uint64_t limit = limits->bytes == 0 || limits->bytes > LISTPACK_MAX ? LISTPACK_MAX : limits->bytes;

    if (limits->entries != 0 && (uint64_t)n->count + n->removed >= limits->entries)
        return false;
    return n->weight + number_weight(n->count) + number_weight(n->removed) + bytes < limit;
}

/* ---- room ---- */

/* Where the fields of the node end. */
static const char *own_end(const struct stream_node *n)
{
    uint64_t fields;
    const char *p = stream_node_fields(n, &fields);

    while (fields-- > 0)
        p = packed_skip_word(p);
    return p;
}

/* Moves fields and entries to a new block of `room` bytes, which are enough, without a gap between them. */
static void reblock(struct stream_node *n, size_t room)
{
    size_t own = own_end(n) - n->block, entries = n->end - n->begin;
    must(room >= own + entries && room <= UINT32_MAX);
    char *block = slab_alloc(room);

    memcpy(block, n->block, own);
    memcpy(block + own, n->block + n->begin, entries);
    slab_free(n->block, n->room);
    n->block = block;
    n->begin = own;
    n->end = own + entries;
    n->room = room;
}

/* Makes room for more bytes after the entries: by moving them if half of the block is free, else in a larger block. */
static void make_room(struct stream_node *n, size_t bytes, const struct stream_node_limits *limits)
{
    size_t own, used, room;

    if (LIKELY(n->room - n->end >= bytes))
        return;
    own = own_end(n) - n->block;
    used = own + (n->end - n->begin);
    must(used + bytes <= UINT32_MAX / 2);
    if (used + bytes <= n->room / 2) {
        memmove(n->block + own, n->block + n->begin, n->end - n->begin);
        n->begin = own;
        n->end = used;
        return;
    }
    room = 2 * (used + bytes);
    if (limits->bytes != 0 && room > limits->bytes)
        room = limits->bytes > used + bytes ? limits->bytes : used + bytes;
    reblock(n, slab_room(room));
}

void stream_node_trim(struct stream_node *n)
{
    size_t room = slab_room((size_t)(own_end(n) - n->block) + (n->end - n->begin));

    if (room < n->room)
        reblock(n, room);
}

/* ---- writing entries ---- */

static char *put_word(struct stream_node *n, char *p, struct slice s)
{
    struct listpack_word w = listpack_word(s);

    n->weight += (uint32_t)listpack_bytes_of(&w);
    return packed_put_word(p, &w);
}

static inline size_t length_bytes(size_t length)
{
    size_t n = 1;

    while (UNLIKELY((length >>= 7) != 0))
        n++;
    return n;
}

static char *put_length(char *p, size_t length)
{
    size_t n = length_bytes(length);

    for (size_t i = n; i-- > 0;)
        *p++ = (char)((length >> 7 * i & 127) | (i == n - 1 ? 0 : 0x80));
    return p;
}

/* An upper bound of the bytes of an entry. */
static size_t entry_bound(const struct slice *pairs, size_t fields, bool own, uint64_t ms, uint64_t seq)
{
    size_t n = packed_bytes(ms) + packed_bytes(seq) + LENGTH_MAX + (own ? packed_bytes(fields) : 0);

    for (size_t i = own ? 0 : 1; i < 2 * fields; i += own ? 1 : 2)
        n += packed_word_bound(pairs[i]);
    return n;
}

static inline uint64_t magnitude(uint64_t delta)
{
    return (int64_t)delta < 0 ? -delta : delta;
}

/* Whether the node has the same fields. */
static bool has_fields(const struct stream_node *n, const struct slice *pairs, size_t fields)
{
    char digits[NUM_I64_MAX];
    uint64_t mine;
    struct slice s;
    const char *p = stream_node_fields(n, &mine);

    if (mine != fields)
        return false;
    for (size_t i = 0; i < fields; i++) {
        p = packed_get_word(p, &s, digits);
        if (!slice_eq(s, pairs[2 * i]))
            return false;
    }
    return true;
}

static void put_entry(struct stream_node *n, struct stream_id id, const struct slice *pairs, size_t fields, bool own)
{
    uint64_t ms = id.ms - n->base.ms, seq = id.seq - n->base.seq;
    char *start = n->block + n->end, *p = start;

    p = packed_put(p, ms, own);
    p = packed_put(p, magnitude(seq), (int64_t)seq < 0);
    if (own)
        p = packed_put(p, fields, false);
    for (size_t i = own ? 0 : 1; i < 2 * fields; i += own ? 1 : 2)
        p = put_word(n, p, pairs[i]);
    p = put_length(p, (size_t)(p - start));
    n->weight += 2 + number_weight((int64_t)ms) + number_weight((int64_t)seq) +
                 (own ? number_weight((int64_t)fields) : 0) +
                 number_weight((int64_t)(own ? 4 + 2 * fields : 3 + fields));
    n->end = (uint32_t)(p - n->block);
    must(n->end <= n->room);
    n->last = id;
    n->count++;
}

void stream_node_append(struct stream_node *n, struct stream_id id, const struct slice *pairs, size_t fields,
                        const struct stream_node_limits *limits)
{
    bool own = !has_fields(n, pairs, fields);

    sane(stream_id_compare(id, n->last) > 0);
    make_room(n, entry_bound(pairs, fields, own, id.ms - n->base.ms, magnitude(id.seq - n->base.seq)), limits);
    put_entry(n, id, pairs, fields, own);
}

struct stream_node stream_node_of(struct stream_id id, const struct slice *pairs, size_t fields)
{
    size_t bytes = packed_bytes(fields) + entry_bound(pairs, fields, false, 0, 0);
    struct stream_node n = {.base = id, .weight = WEIGHT_EMPTY + number_weight((int64_t)fields) + 2};
    char *p;

    must(fields > 0);
    for (size_t i = 0; i < fields; i++)
        bytes += packed_word_bound(pairs[2 * i]);
    must(bytes <= UINT32_MAX / 2);
    n.room = slab_room(bytes);
    n.block = slab_alloc(n.room);
    p = packed_put(n.block, fields, false);
    for (size_t i = 0; i < fields; i++)
        p = put_word(&n, p, pairs[2 * i]);
    n.begin = n.end = (uint32_t)(p - n.block);
    put_entry(&n, id, pairs, fields, false);
    return n;
}

struct stream_node stream_node_copy(const struct stream_node *n)
{
    size_t own = own_end(n) - n->block, entries = n->end - n->begin;
    struct stream_node copy = *n;

    copy.room = slab_room(own + entries);
    copy.block = slab_alloc(copy.room);
    memcpy(copy.block, n->block, own);
    memcpy(copy.block + own, n->block + n->begin, entries);
    copy.begin = own;
    copy.end = own + entries;
    return copy;
}

void stream_node_free(struct stream_node *n)
{
    slab_free(n->block, n->room);
}

/* ---- reading entries ---- */

/* Reads the id of the entry at `at`; returns where it ends. */
static inline const char *get_id(const struct stream_node *n, const char *at, struct stream_id *id, bool *own)
{
    uint64_t ms, seq;
    bool is_negative;

    at = packed_get(at, &ms, own);
    at = packed_get(at, &seq, &is_negative);
    id->ms = n->base.ms + ms;
    id->seq = is_negative ? n->base.seq - seq : n->base.seq + seq;
    return at;
}

void stream_node_entry(const struct stream_node *n, const char *at, struct stream_entry *e)
{
    bool own, flag;

    sane(at >= stream_node_begin(n) && at < stream_node_end(n));
    e->at = at;
    e->words = get_id(n, at, &e->id, &own);
    if (own) {
        e->words = packed_get(e->words, &e->fields, &flag);
        e->master = NULL;
    } else {
        e->master = stream_node_fields(n, &e->fields);
    }
}

const char *stream_entry_end(const struct stream_entry *e)
{
    uint64_t words = e->master == NULL ? 2 * e->fields : e->fields;
    const char *p = e->words;

    while (words-- > 0)
        p = packed_skip_word(p);
    return p + length_bytes((size_t)(p - e->at));
}

const char *stream_node_before(const char *at)
{
    uint32_t length = 0;
    unsigned shift = 0;
    uint8_t byte;

    do {
        byte = (uint8_t) * --at;
        length |= (uint32_t)(byte & 127) << shift;
        shift += 7;
    } while (byte & 0x80);
    must(length > 0 && shift <= 7 * LENGTH_MAX);
    return at - length;
}

const char *stream_node_seek(const struct stream_node *n, struct stream_id id)
{
    const char *at = stream_node_begin(n), *end = stream_node_end(n);
    struct stream_entry e;

    for (; at != end; at = stream_entry_end(&e)) {
        stream_node_entry(n, at, &e);
        if (stream_id_compare(e.id, id) >= 0)
            break;
    }
    return at;
}

/* ---- removing entries ---- */

void stream_node_remove(struct stream_node *n, const char *from, const char *to, size_t entries)
{
    size_t at = (size_t)(from - n->block), next = (size_t)(to - n->block);

    must(from >= stream_node_begin(n) && from < to && to <= stream_node_end(n));
    must(entries > 0 && entries < n->count);
    if (at == n->begin) {
        n->begin = (uint32_t)next;
    } else {
        memmove(n->block + at, to, n->end - next);
        n->end -= (uint32_t)(next - at);
    }
    n->count -= (uint32_t)entries;
    n->removed += (uint32_t)entries;
    if (n->room > ROOM_MIN && n->end - n->begin < n->room / 4)
        stream_node_trim(n);
}

void stream_node_compact(struct stream_node *n, struct slab_work *w)
{
    char *old = n->block, *block = slab_move(w, old, n->room);

    if (block == NULL)
        return;
    n->block = block;
    slab_moved(old, n->room);
}
