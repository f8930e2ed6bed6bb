/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/list_large.h"

#include "base/mem.h"
#include "base/must.h"

/* ---- chunks and the bytes of their blocks ---- */

/* Inserts a chunk before chunk i. */
static void insert_record(struct list_large *l, size_t i, struct list_chunk c)
{
    *(struct list_chunk *)records_insert(&l->chunks, i, sizeof c) = c;
    l->chunk_bytes += slab_usable_size(c.room);
}

/* Frees a chunk but not its record. */
static void free_chunk(struct list_large *l, struct list_chunk *c)
{
    must(l->chunk_bytes >= slab_usable_size(c->room));
    l->chunk_bytes -= slab_usable_size(c->room);
    list_chunk_free(c);
}

/* Every change that may reallocate the block of a chunk happens between these two. */
static struct list_chunk *open_chunk(struct list_large *l, size_t i)
{
    struct list_chunk *c = list_large_chunk(l, i);

    must(l->chunk_bytes >= slab_usable_size(c->room));
    l->chunk_bytes -= slab_usable_size(c->room);
    return c;
}

static void close_chunk(struct list_large *l, const struct list_chunk *c)
{
    l->chunk_bytes += slab_usable_size(c->room);
}

/* ---- creation and destruction ---- */

static struct list_large *new_empty(int32_t fill)
{
    struct list_large *l = mem_zalloc(sizeof *l);

    l->magic = LIST_LARGE_MAGIC;
    l->fill = fill;
    return l;
}

struct list_large *list_large_new(const struct flat *f, int32_t fill)
{
    struct list_large *l = new_empty(fill);

    if (f->n != 0)
        list_large_append(l, f);
    return l;
}

void list_large_free(void *large)
{
    struct list_large *l = large;

    must_be(l, LIST_LARGE_MAGIC);
    for (size_t i = 0; i < l->chunks.used; i++)
        list_chunk_free(list_large_chunk(l, i));
    records_fini(&l->chunks, sizeof(struct list_chunk));
    l->magic = 0;
    mem_free(l);
}

void *list_large_copy(const void *large)
{
    const struct list_large *l = large;
    struct list_large *copy;

    must_be(l, LIST_LARGE_MAGIC);
    copy = new_empty(l->fill);
    copy->count = l->count;
    records_reserve(&copy->chunks, l->chunks.used, sizeof(struct list_chunk));
    for (size_t i = 0; i < l->chunks.used; i++)
        insert_record(copy, i, list_chunk_copy(list_large_chunk(l, i)));
    return copy;
}

size_t list_large_count(const void *large)
{
    const struct list_large *l = large;

    must_be(l, LIST_LARGE_MAGIC);
    return l->count;
}

size_t list_large_bytes(const void *large)
{
    const struct list_large *l = large;

    must_be(l, LIST_LARGE_MAGIC);
    return mem_usable_size(sizeof *l) + records_bytes(&l->chunks, sizeof(struct list_chunk)) + l->chunk_bytes;
}

/* ---- reading ---- */

/* The chunk of the element with this index; *index becomes the index in the chunk. Counts from the nearer end. */
static size_t find_chunk(const struct list_large *l, size_t *index)
{
    size_t i = 0, before = l->count;

    must(*index < l->count);
    if (*index < l->count / 2) {
        for (; *index >= list_large_chunk(l, i)->count; i++)
            *index -= list_large_chunk(l, i)->count;
        return i;
    }
    for (i = l->chunks.used; before > *index; i--)
        before -= list_large_chunk(l, i - 1)->count;
    *index -= before;
    return i;
}

struct list_place list_large_find(const struct list_large *l, size_t index)
{
    struct list_place p = {.index = index};
    struct flat f;

    must(index < l->count);
    p.chunk = find_chunk(l, &p.index);
    f = list_chunk_flat(list_large_chunk(l, p.chunk));
    p.at = listpack_at(&f, (int64_t)p.index);
    return p;
}

/* ---- joins and splits ---- */

/* Joins chunk i and the next one, if both exist and fit one chunk. */
static bool join_next(struct list_large *l, size_t i, const struct list_limit *limit)
{
    struct list_chunk *c, *next;

    if (i >= l->chunks.used || l->chunks.used - i < 2)
        return false;
    c = list_large_chunk(l, i);
    next = list_large_chunk(l, i + 1);
    if (next->plain || !list_chunk_fits(c, next->bytes - LISTPACK_EMPTY, next->count, limit))
        return false;
    c = open_chunk(l, i);
    l->chunk_bytes -= slab_usable_size(next->room);
    list_chunk_join(c, next);
    close_chunk(l, c);
    records_remove(&l->chunks, i + 1, 1, sizeof(struct list_chunk));
    return true;
}

