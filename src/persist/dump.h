/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dump: serialized values, the reply of DUMP and the argument of RESTORE.
 *
 * Role:    adds type, version and checksum to a value in Redis's format.
 * Owns:    nothing.
 * Threads: the caller holds the lock of the entry's shard.
 * Used by: DUMP, RESTORE, MIGRATE, DEBUG RELOAD.
 *
 *   0      1                n-10        n-8               n
 *   +------+-- ... --+------+-----------+-----------------+
 *   | type | value          | version16 | crc64           |
 *   +------+-- ... --+------+-----------+-----------------+
 *
 * The checksum covers all bytes before it. Numbers are little endian.
 */
#ifndef LARDER_PERSIST_DUMP_H
#define LARDER_PERSIST_DUMP_H

#include "base/buf.h"
#include "persist/rdb_read.h"

/* Appends the dump of a value, in the oldest version of the format that can hold it. */
void dump_write(struct buf *out, const struct entry *e);
/* The same in the newest version, so that the value has the same encoding when it is read. */
void dump_write_newest(struct buf *out, const struct entry *e);
/* Whether a dump has a supported version and, if `check` is set, the right checksum. */
bool dump_is_sound(struct slice dump, bool check);
/* The value of a dump for which dump_is_sound holds, as an entry that the caller owns. NULL: it is corrupt, or its type
 * is unknown. As in Redis, bytes after the value are ignored. */
struct entry *dump_read(struct slice dump, const struct rdb_target *to);

#endif
