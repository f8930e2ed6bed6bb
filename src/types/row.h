/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * row: records of one size in an array with room on both ends.
 *
 * Role:    what the large structures that are a row of pieces keep their records in: they are found by their number,
 *          come and go at both ends, and in the middle too.
 * Owns:    the array; what the records refer to is their owner's business.
 * Threads: those of its owner.
 * Used by: list_large, stream, stream_group, stream_pending.
 *
 *   records       first                     first + used        room
 *   +---- ... ----+--------+--------+-- ... --+-------- ... ------+
 *   |    room     | record | record |         |       room        |
 *   +---- ... ----+--------+--------+-- ... --+-------- ... ------+
 *
 * A row of nothing is {0}. All calls for one row give the same `size`, the bytes of a record.
 */
#ifndef LARDER_TYPES_ROW_H
#define LARDER_TYPES_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

struct row {
    char *records;
    uint32_t first;
    uint32_t used;
    uint32_t room; /* records that the array has room for */
};

/* Record i, below used. Borrowed until the next change. */
static inline void *row_at(const struct row *r, size_t i, size_t size)
{
    sane(i <= r->used);
    return r->records + ((size_t)r->first + i) * size;
}

/* Makes room for n records in all, which are added behind the last. */
void row_expect(struct row *r, size_t n, size_t size);
/* Puts a record of undefined content before number i, or behind the last where i is used; moves those on the shorter
 * side. Returns it, borrowed until the next change. */
void *row_insert(struct row *r, size_t i, size_t size);
/* Takes out n records from number i on. */
void row_remove(struct row *r, size_t i, size_t n, size_t size);
/* Bytes of the array. */
size_t row_bytes(const struct row *r, size_t size);
/* Frees the array; the row is one of nothing then. */
void row_fini(struct row *r, size_t size);

#endif
