/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listpack: a sequence of strings and integers in one run of bytes.
 *
 * Role:    the flat encoding of small lists, hashes, sets and sorted sets, and of the chunks of long lists. Byte for
 *          byte the format that Redis stores and dumps.
 *          Specification: https://github.com/antirez/listpack/blob/master/listpack.md
 * Owns:    nothing; works on a struct flat.
 * Threads: those of its owner.
 * Used by: the types, persist.
 * Why:     the overhead is two bytes per element, and a dump is a copy. Strings that are canonical decimals of at most
 *          64 bits are stored as integers; they read back as the same digits.
 *
 *   0         4       6                                  n-1
 *   +---------+-------+-----------+-----------+-- ... --+------+
 *   | bytes32 | num16 | element   | element   |         | 0xff |
 *   +---------+-------+-----------+-----------+-- ... --+------+
 *
 * num16 is 65535 if there are as many elements or more; then they have to be counted. An element consists of encoding
 * and length, content, and the length of both once more, which is read backwards.
 *
 * A position is the offset of an element from the first byte; 0: none. Positions are borrowed until the next change.
 */
#ifndef LARDER_TYPES_LISTPACK_H
#define LARDER_TYPES_LISTPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/num.h"
#include "types/flat.h"

#define LISTPACK_HEADER 6
#define LISTPACK_EMPTY  7          /* bytes of an empty listpack */
#define LISTPACK_MAX    (1u << 30) /* bytes; nothing is added to a listpack beyond it */

/* Room for the digits of an element that is an integer. */
struct listpack_digits {
    char p[NUM_I64_MAX];
};

/* An element to search for or to add: its bytes, and its number if they are one. */
struct listpack_word {
    struct slice s;
    int64_t number;
    bool is_number;
};

/* Borrows s. */
struct listpack_word listpack_word(struct slice s);

/* Makes f an empty listpack; its bytes are overwritten. */
void listpack_init(struct flat *f);
/* The number of elements. */
size_t listpack_count(const struct flat *f);

size_t listpack_first(const struct flat *f);
size_t listpack_last(const struct flat *f);
size_t listpack_next(const struct flat *f, size_t at);
size_t listpack_prev(const struct flat *f, size_t at);
/* The element with this index; negative: from the end, -1 being the last. */
size_t listpack_at(const struct flat *f, int64_t index);

/* The bytes of an element. Borrowed until the next change; for an integer, as long as d. */
struct slice listpack_get(const struct flat *f, size_t at, struct listpack_digits *d);
/* Whether the element is stored as an integer; if so, *v is its value. */
bool listpack_get_number(const struct flat *f, size_t at, int64_t *v);
bool listpack_is(const struct flat *f, size_t at, const struct listpack_word *w);
/* The first element from `at` on that equals w; skips `skip` elements after each comparison: 1 to compare the first of
 * each pair only. 0: there is none. */
size_t listpack_find(const struct flat *f, size_t at, const struct listpack_word *w, unsigned skip);

/* Bytes that an element takes. */
size_t listpack_bytes_of(const struct listpack_word *w);
/* Inserts an element before the one at `at`; 0: at the end. Returns its position. The bytes may not point into f. */
size_t listpack_insert(struct flat *f, size_t at, const struct listpack_word *w);
/* Replaces the element at `at`. Returns its position. */
size_t listpack_replace(struct flat *f, size_t at, const struct listpack_word *w);
/* Removes n elements from `at` on, or as many as there are. Returns the position of the next one, 0 at the end. */
size_t listpack_remove(struct flat *f, size_t at, size_t n);

/* How many elements equal w. */
size_t listpack_count_equal(const struct flat *f, const struct listpack_word *w);
/* Removes elements that equal w: skips the first `skip` of them, then removes up to `max`. Returns how many. Moves no
 * byte more than once. */
size_t listpack_remove_equal(struct flat *f, const struct listpack_word *w, size_t skip, size_t max);
/* Appends the elements of `from` from `at` on, n in number, to f. The two do not overlap. */
void listpack_append_tail(struct flat *f, const struct flat *from, size_t at, size_t n);

/* For bytes with free room before them: these change the front and move nothing but the header. The first adds w at the
 * front, so that f begins listpack_bytes_of(w) bytes earlier. The second removes the first n elements, which are not
 * all, so that f begins later. */
void listpack_prepend_in_room(struct flat *f, const struct listpack_word *w);
void listpack_remove_front_in_room(struct flat *f, size_t n);

static inline size_t listpack_append(struct flat *f, struct slice s)
{
    struct listpack_word w = listpack_word(s);

    return listpack_insert(f, 0, &w);
}

/* Whether the bytes are a valid listpack; if so, *count is the number of elements. Takes any bytes. */
bool listpack_is_valid(struct slice bytes, size_t *count);

#endif
