/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ziplist: the flat form that Redis had before listpacks, up to version 6.
 *
 * Role:    makes a listpack of it.
 * Owns:    nothing.
 * Threads: any.
 * Used by: rdb_read.
 *
 *   0         4        8       10                             n-1
 *   +---------+--------+-------+-----------+-----------+-- ... --+------+
 *   | bytes32 | last32 | num16 | element   | element   |         | 0xff |
 *   +---------+--------+-------+-----------+-----------+-- ... --+------+
 *
 * last: where the last element is. num: 65535 where there are as many or more. An element begins with the length of the
 * one before it: a byte below 254, or 254 and four bytes. Little endian, but for lengths of strings.
 */
#ifndef LARDER_PERSIST_ZIPLIST_H
#define LARDER_PERSIST_ZIPLIST_H

#include <stdbool.h>

#include "types/listpack.h"

/* Appends the elements of a ziplist, which may be any bytes, to a listpack in memory of its own. False: it is broken,
 * and what was appended so far is of no use. */
bool ziplist_append_to(struct flat *listpack, struct slice ziplist);

#endif
