/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * records: records of one size in an array with room at both ends.
 *
 * Role:    stores the records of the pieces that large structures consist of. They are found by their number, and added
 *          and removed at both ends and in the middle.
 * Owns:    the array, but not what the records refer to.
 * Threads: those of its owner.
 * Used by: list_large, stream, stream_group, stream_pending.
 *
 *   array         first                     first + used        room
 *   +---- ... ----+--------+--------+-- ... --+-------- ... ------+
 *   |    room     | record | record |         |       room        |
 *   +---- ... ----+--------+--------+-- ... --+-------- ... ------+
 *
 * An empty array is {0}. All calls for one array pass the same `size`, that of a record in bytes.
 */
#ifndef LARDER_TYPES_ROW_H
#define LARDER_TYPES_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

struct records {
    char *array;
    uint32_t first;
    uint32_t used;
    uint32_t room; /* records that the array has room for */
};

/* Record i < used. Borrowed until the next change. */
static inline void *records_at(const struct records *r, size_t i, size_t size)
{
    sane(i <= r->used);
    return r->array + ((size_t)r->first + i) * size;
}

/* Makes room for n records in total, which are then added at the end. */
void records_reserve(struct records *r, size_t n, size_t size);
/* Inserts an uninitialized record before record i, or at the end if i is `used`. Moves the records on the shorter side.
 * Returns it, borrowed until the next change. */
void *records_insert(struct records *r, size_t i, size_t size);
/* Removes n records from record i on. */
void records_remove(struct records *r, size_t i, size_t n, size_t size);
/* Bytes of the array. O(1). */
size_t records_bytes(const struct records *r, size_t size);
/* Frees the array, which is empty afterwards. */
void records_fini(struct records *r, size_t size);

#endif
