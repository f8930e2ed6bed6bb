/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll: HyperLogLogs, strings that estimate how many distinct elements were added to them.
 *
 * Role:    what PFADD, PFCOUNT and PFMERGE do to bytes. The format is Redis's, so that values can be copied between the
 *          servers; the same commands in the same order produce the same bytes.
 * Owns:    nothing; values belong to the caller, as slices to read or flats to change.
 * Threads: any.
 * Used by: the HyperLogLog commands. hll_sparse and hll_dense are its two encodings of the registers.
 * Why:     the estimator is that of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
 *          (arXiv:1702.01284), as in Redis, so that PFCOUNT returns the same number to the last digit.
 *
 * The hash of an element selects one of 16384 registers and has a rank: the number of trailing zeros in the rest of the
 * hash, plus 1. A register holds the highest rank it has seen.
 *
 *   0      4          5          8                            16
 *   +------+----------+----------+----------------------------+-----------------------------+
 *   | HYLL | encoding | not used | count, little endian       | registers, by encoding      |
 *   +------+----------+----------+----------------------------+-----------------------------+
 *
 * count is the last estimate; its highest bit means that it is out of date. The unused bytes are 0, or whatever a
 * client has written there.
 *
 * A client can write any bytes into a string. hll_is checks the header, and the length of a dense one. The functions
 * that read the registers of a sparse one report an error if these are not 16384.
 */
#ifndef LARDER_TYPES_HLL_H
#define LARDER_TYPES_HLL_H

#include <stdbool.h>
#include <stdint.h>

#include "types/flat.h"

#define HLL_REGISTERS 16384
#define HLL_HEADER    16
/* a longer sparse one is corrupt: it has more runs than registers */
#define HLL_SPARSE_MAX (HLL_HEADER + 2 * HLL_REGISTERS)

enum hll_encoding { HLL_DENSE, HLL_SPARSE };

enum hll_result {
    HLL_SAME,    /* no register was raised */
    HLL_CHANGED, /* and the count is out of date */
    HLL_CORRUPT, /* the registers are not 16384; nothing was changed */
};

/* Whether s has the header of a HyperLogLog. The functions below require that. */
bool hll_is(struct slice s);
enum hll_encoding hll_encoding(struct slice s);

/* Makes f an empty, sparse one whose count is not known. */
void hll_init(struct flat *f);
/* Adds an element. A sparse one becomes dense if it would exceed sparse_max bytes or if a rank does not fit it. */
enum hll_result hll_add(struct flat *f, struct slice element, uint64_t sparse_max);
/* Converts a sparse one to dense; the count stays. False: it is corrupt and unchanged. */
bool hll_make_dense(struct flat *f);

/* The count in the header. False: it is out of date. */
bool hll_known_count(struct slice s, uint64_t *count);
/* Estimates the count. False: s is corrupt. */
bool hll_count(struct slice s, uint64_t *count);
/* Stores a count in the header at p. */
void hll_keep_count(char *p, uint64_t count);

/* Unions are computed in an array of HLL_REGISTERS bytes, zeros at first. Raises these to the registers of s. False: s
 * is corrupt, and some of its registers are included. */
bool hll_merge(uint8_t *registers, struct slice s);
uint64_t hll_count_registers(const uint8_t *registers);
/* Raises the registers of f, which is not corrupt, to those of the array, which is at least as high in each. */
void hll_raise_all(struct flat *f, const uint8_t *registers, uint64_t sparse_max);

#endif