/* Joins the two chunks before chunk i, the two after it, and it with those next to it, as far as they fit. */
static void join_around(struct list_large *l, size_t i, const struct list_limit *limit)
{
    if (i >= 2 && join_next(l, i - 2, limit))
        i--;
    join_next(l, i + 1, limit);
    if (i >= 1 && join_next(l, i - 1, limit))
        i--;
    join_next(l, i, limit);
}

/* Splits a chunk before the element at p, which is not its first. */
static void split(struct list_large *l, struct list_place p)
{
    struct list_chunk *c = open_chunk(l, p.chunk), tail = list_chunk_split(c, p.at, p.index);

    close_chunk(l, c);
    insert_record(l, p.chunk + 1, tail);
}

/* Moves p to the next element of its chunk, which exists. */
static void move_to_next(const struct list_large *l, struct list_place *p)
{
    struct flat f = list_chunk_flat(list_large_chunk(l, p->chunk));

    p->at = listpack_next(&f, p->at);
    p->index++;
    must(p->at != 0);
}

/* ---- insertion ---- */

/* Redis estimates the bytes of a new element as its length and these. */
#define OVERHEAD 8

static bool is_large(const struct listpack_word *w, const struct list_limit *limit)
{
    return w->s.n >= limit->large;
}

/* Whether a chunk exists and has room for w. */
static bool takes(const struct list_large *l, size_t chunk, const struct listpack_word *w,
                  const struct list_limit *limit)
{
    return chunk < l->chunks.used && !is_large(w, limit) &&
           list_chunk_fits(list_large_chunk(l, chunk), w->s.n + OVERHEAD, 1, limit);
}

static void push_to(struct list_large *l, size_t chunk, bool front, const struct listpack_word *w,
                    const struct list_limit *limit)
{
    struct list_chunk *c = open_chunk(l, chunk);

    list_chunk_push(c, front, w, limit);
    close_chunk(l, c);
}

/* Inserts a chunk with w alone before chunk i. */
static void insert_alone(struct list_large *l, size_t i, bool front, const struct listpack_word *w,
                         const struct list_limit *limit)
{
    struct list_chunk c = list_chunk_of(w, front);

    c.plain = is_large(w, limit);
    insert_record(l, i, c);
}

static void trim(struct list_large *l, size_t chunk)
{
    struct list_chunk *c = open_chunk(l, chunk);

    list_chunk_trim(c);
    close_chunk(l, c);
}

void list_large_push(struct list_large *l, bool front, const struct listpack_word *w, const struct list_limit *limit)
{
    size_t end = front ? 0 : l->chunks.used - 1;

    l->count++;
    if (takes(l, end, w, limit)) {
        push_to(l, end, front, w, limit);
        return;
    }
    if (l->chunks.used != 0)
        trim(l, end);
    insert_alone(l, front ? 0 : l->chunks.used, front, w, limit);
}

/* Inserts w before the element at p, in its chunk; after: behind it. */
static void insert_into(struct list_large *l, struct list_place p, bool after, const struct listpack_word *w,
                        const struct list_limit *limit)
{
    struct list_chunk *c = open_chunk(l, p.chunk);
    struct flat f = list_chunk_flat(c);

    list_chunk_insert(c, after ? listpack_next(&f, p.at) : p.at, w, limit);
    close_chunk(l, c);
}

/* Inserts w before or after the full chunk `chunk`. */
static void insert_at_end(struct list_large *l, size_t chunk, bool after, const struct listpack_word *w,
                          const struct list_limit *limit)
{
    size_t neighbour = after ? chunk + 1 : chunk - 1; /* before the first chunk: SIZE_MAX, which is none */

    if (takes(l, neighbour, w, limit))
        push_to(l, neighbour, after, w, limit);
    else
        insert_alone(l, after ? chunk + 1 : chunk, false, w, limit);
}

/* Splits a full chunk at p and inserts w between the two parts: alone if it is large, otherwise into the part that does
 * not contain the element at p. */
static void insert_between(struct list_large *l, struct list_place p, bool after, const struct listpack_word *w,
                           const struct list_limit *limit)
{
    if (after)
        move_to_next(l, &p);
    split(l, p);
    if (is_large(w, limit)) {
        insert_alone(l, p.chunk + 1, false, w, limit);
        return;
    }
    push_to(l, after ? p.chunk + 1 : p.chunk, after, w, limit);
    join_around(l, after ? p.chunk : p.chunk + 1, limit);
}

void list_large_insert(struct list_large *l, struct list_place p, bool after, const struct listpack_word *w,
                       const struct list_limit *limit)
{
    must(p.chunk < l->chunks.used);
    l->count++;
    if (takes(l, p.chunk, w, limit))
        insert_into(l, p, after, w, limit);
    else if (p.index == (after ? list_large_chunk(l, p.chunk)->count - 1u : 0u))
        insert_at_end(l, p.chunk, after, w, limit);
    else
        insert_between(l, p, after, w, limit);
}

/* ---- replacement ---- */

