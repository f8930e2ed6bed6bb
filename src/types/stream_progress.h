/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_progress: how far a group has come in its stream.
 *
 * Role:    moves the group on as entries are delivered, and tells how many are left.
 * Owns:    nothing.
 * Threads: under the lock of their key.
 * Used by: XREADGROUP, XINFO.
 * Why:     entries_read is the number of the last entry delivered, as long as nothing behind it was deleted; else it is
 *          found anew, where it can be.
 */
#ifndef LARDER_TYPES_STREAM_PROGRESS_H
#define LARDER_TYPES_STREAM_PROGRESS_H

#include "types/stream_group.h"

/* The entry `id` is delivered to the group: where it is behind the last one, `last` and entries_read follow, as
 * XREADGROUP has it. Call it in the order of delivery, for each entry. */
void stream_progress_deliver(const struct stream *s, struct stream_group *g, struct stream_id id);
/* How many entries the group has still to read. False: nobody knows. */
bool stream_progress_lag(const struct stream *s, const struct stream_group *g, int64_t *lag);

#endif
