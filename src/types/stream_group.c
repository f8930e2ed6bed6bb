/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream_group.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/slab.h"

/* ---- arrays sorted by name ---- */

/* Groups and consumers begin with their name. */
static struct slice *named_at(const struct records *r, size_t i)
{
    return *(struct slice **)records_at(r, i, sizeof(struct slice *));
}

/* The index of the one with this name, or the index at which it would be inserted. */
static size_t find(const struct records *r, struct slice name, bool *found)
{
    size_t low = 0, high = r->used;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_cmp(*named_at(r, middle), name);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = false;
    return low;
}

static void *find_named(const struct records *r, struct slice name)
{
    bool found;
    size_t i = find(r, name, &found);

    return found ? named_at(r, i) : NULL;
}

/* Adds a block of `size` bytes, zeroed except for its name, which is copied after it. Adds its size to *bytes. NULL:
 * there is one of this name. */
static void *add_named(struct records *r, struct slice name, size_t size, size_t *bytes)
{
    bool found;
    size_t i = find(r, name, &found);
    struct slice *named;

    if (found)
        return NULL;
    *bytes += mem_usable_size(size + name.n);
    named = mem_zalloc(size + name.n);
    *named = slice_of((char *)named + size, name.n);
    if (name.n != 0)
        memcpy((char *)named + size, name.p, name.n);
    *(struct slice **)records_insert(r, i, sizeof named) = named;
    return named;
}

static void remove_named(struct records *r, struct slice name)
{
    bool found;
    size_t i = find(r, name, &found);

    must(found);
    records_remove(r, i, 1, sizeof(struct slice *));
}

static void free_named(struct slice *named, size_t size, size_t *bytes)
{
    must(*bytes >= mem_usable_size(size + named->n));
    *bytes -= mem_usable_size(size + named->n);
    mem_free_sized(named, size + named->n);
}

/* ---- nacks ---- */

struct stream_nack *stream_nack_add(struct stream_group *g, struct stream_consumer *c, struct stream_id id, int64_t now)
{
    struct stream_nack *n = slab_alloc(sizeof *n);

    sane(stream_pending_find(&g->pending, id) == NULL);
    *g->pending.bytes += slab_usable_size(sizeof *n);
    *n = (struct stream_nack){id, now, 1, c};
    stream_pending_add(&g->pending, n);
    if (c != NULL)
        stream_pending_add(&c->pending, n);
    return n;
}

void stream_nack_give(struct stream_nack *n, struct stream_consumer *c)
{
    must(c != NULL);
    if (n->consumer == c)
        return;
    if (n->consumer != NULL)
        stream_pending_remove(&n->consumer->pending, n);
    stream_pending_add(&c->pending, n);
    n->consumer = c;
}

static void free_nack(struct stream_group *g, struct stream_nack *n)
{
    must(*g->pending.bytes >= slab_usable_size(sizeof *n));
    *g->pending.bytes -= slab_usable_size(sizeof *n);
    slab_free(n, sizeof *n);
}

void stream_nack_remove(struct stream_group *g, struct stream_nack *n)
{
    must(n->consumer != NULL);
    stream_pending_remove(&g->pending, n);
    stream_pending_remove(&n->consumer->pending, n);
    free_nack(g, n);
}

/* ---- consumers ---- */

struct stream_consumer *stream_consumer_find(const struct stream_group *g, struct slice name)
{
    return find_named(&g->consumers, name);
}

struct stream_consumer *stream_consumer_add(struct stream_group *g, struct slice name, int64_t now)
{
    size_t *bytes = g->pending.bytes, before = records_bytes(&g->consumers, sizeof(void *));
    struct stream_consumer *c = add_named(&g->consumers, name, sizeof *c, bytes);

    *bytes += records_bytes(&g->consumers, sizeof(void *)) - before;
    if (c != NULL) {
        c->seen_time = now;
        c->active_time = -1;
        stream_pending_init(&c->pending, bytes);
    }
    return c;
}

static void free_consumer(struct stream_consumer *c)
{
    size_t *bytes = c->pending.bytes;

    stream_pending_fini(&c->pending);
    free_named(&c->name, sizeof *c, bytes);
}

size_t stream_consumer_remove(struct stream_group *g, struct stream_consumer *c)
{
    size_t n = c->pending.count, before;
    struct stream_nack *nack;

    while ((nack = stream_pending_last(&c->pending)) != NULL)
        stream_nack_remove(g, nack);
    before = records_bytes(&g->consumers, sizeof(void *));
    remove_named(&g->consumers, c->name);
    *g->pending.bytes += records_bytes(&g->consumers, sizeof(void *)) - before;
    free_consumer(c);
    return n;
}

