/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * linear: the arithmetic of linear hashing.
 *
 * Role:    maps a hash to one of n buckets and a bucket to its segment, and gives the order in which a scan visits
 *          buckets.
 * Owns:    nothing.
 * Threads: any.
 * Used by: store/table, types/dict.
 * Why:     a table that splits or merges one bucket at a time never stalls. Buckets are in segments: segment 0 has
 *          LINEAR_FIRST buckets, and each doubling after that adds eight segments of an eighth of the current size:
 *          1 1 1 1 1 1 1 1 2 2 2 2 2 2 2 2 4 4 ... So no bucket is moved when the table grows, and at most an eighth of
 *          the table is unused room. (W. Litwin, Linear hashing, VLDB 1980.)
 */
#ifndef LARDER_BASE_LINEAR_H
#define LARDER_BASE_LINEAR_H

#include <stdint.h>

#include "base/mem.h"
#include "base/must.h"

#define LINEAR_FIRST_BITS 3
#define LINEAR_FIRST      (1u << LINEAR_FIRST_BITS) /* buckets of a new table, and of its first segment */

/* The largest power of two that is not above n; n > 0. */
static inline uint32_t linear_level(uint32_t n)
{
    sane(n > 0);
    return 1u << (31 - __builtin_clz(n));
}

/* The segment of bucket i, and the bucket's offset in it. */
static inline unsigned linear_segment(uint32_t i, uint32_t *offset)
{
    unsigned bits;

    if (i < LINEAR_FIRST) {
        *offset = i;
        return 0;
    }
    bits = 31 - __builtin_clz(i) - LINEAR_FIRST_BITS; /* of the offset: an eighth of the doubling */
    *offset = i & ((1u << bits) - 1);
    return 1 + bits * 8 + (i >> bits & 7);
}

static inline uint32_t linear_segment_size(unsigned segment)
{
    return segment == 0 ? LINEAR_FIRST : 1u << (segment - 1) / 8;
}

/* The number of buckets in the segments that n buckets take; n > 0. */
static inline uint32_t linear_room(uint32_t n)
{
    uint32_t offset;
    unsigned k = linear_segment(n - 1, &offset);

    sane(offset < linear_segment_size(k));
    return n - offset - 1 + linear_segment_size(k);
}

/* The pages that the larger ones of so many segments take more than their items (mem_usable_size). */
static inline size_t linear_pages(unsigned segments, size_t item)
{
    unsigned bits = 0;

    while (mem_page != 0 && item << bits <= mem_small_max)
        bits++;
    return segments > 1 + 8 * bits ? (segments - 1 - 8 * bits) * mem_page : 0;
}

/* The bucket of a hash among n: given by its low bits, with one more bit for buckets that have been split. */
static inline uint32_t linear_index(uint64_t hash, uint32_t n)
{
    uint32_t level = linear_level(n);
    uint32_t i = hash & (2 * level - 1);

    return i < n ? i : i & (level - 1);
}

/* The bucket to split next when there are n, and the one that the last of n + 1 merges into. */
static inline uint32_t linear_split(uint32_t n)
{
    return n - linear_level(n);
}

static inline uint32_t linear_reverse_bits(uint32_t v)
{
    v = (v >> 1 & 0x55555555) | (v & 0x55555555) << 1;
    v = (v >> 2 & 0x33333333) | (v & 0x33333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f) | (v & 0x0f0f0f0f) << 4;
    return __builtin_bswap32(v);
}

/* A scan visits parts of the hash space, each of which begins at a position below 2^32; linear_index(at, n) is the
 * bucket of the part at `at`. Returns the position of the next part, 0 at the end. The positions count up in the order
 * of their reversed bits, so a part that has been visited stays visited whatever size the table has later. */
static inline uint64_t linear_scan_next(uint64_t at, uint32_t n)
{
    uint32_t i = linear_index(at, n), level = linear_level(n), part;
    /* A bucket that was split, or came from a split, is chosen by one more bit of the hash than the others. */
    unsigned bits = __builtin_ctz(level) + (i >= level || i < n - level);

    must(bits > 0 && bits < 32);
    part = (linear_reverse_bits((uint32_t)at) >> (32 - bits)) + 1;
    return part >> bits ? 0 : linear_reverse_bits(part << (32 - bits));
}

#endif
