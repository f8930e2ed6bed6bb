/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list: a sequence of strings, worked on at both ends and by index.
 *
 * Role:    what the list commands do to a value: one listpack up to list-max-listpack-size, a row of them beyond
 *          (list_large.h).
 * Owns:    nothing; see types/value.h.
 * Threads: under the lock of its key.
 * Used by: the list commands, SORT, DUMP and RESTORE, DEBUG.
 * Why:     as Redis 7.2 has it: what grows beyond the limit becomes large, what shrinks to half of it small again.
 *
 * A value is empty until the first push; the other changes are for values that are not. What removes the last element
 * leaves an empty one.
 */
#ifndef LARDER_TYPES_LIST_H
#define LARDER_TYPES_LIST_H

#include "types/listpack.h"
#include "types/value.h"

struct list_large;

#define LIST_ELEMENT_MOST LISTPACK_MOST /* bytes; longer ones may not be added */

size_t list_count(const struct value *v);

/* Adds an element at the front, or at the back. */
void list_push(struct value *v, bool front, struct slice s);
/* The same for n of them, one after the other; whether they make the list large is decided once for all. */
void list_push_all(struct value *v, bool front, const struct slice *s, size_t n);
/* Puts s in the place of the element with this index; negative: from the end. False: there is none. */
bool list_set(struct value *v, int64_t index, struct slice s);
/* Puts s before the first element that is `pivot`, or behind it. False: none is. */
bool list_insert(struct value *v, bool behind, struct slice pivot, struct slice s);
/* Removes the elements start .. start + n - 1, which are there. */
void list_remove(struct value *v, size_t start, size_t n);
/* Removes up to n elements that are s, the first ones or the last ones. Returns how many. */
size_t list_remove_equal(struct value *v, struct slice s, size_t n, bool last);
/* Takes the first element, or the last, and adds it at the front or at the back. */
void list_rotate(struct value *v, bool from_front, bool to_front);

/* A walk over the elements, in either direction, while the list does not change. */
struct list_walk {
    const struct list_large *large; /* NULL: the list is flat */
    struct flat flat;               /* all of it, or the chunk that the walk is in */
    size_t chunk;
    size_t at;                      /* of the element that comes next; 0: none does */
    int64_t index;                  /* of that one */
    struct listpack_digits digits;
};

/* Begins at the element with this index; negative: from the end. */
void list_walk_begin(struct list_walk *w, const struct value *v, int64_t index);
/* The element that comes next, and goes on towards the tail, or the head. Borrowed until the next call. False: none. */
bool list_walk_next(struct list_walk *w, struct slice *s);
bool list_walk_back(struct list_walk *w, struct slice *s);
/* Goes on, in either direction, until it has passed an element that is `word`, whose index it says, or *left of them
 * all; counts them down. False: there was none. */
bool list_walk_find(struct list_walk *w, bool back, const struct listpack_word *word, uint64_t *left, int64_t *index);

/* How a large list is built, for DEBUG. */
struct list_shape {
    size_t chunks;
    size_t bytes; /* of their listpacks */
};
struct list_shape list_shape(const struct value *v);

#endif
