/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/list_chunk.h"

#include "base/must.h"
#include "base/slab.h"

#define ROOM_MIN 64 /* bytes; a block is not shrunk below it */

/* ---- room ---- */

static size_t slack_after(const struct list_chunk *c)
{
    return c->room - c->begin - c->bytes;
}

/* Moves the listpack within its block. */
static void move_to(struct list_chunk *c, size_t begin)
{
    must(begin + c->bytes <= c->room);
    memmove(c->block + begin, c->block + c->begin, c->bytes);
    c->begin = begin;
}

/* Moves the listpack to a new block of `room` bytes, which are enough, at the beginning or at the end. */
static void reblock(struct list_chunk *c, size_t room, bool at_end)
{
    char *block = slab_alloc(room);
    size_t begin = at_end ? room - c->bytes : 0;

    must(room >= c->bytes && room <= UINT32_MAX);
    memcpy(block + begin, c->block + c->begin, c->bytes);
    slab_free(c->block, c->room);
    c->block = block;
    c->room = room;
    c->begin = begin;
}

/* The size of a block for n bytes that will grow: twice as many, but within the limit. */
static size_t room_for(size_t n, const struct list_limit *limit)
{
    size_t room = 2 * n;

    if (room > limit->bytes)
        room = limit->bytes > n ? limit->bytes : n;
    return slab_room(room);
}

/* Makes room for n more bytes on one side of the listpack. All unused room moves to that side. */
static void make_room(struct list_chunk *c, size_t n, bool front, const struct list_limit *limit)
{
    size_t slack = front ? c->begin : slack_after(c);

    if (LIKELY(slack >= n))
        return;
    if (c->room - c->bytes >= n)
        move_to(c, front ? c->room - c->bytes : 0);
    else
        reblock(c, room_for(c->bytes + n, limit), front);
}

void list_chunk_trim(struct list_chunk *c)
{
    size_t room = slab_room(c->bytes);

    if (room < c->room)
        reblock(c, room, false);
}

/* After a removal: shrinks the block if less than half of it is used. */
static void trim_if_sparse(struct list_chunk *c)
{
    if (c->room > ROOM_MIN && c->bytes < c->room / 2)
        list_chunk_trim(c);
}

/* ---- as a flat ---- */

/* For changes for which there is room already. */
static void resize_in_room(struct flat *f, size_t n)
{
    f->n = n;
}

static struct flat opened(const struct list_chunk *c)
{
    return (struct flat){.p = c->block + c->begin, .n = c->bytes, .resize = resize_in_room};
}

/* Stores the changed listpack, which has `more` elements more. */
static void close_flat(struct list_chunk *c, const struct flat *f, ptrdiff_t more)
{
    must(more >= 0 || c->count >= (size_t)-more);
    c->begin = f->p - c->block;
    c->bytes = f->n;
    c->count += more;
    sane(c->begin + c->bytes <= c->room);
}

/* ---- creation and destruction ---- */

struct list_chunk list_chunk_of(const struct listpack_word *w, bool front)
{
    size_t bytes = LISTPACK_EMPTY + listpack_bytes_of(w);
    size_t room = slab_room(bytes);
    struct list_chunk c = {.block = slab_alloc(room), .room = room, .begin = front ? room - bytes : 0};
    struct flat f = opened(&c);

    listpack_init(&f);
    listpack_insert(&f, 0, w);
    close_flat(&c, &f, 1);
    return c;
}

struct list_chunk list_chunk_from(const struct flat *f)
{
    size_t room = slab_room(f->n);
    struct list_chunk c = {.block = slab_alloc(room), .room = room, .bytes = f->n, .count = listpack_count(f)};

    must(f->n > LISTPACK_EMPTY && room <= UINT32_MAX);
    memcpy(c.block, f->p, f->n);
    return c;
}

struct list_chunk list_chunk_copy(const struct list_chunk *c)
{
    struct flat f = list_chunk_flat(c);
    struct list_chunk copy = list_chunk_from(&f);

    copy.plain = c->plain;
    return copy;
}

void list_chunk_free(struct list_chunk *c)
{
    slab_free(c->block, c->room);
}

/* ---- changes ---- */

void list_chunk_push(struct list_chunk *c, bool front, const struct listpack_word *w, const struct list_limit *limit)
{
    struct flat f;

    must(c->count > 0);
    make_room(c, listpack_bytes_of(w), front, limit);
    f = opened(c);
    if (front)
        listpack_prepend_in_room(&f, w);
    else
        listpack_insert(&f, 0, w);
    close_flat(c, &f, 1);
}

void list_chunk_insert(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *limit)
{
    struct flat f;

    must(c->count > 0 && at < c->bytes);
    make_room(c, listpack_bytes_of(w), false, limit);
    f = opened(c);
    listpack_insert(&f, at, w);
    close_flat(c, &f, 1);
}

void list_chunk_replace(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *limit)
{
    struct flat f;

    must(at >= LISTPACK_HEADER && at < c->bytes - 1);
    make_room(c, listpack_bytes_of(w), false, limit);
    f = opened(c);
    listpack_replace(&f, at, w);
    close_flat(c, &f, 0);
    trim_if_sparse(c);
}

void list_chunk_remove(struct list_chunk *c, size_t at, size_t n)
{
    struct flat f = opened(c);

    must(n < c->count && at >= LISTPACK_HEADER);
    if (at == LISTPACK_HEADER)
        listpack_remove_front_in_room(&f, n);
    else
        listpack_remove(&f, at, n);
    close_flat(c, &f, -(ptrdiff_t)n);
    trim_if_sparse(c);
}

size_t list_chunk_remove_equal(struct list_chunk *c, const struct listpack_word *w, size_t max, bool last)
{
    struct flat f = opened(c);
    size_t all = last ? listpack_count_equal(&f, w) : 0;
    size_t n = listpack_remove_equal(&f, w, all > max ? all - max : 0, max);

    close_flat(c, &f, -(ptrdiff_t)n);
    if (n != 0 && c->count != 0)
        trim_if_sparse(c);
    return n;
}

struct list_chunk list_chunk_split(struct list_chunk *c, size_t at, size_t index)
{
    struct flat f = opened(c), tail;
    size_t bytes = LISTPACK_EMPTY + f.n - 1 - at, room = slab_room(bytes);
    struct list_chunk tail_chunk = {.block = slab_alloc(room), .room = room};

    must(at > LISTPACK_HEADER && index > 0 && index < c->count);
    tail = opened(&tail_chunk);
    listpack_init(&tail);
    listpack_append_tail(&tail, &f, at, c->count - index);
    close_flat(&tail_chunk, &tail, (ptrdiff_t)(c->count - index));
    list_chunk_remove(c, at, c->count - index);
    return tail_chunk;
}

void list_chunk_join(struct list_chunk *c, struct list_chunk *next)
{
    struct flat from = list_chunk_flat(next), f;
    struct list_limit exact = {.bytes = c->bytes + from.n - LISTPACK_EMPTY};

    must(c->count > 0 && next->count > 0);
    make_room(c, from.n - LISTPACK_EMPTY, false, &exact);
    f = opened(c);
    listpack_append_tail(&f, &from, LISTPACK_HEADER, next->count);
    close_flat(c, &f, next->count);
    list_chunk_free(next);
}

void list_chunk_compact(struct list_chunk *c, struct slab_work *w)
{
    char *old = c->block, *block = slab_move(w, old, c->room);

    if (block == NULL)
        return;
    c->block = block;
    slab_moved(old, c->room);
}
