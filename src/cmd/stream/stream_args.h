/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stream_args: what the commands of streams have in common: ids, ranges and trims in requests, entries in replies.
 *
 * Role:    parses them; finds a stream and a group; replies ids and entries.
 * Owns:    nothing; names are borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: the stream_*_cmds.c.
 *
 * A function that may say false has replied the error then.
 */
#ifndef LARDER_CMD_STREAM_STREAM_ARGS_H
#define LARDER_CMD_STREAM_STREAM_ARGS_H

#include "run/collection.h"
#include "types/stream.h"
#include "types/stream_group.h"

#define ERR_STREAM_ID "ERR Invalid stream ID specified as stream command argument"

/* ---- ids ---- */

/* Reads "ms-seq", or "ms", whose seq is then the one given. False: it is no id (nothing is replied). */
bool stream_id_read(struct slice s, uint64_t seq, struct stream_id *id);
/* Argument i as an id, with seq 0 where it has none; "-" and "+" are none. */
bool stream_arg_id(struct call *c, int i, struct stream_id *id);
/* The same, and "-" is the least of all ids, "+" the greatest. */
bool stream_arg_id_or_end(struct call *c, int i, struct stream_id *id);
/* Whether the arguments from `first` on are ids: for commands that do all or nothing. */
bool stream_args_are_ids(struct call *c, int first);

/* The ends of a range, both within it: as stream_arg_id_or_end, or "(" and an id that is not within it. */
bool stream_arg_from(struct call *c, int i, struct stream_id *from);
bool stream_arg_to(struct call *c, int i, struct stream_id *to);

/* ---- MAXLEN, MINID, LIMIT ---- */

struct stream_trim_args {
    struct stream_trim trim;
    bool is_given; /* MAXLEN or MINID */
    bool has_limit;
};

/* If the option at argument *i is one of these, parses it; *i is then its last argument. *taken: whether it was. */
bool stream_trim_option(struct call *c, int *i, struct stream_trim_args *a, bool *taken);
/* When all options are parsed: whether they agree, and say what goes if that `is_needed`; sets the limit where none was
 * given. */
bool stream_trim_judge(struct call *c, struct stream_trim_args *a, bool is_needed);

/* ---- streams and groups ---- */

/* Opens the stream of the key in argument i: stream_of(&o->value) is NULL if there is no such key. False: the error was
 * replied. */
typedef bool stream_opener(struct collection *o, struct call *c, int i);
/* To read it: counts a hit or a miss. */
stream_opener stream_open;
/* To change its entries, its last id or its list of groups: passes the door. collection_close follows. */
stream_opener stream_open_to_write;
/* To deliver or acknowledge its entries, which changes a group: passes the door and counts a hit or a miss, since Redis
 * looks it up as a reader. collection_close follows. */
stream_opener stream_open_to_deliver;
/* The same as stream_open for those who need only the stream. */
bool stream_find(struct call *c, int i, struct stream **s);
/* The stream and the group in arguments `key` and `key` + 1; false also where one of them does not exist. */
bool stream_open_group(struct collection *o, struct call *c, int key, stream_opener *open, struct stream_group **g);
/* The consumer of this name, made where there is none, with its event; it was seen now. */
struct stream_consumer *stream_see_consumer(struct call *c, int key, struct stream_group *g, struct slice name);

/* ---- replies ---- */

void stream_reply_id(struct out *out, struct stream_id id);
/* The entry that the walk has just given: its id, and the array of its fields and values. */
void stream_reply_entry(struct out *out, struct stream_walk *w, struct stream_id id, uint64_t fields);
/* The entry with this id. False: there is none, and nothing was replied. */
bool stream_reply_entry_of(struct out *out, const struct stream *s, struct stream_id id);
/* An array of the entries from `from` to `to`, both counted; no more than `most`, unless that is 0. */
void stream_reply_range(struct out *out, const struct stream *s, struct stream_id from, struct stream_id to,
                        uint64_t most, bool is_reverse);

#endif
