/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_pending: entries of a stream that were delivered but not acknowledged, in the order of their ids.
 *
 * Role:    an ordered set of references to nacks: that of a group or of a consumer.
 * Owns:    the references; the nacks belong to their group.
 * Threads: under the lock of its key.
 * Used by: stream_group, which alone changes it; the commands read it.
 * Why:     Redis has a radix tree for each set. Here the references are sorted in chunks, whose records are in one
 *          array. A reference takes about 8 bytes if ids come in order. One among ten million is found, added or
 *          removed with two binary searches and a move of at most 2 KiB.
 */
#ifndef LARDER_TYPES_STREAM_PENDING_H
#define LARDER_TYPES_STREAM_PENDING_H

#include "types/records.h"
#include "types/stream_id.h"

struct stream_consumer;

/* An entry that waits for its acknowledgement: in the set of its group and in that of its consumer. */
struct stream_nack {
    struct stream_id id;
    int64_t delivery_time; /* ms since 1970 */
    uint64_t delivery_count;
    struct stream_consumer *consumer; /* changed by stream_nack_give only */
};

struct stream_pending {
    struct records chunks;
    size_t count;
    size_t changes; /* the number of changes, for walks */
    size_t *bytes;  /* a counter of the stream, to which the set adds what it allocates */
};

static inline void stream_pending_init(struct stream_pending *p, size_t *bytes)
{
    *p = (struct stream_pending){.bytes = bytes};
}

/* Borrows n, whose id is not in the set, until it is removed. */
void stream_pending_add(struct stream_pending *p, struct stream_nack *n);
/* n is in the set. */
void stream_pending_remove(struct stream_pending *p, const struct stream_nack *n);
void stream_pending_fini(struct stream_pending *p);

/* NULL: there is none. Here and below, borrowed until it is removed. */
struct stream_nack *stream_pending_find(const struct stream_pending *p, struct stream_id id);
struct stream_nack *stream_pending_first(const struct stream_pending *p);
struct stream_nack *stream_pending_last(const struct stream_pending *p);

/* Refers to `copy`, which has the content of n, in place of n, which is in the set. */
void stream_pending_replace(struct stream_pending *p, const struct stream_nack *n, struct stream_nack *copy);
/* Visits the references of a chunk, a few hundred at most; `visit` may replace them by copies of the nacks. */
void stream_pending_visit(struct stream_pending *p, size_t chunk, void (*visit)(void *arg, struct stream_nack **at),
                          void *arg);

/* A walk in the order of ids that begins at `from` or above. Between two steps, any nack may be added or removed, also
 * the current one; the walk continues after it. */
struct stream_pending_walk {
    const struct stream_pending *pending;
    struct stream_id next; /* no lower id follows */
    size_t chunk, i;       /* its location, unless `changes` has changed */
    size_t changes;
    bool is_over;
};
void stream_pending_walk_begin(struct stream_pending_walk *w, const struct stream_pending *p, struct stream_id from);
/* NULL at the end. */
struct stream_nack *stream_pending_walk_next(struct stream_pending_walk *w);

#endif
