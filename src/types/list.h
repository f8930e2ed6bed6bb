/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list: a sequence of strings, accessed at both ends and by index.
 *
 * Role:    what the list commands do to a value: one listpack up to list-max-listpack-size, an array of listpacks
 *          beyond it (list_large.h).
 * Owns:    nothing; see types/value.h.
 * Threads: under the lock of its key.
 * Used by: the list commands, SORT, DUMP and RESTORE, DEBUG.
 * Why:     as in Redis 7.4, a list that exceeds the limit becomes large, and small again when it has one chunk of half
 *          of the limit. limits.bytes is DEBUG QUICKLIST-PACKED-THRESHOLD: elements from this length on have a chunk
 *          of their own; 0: those that are longer than a chunk.
 *
 * A value is empty until the first push; the other changes require one that is not. The removal of the last element
 * leaves an empty value.
 */
#ifndef LARDER_TYPES_LIST_H
#define LARDER_TYPES_LIST_H

#include "types/listpack.h"
#include "types/value.h"

struct list_large;

#define LIST_ELEMENT_MAX LISTPACK_MAX /* bytes; longer elements may not be added */

size_t list_count(const struct value *v);

/* Adds an element at the front or at the back. As when Redis moves an element from list to list, the length of a number
 * is not compared with the limit. */
void list_push(struct value *v, bool front, struct slice s);
/* Adds n elements, one after the other. Whether they make the list large is decided once for all of them. */
void list_push_all(struct value *v, bool front, const struct slice *s, size_t n);
/* Makes an empty value large, for a list whose length is not known before it is complete. list_choose_form must follow
 * when it is: the list becomes small if it is within the limit. */
void list_begin_large(struct value *v);
void list_choose_form(struct value *v);
/* These append a node of a dump to a large list: several elements, or a single one that Redis stores apart. A node far
 * beyond the limit is divided. */
void list_append_node(struct value *v, const struct flat *f);
void list_append_plain(struct value *v, struct slice s);
/* Replaces the element with this index; negative: from the end. False: there is none. */
bool list_set(struct value *v, int64_t index, struct slice s);
/* Inserts s before or after the first element that equals `pivot`. False: there is none. */
bool list_insert(struct value *v, bool after, struct slice pivot, struct slice s);
/* Removes the elements start .. start + n - 1, which exist. */
void list_remove(struct value *v, size_t start, size_t n);
/* Removes up to n elements that equal s, the first or the last ones. Returns how many. */
size_t list_remove_equal(struct value *v, struct slice s, size_t n, bool last);
/* Moves the first or the last element to the front or the back. */
void list_rotate(struct value *v, bool from_front, bool to_front);

/* A walk over the elements in either direction; the list may not change meanwhile. */
struct list_walk {
    const struct list_large *large; /* NULL: the list is flat */
    struct flat flat;               /* the whole list, or the current chunk */
    size_t chunk;
    size_t at;     /* position of the next element; 0: there is none */
    int64_t index; /* of the next element */
    struct listpack_digits digits;
};

/* Begins at the element with this index; negative: from the end. */
void list_walk_begin(struct list_walk *w, const struct value *v, int64_t index);
/* Returns the next element and moves on towards the tail (next) or the head (back). Borrowed until the next call.
 * False: there is none. */
bool list_walk_next(struct list_walk *w, struct slice *s);
bool list_walk_back(struct list_walk *w, struct slice *s);
/* Moves on in either direction until it has passed an element that equals `word`, or *left elements; decrements *left
 * for each. *index: that of the element found. False: none was found. */
bool list_walk_find(struct list_walk *w, bool back, const struct listpack_word *word, uint64_t *left, int64_t *index);

/* The structure of a large list, for DEBUG. */
struct list_shape {
    size_t chunks;
    size_t bytes; /* of their listpacks */
};
struct list_shape list_shape(const struct value *v);

#endif
