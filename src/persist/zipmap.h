/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zipmap: the flat form of hashes in Redis up to version 2.4.
 *
 * Role:    makes a listpack of it.
 * Owns:    nothing.
 * Threads: any.
 * Used by: rdb_read.
 *
 *   0      1                                             n-1
 *   +------+--------+-------+--------+-------+-------+-- ... --+------+
 *   | num8 | length | field | length | free8 | value |         | 0xff |
 *   +------+--------+-------+--------+-------+-------+-- ... --+------+
 *
 * num: 254 where there are as many or more. A length: a byte below 254, or 254 and four bytes, little endian. free: so
 * many bytes behind the value mean nothing.
 */
#ifndef LARDER_PERSIST_ZIPMAP_H
#define LARDER_PERSIST_ZIPMAP_H

#include <stdbool.h>

#include "types/listpack.h"

/* Appends the fields and values of a zipmap, which may be any bytes, to a listpack in memory of its own. False: it is
 * broken, and what was appended so far is of no use. */
bool zipmap_append_to(struct flat *listpack, struct slice zipmap);

#endif
