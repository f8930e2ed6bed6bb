/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_progress: how far a group has read its stream.
 *
 * Role:    advances a group as entries are delivered, and computes how many are left.
 * Owns:    nothing.
 * Threads: under the lock of their key.
 * Used by: XREADGROUP, XINFO.
 * Why:     as in Redis 7.4.4, entries_read counts deliveries as long as the last one is still in the stream's range and
 *          no entry after it was deleted; otherwise it is computed again where possible. All entries of a stream whose
 *          first entry is after the last delivery and after all deletions are still to be read.
 */
#ifndef LARDER_TYPES_STREAM_PROGRESS_H
#define LARDER_TYPES_STREAM_PROGRESS_H

#include "types/stream_group.h"

/* Records that entry `id` is delivered to the group. If it is after `last`, `last` and entries_read advance, as in
 * XREADGROUP. To be called for each entry in the order of delivery. */
void stream_progress_deliver(const struct stream *s, struct stream_group *g, struct stream_id id);
/* The number of entries that the group has still to read; 0 if the client set entries_read to more than the stream ever
 * had. False: unknown. */
bool stream_progress_lag(const struct stream *s, const struct stream_group *g, int64_t *lag);

#endif
