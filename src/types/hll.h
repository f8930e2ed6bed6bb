/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll: HyperLogLogs, strings that estimate how many different elements were added to them.
 *
 * Role:    what PFADD, PFCOUNT and PFMERGE do to bytes. The bytes are those of Redis, so that a value can be copied from
 *          one server to the other; the same commands in the same order give the same bytes.
 * Owns:    nothing; values are the caller's, as slices to be read or as flats to be changed.
 * Threads: any.
 * Used by: the HyperLogLog commands. hll_sparse and hll_dense are its two ways of keeping the registers.
 * Why:     the estimator is that of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
 *          (arXiv:1702.01284), as in Redis, and PFCOUNT gives the same number to the last digit.
 *
 * An element's hash chooses one of 16384 registers, and a rank: 1 and the zeros at the end of what is left of the hash.
 * A register keeps the highest rank it has seen.
 *
 *   0      4          5          8                            16
 *   +------+----------+----------+----------------------------+----------------------------------+
 *   | HYLL | encoding | not used | count, little endian       | registers, in the encoding's way |
 *   +------+----------+----------+----------------------------+----------------------------------+
 *
 * count is the last estimate; its highest bit set says that it is not known. What is not used is 0, or whatever a client
 * has written there.
 *
 * A client can write any bytes into a string. hll_is looks at the header and at the length of a dense one; whoever reads
 * a sparse one's registers may find out that they are not 16384, and says so.
 */
#ifndef LARDER_TYPES_HLL_H
#define LARDER_TYPES_HLL_H

#include <stdbool.h>
#include <stdint.h>

#include "types/flat.h"

#define HLL_REGISTERS 16384
#define HLL_HEADER    16
/* A longer sparse one is corrupt: there are more runs than registers. */
#define HLL_SPARSE_LONGEST (HLL_HEADER + 2 * HLL_REGISTERS)

enum hll_encoding { HLL_DENSE, HLL_SPARSE };

enum hll_result {
    HLL_SAME,    /* no register was raised */
    HLL_CHANGED, /* and the count is no longer known */
    HLL_CORRUPT, /* the registers are not 16384; nothing was changed */
};

/* Whether s is a HyperLogLog by its header. All that follows wants one that is. */
bool hll_is(struct slice s);
enum hll_encoding hll_encoding(struct slice s);

/* Makes f an empty one, sparse, whose count is not known. */
void hll_init(struct flat *f);
/* Adds an element. A sparse one becomes dense where it would grow beyond sparse_max bytes, or where a rank is too high
 * for it. */
enum hll_result hll_add(struct flat *f, struct slice element, uint64_t sparse_max);
/* Makes a sparse one dense; the count stays as it is. False: it is corrupt, and unchanged. */
bool hll_make_dense(struct flat *f);

/* The count that the header keeps. False: it is not known. */
bool hll_known_count(struct slice s, uint64_t *count);
/* Estimates the count. False: s is corrupt. */
bool hll_count(struct slice s, uint64_t *count);
/* Keeps a count in the header of the one at p. */
void hll_keep_count(char *p, uint64_t count);

/* Unions are made in an array of HLL_REGISTERS bytes, zeros at first: raises them to the registers of s. False: s is
 * corrupt, and some of its registers are in. */
bool hll_merge(uint8_t *registers, struct slice s);
uint64_t hll_count_registers(const uint8_t *registers);
/* Raises the registers of f, which is not corrupt, to those of the array, in which they are already. */
void hll_raise_all(struct flat *f, const uint8_t *registers, uint64_t sparse_max);

#endif
