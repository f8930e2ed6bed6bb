/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_sink: writes the primitives of Redis's format.
 *
 * Role:    lengths and strings, each in its shortest form.
 * Owns:    nothing; appends to a buf.
 * Threads: any.
 * Used by: rdb_write, rdb_stream_write. Its counterpart is rdb_source.
 */
#ifndef LARDER_PERSIST_RDB_SINK_H
#define LARDER_PERSIST_RDB_SINK_H

#include <stdint.h>

#include "base/buf.h"

void rdb_put_length(struct buf *out, uint64_t n);
/* Writes the decimal text of a short integer as an integer, and other strings compressed if that makes them shorter. */
void rdb_put_string(struct buf *out, struct slice s);

#endif
