/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dump: a value as DUMP replies it, and as RESTORE takes it.
 *
 * Role:    the frame around a value in Redis's format.
 * Owns:    nothing.
 * Threads: the entry's shard is locked by the caller.
 * Used by: DUMP, RESTORE, MIGRATE, DEBUG RELOAD.
 *
 *   0      1                n-10        n-8               n
 *   +------+-- ... --+------+-----------+-----------------+
 *   | type | value          | version16 | crc64           |
 *   +------+-- ... --+------+-----------+-----------------+
 *
 * The checksum is that of all that stands before it. Numbers are little endian.
 */
#ifndef LARDER_PERSIST_DUMP_H
#define LARDER_PERSIST_DUMP_H

#include "base/buf.h"
#include "persist/rdb_read.h"

/* Appends the dump of a value. */
void dump_write(struct buf *out, const struct entry *e);
/* Whether a dump is of a version that can be read here and, unless nobody asks for it, has the right checksum. */
bool dump_is_sound(struct slice dump, bool ask_checksum);
/* The value of a sound dump, as an entry of the caller's. NULL: it is broken, or of a type that is not known here. What
 * stands behind the value is not looked at, as in Redis. */
struct entry *dump_read(struct slice dump, const struct rdb_target *to);

#endif
