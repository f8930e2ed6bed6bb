/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_large: a long list, as a row of chunks.
 *
 * Role:    the encoding that is called quicklist: finds an element by its index, adds and removes at both ends and in
 *          the middle, and keeps the chunks well filled.
 * Owns:    its chunks.
 * Threads: under the lock of its key.
 * Used by: list; store/entry frees, copies and counts it.
 * Why:     Redis links its chunks, and follows a pointer for each to find an index. Here their records stand in a row:
 *          an index among ten million elements is found by adding up 25,000 numbers that follow one another, and only
 *          the records move when the array grows.
 *
 * No chunk is empty. After a removal no two neighbours are left that would fill three quarters of a chunk together.
 */
#ifndef LARDER_TYPES_LIST_LARGE_H
#define LARDER_TYPES_LIST_LARGE_H

#include "types/list_chunk.h"
#include "types/row.h"

#define LIST_LARGE_MAGIC 0x6c697374u /* "list" */

struct list_large {
    struct row row;     /* of struct list_chunk */
    uint32_t magic;
    size_t count;       /* elements */
    size_t chunk_bytes; /* of the blocks of all chunks */
};

/* Where an element is. Borrowed until the next change. */
struct list_place {
    size_t chunk;
    size_t at;    /* in the chunk's listpack; 0, for an insertion: behind its last */
    size_t index; /* in the chunk */
};

/* A list of the elements of f, copied; no bytes at all: an empty one, to which something is pushed at once. */
struct list_large *list_large_new(const struct flat *f);
/* These are what store/entry needs; `large` is a struct list_large. */
void list_large_free(void *large);
void *list_large_copy(const void *large);
size_t list_large_count(const void *large);
size_t list_large_bytes(const void *large);

/* Chunk i, of those in the row. Borrowed until the next change. */
static inline struct list_chunk *list_large_chunk(const struct list_large *l, size_t i)
{
    return row_at(&l->row, i, sizeof(struct list_chunk));
}

/* The element with this index, which is below the count. */
struct list_place list_large_find(const struct list_large *l, size_t index);

/* Changes; `most` is what may share a chunk. Where the list becomes empty only list_large_free may follow. */
void list_large_push(struct list_large *l, bool front, const struct listpack_word *w, const struct list_limit *most);
/* Puts w before the element at p. */
void list_large_insert(struct list_large *l, struct list_place p, const struct listpack_word *w,
                       const struct list_limit *most);
/* Puts w in the place of the element at p. */
void list_large_replace(struct list_large *l, struct list_place p, const struct listpack_word *w,
                        const struct list_limit *most);
/* Removes n elements from the one with index `start` on; so many there are. */
void list_large_remove(struct list_large *l, size_t start, size_t n, const struct list_limit *most);
/* Removes up to n elements that are w, the first ones or the last ones. Returns how many. */
size_t list_large_remove_equal(struct list_large *l, const struct listpack_word *w, size_t n, bool last,
                               const struct list_limit *most);

#endif