static void remove_chunk(struct list_large *l, size_t i)
{
    free_chunk(l, list_large_chunk(l, i));
    records_remove(&l->chunks, i, 1, sizeof(struct list_chunk));
}

/* Replaces the element of a plain chunk. */
static void replace_plain(struct list_large *l, struct list_place p, const struct listpack_word *w,
                          const struct list_limit *limit)
{
    if (is_large(w, limit))
        insert_alone(l, p.chunk + 1, false, w, limit);
    else
        insert_at_end(l, p.chunk, true, w, limit);
    remove_chunk(l, p.chunk);
}

/* Replaces the element at p by a chunk with w alone. */
static void replace_by_chunk(struct list_large *l, struct list_place p, const struct listpack_word *w,
                             const struct list_limit *limit)
{
    struct list_place next = p;
    struct list_chunk *c;

    if (p.index + 1 < list_large_chunk(l, p.chunk)->count) {
        move_to_next(l, &next);
        split(l, next);
    }
    insert_alone(l, p.chunk + 1, false, w, limit);
    if (p.index == 0) {
        remove_chunk(l, p.chunk);
        return;
    }
    c = open_chunk(l, p.chunk);
    list_chunk_remove(c, p.at, 1);
    close_chunk(l, c);
    join_around(l, p.chunk + 1, limit);
}

void list_large_replace(struct list_large *l, struct list_place p, const struct listpack_word *w,
                        const struct list_limit *limit)
{
    struct list_chunk *c = list_large_chunk(l, p.chunk);

    must(p.index < c->count);
    if (c->plain) {
        replace_plain(l, p, w, limit);
    } else if (is_large(w, limit) || c->bytes + w->s.n > LIST_OVERFULL * limit->bytes) {
        replace_by_chunk(l, p, w, limit);
    } else {
        c = open_chunk(l, p.chunk);
        list_chunk_replace(c, p.at, w, limit);
        close_chunk(l, c);
    }
}

/* ---- chunks as they are ---- */

static void append(struct list_large *l, struct list_chunk c)
{
    insert_record(l, l->chunks.used, c);
    l->count += c.count;
}

void list_large_append(struct list_large *l, const struct flat *f)
{
    append(l, list_chunk_from(f));
}

void list_large_append_plain(struct list_large *l, const struct listpack_word *w)
{
    struct list_chunk c = list_chunk_of(w, false);

    c.plain = 1;
    append(l, c);
}

/* ---- removal ---- */

/* Removes up to n elements from index `index` of the chunk on. Returns how many. If these were all, the count is 0. */
static size_t remove_from_chunk(struct list_large *l, size_t chunk, size_t index, size_t n)
{
    struct list_chunk *c = open_chunk(l, chunk);
    struct flat f = list_chunk_flat(c);

    must(index < c->count);
    if (n > c->count - index)
        n = c->count - index;
    if (n == c->count)
        c->count = 0;
    else
        list_chunk_remove(c, listpack_at(&f, (int64_t)index), n);
    close_chunk(l, c);
    return n;
}

/* Frees the chunks from `from` up to `end` that became empty. */
static void remove_empty(struct list_large *l, size_t from, size_t end)
{
    size_t end_of_kept = from;

    must(from <= end && end <= l->chunks.used);
    for (size_t i = from; i < end; i++) {
        struct list_chunk *c = list_large_chunk(l, i);

        if (c->count == 0)
            free_chunk(l, c);
        else
            *list_large_chunk(l, end_of_kept++) = *c;
    }
    if (end_of_kept < end)
        records_remove(&l->chunks, end_of_kept, end - end_of_kept, sizeof(struct list_chunk));
}

void list_large_remove(struct list_large *l, size_t start, size_t n)
{
    size_t index = start, from = find_chunk(l, &index), end = from;

    must(l->count >= n);
    l->count -= n;
    for (; n > 0; end++) {
        n -= remove_from_chunk(l, end, index, n);
        index = 0;
    }
    remove_empty(l, from, end);
}

size_t list_large_remove_equal(struct list_large *l, const struct listpack_word *w, size_t n, bool last)
{
    size_t removed = 0;

    for (size_t i = 0; i < l->chunks.used && removed < n; i++) {
        struct list_chunk *c = open_chunk(l, last ? l->chunks.used - 1 - i : i);

        removed += list_chunk_remove_equal(c, w, n - removed, last);
        close_chunk(l, c);
    }
    must(l->count >= removed);
    l->count -= removed;
    if (removed != 0)
        remove_empty(l, 0, l->chunks.used);
    return removed;
}

/* ---- compaction ---- */

uint64_t list_large_compact(void *large, uint64_t at, struct slab_work *w)
{
    struct list_large *l = large;

    must_be(l, LIST_LARGE_MAGIC);
    for (; at < l->chunks.used && w->left > 0; at++)
        list_chunk_compact(list_large_chunk(l, at), w);
    return at < l->chunks.used ? at : 0;
}
