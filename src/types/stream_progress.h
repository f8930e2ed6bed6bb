/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_progress: how far a group has read its stream.
 *
 * Role:    advances a group as entries are delivered, and computes how many are left.
 * Owns:    nothing.
 * Threads: under the lock of their key.
 * Used by: XREADGROUP, XINFO.
 * Why:     entries_read counts deliveries as long as no entry after the last one was deleted; otherwise it is computed
 *          again where possible.
 */
#ifndef LARDER_TYPES_STREAM_PROGRESS_H
#define LARDER_TYPES_STREAM_PROGRESS_H

#include "types/stream_group.h"

/* Records that entry `id` is delivered to the group. If it is after `last`, `last` and entries_read advance, as in
 * XREADGROUP. To be called for each entry in the order of delivery. */
void stream_progress_deliver(const struct stream *s, struct stream_group *g, struct stream_id id);
/* The number of entries that the group has still to read. False: unknown. */
bool stream_progress_lag(const struct stream *s, const struct stream_group *g, int64_t *lag);

#endif
