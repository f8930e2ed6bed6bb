/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * lcs: the longest common subsequence of two strings, as the LCS command replies with it.
 *
 * Role:    its length, its bytes, and the ranges that match. Of several longest subsequences it is the one that
 *          Redis finds, so that replies agree.
 * Owns:    one bit for each pair of positions; the two strings are borrowed until lcs_free.
 * Threads: any, one at a time for each struct lcs.
 * Used by: the string commands.
 * Why:     64 cells of the table at once (Hyyro, "Bit-parallel LCS-length computation revisited", 2004): a 32nd of the
 *          memory of Redis' table and a fraction of its time. lcs_table_size lets the caller refuse what Redis refuses,
 *          which bounds both: 512 MB of table are 16 MB here, and some milliseconds.
 */
#ifndef LARDER_TYPES_LCS_H
#define LARDER_TYPES_LCS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct lcs;

/* A range of a and one of b that are equal; first and last byte of each. */
struct lcs_match {
    size_t a_first, a_last;
    size_t b_first, b_last;
};

/* Bytes of the textbook table of 32-bit lengths, (a.n + 1) x (b.n + 1) cells: what Redis holds against
 * proto-max-bulk-len. UINT64_MAX if it cannot be told. */
uint64_t lcs_table_size(struct slice a, struct slice b);

/* *length = the length alone; needs memory for the shorter string only. False if there is none. */
bool lcs_length(struct slice a, struct slice b, size_t *length);

/* Finds the subsequence. Caller owns the result; NULL if there is no memory. Borrows a and b until lcs_free. */
struct lcs *lcs_new(struct slice a, struct slice b);
void lcs_free(struct lcs *l);
/* Its length in bytes. */
size_t lcs_size(const struct lcs *l);
/* The matching ranges one by one, the last one first, each as long as it can be. False when there are no more. */
bool lcs_next(struct lcs *l, struct lcs_match *match);
/* Lets lcs_next begin anew. */
void lcs_rewind(struct lcs *l);
/* Writes its bytes, lcs_size of them, to out; rewinds. */
void lcs_copy(struct lcs *l, char *out);

#endif
