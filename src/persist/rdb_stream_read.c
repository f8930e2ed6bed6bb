/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_stream_read.h"

#include <endian.h>

#include "base/mem.h"
#include "persist/rdb_pack.h"
#include "types/stream_group.h"

#define WORD_MAX (UINT32_MAX - 64) /* bytes of a name; those of Redis are much shorter */

static bool get_id(struct rdb_source *from, struct stream_id *id)
{
    return rdb_get_length(from, &id->ms) && rdb_get_length(from, &id->seq);
}

static struct stream_id raw_id(const char *p)
{
    uint64_t big[2];

    memcpy(big, p, sizeof big);
    return (struct stream_id){be64toh(big[0]), be64toh(big[1])};
}

static bool get_raw_id(struct rdb_source *from, struct stream_id *id)
{
    if (rdb_left(from) < sizeof *id)
        return false;
    *id = raw_id(from->at);
    from->at += sizeof *id;
    return true;
}

/* A time in ms since 1970. Negative ones other than -1 (never), which only a forged payload has, become -1. */
static bool get_time(struct rdb_source *from, int64_t *ms)
{
    uint64_t v;

    if (!rdb_get_u64(from, &v))
        return false;
    *ms = v <= INT64_MAX ? (int64_t)v : -1;
    return true;
}

/* ---- nodes ---- */

/* A node that is being read. */
struct node {
    struct stream *stream;
    struct flat listpack;
    size_t at; /* the next element; 0: there is none */
    struct stream_id base;
    struct stream_id last; /* the id of the last entry read, deleted or not */
    bool is_begun;         /* the stream has the node, with at least one entry */
    size_t master;         /* where the fields of the node begin */
    int64_t fields;        /* number of fields of the node */
    uint64_t removed;      /* entries that are marked as deleted */
    struct slice *pairs;
    struct listpack_digits *digits;
    size_t room; /* elements of `pairs` and of `digits` */
};

static bool get_number(struct node *n, int64_t *v)
{
    if (n->at == 0 || !listpack_get_number(&n->listpack, n->at, v))
        return false;
    n->at = listpack_next(&n->listpack, n->at);
    return true;
}

/* Makes the element at *at word i of the entry, and advances *at. */
static bool get_word(struct node *n, size_t *at, size_t i)
{
    must(i <= n->room);
    if (*at == 0)
        return false;
    if (i >= n->room) {
        n->room = n->room < 16 ? 16 : 2 * n->room;
        n->pairs = mem_realloc(n->pairs, n->room * sizeof *n->pairs);
        n->digits = mem_realloc(n->digits, n->room * sizeof *n->digits);
    }
    n->pairs[i] = slice_of(NULL, *at); /* the position for now: `digits` may move until all words are read */
    *at = listpack_next(&n->listpack, *at);
    return true;
}

/* Replaces the positions of the words by their bytes. */
static void resolve(struct node *n, size_t words)
{
    must(words <= n->room);
    for (size_t i = 0; i < words; i++)
        n->pairs[i] = listpack_get(&n->listpack, n->pairs[i].n, &n->digits[i]);
}

static bool get_words(struct node *n, bool same, int64_t fields)
{
    size_t master = n->master;

    for (int64_t i = 0; i < fields; i++)
        if (!get_word(n, same ? &master : &n->at, 2 * (size_t)i) || !get_word(n, &n->at, 2 * (size_t)i + 1))
            return false;
    return true;
}

/* Appends an entry to the stream: the first entry begins a new node, the others go to the same node. */
static bool append(struct node *n, struct stream_id id, size_t fields)
{
    struct value_limits limits = {.entries = n->is_begun ? 0 : 1};

    if (stream_id_compare(id, n->stream->last) <= 0)
        return false;
    resolve(n, 2 * fields);
    n->is_begun = true;
    return stream_append(n->stream, id, n->pairs, fields, &limits);
}

