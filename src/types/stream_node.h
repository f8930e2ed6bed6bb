/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_node: some entries of a stream that follow one another, in one block.
 *
 * Role:    the record of such a block, and what is written in it: told once are the fields of its first entry, and
 *          each entry that has the same ones holds only values.
 * Owns:    its block.
 * Threads: under the lock of its key.
 * Used by: stream, stream_walk.
 * Why:     Redis's nodes are listpacks in which an entry of one value takes eight bytes beyond it; here it takes four,
 *          since flag and time share a number and an entry is measured in bytes and not in elements. What is removed
 *          from the front, as trimming does, only moves `begin`.
 *
 *   block      own     begin                            end          room
 *   +--------+-- ... --+---------+---------+-- ... --+---- ... ----+
 *   | fields |  gone   | entry   | entry   |         |    room     |
 *   +--------+-- ... --+---------+---------+-- ... --+---- ... ----+
 *
 *   fields:  number, and so many words
 *   entry:   ms, seq, [number,] words, length
 *
 * Numbers and words as packed.h has them. ms: what the id's time is beyond that of `base`, with a flag if the entry has
 * fields of its own: then the number of them follows, and field, value, field, value ... Without it the words are the
 * values. seq: the difference to base's, modulo 2^64, without its sign, which is the flag. length: bytes of the entry
 * up to there, to be read from behind: 7 bits in a byte, the low ones last, the top bit of each but the first.
 */
#ifndef LARDER_TYPES_STREAM_NODE_H
#define LARDER_TYPES_STREAM_NODE_H

#include "types/packed.h"
#include "types/stream_id.h"

struct stream_node {
    struct stream_id base; /* of the first entry that was put here */
    struct stream_id last; /* of the last one, whether it is still there or not */
    char *block;
    uint32_t begin, end, room;
    uint32_t count;   /* entries */
    uint32_t removed; /* entries that were there; for Redis they still are, as far as its limits go */
    uint32_t weight;  /* bytes that Redis's listpack would have, but for the two counts */
};

/* Up to where entries share a node, 0: without limit. */
struct stream_node_limits {
    uint64_t entries;
    uint64_t bytes;
};

/* An entry as it is found. Borrowed until the node changes. */
struct stream_entry {
    const char *at;
    struct stream_id id;
    uint64_t fields;
    const char *words;
    const char *master; /* the node's first field; NULL: it has its own */
};

/* A node of one entry. pairs, here and below: field, value, field, value ..., which are copied. */
struct stream_node stream_node_of(struct stream_id id, const struct slice *pairs, size_t fields);
struct stream_node stream_node_copy(const struct stream_node *n);
void stream_node_free(struct stream_node *n);

/* Whether Redis would put an entry with so many bytes of fields and values into this node. */
bool stream_node_takes(const struct stream_node *n, size_t bytes, const struct stream_node_limits *most);
/* Appends an entry, whose id is above n->last. */
void stream_node_append(struct stream_node *n, struct stream_id id, const struct slice *pairs, size_t fields,
                        const struct stream_node_limits *most);
/* Gives back the room: nothing more is appended. */
void stream_node_trim(struct stream_node *n);

/* ---- places: the beginning of an entry, or the end of all ---- */

static inline const char *stream_node_begin(const struct stream_node *n)
{
    return n->block + n->begin;
}

static inline const char *stream_node_end(const struct stream_node *n)
{
    return n->block + n->end;
}

/* The words that are the node's own fields; *fields: how many. */
static inline const char *stream_node_fields(const struct stream_node *n, uint64_t *fields)
{
    bool flag;

    return packed_get(n->block, fields, &flag);
}

/* The entry at a place that is not the end. stream_entry_end finds what follows it. */
void stream_node_entry(const struct stream_node *n, const char *at, struct stream_entry *e);
const char *stream_entry_end(const struct stream_entry *e);
/* The next pair of e, which has one; digits: of field and value, for those that are kept as numbers. */
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

/* The entry before a place that is not the beginning. */
const char *stream_node_before(const char *at);
/* The first entry that is not before id, or the end. */
const char *stream_node_seek(const struct stream_node *n, struct stream_id id);
/* Removes what lies from one place to another, which are so many entries, and not all. */
void stream_node_remove(struct stream_node *n, const char *from, const char *to, size_t entries);

#endif
