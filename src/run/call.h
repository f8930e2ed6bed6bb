/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call: one command in progress, and all it may do.
 *
 * Role:    what a command body works with: arguments, replies, keys. The unit holds the shards of the declared keys
 *          from before the body runs until after it; a body never locks.
 * Owns:    nothing beyond the run.
 * Threads: the worker that runs it.
 * Used by: every *_cmds.c.
 *
 * A body reads keys with call_find_read or call_look. It changes them in one of three ways, each of which passes the
 * door (store/shard.h) before anything changes: it opens a string or a stream with call_find_to_write, or a collection
 * with collection_write (collection.h), or it uses the functions below that replace or remove a whole entry. It calls
 * call_changed, or call_drop, for each key that changed: that is what WATCH hears of. Entries and slices from a look-up
 * are borrowed until the key is changed or the body returns; a second look-up of the key gives the same entry.
 * Arguments are borrowed until the body returns.
 */
#ifndef LARDER_RUN_CALL_H
#define LARDER_RUN_CALL_H

#include "run/command.h"
#include "run/unit.h"
#include "session/session.h"

struct call {
    struct runner *runner;
    struct unit *unit; /* holds the shards; its `now` is the time of all that the call does */
    struct instance *instance;
    struct session *session;
    struct out *out;          /* replies go here */
    const struct command *cmd;
    const struct slice *argv; /* argv[0] is the name as the client wrote it */
    uint64_t *hash;           /* beside each argument that is a key, once locked */
    int argc;
    unsigned db;
    size_t due_fields; /* of hashes, that look-ups may still purge (store/fields.h) */
    bool in_exec;
    uint32_t errors;          /* those in out that are no failure of this command: earlier ones, those of a queue it ran */
    struct blob *const *blobs; /* arguments that were received into blobs of their own */
    unsigned blob_count;
};

static inline struct slice call_arg(const struct call *c, int i)
{
    return c->argv[i];
}

/* Whether argument i is this word, in any case. */
static inline bool call_is(const struct call *c, int i, const char *word)
{
    return slice_is(c->argv[i], word);
}

/* Where the key in argument i is (in database db). Its shard is held: checked. */
struct place call_place(const struct call *c, int i) ASSERTS(shard_cap);
struct place call_place_in(const struct call *c, int i, unsigned db) ASSERTS(shard_cap);

/* ---- looking ---- */

/* The entry of the key in argument i; NULL: there is none, or it has expired. Makes it the most recently used. The
 * first for commands that only need the key, or look before they decide to write; the second for reading commands: also
 * counts a hit or a miss. */
struct entry *call_look(struct call *c, int i);
struct entry *call_find_read(struct call *c, int i);
/* The same as the second for a key that is no argument: only where every shard is held (needs_world). */
struct entry *call_find_named(struct call *c, struct slice key);
/* Looks without touching recency; the second counts a hit or a miss (EXISTS, TTL, TYPE, OBJECT). */
struct entry *call_peek(struct call *c, int i);
struct entry *call_peek_read(struct call *c, int i);
struct entry *call_peek_in(struct call *c, int i, unsigned db);
/* As call_find_read, but with the type checked: false: the error was replied. *e NULL: there is no such key. */
bool call_find_typed(struct call *c, int i, enum entry_type type, struct entry **e);
/* One step of a walk over a database (store/keyspace.h): visits a part of a shard, in a unit of its own unless every
 * shard is held, and returns the next cursor, 0 at the end. */
uint64_t call_scan(struct call *c, unsigned db, uint64_t cursor, keyspace_visit *visit, void *arg);

/* ---- changing ---- */

/* As call_look, with the type checked, and passes the door: the value may be changed in place. False: the error was
 * replied. *e NULL: there is no such key. */
bool call_find_to_write(struct call *c, int i, enum entry_type type, struct entry **e);
/* Passes the door for an entry that was looked up: it may be changed in place from here on. */
void call_touch(struct call *c, int i, struct entry *e);

