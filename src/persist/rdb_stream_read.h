/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_stream_read: reads streams in Redis's format.
 *
 * Role:    the three forms that Redis up to 7.4 has written; rdb_stream_write.h describes them.
 * Owns:    nothing.
 * Threads: one at a time.
 * Used by: rdb_read.
 * Why:     the input is not trusted, as in rdb_read. Entries are appended one by one, into the same nodes; entries that
 *          are marked as deleted are skipped. Ids must ascend, counts must match, and each nack must have exactly one
 *          consumer. Names of groups and consumers must ascend too, as Redis writes them: otherwise hostile input could
 *          make each insertion move all earlier names.
 */
#ifndef LARDER_PERSIST_RDB_STREAM_READ_H
#define LARDER_PERSIST_RDB_STREAM_READ_H

#include "persist/rdb_format.h"
#include "persist/rdb_source.h"
#include "types/stream.h"

/* Reads into s, which must be empty. False: it is corrupt; s can then only be freed. */
bool rdb_get_stream(struct rdb_source *from, enum rdb_type type, struct stream *s);

#endif
