/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll_sparse: the registers of a HyperLogLog as runs of equal ones.
 *
 * Role:    reads the runs, and raises a register.
 * Owns:    nothing.
 * Threads: any.
 * Used by: hll; PFDEBUG DECODE shows the runs.
 *
 *   00nnnnnn            z: n + 1 registers that are 0
 *   01nnnnnn nnnnnnnn   Z: n + 1 registers that are 0
 *   1vvvvvnn            v: n + 1 registers that are v + 1
 *
 * If the second byte of a Z is missing at the end, it counts as 0, as in Redis.
 */
#ifndef LARDER_TYPES_HLL_SPARSE_H
#define LARDER_TYPES_HLL_SPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "types/hll.h"

struct hll_run {
    char kind;       /* z, Z or v */
    uint8_t rank;    /* 0 for z and Z */
    unsigned length; /* registers */
};

/* Takes the next run from the bytes. False: there is none. */
bool hll_sparse_next(struct slice *rest, struct hll_run *run);

/* Writes one run of HLL_REGISTERS zeros to p. It takes HLL_SPARSE_EMPTY bytes. */
#define HLL_SPARSE_EMPTY 2
void hll_sparse_init(char *p);

enum hll_sparse_result {
    HLL_SPARSE_SAME, /* it was not lower */
    HLL_SPARSE_RAISED,
    HLL_SPARSE_CORRUPT, /* there is no such register */
    HLL_SPARSE_FULL,    /* the register is lower, but f would exceed max_bytes, or the rank does not fit a run */
};

/* Raises a register to the rank. The runs begin at HLL_HEADER of f. */
enum hll_sparse_result hll_sparse_raise(struct flat *f, unsigned index, uint8_t rank, uint64_t max_bytes);

/* Raises the bytes of an array of HLL_REGISTERS to the registers. False: these are not HLL_REGISTERS, and some are
 * included. */
bool hll_sparse_merge(uint8_t *registers, struct slice runs);
/* Adds to histogram[r] the number of registers with the value r. False: these are not HLL_REGISTERS. */
bool hll_sparse_histogram(struct slice runs, uint32_t *histogram);

#endif
