/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_pending: entries of a stream that were delivered and not acknowledged, in the order of their ids.
 *
 * Role:    an ordered set of references to nacks: that of a group, or that of a consumer.
 * Owns:    the references; the nacks belong to their group.
 * Threads: under the lock of its key.
 * Used by: stream_group, which alone changes it; the commands look at it.
 * Why:     Redis has a radix tree for each. Here the references stand sorted in chunks, whose records are one array:
 *          about 8 bytes for each where ids come in order, and an entry among ten million is found, added or removed by
 *          two binary searches and one move of at most 2 KiB.
 */
#ifndef LARDER_TYPES_STREAM_PENDING_H
#define LARDER_TYPES_STREAM_PENDING_H

#include "types/row.h"
#include "types/stream_id.h"

struct stream_consumer;

/* One entry that waits to be acknowledged: in the set of its group and in that of its consumer. */
struct stream_nack {
    struct stream_id id;
    int64_t delivery_time; /* ms since 1970 */
    uint64_t delivery_count;
    struct stream_consumer *consumer; /* changed by stream_nack_give alone */
};

struct stream_pending {
    struct row chunks;
    size_t count;
    size_t changes; /* how often it was changed: walks look */
    size_t *bytes;  /* of the stream: what the set allocates is added there */
};

static inline void stream_pending_init(struct stream_pending *p, size_t *bytes)
{
    *p = (struct stream_pending){.bytes = bytes};
}

/* Borrows n, whose id is not there, until it is removed. */
void stream_pending_add(struct stream_pending *p, struct stream_nack *n);
/* n is there. */
void stream_pending_remove(struct stream_pending *p, const struct stream_nack *n);
void stream_pending_fini(struct stream_pending *p);

/* NULL: there is none. Borrowed until it is removed, as are those below. */
struct stream_nack *stream_pending_find(const struct stream_pending *p, struct stream_id id);
struct stream_nack *stream_pending_first(const struct stream_pending *p);
struct stream_nack *stream_pending_last(const struct stream_pending *p);

/* A walk in the order of ids, from the first that is not before `from`. Between two steps any may be added or removed,
 * also the one just given: the walk goes on behind it. */
struct stream_pending_walk {
    const struct stream_pending *pending;
    struct stream_id next; /* none before it is given */
    size_t chunk, i;       /* where that is, as long as there are so many changes */
    size_t changes;
    bool is_over;
};
void stream_pending_walk_begin(struct stream_pending_walk *w, const struct stream_pending *p, struct stream_id from);
/* NULL at the end. */
struct stream_nack *stream_pending_walk_next(struct stream_pending_walk *w);

#endif
