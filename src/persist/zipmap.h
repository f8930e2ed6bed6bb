/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * zipmap: the flat form of hashes in Redis up to version 2.4.
 *
 * Role:    converts it to a listpack.
 * Owns:    nothing.
 * Threads: any.
 * Used by: rdb_read.
 *
 *   0      1                                             n-1
 *   +------+--------+-------+--------+-------+-------+-- ... --+------+
 *   | num8 | length | field | length | free8 | value |         | 0xff |
 *   +------+--------+-------+--------+-------+-------+-- ... --+------+
 *
 * num: the number of fields, at most 254, which also stands for more. length: a byte below 254, or 254 and four bytes,
 * little endian. free: the number of unused bytes after the value.
 */
#ifndef LARDER_PERSIST_ZIPMAP_H
#define LARDER_PERSIST_ZIPMAP_H

#include <stdbool.h>

#include "types/listpack.h"

/* Appends the fields and values of a zipmap, which is not trusted, to a listpack that owns its memory. False: it is
 * corrupt, and the content of the listpack is undefined. */
bool zipmap_append_to(struct flat *listpack, struct slice zipmap);

#endif
