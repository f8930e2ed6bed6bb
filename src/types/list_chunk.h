/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_chunk: a listpack with room on both sides, one piece of a long list.
 *
 * Role:    holds at least one element. Elements are added and removed at both ends without moving the others.
 * Owns:    its block of memory.
 * Threads: under the lock of its key.
 * Used by: list_large.
 * Why:     a queue adds elements at one end and removes them at the other. In a plain listpack of 8 KiB, each removal
 *          from the front moves all other elements, and each insertion reallocates.
 *
 *   0         begin                    begin + bytes            room
 *   +-- ... --+-------------------------+---------- ... ---------+
 *   |  room   | the listpack            |  room                  |
 *   +-- ... --+-------------------------+---------- ... ---------+
 */
#ifndef LARDER_TYPES_LIST_CHUNK_H
#define LARDER_TYPES_LIST_CHUNK_H

#include "base/slab.h"
#include "types/listpack.h"

struct list_chunk {
    char *block;
    uint32_t room; /* bytes of the block */
    uint32_t begin;
    uint32_t bytes;      /* of the listpack */
    uint32_t count : 31; /* elements */
    uint32_t plain : 1;  /* one large element; no other joins it */
};

/* The limit up to which elements share a chunk. */
struct list_limit {
    size_t bytes; /* of the listpack */
    size_t count;
    size_t large; /* elements of so many bytes or more have a chunk of their own */
};

/* Whether `count` more elements fit the limit, which make the listpack `bytes` bytes longer. */
static inline bool list_chunk_fits(const struct list_chunk *c, size_t bytes, size_t count,
                                   const struct list_limit *limit)
{
    return !c->plain && c->bytes + bytes <= limit->bytes && c->count + count <= limit->count;
}

/* The listpack, for reading. Borrowed until the chunk changes. */
static inline struct flat list_chunk_flat(const struct list_chunk *c)
{
    return flat_of(slice_of(c->block + c->begin, c->bytes));
}

/* A chunk of one element. Its room is at the front or at the end. */
struct list_chunk list_chunk_of(const struct listpack_word *w, bool front);
/* A chunk with copies of the elements of f, which is not empty. */
struct list_chunk list_chunk_from(const struct flat *f);
struct list_chunk list_chunk_copy(const struct list_chunk *c);
void list_chunk_free(struct list_chunk *c);

/* These add an element at the front or the end, insert one before the element at `at` (0: at the end), or replace that
 * one. If the block has to grow, it grows by more than needed, within the limit. */
void list_chunk_push(struct list_chunk *c, bool front, const struct listpack_word *w, const struct list_limit *limit);
void list_chunk_insert(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *limit);
void list_chunk_replace(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *limit);
/* Removes n elements from `at` on; they exist and are not all. */
void list_chunk_remove(struct list_chunk *c, size_t at, size_t n);
/* Removes up to `max` elements that equal w, the first or the last ones. Returns how many. If these were all, the count
 * is 0 and only list_chunk_free may follow. */
size_t list_chunk_remove_equal(struct list_chunk *c, const struct listpack_word *w, size_t max, bool last);
/* Moves the elements from `at` on to a new chunk. index: that of the element at `at`, not 0. */
struct list_chunk list_chunk_split(struct list_chunk *c, size_t at, size_t index);
/* Appends all elements of `next` to c and frees `next`. */
void list_chunk_join(struct list_chunk *c, struct list_chunk *next);
/* Moves the block out of a sparse slab. */
void list_chunk_compact(struct list_chunk *c, struct slab_work *w);
/* Frees unused room: no more elements are expected at the ends. */
void list_chunk_trim(struct list_chunk *c);

#endif
