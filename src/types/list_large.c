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

static struct list_large *new_empty(void)
{
    struct list_large *l = mem_zalloc(sizeof *l);

    l->magic = LIST_LARGE_MAGIC;
    return l;
}

struct list_large *list_large_new(const struct flat *f)
{
    struct list_large *l = new_empty();

    if (f->n == 0)
        return l;
    insert_record(l, 0, list_chunk_from(f));
    l->count = list_large_chunk(l, 0)->count;
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
    struct list_large *copy = new_empty();

    must_be(l, LIST_LARGE_MAGIC);
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

/* ---- neighbours ---- */

/* Whether two neighbours are to be joined. They leave a quarter of the chunk free, so that the next insertion does not
 * split it again. */
static bool should_join(const struct list_chunk *a, const struct list_chunk *b, const struct list_limit *limit)
{
    struct list_limit filled = {limit->bytes / 4 * 3, limit->count - limit->count / 4};

    return list_chunk_fits(a, b->bytes - LISTPACK_EMPTY, b->count, &filled);
}

/* Appends the elements of `next` to chunk i, the one before it. */
static void join(struct list_large *l, size_t i, struct list_chunk *next)
{
    struct list_chunk *c = open_chunk(l, i);

    must(l->chunk_bytes >= slab_usable_size(next->room));
    l->chunk_bytes -= slab_usable_size(next->room);
    list_chunk_join(c, next);
    close_chunk(l, c);
}

/* Frees empty chunks and joins small neighbours, from chunk `from` up to `end`. */
static void tidy(struct list_large *l, size_t from, size_t end, const struct list_limit *limit)
{
    size_t end_of_kept = from;

    must(from <= end && end <= l->chunks.used);
    for (size_t i = from; i < end; i++) {
        struct list_chunk *c = list_large_chunk(l, i);

        if (c->count == 0)
            free_chunk(l, c);
        else if (end_of_kept > from && should_join(list_large_chunk(l, end_of_kept - 1), c, limit))
            join(l, end_of_kept - 1, c);
        else
            *list_large_chunk(l, end_of_kept++) = *c;
    }
    if (end_of_kept < end)
        records_remove(&l->chunks, end_of_kept, end - end_of_kept, sizeof(struct list_chunk));
}

/* The same, including a neighbour on each side. */
static void tidy_around(struct list_large *l, size_t from, size_t end, const struct list_limit *limit)
{
    tidy(l, from > 0 ? from - 1 : 0, end < l->chunks.used ? end + 1 : l->chunks.used, limit);
}

/* ---- insertion ---- */

static bool takes(const struct list_large *l, size_t chunk, const struct listpack_word *w,
                  const struct list_limit *limit)
{
    return chunk < l->chunks.used && list_chunk_fits(list_large_chunk(l, chunk), listpack_bytes_of(w), 1, limit);
}

static void push_to(struct list_large *l, size_t chunk, bool front, const struct listpack_word *w,
                    const struct list_limit *limit)
{
    struct list_chunk *c = open_chunk(l, chunk);

    list_chunk_push(c, front, w, limit);
    close_chunk(l, c);
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
    if (l->chunks.used != 0 && takes(l, end, w, limit)) {
        push_to(l, end, front, w, limit);
        return;
    }
    if (l->chunks.used != 0)
        trim(l, end);
    insert_record(l, front ? 0 : l->chunks.used, list_chunk_of(w, front));
}

/* Inserts w between two chunks: into one of them, or into a chunk of its own. chunk: the one after w; it, or the one
 * before, may not exist. */
static void insert_between(struct list_large *l, size_t chunk, const struct listpack_word *w,
                           const struct list_limit *limit)
{
    if (chunk > 0 && takes(l, chunk - 1, w, limit))
        push_to(l, chunk - 1, false, w, limit);
    else if (takes(l, chunk, w, limit))
        push_to(l, chunk, true, w, limit);
    else
        insert_record(l, chunk, list_chunk_of(w, false));
}

/* Splits the chunk of p before the element at p. */
static void split(struct list_large *l, struct list_place p)
{
    struct list_chunk *c = open_chunk(l, p.chunk), tail = list_chunk_split(c, p.at, p.index);

    close_chunk(l, c);
    insert_record(l, p.chunk + 1, tail);
}

void list_large_insert(struct list_large *l, struct list_place p, const struct listpack_word *w,
                       const struct list_limit *limit)
{
    size_t end = p.chunk + 1;
    struct list_chunk *c;

    must(p.chunk < l->chunks.used);
    l->count++;
    if (takes(l, p.chunk, w, limit)) {
        c = open_chunk(l, p.chunk);
        list_chunk_insert(c, p.at, w, limit);
        close_chunk(l, c);
    } else if (p.at == 0) {
        insert_between(l, p.chunk + 1, w, limit);
    } else if (p.index == 0) {
        insert_between(l, p.chunk, w, limit);
    } else {
        split(l, p);
        insert_between(l, end, w, limit);
        tidy_around(l, p.chunk, end + 1, limit);
    }
}

void list_large_replace(struct list_large *l, struct list_place p, const struct listpack_word *w,
                        const struct list_limit *limit)
{
    bool fits = takes(l, p.chunk, w, limit);
    struct list_chunk *c = open_chunk(l, p.chunk);
    bool inserts = false;

    must(p.index < c->count);
    if (c->count == 1) {
        list_chunk_free(c);
        *c = list_chunk_of(w, false);
    } else if (fits) {
        list_chunk_replace(c, p.at, w, limit);
    } else {
        list_chunk_remove(c, p.at, 1);
        l->count--;
        if (p.index == c->count)
            p.at = 0;
        inserts = true;
    }
    close_chunk(l, c);
    if (inserts)
        list_large_insert(l, p, w, limit);
    tidy_around(l, p.chunk, p.chunk + 2, limit); /* two, if the chunk was split or has a new neighbour */
}

/* ---- removal ---- */

/* Removes up to n elements from index `index` of the chunk on. Returns how many. */
static size_t remove_from_chunk(struct list_large *l, size_t chunk, size_t index, size_t n)
{
    struct list_chunk *c = open_chunk(l, chunk);
    struct flat f = list_chunk_flat(c);

    must(index < c->count);
    if (n > c->count - index)
        n = c->count - index;
    if (n == c->count)
        c->count = 0; /* tidy frees the chunk */
    else
        list_chunk_remove(c, listpack_at(&f, (int64_t)index), n);
    close_chunk(l, c);
    return n;
}

void list_large_remove(struct list_large *l, size_t start, size_t n, const struct list_limit *limit)
{
    size_t index = start, from = find_chunk(l, &index), end = from;

    must(l->count >= n);
    l->count -= n;
    for (; n > 0; end++) {
        n -= remove_from_chunk(l, end, index, n);
        index = 0;
    }
    tidy_around(l, from, end, limit);
}

size_t list_large_remove_equal(struct list_large *l, const struct listpack_word *w, size_t n, bool last,
                               const struct list_limit *limit)
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
        tidy(l, 0, l->chunks.used, limit);
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
