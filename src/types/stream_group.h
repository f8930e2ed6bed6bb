/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_group: the consumer groups of a stream.
 *
 * Role:    groups and their consumers, found by name, and the entries delivered to each consumer that are not
 *          acknowledged.
 * Owns:    a group owns its consumers and nacks; the stream owns the groups.
 * Threads: under the lock of its key.
 * Used by: stream; the stream commands, persist, the digest.
 * Why:     a stream has few groups and a group few consumers, so they are in arrays sorted by name in byte order. This
 *          is also the order in which XINFO lists them.
 *
 * A nack is in two sets: that of its group and that of its consumer. The functions here keep both consistent.
 */
#ifndef LARDER_TYPES_STREAM_GROUP_H
#define LARDER_TYPES_STREAM_GROUP_H

#include "base/slice.h"
#include "types/stream.h"
#include "types/stream_pending.h"

#define STREAM_READ_UNKNOWN (-1)

struct stream_consumer {
    struct slice name;   /* owned, after this struct */
    int64_t seen_time;   /* of the last attempt to read, ms since 1970 */
    int64_t active_time; /* of the last successful read; -1: never */
    struct stream_pending pending;
};

struct stream_group {
    struct slice name;     /* owned, after this struct */
    struct stream_id last; /* the last entry delivered */
    int64_t entries_read;  /* STREAM_READ_UNKNOWN, or the number of `last` among all entries ever added */
    struct stream_pending pending;
    struct records consumers;
};

/* ---- groups ---- */

/* NULL: there is no group of this name. Borrowed until it is removed. */
struct stream_group *stream_group_find(const struct stream *s, struct slice name);
/* Makes a group. NULL: there is one of this name. entries_read may be STREAM_READ_UNKNOWN. */
struct stream_group *stream_group_add(struct stream *s, struct slice name, struct stream_id last, int64_t entries_read);
/* Removes a group with its consumers and nacks. */
void stream_group_remove(struct stream *s, struct stream_group *g);
/* The number of groups, and group i in the order of names. */
size_t stream_group_count(const struct stream *s);
struct stream_group *stream_group_at(const struct stream *s, size_t i);

/* ---- consumers ---- */

/* NULL: there is no consumer of this name. Borrowed until it is removed. */
struct stream_consumer *stream_consumer_find(const struct stream_group *g, struct slice name);
/* Makes a consumer with the seen_time `now` and the active_time -1. NULL: there is one of this name. */
struct stream_consumer *stream_consumer_add(struct stream_group *g, struct slice name, int64_t now);
/* Removes a consumer and its nacks. Returns how many nacks these were. */
size_t stream_consumer_remove(struct stream_group *g, struct stream_consumer *c);
size_t stream_consumer_count(const struct stream_group *g);
struct stream_consumer *stream_consumer_at(const struct stream_group *g, size_t i);

/* ---- nacks, which stream_pending_find finds in the sets ---- */

/* Makes a nack for an entry that has none in this group: delivered to c once, at `now`. Borrowed until it is removed.
 * If c is NULL, the caller assigns the nack to a consumer before anything else, as persist does. */
struct stream_nack *stream_nack_add(struct stream_group *g, struct stream_consumer *c, struct stream_id id,
                                    int64_t now);
/* Bytes that a nack takes, with its references in both sets: as a bound, and in one of the sets alone. */
#define STREAM_NACK_BYTES      (sizeof(struct stream_nack) + 2 * STREAM_REFERENCE_BYTES)
#define STREAM_REFERENCE_BYTES (2 * sizeof(struct stream_nack *))
/* Assigns a nack to c; its time and count stay. */
void stream_nack_give(struct stream_nack *n, struct stream_consumer *c);
/* Removes a nack: it was acknowledged, or its entry is deleted. */
void stream_nack_remove(struct stream_group *g, struct stream_nack *n);

/* ---- for stream.c ---- */

/* Frees all groups, in parts of about so many nacks. True: they are freed. */
bool stream_groups_free_part(struct stream *s, size_t nacks);
/* Copies the groups of `from` to `to`, which has none. */
void stream_groups_copy(struct stream *to, const struct stream *from);
/* Moves nacks out of sparse slabs, from a position on, until the work is done. Returns where to continue, 0 at the end.
 * Any position is valid. */
uint64_t stream_groups_compact(struct stream *s, uint64_t at, struct slab_work *w);
/* The number of nacks of all groups. */
size_t stream_groups_pending(const struct stream *s);

#endif
