/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * string: what the string commands need to know of plain bytes.
 *
 * Role:    the ranges of GETRANGE and BITCOUNT, the sums of INCRBY, the digest of DIGEST. How a string is kept is the
 *          store's business; the longest common subsequence has a module of its own, lcs.
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
 * Turns `start` and `end`, both inclusive and counted from behind where negative, into positions within n things:
 * *start <= *end < n. False if the range is empty. As GETRANGE and BITCOUNT have it: what lies outside is moved to
 * the border, an `end` before the first byte to the first byte too (GETRANGE k 0 -100 is that byte), and two negative
 * numbers in the wrong order are empty wherever they point.
 */
bool string_clamp(size_t n, int64_t *start, int64_t *end);

/* The part of s that GETRANGE replies with; empty where string_clamp says so. Borrows from s. */
struct slice string_range(struct slice s, int64_t start, int64_t end);

/* *sum = a + b. False, and *sum unchanged, if that overflows. */
bool string_add(int64_t a, int64_t b, int64_t *sum);

#define STRING_DIGEST_LEN 16

/* The digest of DIGEST and IFDEQ: XXH3-64 without a seed, as 16 lowercase hexadecimal digits, no NUL. */
void string_digest(struct slice s, char digest[STRING_DIGEST_LEN]);

#endif