static bool get_entry(struct node *n)
{
    int64_t flags, ms, seq, fields = n->fields, elements;
    struct stream_id id;
    bool same;

    if (!get_number(n, &flags) || !get_number(n, &ms) || !get_number(n, &seq))
        return false;
    same = flags & RDB_ENTRY_SAME_FIELDS;
    if (!same && !get_number(n, &fields))
        return false;
    if (fields < 1 || !get_words(n, same, fields) || !get_number(n, &elements))
        return false;
    id = (struct stream_id){n->base.ms + (uint64_t)ms, n->base.seq + (uint64_t)seq};
    if (elements != (same ? 3 + fields : 4 + 2 * fields) || stream_id_compare(id, n->last) < 0)
        return false;
    n->last = id;
    n->removed += flags & RDB_ENTRY_DELETED;
    return (flags & RDB_ENTRY_DELETED) || append(n, id, (size_t)fields);
}

/* Reads the listpack up to its first entry. *count: entries; *removed: deleted entries. */
static bool get_head(struct node *n, int64_t *count, int64_t *removed)
{
    int64_t zero;

    if (!get_number(n, count) || !get_number(n, removed) || !get_number(n, &n->fields) || n->fields < 1)
        return false;
    n->master = n->at;
    for (int64_t i = 0; i < n->fields; i++) {
        if (n->at == 0)
            return false;
        n->at = listpack_next(&n->listpack, n->at);
    }
    return get_number(n, &zero) && zero == 0 && *count >= 0 && *removed >= 0;
}

static bool get_entries(struct node *n)
{
    uint64_t before = n->stream->count;
    int64_t count, removed;
    struct stream_node *tail;

    if (!get_head(n, &count, &removed))
        return false;
    while (n->at != 0)
        if (!get_entry(n))
            return false;
    if (n->stream->count - before != (uint64_t)count || n->removed != (uint64_t)removed)
        return false;
    if (n->is_begun) {
        must(n->stream->nodes.used > 0 && n->removed <= UINT32_MAX);
        tail = records_at(&n->stream->nodes, n->stream->nodes.used - 1, sizeof *tail);
        tail->last = n->last;
        tail->removed = (uint32_t)n->removed;
        stream_node_trim(tail);
    }
    return true;
}

/* The last id of the last node, even if that entry was deleted. */
static struct stream_id last_of(const struct stream *s)
{
    if (s->nodes.used == 0)
        return STREAM_ID_MIN;
    return ((const struct stream_node *)records_at(&s->nodes, s->nodes.used - 1, sizeof(struct stream_node)))->last;
}

static bool get_node(struct rdb_source *from, struct stream *s)
{
    struct rdb_string bytes = {0};
    struct node n = {.stream = s};
    struct rdb_pack p;
    bool done = false;

    if (rdb_get_string(from, &bytes) && bytes.s.n == sizeof n.base) {
        n.base = n.last = raw_id(bytes.s.p);
        if (stream_id_compare(n.base, last_of(s)) > 0 && rdb_pack_get(from, &bytes, 1, &p)) {
            n.listpack = p.flat;
            n.at = listpack_first(&p.flat);
            done = get_entries(&n);
        }
    }
    rdb_string_fini(&bytes);
    mem_free(n.pairs);
    mem_free(n.digits);
    return done;
}

/* ---- groups ---- */

static bool get_nack(struct rdb_source *from, struct stream_group *g)
{
    struct stream_id id;
    int64_t time;
    uint64_t count;

    if (!get_raw_id(from, &id) || !get_time(from, &time) || !rdb_get_length(from, &count) ||
        stream_pending_find(&g->pending, id) != NULL)
        return false;
    stream_nack_add(g, NULL, id, time)->delivery_count = count;
    return true;
}

static bool get_nacks(struct rdb_source *from, struct stream_group *g)
{
    uint64_t n;

    if (!rdb_get_length(from, &n))
        return false;
    while (n-- > 0)
        if (!get_nack(from, g))
            return false;
    return true;
}

