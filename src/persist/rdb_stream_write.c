/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_stream_write.h"

#include <endian.h>

#include "base/must.h"
#include "persist/rdb_format.h"
#include "persist/rdb_sink.h"
#include "types/listpack.h"
#include "types/stream_group.h"

bool rdb_stream_needs_active(const struct stream *s)
{
    for (size_t i = 0; i < stream_group_count(s); i++) {
        const struct stream_group *g = stream_group_at(s, i);

        for (size_t k = 0; k < stream_consumer_count(g); k++)
            if (stream_consumer_at(g, k)->active_time != stream_consumer_at(g, k)->seen_time)
                return true;
    }
    return false;
}

static void put_id(struct buf *out, struct stream_id id)
{
    rdb_put_length(out, id.ms);
    rdb_put_length(out, id.seq);
}

static void put_raw_id(struct buf *out, struct stream_id id)
{
    uint64_t big[2] = {htobe64(id.ms), htobe64(id.seq)};

    buf_add(out, big, sizeof big);
}

/* ---- nodes ---- */

static void add_number(struct flat *f, int64_t v)
{
    struct listpack_word w = {.number = v, .is_number = true};

    listpack_insert(f, 0, &w);
}

static void add_entry(struct flat *f, const struct stream_node *n, struct stream_entry *e)
{
    bool same = e->master != NULL;
    int64_t fields = (int64_t)e->fields;
    char digits[2][NUM_I64_MAX];
    struct slice field, value;

    must(fields > 0 && stream_id_compare(e->id, n->base) >= 0);
    add_number(f, same ? RDB_ENTRY_SAME_FIELDS : 0);
    add_number(f, (int64_t)(e->id.ms - n->base.ms));
    add_number(f, (int64_t)(e->id.seq - n->base.seq));
    if (!same)
        add_number(f, fields);
    while (e->fields > 0) {
        stream_entry_pair(e, &field, &value, digits);
        if (!same)
            listpack_append(f, field);
        listpack_append(f, value);
    }
    add_number(f, same ? 3 + fields : 4 + 2 * fields);
}

static void add_fields(struct flat *f, const struct stream_node *n)
{
    char digits[NUM_I64_MAX];
    struct slice field;
    uint64_t fields;
    const char *p = stream_node_fields(n, &fields);

    add_number(f, (int64_t)fields);
    while (fields-- > 0) {
        p = packed_get_word(p, &field, digits);
        listpack_append(f, field);
    }
    add_number(f, 0);
}

/* f: scratch memory. */
static void put_node(struct buf *out, const struct stream_node *n, struct flat *f)
{
    struct stream_entry e;
    uint32_t count = 0;

    listpack_init(f);
    add_number(f, n->count);
    add_number(f, 0); /* the node does not have the deleted entries any more */
    add_fields(f, n);
    for (const char *at = stream_node_begin(n); at != stream_node_end(n); at = stream_entry_end(&e)) {
        stream_node_entry(n, at, &e);
        add_entry(f, n, &e);
        count++;
    }
    must(count == n->count);
    rdb_put_length(out, sizeof(struct stream_id));
    put_raw_id(out, n->base);
    rdb_put_string(out, flat_slice(f));
}

/* ---- groups ---- */

static void put_time(struct buf *out, int64_t ms)
{
    buf_add(out, &(uint64_t){htole64((uint64_t)ms)}, sizeof(uint64_t));
}

static void put_pending(struct buf *out, const struct stream_pending *p, bool whole)
{
    struct stream_pending_walk w;
    const struct stream_nack *n;
    size_t left = p->count;

    rdb_put_length(out, p->count);
    stream_pending_walk_begin(&w, p, STREAM_ID_MIN);
    while ((n = stream_pending_walk_next(&w)) != NULL) {
        must(left-- > 0);
        put_raw_id(out, n->id);
        if (!whole)
            continue;
        put_time(out, n->delivery_time);
        rdb_put_length(out, n->delivery_count);
    }
    must(left == 0);
}

static void put_group(struct buf *out, const struct stream_group *g, bool active)
{
    rdb_put_string(out, g->name);
    put_id(out, g->last);
    rdb_put_length(out, (uint64_t)g->entries_read);
    put_pending(out, &g->pending, true);
    rdb_put_length(out, stream_consumer_count(g));
    for (size_t i = 0; i < stream_consumer_count(g); i++) {
        const struct stream_consumer *c = stream_consumer_at(g, i);

        rdb_put_string(out, c->name);
        put_time(out, c->seen_time);
        if (active)
            put_time(out, c->active_time);
        put_pending(out, &c->pending, false);
    }
}

/* ---- all together ---- */

void rdb_put_stream(struct buf *out, const struct stream *s, bool active)
{
    struct flat f = FLAT_EMPTY;

    sane(active || !rdb_stream_needs_active(s));
    rdb_put_length(out, s->nodes.used);
    for (size_t i = 0; i < s->nodes.used; i++)
        put_node(out, records_at(&s->nodes, i, sizeof(struct stream_node)), &f);
    flat_fini(&f);
    rdb_put_length(out, s->count);
    put_id(out, s->last);
    put_id(out, stream_first_id(s));
    put_id(out, s->max_deleted);
    rdb_put_length(out, s->added);
    rdb_put_length(out, stream_group_count(s));
    for (size_t i = 0; i < stream_group_count(s); i++)
        put_group(out, stream_group_at(s, i), active);
}
