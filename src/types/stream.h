/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream: entries of fields and values, each with an id above the one before.
 *
 * Role:    appends, finds, walks, trims and removes them, and has the groups that read them.
 * Owns:    its nodes, its groups.
 * Threads: under the lock of its key.
 * Used by: the commands of streams, persist, the digest; store/entry frees, copies and counts it.
 * Why:     Redis has a radix tree of listpacks. Ids only grow, so that a row of records, sorted as it comes, does the
 *          same with one binary search and without a node per step; for what is in a node, see stream_node.h.
 *
 * A stream is always large, and may be a key while it is empty. For a command:
 *
 *  if (!collection_write(&o, c, 1, TYPE_STREAM))
 *      return;
 *  s = stream_of(&o.value);             // NULL: there is no such key
 *  s = stream_make(&o.value);           // the same, but made where there was none
 *  ...
 *  collection_close(&o);
 */
#ifndef LARDER_TYPES_STREAM_H
#define LARDER_TYPES_STREAM_H

#include "base/must.h"
#include "types/row.h"
#include "types/stream_node.h"
#include "types/value.h"

#define STREAM_ENTRY_MOST (1u << 30) /* bytes of the fields and values of one entry */

#define STREAM_MAGIC 0x73747265u /* "stre" */

struct stream {
    uint32_t magic;
    struct row nodes;
    struct row groups;            /* stream_group.h */
    uint64_t count;               /* entries */
    uint64_t added;               /* entries ever; XSETID sets it, and the two below */
    struct stream_id last;        /* the last id given, whether its entry is there or not */
    struct stream_id max_deleted; /* the highest id that was deleted by stream_remove */
    size_t bytes;                 /* of all blocks but this one and the arrays of nodes and groups */
};

struct stream *stream_new(void);
/* These are what store/entry needs; `large` is a struct stream. */
void stream_free(void *large);
void *stream_copy(const void *large);
/* Entries and nacks: what there is to be freed. */
size_t stream_large_count(const void *large);
size_t stream_large_bytes(const void *large);

/* The stream of a value, NULL if it has none. Borrowed as long as the value is not cleared. */
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

/* ---- changed ---- */

/* Appends an entry of `fields` fields, at least one; pairs: field, value, field, value ... Copies them. id is above
 * s->last. `most`: entries and bytes of a node, 0 for no limit, as limits_of gives them. False: it is too large, more
 * than STREAM_ENTRY_MOST, and nothing was done. */
bool stream_append(struct stream *s, struct stream_id id, const struct slice *pairs, size_t fields,
                   const struct value_limits *most);
/* Removes an entry, as XDEL does: max_deleted follows. False: it is not there. */
bool stream_remove(struct stream *s, struct stream_id id);

/* What XTRIM does. */
struct stream_trim {
    bool by_id;             /* else by length */
    bool is_approximate;    /* only whole nodes */
    uint64_t length;        /* so many may stay */
    struct stream_id least; /* those before it go */
    uint64_t limit;         /* approximate: no more than so many go; 0: any number */
};
/* Removes from the front. Returns how many were removed. max_deleted stays. */
uint64_t stream_trim(struct stream *s, const struct stream_trim *how);

/* ---- looked at ---- */

/* The ids of the first and the last entry that are there; 0-0 if there is none. */
struct stream_id stream_first_id(const struct stream *s);
struct stream_id stream_last_id(const struct stream *s);
bool stream_has(const struct stream *s, struct stream_id id);
/* Nodes, as XINFO tells them. */
size_t stream_node_count(const struct stream *s);
/* The number that the entry with this id has, or would have, among all ever added, the first being 1. -1: that cannot
 * be told, as entries between were deleted. */
int64_t stream_number_of(const struct stream *s, struct stream_id id);
/* Whether an entry from `from` to `to`, both counted, may have been deleted by stream_remove. */
bool stream_has_gap(const struct stream *s, struct stream_id from, struct stream_id to);

/* A walk over the entries from `from` to `to`, both counted, or backwards, from `to` to `from`. The stream may not
 * change between (groups may). Needs no end.
 *
 *  stream_walk_begin(&w, s, from, to, false);
 *  while (stream_walk_next(&w, &id, &fields))
 *      while (stream_walk_pair(&w, &field, &value))
 *          ...
 */
struct stream_walk {
    const struct stream *stream;
    struct stream_id from, to;
    bool is_reverse;
    size_t node;                 /* the one it is in */
    const char *at;              /* a place in it; NULL: it is over */
    struct stream_entry entry;   /* the one just given: what was not asked for yet */
    char digits[2][NUM_I64_MAX]; /* of a field and a value that are kept as numbers */
};
void stream_walk_begin(struct stream_walk *w, const struct stream *s, struct stream_id from, struct stream_id to,
                       bool is_reverse);
/* False: at the end. *fields: pairs of the entry, of which none, some or all may be asked for. */
bool stream_walk_next(struct stream_walk *w, struct stream_id *id, uint64_t *fields);
/* The next pair of the entry just given. Borrowed until the next call or change. False: there is none. */
bool stream_walk_pair(struct stream_walk *w, struct slice *field, struct slice *value);

#endif
