/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * intset: a sorted array of distinct integers in one run of bytes.
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
 * width: 2, 4 or 8 bytes per integer, little endian: the largest that any integer has needed so far.
 */
#ifndef LARDER_TYPES_INTSET_H
#define LARDER_TYPES_INTSET_H

#include <stdbool.h>
#include <stdint.h>

#include "types/flat.h"

/* Makes f an empty intset; its bytes are overwritten. */
void intset_init(struct flat *f);
size_t intset_count(const struct flat *f);
/* The i-th integer in ascending order, i < count. */
int64_t intset_at(const struct flat *f, size_t i);
/* Whether v is in the set. *i: its index, or the index at which it would be inserted. */
bool intset_find(const struct flat *f, int64_t v, size_t *i);
/* False: it is there already. */
bool intset_add(struct flat *f, int64_t v);
/* False: it is not there. */
bool intset_remove(struct flat *f, int64_t v);
void intset_remove_at(struct flat *f, size_t i);
/* Whether the bytes are a valid intset that is not empty. Takes any bytes. */
bool intset_is_valid(struct slice bytes);

#endif
