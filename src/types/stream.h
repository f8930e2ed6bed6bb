/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream: entries of fields and values with ascending ids.
 *
 * Role:    appends, finds, walks, trims and removes entries, and holds the consumer groups that read them.
 * Owns:    its nodes and groups.
 * Threads: under the lock of its key.
 * Used by: the stream commands, persist, the digest; store/entry frees, copies and counts it.
 * Why:     Redis has a radix tree of listpacks. Since ids only grow, an array of nodes is sorted as it is filled. An
 *          entry is found by one binary search, and no memory is spent on inner nodes. For what a node contains, see
 *          stream_node.h.
 *
 * A stream is always large, and may be a key while it is empty. For a command:
 *
 *  if (!collection_write(&o, c, 1, TYPE_STREAM))
 *      return;
 *  s = stream_of(&o.value);             // NULL: there is no such key
 *  s = stream_make(&o.value);           // the same, but makes a missing stream
 *  ...
 *  collection_close(&o);
 */
#ifndef LARDER_TYPES_STREAM_H
#define LARDER_TYPES_STREAM_H

#include "base/must.h"
#include "types/records.h"
#include "types/stream_node.h"
#include "types/value.h"

#define STREAM_ENTRY_MAX (1u << 30) /* bytes of the fields and values of one entry */

#define STREAM_MAGIC 0x73747265u /* "stre" */

struct stream {
    uint32_t magic;
    struct records nodes;
    struct records groups;        /* stream_group.h */
    uint64_t count;               /* entries */
    uint64_t added;               /* entries ever added; XSETID sets it, and the two below */
    struct stream_id last;        /* the last id used, whether its entry still exists or not */
    struct stream_id max_deleted; /* the highest id that stream_remove has deleted */
    size_t bytes;                 /* of all blocks but this one and the arrays of nodes and groups */
};

struct stream *stream_new(void);
/* For store/entry; `large` is a struct stream. */

/* Frees the stream in parts of about so many entries, which are counted roughly. True: all of it is freed. */
bool stream_free_part(void *large, size_t entries);
void *stream_copy(const void *large);
uint64_t stream_compact(void *large, uint64_t at, struct slab_work *w);
/* Entries and nacks: how much there is to free. */
size_t stream_large_count(const void *large);
size_t stream_large_bytes(const void *large);

/* The stream of a value, NULL if it has none. Borrowed until the value is cleared. */
static inline struct stream *stream_of(const struct value *v)
{
    struct stream *s = v->form == VALUE_LARGE ? v->large : NULL;

    must(s == NULL || s->magic == STREAM_MAGIC);
    return s;
}

static inline struct stream *stream_make(struct value *v)
{
    if (value_is_empty(v))
        value_enlarge(v, stream_new());
    return stream_of(v);
}

/* ---- changes ---- */

/* Appends an entry with copies of `fields` pairs, at least one: field, value, field, value ... id > s->last. limits:
 * entries and bytes of a node, 0: no limit, as limits_of returns them. False: the entry exceeds STREAM_ENTRY_MAX;
 * nothing was changed. */
bool stream_append(struct stream *s, struct stream_id id, const struct slice *pairs, size_t fields,
                   const struct value_limits *limits);
/* The nodes among which removals have left empty ones; {0} before the first removal. */
struct stream_emptied {
    size_t from, end;
};
/* Removes an entry and raises max_deleted, as XDEL does. False: there is no such entry. Nodes that became empty stay
 * until stream_remove_emptied: only stream_remove may be called until then. So a removal of many entries moves the
 * array of nodes once. */
bool stream_remove(struct stream *s, struct stream_id id, struct stream_emptied *emptied);
void stream_remove_emptied(struct stream *s, const struct stream_emptied *emptied);

/* The arguments of XTRIM. */
struct stream_trim {
    bool by_id;              /* else by length */
    bool is_approximate;     /* removes whole nodes only */
    uint64_t length;         /* how many entries may remain */
    struct stream_id min_id; /* entries with lower ids are removed */
    uint64_t limit;          /* approximate: the maximum number of removals; 0: no limit */
};
/* Removes entries at the front. Returns how many. max_deleted stays. */
uint64_t stream_trim(struct stream *s, const struct stream_trim *how);

/* ---- reading ---- */

/* The ids of the first and the last entry; 0-0 if the stream is empty. */
struct stream_id stream_first_id(const struct stream *s);
struct stream_id stream_last_id(const struct stream *s);
bool stream_has(const struct stream *s, struct stream_id id);
/* The number of nodes, as XINFO shows it. */
size_t stream_node_count(const struct stream *s);
/* The number that the entry with this id has, or would have, among all entries ever added, from 1 on. -1: unknown,
 * since entries in between were deleted. */
int64_t stream_number_of(const struct stream *s, struct stream_id id);
/* Whether stream_remove may have deleted `from` or a later entry. Always false if the stream is empty. */
bool stream_has_gap(const struct stream *s, struct stream_id from);

/* A walk over the entries from `from` to `to`, both inclusive, or backwards from `to` to `from`. The stream may not
 * change meanwhile; groups may. Nothing has to be freed.
 *
 *  stream_walk_begin(&w, s, from, to, false);
 *  while (stream_walk_next(&w, &id, &fields))
 *      while (stream_walk_pair(&w, &field, &value))
 *          ... */
struct stream_walk {
    const struct stream *stream;
    struct stream_id from, to;
    bool is_reverse;
    size_t node;                 /* the current node */
    const char *at;              /* a position in the node; NULL: the walk has ended */
    struct stream_entry entry;   /* the current entry: the pairs that are still to come */
    char digits[2][NUM_I64_MAX]; /* of a field and a value that are stored as numbers */
};
void stream_walk_begin(struct stream_walk *w, const struct stream *s, struct stream_id from, struct stream_id to,
                       bool is_reverse);
/* False: at the end. *fields: the number of pairs. Not all of them have to be read. */
bool stream_walk_next(struct stream_walk *w, struct stream_id *id, uint64_t *fields);
/* The next pair of the current entry. Borrowed until the next call or change. False: there are no more. */
bool stream_walk_pair(struct stream_walk *w, struct slice *field, struct slice *value);

#endif