/* Assigns the nacks of a consumer to it. */
static bool give_nacks(struct rdb_source *from, const struct stream_group *g, struct stream_consumer *c)
{
    struct stream_nack *nack;
    struct stream_id id;
    uint64_t n;

    if (!rdb_get_length(from, &n))
        return false;
    while (n-- > 0) {
        if (!get_raw_id(from, &id))
            return false;
        nack = stream_pending_find(&g->pending, id);
        if (nack == NULL || nack->consumer != NULL)
            return false;
        stream_nack_give(nack, c);
    }
    return true;
}

static bool get_name(struct rdb_source *from, struct rdb_string *name)
{
    return rdb_get_string(from, name) && name->s.n <= WORD_MAX;
}

static bool get_consumer(struct rdb_source *from, enum rdb_type type, struct stream_group *g, struct rdb_string *name)
{
    size_t before = stream_consumer_count(g);
    struct stream_consumer *c;

    if (!get_name(from, name) || (before > 0 && slice_cmp(stream_consumer_at(g, before - 1)->name, name->s) >= 0))
        return false;
    c = stream_consumer_add(g, name->s, 0);
    if (!get_time(from, &c->seen_time))
        return false;
    c->active_time = c->seen_time;
    if (type == RDB_STREAM_3 && !get_time(from, &c->active_time))
        return false;
    return give_nacks(from, g, c);
}

static bool get_consumers(struct rdb_source *from, enum rdb_type type, struct stream_group *g)
{
    struct rdb_string name = {0};
    size_t given = 0;
    uint64_t n;
    bool done = rdb_get_length(from, &n);

    while (done && n-- > 0)
        done = get_consumer(from, type, g, &name);
    rdb_string_fini(&name);
    for (size_t i = 0; i < stream_consumer_count(g); i++)
        given += stream_consumer_at(g, i)->pending.count;
    return done && given == g->pending.count;
}

static bool get_group(struct rdb_source *from, enum rdb_type type, struct stream *s, struct rdb_string *name)
{
    size_t before = stream_group_count(s);
    struct stream_group *g;
    uint64_t entries_read;
    struct stream_id last;

    if (!get_name(from, name) || !get_id(from, &last) ||
        (before > 0 && slice_cmp(stream_group_at(s, before - 1)->name, name->s) >= 0))
        return false;
    if (type == RDB_STREAM)
        entries_read = (uint64_t)stream_number_of(s, last);
    else if (!rdb_get_length(from, &entries_read))
        return false;
    if ((int64_t)entries_read < STREAM_READ_UNKNOWN)
        return false;
    g = stream_group_add(s, name->s, last, (int64_t)entries_read);
    return get_nacks(from, g) && get_consumers(from, type, g);
}

static bool get_groups(struct rdb_source *from, enum rdb_type type, struct stream *s)
{
    struct rdb_string name = {0};
    uint64_t n;
    bool done = rdb_get_length(from, &n);

    while (done && n-- > 0)
        done = get_group(from, type, s, &name);
    rdb_string_fini(&name);
    return done;
}

/* ---- all together ---- */

/* Reads the fields that follow the entries. The first id is ignored, since the entries give it. */
static bool get_totals(struct rdb_source *from, enum rdb_type type, struct stream *s)
{
    struct stream_id last, first;
    uint64_t count;

    if (!rdb_get_length(from, &count) || count != s->count || !get_id(from, &last) ||
        stream_id_compare(last, last_of(s)) < 0)
        return false;
    s->last = last;
    s->added = count;
    if (type == RDB_STREAM)
        return true;
    return get_id(from, &first) && get_id(from, &s->max_deleted) && rdb_get_length(from, &s->added) &&
           stream_id_compare(s->max_deleted, last) <= 0 && s->added >= count && s->added <= INT64_MAX;
}

bool rdb_get_stream(struct rdb_source *from, enum rdb_type type, struct stream *s)
{
    uint64_t nodes;

    must(type == RDB_STREAM || type == RDB_STREAM_2 || type == RDB_STREAM_3);
    must(s->count == 0 && s->nodes.used == 0 && stream_group_count(s) == 0);
    if (!rdb_get_length(from, &nodes))
        return false;
    while (nodes-- > 0)
        if (!get_node(from, s))
            return false;
    return get_totals(from, type, s) && get_groups(from, type, s);
}
