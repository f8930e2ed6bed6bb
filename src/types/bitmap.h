/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bitmap: strings seen as rows of bits.
 *
 * Role:    what SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP and BITFIELD do to bytes. Bit 0 is the highest bit of byte 0,
 *          as in Redis. Reading past the end gives zeros; whoever writes makes room first.
 * Owns:    nothing.
 * Threads: any.
 * Used by: the bitmap commands.
 */
#ifndef LARDER_TYPES_BITMAP_H
#define LARDER_TYPES_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* Bytes that a string needs for its bits 0 .. last. */
static inline uint64_t bitmap_bytes_for(uint64_t last)
{
    return (last >> 3) + 1;
}

bool bitmap_get(struct slice s, uint64_t bit);
/* Sets or clears a bit within p. Returns what it was. */
bool bitmap_put(char *p, uint64_t bit, bool value);

/* What a range given with a command counts in. */
enum bitmap_unit { BITMAP_BYTES, BITMAP_BITS };

/* Bits that are set: in all of s, or in a range with the rules of string_clamp. */
uint64_t bitmap_count(struct slice s);
uint64_t bitmap_count_range(struct slice s, int64_t start, int64_t end, enum bitmap_unit unit);

/* BITPOS without an end: the first bit that is `value` from byte `start` on (counted from behind if negative). The
 * string then goes on in zeros for ever, so a clear bit is found just behind it. -1: none, or start is behind the
 * last byte. */
int64_t bitmap_find(struct slice s, bool value, int64_t start);
/* BITPOS with an end: nothing but the range is looked at. As string_clamp, but two negative numbers that are both
 * before the string are its first byte or bit, in whichever order. */
int64_t bitmap_find_range(struct slice s, bool value, int64_t start, int64_t end, enum bitmap_unit unit);

enum bitmap_op { BITMAP_AND, BITMAP_OR, BITMAP_XOR, BITMAP_NOT };

/* Bytes that BITOP's result has: those of the longest. */
size_t bitmap_longest(const struct slice *sources, size_t n);
/* Writes bitmap_longest bytes to `out`, which overlaps no source. Shorter sources go on in zeros. n > 0; NOT takes
 * one source. */
void bitmap_combine(enum bitmap_op op, char *out, const struct slice *sources, size_t n);

/* An integer of BITFIELD, highest bit first, at any bit offset: 1 .. 64 bits if signed, 1 .. 63 if not. */
struct bitmap_field {
    uint64_t offset;
    uint8_t bits;
    bool is_signed;
};

enum bitmap_overflow { BITMAP_WRAP, BITMAP_SAT, BITMAP_FAIL };

int64_t bitmap_field_get(struct slice s, struct bitmap_field f);
/* Writes the lowest f.bits bits of v within p. */
void bitmap_field_put(char *p, struct bitmap_field f, int64_t v);
/* Makes v fit the field, as SET does: for an unsigned field v is taken as unsigned, so -1 is too large and not too
 * small. False: it does not fit and `how` is BITMAP_FAIL; *out is then unchanged. */
bool bitmap_field_fit(struct bitmap_field f, int64_t v, enum bitmap_overflow how, int64_t *out);
/* *out = old + increment, made to fit; old is a value of the field. False as above. */
bool bitmap_field_add(struct bitmap_field f, int64_t old, int64_t increment, enum bitmap_overflow how, int64_t *out);

#endif
