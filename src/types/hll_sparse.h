/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll_sparse: the registers of a HyperLogLog as runs of equal ones.
 *
 * Role:    reads the runs, and raises a register among them.
 * Owns:    nothing.
 * Threads: any.
 * Used by: hll; PFDEBUG DECODE shows the runs.
 *
 *   00nnnnnn            z: n + 1 registers that are 0
 *   01nnnnnn nnnnnnnn   Z: n + 1 registers that are 0
 *   1vvvvvnn            v: n + 1 registers that are v + 1
 *
 * Where the second byte of a Z is missing at the end it counts as 0, as it does in Redis.
 */
#ifndef LARDER_TYPES_HLL_SPARSE_H
#define LARDER_TYPES_HLL_SPARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "types/hll.h"

struct hll_run {
    char kind;       /* z, Z or v */
    uint8_t rank;    /* 0 of z and Z */
    unsigned length; /* registers */
};

/* The next run of the bytes, which it takes off them. False: there is none. */
bool hll_sparse_next(struct slice *rest, struct hll_run *run);

/* One run with all registers 0. Writes to p, and returns how many bytes that is. */
#define HLL_SPARSE_EMPTY 2
void hll_sparse_init(char *p);

enum hll_sparse_result {
    HLL_SPARSE_SAME,    /* it was that high already */
    HLL_SPARSE_RAISED,
    HLL_SPARSE_CORRUPT, /* there is no such register */
    HLL_SPARSE_FULL,    /* the register is lower, but f would be longer than `most` bytes, or the rank is too high */
};

/* Raises a register to the rank. The runs begin at HLL_HEADER of f. */
enum hll_sparse_result hll_sparse_raise(struct flat *f, unsigned index, uint8_t rank, uint64_t most);

/* Raises the bytes of an array of HLL_REGISTERS to the registers; false: these are not so many, and some are in. */
bool hll_sparse_merge(uint8_t *registers, struct slice runs);
/* Adds to histogram[r] how many registers are r; false: they are not HLL_REGISTERS. */
bool hll_sparse_histogram(struct slice runs, uint32_t *histogram);

#endif
