/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_sink: what values in Redis's format are made of, written.
 *
 * Role:    lengths and strings, each as short as the format has it.
 * Owns:    nothing; appends to a buf.
 * Threads: any.
 * Used by: rdb_write, rdb_stream_write. Its counterpart is rdb_source.
 */
#ifndef LARDER_PERSIST_RDB_SINK_H
#define LARDER_PERSIST_RDB_SINK_H

#include <stdint.h>

#include "base/buf.h"

void rdb_put_length(struct buf *out, uint64_t n);
/* As a number where it is the decimals of a short one, compressed where that saves something. */
void rdb_put_string(struct buf *out, struct slice s);

#endif
