/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_id: the id of an entry of a stream: a time and a sequence number.
 *
 * Role:    compares, increments and decrements ids.
 * Threads: any.
 * Used by: the stream files in types, cmd and persist.
 *          https://redis.io/docs/latest/develop/data-types/streams/#entry-ids
 */
#ifndef LARDER_TYPES_STREAM_ID_H
#define LARDER_TYPES_STREAM_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "types/records.h"

struct stream_id {
    uint64_t ms;
    uint64_t seq;
};

/* No entry has the first. */
#define STREAM_ID_MIN ((struct stream_id){0, 0})
#define STREAM_ID_MAX ((struct stream_id){UINT64_MAX, UINT64_MAX})

/* Negative, 0 or positive: a is less than, equal to or greater than b. */
static inline int stream_id_compare(struct stream_id a, struct stream_id b)
{
    if (a.ms != b.ms)
        return a.ms < b.ms ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

static inline bool stream_id_is_zero(struct stream_id id)
{
    return id.ms == 0 && id.seq == 0;
}

/* Increments the id. False: it is the maximum, and stays. */
static inline bool stream_id_next(struct stream_id *id)
{
    if (id->seq == UINT64_MAX && id->ms == UINT64_MAX)
        return false;
    if (++id->seq == 0)
        id->ms++;
    return true;
}

/* Decrements the id. False: it is the minimum, and stays. */
static inline bool stream_id_prev(struct stream_id *id)
{
    if (stream_id_is_zero(*id))
        return false;
    if (id->seq-- == 0)
        id->ms--;
    return true;
}

/* In an array of records that begin with an id each, in ascending order: the last record whose id is at most `id`;
 * record 0 if there is none. */
static inline size_t stream_id_find(const struct records *r, struct stream_id id, size_t size)
{
    size_t low = 0, high = r->used;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (stream_id_compare(*(const struct stream_id *)records_at(r, middle, size), id) <= 0)
            low = middle;
        else
            high = middle;
    }
    return low;
}

#endif
