/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_stream_write: writes streams in Redis's format.
 *
 * Role:    the bytes of a stream that follow its type in a dump.
 * Owns:    nothing; appends to a buf.
 * Threads: the caller holds the lock of the entry's shard.
 * Used by: rdb_write.
 *
 *   stream:    number of nodes, nodes; number of entries; last id; first id, highest deleted id, entries ever added
 *              (these three not in RDB_STREAM); number of groups, groups
 *   node:      id, as a string; a string that is a listpack: number of entries, number of deleted ones, number of
 *              fields, fields, 0; entries
 *   entry:     flags, differences of its id to that of the node, [number of fields], fields and values, number of
 *              elements before this one
 *   group:     name, last id, entries read (not in RDB_STREAM); number of nacks, nacks; number of consumers, consumers
 *   nack:      id; time, 8 bytes; count
 *   consumer:  name; time seen and, in RDB_STREAM_3, active, 8 bytes each; number of its nacks, their ids
 *
 * Ids of nodes and nacks are 16 bytes, big endian; others are two lengths. Times are ms since 1970, little endian.
 */
#ifndef LARDER_PERSIST_RDB_STREAM_WRITE_H
#define LARDER_PERSIST_RDB_STREAM_WRITE_H

#include "base/buf.h"
#include "types/stream.h"

/* Whether a consumer was active at another time than it was last seen: readers of RDB_STREAM_2 take them as equal. */
bool rdb_stream_needs_active(const struct stream *s);
/* Appends the stream as RDB_STREAM_2 or, with active times, as RDB_STREAM_3. */
void rdb_put_stream(struct buf *out, const struct stream *s, bool active);

#endif
