/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bitmap: strings as arrays of bits.
 *
 * Role:    what SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP and BITFIELD do to bytes. Bit 0 is the highest bit of byte 0,
 *          as in Redis. Reads beyond the end return zeros. A writer makes the string long enough first.
 * Owns:    nothing.
 * Threads: any.
 * Used by: the bitmap commands.
 *
 */
#ifndef LARDER_TYPES_BITMAP_H
#define LARDER_TYPES_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Bytes needed for bits 0 .. last. */
static inline uint64_t bitmap_bytes_for(uint64_t last)
{
    return (last >> 3) + 1;
}

bool bitmap_get(struct slice s, uint64_t bit);
/* Sets or clears a bit within p. Returns its old value. */
bool bitmap_put(char *p, uint64_t bit, bool value);

/* The unit of a command's range. */
enum bitmap_unit { BITMAP_BYTES, BITMAP_BITS };

/* The number of set bits, in all of s or in a range that is resolved as by string_clamp. */
uint64_t bitmap_count(struct slice s);
uint64_t bitmap_count_range(struct slice s, int64_t start, int64_t end, enum bitmap_unit unit);

/* BITPOS without an end: the first bit equal to `value` from byte `start` on; a negative `start` counts from the end.
 * The string counts as followed by zeros, so a search for a clear bit finds the one after the last byte. -1: no such
 * bit, or `start` is beyond the last byte. */
int64_t bitmap_find(struct slice s, bool value, int64_t start);
/* BITPOS with an end: searches the range only. As string_clamp, except that two negative numbers that both lie before
 * the string are clamped to its first byte or bit, in whichever order they are. */
int64_t bitmap_find_range(struct slice s, bool value, int64_t start, int64_t end, enum bitmap_unit unit);

enum bitmap_op { BITMAP_AND, BITMAP_OR, BITMAP_XOR, BITMAP_NOT };

/* The length of BITOP's result: that of the longest source. */
size_t bitmap_longest(const struct slice *sources, size_t n);
/* Writes bitmap_longest bytes to `out`, which overlaps no source. Shorter sources are padded with zeros. n > 0; NOT
 * takes one source. */
void bitmap_combine(enum bitmap_op op, char *out, const struct slice *sources, size_t n);

/* An integer of BITFIELD, most significant bit first, at any bit offset: 1 .. 64 bits if signed, 1 .. 63 if
 * unsigned. */
struct bitmap_field {
    uint64_t offset;
    uint8_t bits;
    bool is_signed;
};

enum bitmap_overflow { BITMAP_WRAP, BITMAP_SAT, BITMAP_FAIL };

int64_t bitmap_field_get(struct slice s, struct bitmap_field f);
/* Writes the low f.bits bits of v within p. */
void bitmap_field_put(char *p, struct bitmap_field f, int64_t v);
/* Converts v to the field, as SET does. For an unsigned field, v is taken as unsigned: -1 is too large, not too small.
 * False: v does not fit and `how` is BITMAP_FAIL; *out is unchanged. */
bool bitmap_field_fit(struct bitmap_field f, int64_t v, enum bitmap_overflow how, int64_t *out);
/* *out = old + increment, converted to the field; `old` is a value of the field. False as above. */
bool bitmap_field_add(struct bitmap_field f, int64_t old, int64_t increment, enum bitmap_overflow how, int64_t *out);

#endif