/* What call_set does beside the value. */
struct set_options {
    int64_t expire;      /* ms since 1970; 0: none */
    bool keep_expire;    /* the old entry's, if there is one */
};
/* Makes the key a string of these bytes, whatever it was: an integer where it looks like one, a large argument without
 * a copy. call_changed is left to the caller. The value may be an argument or any other slice, except one that lies in
 * this very entry. */
void call_set(struct call *c, int i, struct slice value, struct set_options options);
/* Makes the key hold this integer. Keeps expiry. old: what call_look gave, may be NULL. */
void call_set_int(struct call *c, int i, struct entry *old, int64_t v);
/* The key as a string of n writable bytes, the old content kept, the rest zero: for APPEND, SETRANGE, SETBIT. old as
 * found (NULL: new key). NULL: no memory, and the error was replied. */
char *call_string_for_write(struct call *c, int i, struct entry *old, size_t n);
/* Takes a new entry for the key in argument i of database db, in the place of `old` (as found; NULL: none), which is
 * freed. */
void call_put(struct call *c, int i, unsigned db, struct entry *old, struct entry *e);
/* An entry that was opened to be written has become `e`: `old` may be freed already, or be e with other flags; was: what
 * it was before. */
void call_moved(struct call *c, int i, const struct entry *old, const struct entry_tally *was, struct entry *e);
/* An entry that was opened to be written has another size in bytes, in place. */
void call_recount(struct call *c, int i, const struct entry_tally *was, const struct entry *e);
/* Removes the entry of the key in argument i and frees it; the event is told as call_changed does. */
void call_drop(struct call *c, int i, struct entry *e, enum event_class class, const char *event);
/* Removes the entry of the key in argument i and gives it to the caller; call_changed is left to the caller. */
void call_take(struct call *c, int i, struct entry *e);
/* Sets the expiry (ms since 1970; 0: none) of an entry that was found; returns the entry to use from here on. */
struct entry *call_set_expire(struct call *c, int i, struct entry *e, int64_t expire);
/* The key in argument i has changed. `event` as keyspace notifications name it; NULL: they do not report it. */
void call_changed(struct call *c, int i, enum event_class class, const char *event);
void call_changed_in(struct call *c, int i, unsigned db, enum event_class class, const char *event);
/* The same where only a part changed that WATCH ignores, as in Redis: the groups of a stream, and its last id. */
void call_changed_unwatched(struct call *c, int i, enum event_class class, const char *event);

/* ---- running ---- */

/* Runs the command's body within the call's unit, and counts it. */
void call_run(struct call *c);

/* ---- arguments and replies ---- */

/* Argument i as a number; false: the error was replied. */
bool call_int(struct call *c, int i, int64_t *v);
bool call_int_or(struct call *c, int i, int64_t *v, const char *error);
bool call_int_between(struct call *c, int i, int64_t least, int64_t most, int64_t *v, const char *error);
/* The same for a number of which the negative is one too. */
bool call_int_negatable(struct call *c, int i, int64_t *v);
bool call_double(struct call *c, int i, double *v);
bool call_long_double(struct call *c, int i, long double *v);
/* Argument i as a database number; false: the error was replied. */
bool call_db(struct call *c, int i, unsigned *db);
/* Whether no argument from i on is longer than so many bytes. False: the error was replied. */
bool call_args_fit(struct call *c, int i, size_t most);
/* The usual errors. */
void call_error_arity(struct call *c);
void call_error_syntax(struct call *c);
/* Of a subcommand whose arguments are not as they should be. */
void call_error_subcommand(struct call *c);
/* The bytes of a string entry as a reply. */
void call_reply_string(struct call *c, const struct entry *e);
/* The reply of a HELP subcommand: the head line of Redis ("NAME <subcommand> ..."), then these lines, then HELP's own.
 * lines ends with NULL. */
void call_reply_help(struct call *c, const char *const *lines);
/* The largest string a client may make, bytes. */
size_t call_string_max(const struct call *c);

#endif
