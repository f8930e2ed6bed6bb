/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/stream_pending.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#ifndef CHUNK_MAX
#define CHUNK_MAX 256 /* references in one chunk: 2 KiB */
#endif
#define ROOM_MIN 2

/* References in the order of ids; at least one. */
struct chunk {
    struct stream_id first; /* the id of the first one, for stream_id_find */
    struct stream_nack **nacks;
    uint32_t used;
    uint32_t room;
};

/* The location of a reference, or where it would be inserted. */
struct location {
    size_t chunk;
    size_t i;
};

static struct chunk *chunk_at(const struct stream_pending *p, size_t i)
{
    return records_at(&p->chunks, i, sizeof(struct chunk));
}

/* ---- reading ---- */

/* The last chunk that begins at or before id; chunk 0 if none does. */
static size_t find_chunk(const struct stream_pending *p, struct stream_id id)
{
    return stream_id_find(&p->chunks, id, sizeof(struct chunk));
}

/* The first reference in the chunk with an id of at least `id`. */
static size_t find_in(const struct chunk *c, struct stream_id id)
{
    size_t low = 0, high = c->used;

    if (stream_id_compare(c->nacks[high - 1]->id, id) < 0)
        return high; /* the usual case, since new entries come last */
    if (stream_id_compare(c->first, id) >= 0)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (stream_id_compare(c->nacks[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Where id is or would be inserted; the set is not empty. */
static struct location find(const struct stream_pending *p, struct stream_id id)
{
    size_t chunk = find_chunk(p, id);

    must(p->count > 0);
    return (struct location){chunk, find_in(chunk_at(p, chunk), id)};
}

struct stream_nack *stream_pending_find(const struct stream_pending *p, struct stream_id id)
{
    const struct chunk *c;
    struct location at;

    if (p->count == 0)
        return NULL;
    at = find(p, id);
    c = chunk_at(p, at.chunk);
    return at.i < c->used && stream_id_compare(c->nacks[at.i]->id, id) == 0 ? c->nacks[at.i] : NULL;
}

struct stream_nack *stream_pending_first(const struct stream_pending *p)
{
    return p->count == 0 ? NULL : chunk_at(p, 0)->nacks[0];
}

struct stream_nack *stream_pending_last(const struct stream_pending *p)
{
    const struct chunk *c;

    if (p->count == 0)
        return NULL;
    c = chunk_at(p, p->chunks.used - 1);
    return c->nacks[c->used - 1];
}

/* ---- chunks ---- */

static size_t bytes_for(size_t room)
{
    return room == 0 ? 0 : mem_usable_size(room * sizeof(struct stream_nack *));
}

static void set_room(struct stream_pending *p, struct chunk *c, size_t room)
{
    must(room >= c->used && room <= CHUNK_MAX);
    c->nacks = mem_realloc(c->nacks, room * sizeof(struct stream_nack *));
    *p->bytes += bytes_for(room) - bytes_for(c->room);
    c->room = (uint32_t)room;
}

static void free_chunk(struct stream_pending *p, struct chunk *c)
{
    must(*p->bytes >= bytes_for(c->room));
    *p->bytes -= bytes_for(c->room);
    mem_free(c->nacks);
}

/* Inserts an empty chunk before chunk i. */
static struct chunk *insert_chunk(struct stream_pending *p, size_t i, size_t room)
{
    size_t before = records_bytes(&p->chunks, sizeof(struct chunk));
    struct chunk *c = records_insert(&p->chunks, i, sizeof *c);

    *p->bytes += records_bytes(&p->chunks, sizeof *c) - before;
    *c = (struct chunk){0};
    set_room(p, c, room);
    return c;
}

static void remove_chunk(struct stream_pending *p, size_t i)
{
    size_t before = records_bytes(&p->chunks, sizeof(struct chunk));

    free_chunk(p, chunk_at(p, i));
    records_remove(&p->chunks, i, 1, sizeof(struct chunk));
    *p->bytes += records_bytes(&p->chunks, sizeof(struct chunk)) - before;
}

/* Moves the references from index `from` on to the end of another chunk, which has the room. */
static void move_tail(struct chunk *to, struct chunk *c, size_t from)
{
    size_t n = c->used - from;

    must(from <= c->used && to->used + n <= to->room);
    memcpy(to->nacks + to->used, c->nacks + from, n * sizeof *c->nacks);
    to->used += (uint32_t)n;
    c->used = (uint32_t)from;
    to->first = to->nacks[0]->id;
}

/* Splits the full chunk of `at`; returns the new location of `at`. */
static struct location split(struct stream_pending *p, struct location at)
{
    size_t half = chunk_at(p, at.chunk)->used / 2;
    struct chunk *tail = insert_chunk(p, at.chunk + 1, CHUNK_MAX);

    must(chunk_at(p, at.chunk)->used == CHUNK_MAX);
    move_tail(tail, chunk_at(p, at.chunk), half);
    return at.i <= half ? at : (struct location){at.chunk + 1, at.i - half};
}

/* Joins the chunk with the next one if both together fill at most half of a chunk. */
static void join(struct stream_pending *p, size_t i)
{
    struct chunk *c, *next;

    if (i + 1 >= p->chunks.used)
        return;
    c = chunk_at(p, i);
    next = chunk_at(p, i + 1);
    if (c->used + next->used > CHUNK_MAX / 2)
        return;
    set_room(p, c, CHUNK_MAX / 2);
    move_tail(c, next, 0);
    remove_chunk(p, i + 1);
}

/* ---- changes ---- */

void stream_pending_add(struct stream_pending *p, struct stream_nack *n)
{
    struct location at = {0, 0};
    struct chunk *c;

    p->changes++;
    if (p->count++ == 0) {
        c = insert_chunk(p, 0, ROOM_MIN);
    } else {
        at = find(p, n->id);
        c = chunk_at(p, at.chunk);
        if (c->used == CHUNK_MAX) {
            at =
                at.i == CHUNK_MAX && at.chunk + 1 == p->chunks.used ? (struct location){at.chunk + 1, 0} : split(p, at);
            c = at.chunk == p->chunks.used ? insert_chunk(p, at.chunk, CHUNK_MAX) : chunk_at(p, at.chunk);
        }
    }
    if (c->used == c->room)
        set_room(p, c, 2 * c->room < CHUNK_MAX ? 2 * c->room : CHUNK_MAX);
    must(at.i <= c->used && c->used < c->room);
    must(at.i == c->used || stream_id_compare(c->nacks[at.i]->id, n->id) != 0);
    memmove(c->nacks + at.i + 1, c->nacks + at.i, (c->used - at.i) * sizeof *c->nacks);
    c->nacks[at.i] = n;
    c->used++;
    c->first = c->nacks[0]->id;
}

void stream_pending_remove(struct stream_pending *p, const struct stream_nack *n)
{
    struct location at = find(p, n->id);
    struct chunk *c = chunk_at(p, at.chunk);

    must(at.i < c->used && c->nacks[at.i] == n);

    p->changes++;
    p->count--;
    c->used--;
    memmove(c->nacks + at.i, c->nacks + at.i + 1, (c->used - at.i) * sizeof *c->nacks);
    if (c->used == 0) {
        remove_chunk(p, at.chunk);
        return;
    }
    c->first = c->nacks[0]->id;
    if (c->used <= CHUNK_MAX / 4) {
        join(p, at.chunk);
        if (at.chunk > 0)
            join(p, at.chunk - 1);
    }
}

void stream_pending_replace(struct stream_pending *p, const struct stream_nack *n, struct stream_nack *copy)
{
    struct location at = find(p, n->id);
    struct chunk *c = chunk_at(p, at.chunk);

    must(at.i < c->used && c->nacks[at.i] == n);
    c->nacks[at.i] = copy;
    p->changes++; /* a walk that has the old reference looks for its position anew */
}

void stream_pending_visit(struct stream_pending *p, size_t chunk, void (*visit)(void *arg, struct stream_nack **at),
                          void *arg)
{
    struct chunk *c = chunk_at(p, chunk);

    for (size_t i = 0; i < c->used; i++)
        visit(arg, &c->nacks[i]);
}

void stream_pending_fini(struct stream_pending *p)
{
    for (size_t i = 0; i < p->chunks.used; i++)
        free_chunk(p, chunk_at(p, i));
    must(*p->bytes >= records_bytes(&p->chunks, sizeof(struct chunk)));
    *p->bytes -= records_bytes(&p->chunks, sizeof(struct chunk));
    records_fini(&p->chunks, sizeof(struct chunk));
    p->count = 0;
}

/* ---- walks ---- */

static void seek(struct stream_pending_walk *w)
{
    struct location at = {0, 0};

    if (w->pending->count != 0)
        at = find(w->pending, w->next);
    w->chunk = at.chunk;
    w->i = at.i;
    w->changes = w->pending->changes;
}

void stream_pending_walk_begin(struct stream_pending_walk *w, const struct stream_pending *p, struct stream_id from)
{
    must(p->bytes != NULL);
    w->pending = p;
    w->next = from;
    w->is_over = false;
    seek(w);
}

struct stream_nack *stream_pending_walk_next(struct stream_pending_walk *w)
{
    const struct stream_pending *p = w->pending;
    struct stream_nack *n;

    if (w->is_over)
        return NULL;
    if (w->changes != p->changes)
        seek(w);
    if (w->chunk < p->chunks.used && w->i == chunk_at(p, w->chunk)->used) {
        w->chunk++;
        w->i = 0;
    }
    if (w->chunk == p->chunks.used) {
        w->is_over = true;
        return NULL;
    }
    n = chunk_at(p, w->chunk)->nacks[w->i++];
    w->next = n->id;
    w->is_over = !stream_id_next(&w->next);
    return n;
}
