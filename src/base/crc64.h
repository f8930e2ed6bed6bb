/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * crc64: the checksum of dumps and snapshots.
 *
 * Role:    CRC-64 with the polynomial ad93d23594c935a9 that David T. Jones chose, bits reflected, beginning with 0 and
 *          nothing done at the end: that of "123456789" is e9c6d914c4b8d9ca.
 * Threads: any; the tables are filled before main.
 * Used by: persist.
 * Why:     eight bytes at a step, by eight tables of 2 KB (M. Kounavis and F. Berry, "A Systematic Approach to Building
 *          High Performance Software-based CRC Generators", 2005). They are computed at start, in some 20 us, rather
 *          than listed.
 */
#ifndef LARDER_BASE_CRC64_H
#define LARDER_BASE_CRC64_H

#include <stdint.h>

#include "base/slice.h"

/* The checksum of what gave `crc` (0: nothing yet) with s behind it. */
uint64_t crc64(uint64_t crc, struct slice s);

#endif
