/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_write: values in Redis's format.
 *
 * Role:    what stands in a dump or a snapshot behind the type of a value.
 * Owns:    nothing; appends to a buf.
 * Threads: the entry's shard is locked by the caller.
 * Used by: dump, and DEBUG OBJECT, which tells how long it would be.
 * Why:     always in the lowest version that can hold the value, so that what was dumped here is restored by as old a
 *          Redis as can be: 7.0 for all but hashes with fields that expire, and streams with a consumer that last got
 *          something at another time than it last asked.
 */
#ifndef LARDER_PERSIST_RDB_WRITE_H
#define LARDER_PERSIST_RDB_WRITE_H

#include "base/buf.h"
#include "persist/rdb_format.h"
#include "store/entry.h"

/* How the value of an entry is written, and the version that knows this type. */
enum rdb_type rdb_type_of(const struct entry *e);
unsigned rdb_version_of(enum rdb_type type);
/* Appends the value, without its type. */
void rdb_write_value(struct buf *out, const struct entry *e);

#endif
