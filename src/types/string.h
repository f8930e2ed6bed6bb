/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * string: operations on plain bytes for the string commands.
 *
 * Role:    the ranges of GETRANGE and BITCOUNT, the sums of INCRBY, the digest of DIGEST. How a string is stored is
 *          known to the store; the longest common subsequence is in lcs.
 * Owns:    nothing; results borrow from the arguments.
 * Threads: any.
 * Used by: bitmap, the string and bitmap commands.
 */
#ifndef LARDER_TYPES_STRING_H
#define LARDER_TYPES_STRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * Converts `start` and `end`, both inclusive, and from the end if negative, to positions within n items: *start <= *end
 * < n. False: the range is empty. As in GETRANGE and BITCOUNT, positions outside are clamped, also an `end` before the
 * first byte (GETRANGE k 0 -100 returns the first byte); two negative numbers in the wrong order are always an empty
 * range.
 */
bool string_clamp(size_t n, int64_t *start, int64_t *end);

/* The range that GETRANGE replies with; empty if string_clamp returns false. Borrows from s. */
struct slice string_range(struct slice s, int64_t start, int64_t end);

/* *sum = a + b. False: it overflows; *sum is unchanged. */
bool string_add(int64_t a, int64_t b, int64_t *sum);

#define STRING_DIGEST_LEN 16

/* The digest of DIGEST and IFDEQ: XXH3-64 without a seed, as 16 lowercase hexadecimal digits, no NUL. */
void string_digest(struct slice s, char digest[STRING_DIGEST_LEN]);

#endif
