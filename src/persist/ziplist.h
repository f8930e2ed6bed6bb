/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ziplist: the flat form of Redis up to version 6, before listpacks.
 *
 * Role:    converts it to a listpack.
 * Owns:    nothing.
 * Threads: any.
 * Used by: rdb_read.
 *
 *   0         4        8       10                             n-1
 *   +---------+--------+-------+-----------+-----------+-- ... --+------+
 *   | bytes32 | last32 | num16 | element   | element   |         | 0xff |
 *   +---------+--------+-------+-----------+-----------+-- ... --+------+
 *
 * last: the offset of the last element. num: the number of elements, at most 65535, which also stands for more. An
 * element begins with the length of the previous one: a byte below 254, or 254 and four bytes. Little endian, except
 * for lengths of strings.
 */
#ifndef LARDER_PERSIST_ZIPLIST_H
#define LARDER_PERSIST_ZIPLIST_H

#include <stdbool.h>

#include "types/listpack.h"

/* Appends the elements of a ziplist, which is not trusted, to a listpack that owns its memory. False: it is corrupt,
 * and the content of the listpack is undefined. */
bool ziplist_append_to(struct flat *listpack, struct slice ziplist);

#endif
