/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * intset: a sorted array of different integers in one run of bytes.
 *
 * Role:    the flat encoding of sets of integers. Byte for byte the format that Redis stores and dumps.
 * Owns:    nothing; works on a struct flat.
 * Threads: those of its owner.
 * Used by: set, persist.
 *
 *   0         4         8
 *   +---------+---------+--------+--------+-- ...
 *   | width32 | count32 | v0     | v1     |
 *   +---------+---------+--------+--------+-- ...
 *
 * width: 2, 4 or 8 bytes for each, little endian, as many as the largest needs, or once needed.
 */
#ifndef LARDER_TYPES_INTSET_H
#define LARDER_TYPES_INTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "types/flat.h"

/* Makes f, of whatever bytes, one without integers. */
void intset_init(struct flat *f);
size_t intset_count(const struct flat *f);
/* The i-th in ascending order, i below the count. */
int64_t intset_at(const struct flat *f, size_t i);
/* Whether v is in it; *i: where it is, or where it belongs. */
bool intset_find(const struct flat *f, int64_t v, size_t *i);
/* False: it was there already. */
bool intset_add(struct flat *f, int64_t v);
/* False: it was not there. */
bool intset_remove(struct flat *f, int64_t v);
void intset_remove_at(struct flat *f, size_t i);
/* Whether these bytes are an intset with nothing wrong in it, not empty. Any bytes may be asked about. */
bool intset_is_valid(struct slice bytes);

#endif
