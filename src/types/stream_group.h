/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_group: the consumer groups of a stream.
 *
 * Role:    groups by their names, their consumers by theirs, and what was delivered to each and not acknowledged.
 * Owns:    groups own their consumers and nacks; the stream owns the groups.
 * Threads: under the lock of its key.
 * Used by: stream; the commands of streams, persist, the digest.
 * Why:     a stream has few groups and a group few consumers: they stand in arrays sorted by name, in byte order, which
 *          is the order in which XINFO lists them.
 *
 * A nack is in two sets: `pending` of its group and that of its consumer. The functions here keep them agreed.
 */
#ifndef LARDER_TYPES_STREAM_GROUP_H
#define LARDER_TYPES_STREAM_GROUP_H

#include "base/slice.h"
#include "types/stream.h"
#include "types/stream_pending.h"

#define STREAM_READ_UNKNOWN (-1)

struct stream_consumer {
    struct slice name;   /* owned, behind this struct */
    int64_t seen_time;   /* of the last attempt to get something, ms since 1970 */
    int64_t active_time; /* when it last got something; -1: never */
    struct stream_pending pending;
};

struct stream_group {
    struct slice name;     /* owned, behind this struct */
    struct stream_id last; /* delivered up to here */
    int64_t entries_read;  /* STREAM_READ_UNKNOWN, or the number that `last` had among all entries ever added */
    struct stream_pending pending;
    struct row consumers;
};

/* ---- groups ---- */

/* NULL: there is none of this name. Borrowed until it is removed. */
struct stream_group *stream_group_find(const struct stream *s, struct slice name);
/* Makes one; NULL: there is one of this name. entries_read may be STREAM_READ_UNKNOWN. */
struct stream_group *stream_group_add(struct stream *s, struct slice name, struct stream_id last, int64_t entries_read);
/* Removes it with its consumers and nacks. */
void stream_group_remove(struct stream *s, struct stream_group *g);
/* How many there are, and number i of them, by name. */
size_t stream_group_count(const struct stream *s);
struct stream_group *stream_group_at(const struct stream *s, size_t i);

/* ---- consumers ---- */

/* NULL: there is none of this name. Borrowed until it is removed. */
struct stream_consumer *stream_consumer_find(const struct stream_group *g, struct slice name);
/* Makes one; NULL: there is one of this name. seen_time is `now`, active_time -1. */
struct stream_consumer *stream_consumer_add(struct stream_group *g, struct slice name, int64_t now);
/* Removes it, and its nacks. Returns how many these were. */
size_t stream_consumer_remove(struct stream_group *g, struct stream_consumer *c);
size_t stream_consumer_count(const struct stream_group *g);
struct stream_consumer *stream_consumer_at(const struct stream_group *g, size_t i);

/* ---- nacks: look for them in the sets, with stream_pending_find ---- */

/* Makes one for an entry that has none in this group; delivered once, at `now`, to c. Borrowed until it is removed.
 * c NULL: to be given to one before anything else is done, as it is where groups are read. */
struct stream_nack *stream_nack_add(struct stream_group *g, struct stream_consumer *c, struct stream_id id,
                                    int64_t now);
/* Makes it one of c's; its time and count stay. */
void stream_nack_give(struct stream_nack *n, struct stream_consumer *c);
/* Removes it: acknowledged, or its entry is gone. */
void stream_nack_remove(struct stream_group *g, struct stream_nack *n);

/* ---- for the stream ---- */

void stream_groups_fini(struct stream *s);
/* Gives `to`, which has no groups, copies of those of `from`. */
void stream_groups_copy(struct stream *to, const struct stream *from);
/* Nacks of all groups. */
size_t stream_groups_pending(const struct stream *s);

#endif
