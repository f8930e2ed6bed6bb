/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_stream_read: streams in Redis's format, read.
 *
 * Role:    the three forms that a Redis up to 7.4 has written; rdb_stream_write.h draws them.
 * Owns:    nothing.
 * Threads: one at a time.
 * Used by: rdb_read.
 * Why:     nothing is believed, as in rdb_read: entries are appended one by one, in the nodes that they were in, and
 *          those that are marked as deleted are left out. Ids have to ascend, counts to agree, and each nack has one
 *          consumer. Names of groups and consumers have to ascend too, as Redis writes them, so that hostile bytes
 *          cannot make us sort.
 */
#ifndef LARDER_PERSIST_RDB_STREAM_READ_H
#define LARDER_PERSIST_RDB_STREAM_READ_H

#include "persist/rdb_format.h"
#include "persist/rdb_source.h"
#include "types/stream.h"

/* Reads into s, an empty one. False: it is broken; s is then good to be freed. */
bool rdb_get_stream(struct rdb_source *from, enum rdb_type type, struct stream *s);

#endif
