/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_large: a long list, as an array of chunks.
 *
 * Role:    the encoding that Redis calls quicklist: finds an element by its index, adds and removes at both ends and in
 *          the middle, and keeps the chunks filled.
 * Owns:    its chunks.
 * Threads: under the lock of its key.
 * Used by: list; store/entry frees, copies and counts it.
 * Why:     Redis links its chunks and follows a pointer per chunk to find an index. Here the records of the chunks are
 *          in an array: an index among ten million elements is found by adding up 25,000 adjacent numbers, and only the
 *          records move when the array grows.
 *
 * No chunk is empty. The elements are divided among the chunks as among the nodes of a quicklist in Redis 7.4, after
 * every sequence of changes: whether a list becomes small again, as OBJECT ENCODING shows, depends on the number of
 * nodes. Therefore removals do not join chunks; only an insertion that splits one does.
 */
#ifndef LARDER_TYPES_LIST_LARGE_H
#define LARDER_TYPES_LIST_LARGE_H

#include "types/list_chunk.h"
#include "types/records.h"

#define LIST_LARGE_MAGIC 0x6c697374u /* "list" */
#define LIST_OVERFULL    16          /* times the limit: more bytes no chunk gets by replacements or from a dump */

struct list_large {
    struct records chunks; /* of struct list_chunk */
    uint32_t magic;
    int32_t fill;       /* list-max-listpack-size when the list became large */
    size_t count;       /* elements */
    size_t chunk_bytes; /* of the blocks of all chunks */
};

/* The location of an element. Borrowed until the next change. */
struct list_place {
    size_t chunk;
    size_t at;    /* in the chunk's listpack */
    size_t index; /* in the chunk */
};

/* A list with copies of the elements of f. If f has no bytes, the list is empty, and a call that adds elements must
 * follow. */
struct list_large *list_large_new(const struct flat *f, int32_t fill);
/* For store/entry; `large` is a struct list_large. */
void list_large_free(void *large);
void *list_large_copy(const void *large);
uint64_t list_large_compact(void *large, uint64_t at, struct slab_work *w);
size_t list_large_count(const void *large);
size_t list_large_bytes(const void *large);

/* Chunk i. Borrowed until the next change. */
static inline struct list_chunk *list_large_chunk(const struct list_large *l, size_t i)
{
    return records_at(&l->chunks, i, sizeof(struct list_chunk));
}

/* The element with this index, which exists. */
struct list_place list_large_find(const struct list_large *l, size_t index);

/* Changes. limit: that of a chunk. If the list becomes empty, only list_large_free may follow. */
void list_large_push(struct list_large *l, bool front, const struct listpack_word *w, const struct list_limit *limit);
/* Inserts w before or after the element at p. */
void list_large_insert(struct list_large *l, struct list_place p, bool after, const struct listpack_word *w,
                       const struct list_limit *limit);
/* Replaces the element at p by w. */
void list_large_replace(struct list_large *l, struct list_place p, const struct listpack_word *w,
                        const struct list_limit *limit);
/* Removes n elements from index `start` on, which exist. */
void list_large_remove(struct list_large *l, size_t start, size_t n);
/* Removes up to n elements that equal w, the first or the last ones. Returns how many. */
size_t list_large_remove_equal(struct list_large *l, const struct listpack_word *w, size_t n, bool last);

/* Append a chunk as it is: with the elements of f, which is not empty, or a plain one. */
void list_large_append(struct list_large *l, const struct flat *f);
void list_large_append_plain(struct list_large *l, const struct listpack_word *w);

#endif
