/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_chunk: a listpack with room on both sides, one piece of a long list.
 *
 * Role:    holds at least one element; those at its ends come and go without moving the others.
 * Owns:    its block of memory.
 * Threads: under the lock of its key.
 * Used by: list_large.
 * Why:     a queue takes from one end what it put at the other. In a bare listpack of 8 KiB each element that is taken
 *          from the front moves all others, and each that is added asks the allocator.
 *
 *   0         begin                    begin + bytes            room
 *   +-- ... --+-------------------------+---------- ... ---------+
 *   |  room   | the listpack            |  room                  |
 *   +-- ... --+-------------------------+---------- ... ---------+
 */
#ifndef LARDER_TYPES_LIST_CHUNK_H
#define LARDER_TYPES_LIST_CHUNK_H

#include "types/listpack.h"

struct list_chunk {
    char *block;
    uint32_t room;  /* bytes of the block */
    uint32_t begin;
    uint32_t bytes; /* of the listpack */
    uint32_t count; /* elements */
};

/* Up to where elements share a chunk. */
struct list_limit {
    size_t bytes; /* of the listpack */
    size_t count;
};

/* Whether a chunk may take `count` elements more that take so many bytes. */
static inline bool list_chunk_fits(const struct list_chunk *c, size_t bytes, size_t count,
                                   const struct list_limit *most)
{
    return c->bytes + bytes <= most->bytes && c->count + count <= most->count;
}

/* The listpack, to look at. Borrowed until the chunk changes. */
static inline struct flat list_chunk_flat(const struct list_chunk *c)
{
    return flat_of(slice_of(c->block + c->begin, c->bytes));
}

/* A chunk of this one element. Its room will grow towards its end, or towards its front. */
struct list_chunk list_chunk_of(const struct listpack_word *w, bool front);
/* A chunk of these elements, copied; f is not empty. */
struct list_chunk list_chunk_from(const struct flat *f);
struct list_chunk list_chunk_copy(const struct list_chunk *c);
void list_chunk_free(struct list_chunk *c);

/* These put an element before the first, behind the last, before the one at `at` (0: behind the last), or in the place
 * of that one. The room grows by more than is asked for, within `most`, so that the next one finds some. */
void list_chunk_push(struct list_chunk *c, bool front, const struct listpack_word *w, const struct list_limit *most);
void list_chunk_insert(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *most);
void list_chunk_replace(struct list_chunk *c, size_t at, const struct listpack_word *w, const struct list_limit *most);
/* Removes n elements from `at` on, where there are so many; fewer than all. */
void list_chunk_remove(struct list_chunk *c, size_t at, size_t n);
/* Removes up to `most` elements that are w, the first ones or the last ones. Returns how many; where that is all, the
 * count is 0 and nothing but list_chunk_free may follow. */
size_t list_chunk_remove_equal(struct list_chunk *c, const struct listpack_word *w, size_t most, bool last);
/* Takes the elements from `at` on, which is the one with this index and not the first, into a chunk of their own. */
struct list_chunk list_chunk_split(struct list_chunk *c, size_t at, size_t index);
/* Takes all elements of `next` behind those of c, and frees it. */
void list_chunk_join(struct list_chunk *c, struct list_chunk *next);
/* Gives back the room: no more are expected at its ends. */
void list_chunk_trim(struct list_chunk *c);

#endif
