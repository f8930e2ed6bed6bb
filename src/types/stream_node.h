/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_node: consecutive entries of a stream in one block.
 *
 * Role:    the record of such a block, and the encoding of its content. The fields of the first entry are stored once;
 *          an entry with the same fields stores only its values.
 * Owns:    its block.
 * Threads: under the lock of its key.
 * Used by: stream.
 * Why:     Redis's nodes are listpacks, in which an entry of one value has an overhead of eight bytes. Here it is four,
 *          since flag and time share a number, and since the length of an entry is in bytes and not in elements. A
 *          removal from the front, as by trimming, only moves `begin`.
 *
 *   block      own     begin                            end          room
 *   +--------+-- ... --+---------+---------+-- ... --+---- ... ----+
 *   | fields | removed | entry   | entry   |         |    room     |
 *   +--------+-- ... --+---------+---------+-- ... --+---- ... ----+
 *
 *   fields:  number, and so many words
 *   entry:   ms, seq, [number,] words, length
 *
 * Numbers and words are encoded as in packed.h. ms: the time of the id less that of `base`; the flag means that the
 * entry has its own fields. Then their number follows, and field, value, field, value ... Else the words are the values
 * of the node's fields. seq: the absolute difference to base's, modulo 2^64; the flag is the sign. length: bytes of the
 * entry up to here, for backward reading: 7 bits per byte, the low ones last; the top bit of each byte but the first is
 * set.
 */
#ifndef LARDER_TYPES_STREAM_NODE_H
#define LARDER_TYPES_STREAM_NODE_H

#include "base/slab.h"
#include "types/packed.h"
#include "types/stream_id.h"

struct stream_node {
    struct stream_id base; /* the id of the first entry that was added */
    struct stream_id last; /* the id of the last entry that was added, whether it still exists or not */
    char *block;
    uint32_t begin, end, room;
    uint32_t count;   /* entries */
    uint32_t removed; /* entries that were removed; Redis still counts them against the limit */
    uint32_t weight;  /* bytes of Redis's listpack without the two counts */
};

/* The limits up to which entries share a node; 0: no limit. */
struct stream_node_limits {
    uint64_t entries;
    uint64_t bytes;
};

/* A decoded entry. Borrowed until the node changes. */
struct stream_entry {
    const char *at;
    struct stream_id id;
    uint64_t fields;
    const char *words;
    const char *master; /* the node's first field; NULL: the entry has its own fields */
};

/* A node of one entry. Here and below, pairs are field, value, field, value ...; they are copied. */
struct stream_node stream_node_of(struct stream_id id, const struct slice *pairs, size_t fields);
struct stream_node stream_node_copy(const struct stream_node *n);
void stream_node_free(struct stream_node *n);

/* Whether Redis would add an entry with so many bytes of fields and values to this node. */
bool stream_node_takes(const struct stream_node *n, size_t bytes, const struct stream_node_limits *limits);
/* Appends an entry with an id above n->last. */
void stream_node_append(struct stream_node *n, struct stream_id id, const struct slice *pairs, size_t fields,
                        const struct stream_node_limits *limits);
/* Moves the block out of a sparse slab. */
void stream_node_compact(struct stream_node *n, struct slab_work *w);
/* Frees unused room: nothing more is appended. */
void stream_node_trim(struct stream_node *n);

/* ---- positions: the beginning of an entry, or the end of the last ---- */

static inline const char *stream_node_begin(const struct stream_node *n)
{
    return n->block + n->begin;
}

static inline const char *stream_node_end(const struct stream_node *n)
{
    return n->block + n->end;
}

/* The words of the node's own fields; *fields: how many. */
static inline const char *stream_node_fields(const struct stream_node *n, uint64_t *fields)
{
    bool flag;

    return packed_get(n->block, fields, &flag);
}

/* Decodes the entry at a position that is not the end. stream_entry_end returns where the next one begins. */
void stream_node_entry(const struct stream_node *n, const char *at, struct stream_entry *e);
const char *stream_entry_end(const struct stream_entry *e);
/* The next pair of e, which has one. digits: for a field and a value that are stored as numbers. */
static inline void stream_entry_pair(struct stream_entry *e, struct slice *field, struct slice *value,
                                     char digits[2][NUM_I64_MAX])
{
    e->fields--;
    if (e->master != NULL)
        e->master = packed_get_word(e->master, field, digits[0]);
    else
        e->words = packed_get_word(e->words, field, digits[0]);
    e->words = packed_get_word(e->words, value, digits[1]);
}

/* The entry before a position that is not the beginning. */
const char *stream_node_before(const char *at);
/* The first entry with an id of at least `id`, or the end. */
const char *stream_node_seek(const struct stream_node *n, struct stream_id id);
/* Removes the bytes between two positions, which are `entries` entries and not all. */
void stream_node_remove(struct stream_node *n, const char *from, const char *to, size_t entries);

#endif