size_t stream_consumer_count(const struct stream_group *g)
{
    return g->consumers.used;
}

struct stream_consumer *stream_consumer_at(const struct stream_group *g, size_t i)
{
    must(i < g->consumers.used);
    return (struct stream_consumer *)named_at(&g->consumers, i);
}

/* ---- groups ---- */

struct stream_group *stream_group_find(const struct stream *s, struct slice name)
{
    must_be(s, STREAM_MAGIC);
    return find_named(&s->groups, name);
}

struct stream_group *stream_group_add(struct stream *s, struct slice name, struct stream_id last, int64_t entries_read)
{
    struct stream_group *g = add_named(&s->groups, name, sizeof *g, &s->bytes);

    if (g != NULL) {
        g->last = last;
        g->entries_read = entries_read;
        stream_pending_init(&g->pending, &s->bytes);
    }
    return g;
}

static void free_group(struct stream_group *g)
{
    size_t *bytes = g->pending.bytes;
    struct stream_pending_walk w;
    struct stream_nack *n;

    stream_pending_walk_begin(&w, &g->pending, STREAM_ID_MIN);
    while ((n = stream_pending_walk_next(&w)) != NULL)
        free_nack(g, n);
    stream_pending_fini(&g->pending);
    for (size_t i = 0; i < g->consumers.used; i++)
        free_consumer(stream_consumer_at(g, i));
    *bytes -= records_bytes(&g->consumers, sizeof(void *));
    records_fini(&g->consumers, sizeof(void *));
    free_named(&g->name, sizeof *g, bytes);
}

void stream_group_remove(struct stream *s, struct stream_group *g)
{
    must_be(s, STREAM_MAGIC);
    remove_named(&s->groups, g->name);
    free_group(g);
}

size_t stream_group_count(const struct stream *s)
{
    return s->groups.used;
}

struct stream_group *stream_group_at(const struct stream *s, size_t i)
{
    must(i < s->groups.used);
    return (struct stream_group *)named_at(&s->groups, i);
}

/* ---- for stream.c ---- */

void stream_groups_fini(struct stream *s)
{
    for (size_t i = 0; i < s->groups.used; i++)
        free_group(stream_group_at(s, i));
    records_fini(&s->groups, sizeof(void *));
}

/* The nacks of `from` come in the order of ids, so the sets are filled at their ends. */
static void copy_group(struct stream_group *to, const struct stream_group *from)
{
    struct stream_pending_walk w;
    struct stream_nack *n, *copy;

    for (size_t i = 0; i < from->consumers.used; i++) {
        const struct stream_consumer *c = stream_consumer_at(from, i);

        stream_consumer_add(to, c->name, c->seen_time)->active_time = c->active_time;
    }
    stream_pending_walk_begin(&w, &from->pending, STREAM_ID_MIN);
    while ((n = stream_pending_walk_next(&w)) != NULL) {
        copy = stream_nack_add(to, stream_consumer_find(to, n->consumer->name), n->id, n->delivery_time);
        copy->delivery_count = n->delivery_count;
    }
}

void stream_groups_copy(struct stream *to, const struct stream *from)
{
    must(to->groups.used == 0);
    for (size_t i = 0; i < from->groups.used; i++) {
        const struct stream_group *g = stream_group_at(from, i);

        copy_group(stream_group_add(to, g->name, g->last, g->entries_read), g);
    }
}

size_t stream_groups_pending(const struct stream *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->groups.used; i++)
        n += stream_group_at(s, i)->pending.count;
    return n;
}

/* ---- compaction ---- */

/* Refers to the copies of nacks, which slab_move made, in the sets of the group and of the consumer. */
static void move_nack(void *arg, struct stream_nack **at)
{
    struct stream_nack *old = *at, *n = slab_move(arg, old, sizeof *old);

    if (n == NULL)
        return;
    *at = n;
    if (n->consumer != NULL)
        stream_pending_replace(&n->consumer->pending, old, n);
    slab_moved(old, sizeof *old);
}

/* A position is the number of a group and, in the lower half, that of a chunk of its pending set. */
uint64_t stream_groups_compact(struct stream *s, uint64_t at, struct slab_work *w)
{
    size_t i = at >> 32, chunk = at & UINT32_MAX;

    for (; i < stream_group_count(s); i++, chunk = 0)
        for (; chunk < stream_group_at(s, i)->pending.chunks.used; chunk++) {
            if (w->left == 0)
                return (uint64_t)i << 32 | chunk;
            stream_pending_visit(&stream_group_at(s, i)->pending, chunk, move_nack, w);
        }
    return 0;
}
