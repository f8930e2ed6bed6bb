/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll_dense: the registers of a HyperLogLog in 6 bits each.
 *
 * Role:    reads, raises, packs and unpacks them.
 * Owns:    nothing.
 * Threads: any.
 * Used by: hll.
 *
 *   byte 0    byte 1    byte 2    byte 3
 *   +---------+---------+---------+------
 *   |11 000000|2222 1111|333333 22| ...     a digit is a bit of the register with this number; high bits on the left
 *   +---------+---------+---------+------
 */
#ifndef LARDER_TYPES_HLL_DENSE_H
#define LARDER_TYPES_HLL_DENSE_H

#include <stdbool.h>
#include <stdint.h>

#include "types/hll.h"

#define HLL_DENSE_BYTES (HLL_REGISTERS * 6 / 8)

/* p, in all functions: HLL_DENSE_BYTES bytes. Raises a register. False: it was not lower. */
bool hll_dense_raise(char *p, unsigned index, uint8_t rank);
/* Raises the bytes of an array to the registers. */
void hll_dense_merge(uint8_t *registers, const char *p);
/* Sets all registers to the bytes of an array, which are below 64. */
void hll_dense_pack(char *p, const uint8_t *registers);
/* Adds to histogram[r] the number of registers with the value r, below 64; the second, those of an array. */
void hll_dense_histogram(const char *p, uint32_t *histogram);
void hll_dense_histogram_unpacked(const uint8_t *registers, uint32_t *histogram);

#endif
