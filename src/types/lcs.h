/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lcs: the longest common subsequence of two strings, for the LCS command.
 *
 * Role:    computes its length, its bytes, and the ranges that match. Of several longest subsequences it finds the same
 *          one as Redis, so that replies agree.
 * Owns:    one bit per pair of positions; the two strings are borrowed until lcs_free.
 * Threads: any, one at a time for each struct lcs.
 * Used by: the string commands.
 * Why:     it computes 64 cells of the table at once (Hyyro, "Bit-parallel LCS-length computation revisited", 2004)
 *          with a 32nd of the memory of Redis's table and a fraction of its time. lcs_table_size lets the caller refuse
 *          what Redis refuses, which bounds both: a table of 512 MB in Redis is 16 MB here and takes some milliseconds.
 */
#ifndef LARDER_TYPES_LCS_H
#define LARDER_TYPES_LCS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct lcs;

/* A range of a and an equal range of b; first and last byte of each. */
struct lcs_match {
    size_t a_first, a_last;
    size_t b_first, b_last;
};

/* The size of the textbook table of 32-bit lengths, (a.n + 1) x (b.n + 1) cells, which Redis compares with
 * proto-max-bulk-len. UINT64_MAX if it overflows. */
uint64_t lcs_table_size(struct slice a, struct slice b);

/* Computes the length only; needs memory for the shorter string only. False: out of memory. */
bool lcs_length(struct slice a, struct slice b, size_t *length);

/* Finds the subsequence. The caller owns the result; NULL: out of memory. Borrows a and b until lcs_free. */
struct lcs *lcs_new(struct slice a, struct slice b);
void lcs_free(struct lcs *l);
/* Its length in bytes. */
size_t lcs_size(const struct lcs *l);
/* The next matching range, as long as possible, from the last to the first. False: there are no more. */
bool lcs_next(struct lcs *l, struct lcs_match *match);
/* Makes lcs_next begin again. */
void lcs_rewind(struct lcs *l);
/* Writes the lcs_size bytes of the subsequence to out; rewinds. */
void lcs_copy(struct lcs *l, char *out);

#endif
