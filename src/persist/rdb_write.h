/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_write: writes values in Redis's format.
 *
 * Role:    the bytes of a value that follow its type in a dump or a snapshot.
 * Owns:    nothing; appends to a buf.
 * Threads: the caller holds the lock of the entry's shard.
 * Used by: dump, and DEBUG OBJECT, which shows the serialized length.
 * Why:     uses the lowest version that can hold the value, so that the oldest possible Redis can restore it: 7.0,
 *          except for hashes with fields that expire, and streams with a consumer whose last successful read is not
 *          its last attempt.
 */
#ifndef LARDER_PERSIST_RDB_WRITE_H
#define LARDER_PERSIST_RDB_WRITE_H

#include "base/buf.h"
#include "persist/rdb_format.h"
#include "store/entry.h"

/* The type as which the value of an entry is written, and the lowest version of the format that has this type. */
enum rdb_type rdb_type_of(const struct entry *e);
/* The type as which Redis 7.4 writes it, so that it keeps its encoding. */
enum rdb_type rdb_newest_type_of(const struct entry *e);
unsigned rdb_version_of(enum rdb_type type);
/* Appends the value, without its type. */
void rdb_write_value(struct buf *out, const struct entry *e);
void rdb_write_value_as(struct buf *out, const struct entry *e, enum rdb_type type);

#endif
