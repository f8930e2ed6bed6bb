/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_args: arguments and replies that the stream commands share.
 *
 * Role:    parses ids, ranges and trimming options; finds a stream and a group; replies with ids and entries.
 * Owns:    nothing; names are borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: the stream_*_cmds.c.
 *
 * Where nothing else is said, a function that returns false has replied with the error.
 */
#ifndef LARDER_CMD_STREAM_STREAM_ARGS_H
#define LARDER_CMD_STREAM_STREAM_ARGS_H

#include "run/collection.h"
#include "types/stream.h"
#include "types/stream_group.h"

#define ERR_STREAM_ID "ERR Invalid stream ID specified as stream command argument"

/* ---- ids ---- */

/* Parses "ms-seq", or "ms" with `seq` as the sequence number. False: not an id; nothing was replied. */
bool stream_id_read(struct slice s, uint64_t seq, struct stream_id *id);
/* Parses argument i as an id; the sequence number defaults to 0. "-" and "+" are errors. */
bool stream_arg_id(struct call *c, int i, struct stream_id *id);
/* As stream_arg_id, but "-" is the smallest possible id and "+" the largest. */
bool stream_arg_id_or_end(struct call *c, int i, struct stream_id *id);
/* Checks that all arguments from `first` on are ids, for commands that apply all of them or none. */
bool stream_args_are_ids(struct call *c, int first);

/* Parse the bounds of a range, both inclusive: as stream_arg_id_or_end, or "(" and an id to exclude. */
bool stream_arg_from(struct call *c, int i, struct stream_id *from);
bool stream_arg_to(struct call *c, int i, struct stream_id *to);

/* ---- MAXLEN, MINID, LIMIT ---- */

struct stream_trim_args {
    struct stream_trim trim;
    bool is_given; /* MAXLEN or MINID */
    bool has_limit;
};

/* Parses the option at *i if it is one of these, and sets *i to its last argument. *taken: whether it is one. */
bool stream_trim_option(struct call *c, int *i, struct stream_trim_args *a, bool *taken);
/* Checks the combination of options once all are parsed, and that MAXLEN or MINID was given if it `is_needed`. Sets the
 * default limit. */
bool stream_trim_check(struct call *c, struct stream_trim_args *a, bool is_needed);

/* ---- streams and groups ---- */

/* Opens the stream of the key in argument i. stream_of(&o->value) is NULL if the key does not exist. False: the error
 * was replied. */
typedef bool stream_opener(struct collection *o, struct call *c, int i);
/* For reading: counts a hit or a miss. */
stream_opener stream_open;
/* For changing its entries, its last id or its groups: passes the door. collection_close follows. */
stream_opener stream_open_to_write;
/* For delivering or acknowledging entries, which changes a group: passes the door, and counts a hit or a miss, because
 * Redis looks the key up for reading. collection_close follows. */
stream_opener stream_open_to_deliver;
/* As stream_open, for callers that need only the stream. */
bool stream_find(struct call *c, int i, struct stream **s);
/* Opens the stream and finds the group in arguments `key` and `key` + 1. False also if one of them does not exist. */
bool stream_open_group(struct collection *o, struct call *c, int key, stream_opener *open, struct stream_group **g);
/* Finds the consumer of this name, or creates it and reports its event. Sets its seen_time to now. */
struct stream_consumer *stream_make_consumer(struct call *c, int key, struct stream_group *g, struct slice name);

/* ---- replies ---- */

void stream_reply_id(struct out *out, struct stream_id id);
/* Replies with the entry that stream_walk_next just returned: its id, and the array of its fields and values. */
void stream_reply_entry(struct out *out, struct stream_walk *w, struct stream_id id, uint64_t fields);
/* Replies with the entry of this id. False: it does not exist; nothing was replied. */
bool stream_reply_entry_of(struct out *out, const struct stream *s, struct stream_id id);
/* Replies with an array of the entries from `from` to `to`, both inclusive; at most `max`, 0: all. */
void stream_reply_range(struct out *out, const struct stream *s, struct stream_id from, struct stream_id to,
                        uint64_t max, bool is_reverse);

#endif
