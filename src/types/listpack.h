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
 * Why:     two bytes beyond an element's own, and a dump is a copy. Strings that are canonical decimals of at most 64
 *          bits are kept as integers, and come back as the same digits.
 *
 *   0         4       6                                  n-1
 *   +---------+-------+-----------+-----------+-- ... --+------+
 *   | bytes32 | num16 | element   | element   |         | 0xff |
 *   +---------+-------+-----------+-----------+-- ... --+------+
 *
 * num16 is 65535 where there are as many or more: then they are counted. An element: encoding and length, content, and
 * the length of both once more, readable from behind.
 *
 * A position is the offset of an element from the first byte; 0 is none. Positions are borrowed until the next change.
 */
#ifndef LARDER_TYPES_LISTPACK_H
#define LARDER_TYPES_LISTPACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/num.h"
#include "types/flat.h"

#define LISTPACK_HEADER 6
#define LISTPACK_EMPTY  7 /* bytes of one without elements */
#define LISTPACK_MOST   (1u << 30) /* bytes beyond which no more is put into one */

/* Room for the digits of an element that is an integer. */
struct listpack_digits {
    char p[NUM_I64_MAX];
};

/* An element as it is looked for or put: the bytes, and their number where they are one. */
struct listpack_word {
    struct slice s;
    int64_t number;
    bool is_number;
};

/* Borrows s. */
struct listpack_word listpack_word(struct slice s);

/* Makes f, of whatever bytes, one without elements. */
void listpack_init(struct flat *f);
/* Elements in it. */
size_t listpack_count(const struct flat *f);

size_t listpack_first(const struct flat *f);
size_t listpack_last(const struct flat *f);
size_t listpack_next(const struct flat *f, size_t at);
size_t listpack_prev(const struct flat *f, size_t at);
/* The element with this index; negative: counted from behind, -1 being the last. */
size_t listpack_at(const struct flat *f, int64_t index);

/* The bytes of an element. Borrowed until the next change, or, for an integer, as long as d. */
struct slice listpack_get(const struct flat *f, size_t at, struct listpack_digits *d);
/* Whether the element is kept as an integer, and which. */
bool listpack_get_number(const struct flat *f, size_t at, int64_t *v);
bool listpack_is(const struct flat *f, size_t at, const struct listpack_word *w);
/* The first element from `at` on that is w, each time `skip` elements are passed over: 1 to look at the first of each
 * pair. 0: there is none. */
size_t listpack_find(const struct flat *f, size_t at, const struct listpack_word *w, unsigned skip);

/* Bytes that an element takes. */
size_t listpack_bytes_of(const struct listpack_word *w);
/* Puts an element before the one at `at`; 0: behind the last. Returns its position. The bytes may not lie in f. */
size_t listpack_insert(struct flat *f, size_t at, const struct listpack_word *w);
/* Puts w in the place of the element at `at`. Returns its position. */
size_t listpack_replace(struct flat *f, size_t at, const struct listpack_word *w);
/* Removes n elements from `at` on, or as many as there are. Returns the position of the one that follows, 0 at the
 * end. */
size_t listpack_remove(struct flat *f, size_t at, size_t n);

/* How many elements are w. */
size_t listpack_count_equal(const struct flat *f, const struct listpack_word *w);
/* Removes elements that are w: passes over the first `skip` of them, then removes up to `most`. Returns how many. Moves
 * no byte more than once. */
size_t listpack_remove_equal(struct flat *f, const struct listpack_word *w, size_t skip, size_t most);
/* Puts n elements of `from`, all those that it has from the one at `at` on, behind the last one of f. The two do not
 * share bytes. */
void listpack_append_tail(struct flat *f, const struct flat *from, size_t at, size_t n);

/* At the front of bytes that have room before them, so that nothing moves but the header. The first puts w before all
 * others: f begins listpack_bytes_of(w) bytes earlier, in that room. The second removes the first n, fewer than there
 * are: f begins later, and what was before is room. */
void listpack_prepend_in_room(struct flat *f, const struct listpack_word *w);
void listpack_behead(struct flat *f, size_t n);

static inline size_t listpack_append(struct flat *f, struct slice s)
{
    struct listpack_word w = listpack_word(s);

    return listpack_insert(f, 0, &w);
}

/* Whether these bytes are a listpack with nothing wrong in it; *count: its elements. Any bytes may be asked about. */
bool listpack_is_valid(struct slice bytes, size_t *count);

#endif
