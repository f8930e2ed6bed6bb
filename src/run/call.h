/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call: one command in progress, and everything it may use.
 *
 * Role:    the interface of a command body: arguments, replies, keys. The unit holds the shards of the declared keys
 *          while the body runs; a body never locks.
 * Owns:    nothing beyond the run.
 * Threads: the worker that runs it.
 * Used by: every *_cmds.c.
 *
 * A body reads keys with call_find_read or call_look. It changes them in one of three ways, each of which passes the
 * door (store/shard.h) before anything changes: it opens a string or a stream with call_find_to_write, or a collection
 * with collection_write (collection.h), or it uses the functions below that replace or remove a whole entry. It calls
 * call_changed or call_drop for each key that changed, which notifies WATCH. Entries and slices from a look-up are
 * borrowed until the key is changed or the body returns; a second look-up of the key returns the same entry.
 * Arguments are borrowed until the body returns.
 */
#ifndef LARDER_RUN_CALL_H
#define LARDER_RUN_CALL_H

#include "run/command.h"
#include "run/unit.h"
#include "session/session.h"

struct call {
    struct runner *runner;
    struct unit *unit; /* holds the shards; its `now` is the time of the whole call */
    struct instance *instance;
    struct session *session;
    struct out *out; /* replies go here */
    const struct command *cmd;
    size_t short_of; /* the body has ended before it changed or replied anything: so many bytes do not fit in maxmemory.
                        Dispatch, or EXEC, makes room for them and runs it again */
    bool is_last_try;         /* it does not do that any more */
    bool gave_up; /* the body has ended before it changed or replied anything: another worker holds a shard that it
                     needs. Dispatch runs it again later */
    const struct slice *argv; /* argv[0] is the name as the client wrote it */
    uint64_t *hash;           /* hash[i]: of argument i if it is a key; valid once its shard is held */
    int argc;
    unsigned db;
    size_t due_fields; /* the number of expired hash fields that look-ups may still purge (store/fields.h) */
    bool in_exec;
    uint32_t errors; /* errors in `out` that this command did not cause: earlier ones, those of a queue that it ran */
    void *prepared;  /* by cmd->prepare; owned by the one who runs the unit */
    struct blob *const *blobs; /* arguments that were received into blobs of their own */
    unsigned blob_count;
    bool holds; /* memory for the arguments is held: reserve.h */
};

static inline struct slice call_arg(const struct call *c, int i)
{
    sane(i >= 0 && i < c->argc);
    return c->argv[i];
}

/* Whether argument i is this word, in any case. */
static inline bool call_is(const struct call *c, int i, const char *word)
{
    sane(i >= 0 && i < c->argc);
    return slice_is(c->argv[i], word);
}

/* The place of the key in argument i (in database db). Checks that its shard is held. */
static inline struct place call_place_in(const struct call *c, int i, unsigned db) ASSERTS(shard_cap)
{
    struct place p = keyspace_place(c->instance->keyspace, db, c->hash[i]);

    sane(i > 0 && i < c->argc && c->hash[i] == keyspace_hash(c->argv[i]));
    shard_must_hold(p.shard);
    return p;
}

static inline struct place call_place(const struct call *c, int i) ASSERTS(shard_cap)
{
    return call_place_in(c, i, c->db);
}

/* ---- look-ups ---- */

/* The entry of the key in argument i; NULL: it does not exist or has expired. Counts as a use for eviction. For
 * commands that write, or that look before they decide to. */
struct entry *call_look(struct call *c, int i);
/* The same for reading commands: also counts a hit or a miss. */
struct entry *call_find_read(struct call *c, int i);
/* As call_find_read, for a key that is not an argument. Every shard must be held (needs_world). */
struct entry *call_find_named(struct call *c, struct slice key);
/* The same without counting as a use; call_peek_read counts a hit or a miss (EXISTS, TTL, TYPE, OBJECT). */
struct entry *call_peek(struct call *c, int i);
struct entry *call_peek_read(struct call *c, int i);
struct entry *call_peek_in(struct call *c, int i, unsigned db);
/* As call_find_read, and checks the type. False: the error was replied. *e NULL: the key does not exist. */
bool call_find_typed(struct call *c, int i, enum entry_type type, struct entry **e);
/* How long one step of SCAN, RANDOMKEY or INFO waits for a shard. */
int64_t call_patience(const struct call *c);
/* One step of a walk over a database (store/keyspace.h): visits a part of a shard, in a separate unit unless every
 * shard is held, and sets the next cursor, 0 at the end. False: another worker holds the shard. */
bool call_scan(struct call *c, unsigned db, uint64_t *cursor, keyspace_visit *visit, void *arg);
/* The same, but removes the expired keys and fields that it finds, as a look-up does, and does not visit those keys. */
bool call_scan_live(struct call *c, unsigned db, uint64_t *cursor, keyspace_visit *visit, void *arg);

/* ---- changing ---- */

/* As call_look, and checks the type and passes the door: the value may be changed in place. False: the error was
 * replied. *e NULL: the key does not exist. */
bool call_find_to_write(struct call *c, int i, enum entry_type type, struct entry **e);
/* Passes the door for an entry that was looked up, which may then be changed in place. */
void call_touch(struct call *c, int i, struct entry *e);

/* Options of call_set. */
struct set_options {
    int64_t expire;   /* ms since 1970; 0: none */
    bool keep_expire; /* keeps that of the old entry, if there is one */
};
/* Whether maxmemory has room for `bytes` that the body is going to add to the data beyond its arguments, or that it has
 * already put into a value outside of the keyspace (call_has_room_with). Call it before anything is changed or replied.
 * False: nothing is changed; the error was replied, or the body runs again when there is room. */
bool call_has_room(struct call *c, size_t bytes);
bool call_has_room_with(struct call *c, size_t bytes);
/* The same for an expiry that the body is going to set. */
bool call_has_room_to_expire(struct call *c, const struct entry *e);
/* Whether they fit if a command of CMD_GROWS may exceed maxmemory by a little. */
bool call_fits_loosely(const struct call *c, size_t bytes);

/* Sets the key to a string of these bytes, whatever it held: encodes integers, and does not copy large arguments. The
 * caller calls call_changed. The value may be any slice that does not point into the key's entry. */
void call_set(struct call *c, int i, struct slice value, struct set_options options);
/* Sets the key to this integer and keeps its expiry. old: the result of call_look, may be NULL. */
void call_set_int(struct call *c, int i, struct entry *old, int64_t v);
/* Resizes the key's string to n writable bytes, keeps the content, and fills the rest with zeros: for APPEND, SETRANGE,
 * SETBIT. old: as found (NULL: new key). NULL: not enough memory, the error was replied. */
char *call_string_for_write(struct call *c, int i, struct entry *old, size_t n);
/* Takes e as the entry of the key in argument i of database db. Frees `old`, which it replaces (as found; NULL: none).
 */
void call_put(struct call *c, int i, unsigned db, struct entry *old, struct entry *e);
/* Replaces an entry that was opened for writing by `e`. `old` may be freed already, or be e with other flags; was: the
 * tally of the old entry. */
void call_moved(struct call *c, int i, const struct entry *old, const struct entry_tally *was, struct entry *e);
/* Counts an entry that was opened for writing anew after its size changed in place. */
void call_recount(struct call *c, int i, const struct entry_tally *was, const struct entry *e);
/* Removes the entry of the key in argument i, frees it, and reports the event. */
void call_drop(struct call *c, int i, struct entry *e, enum event_class class, const char *event);
/* Removes the entry of the key in argument i and returns it to the caller's ownership. The caller calls call_changed.
 */
void call_take(struct call *c, int i, struct entry *e);
/* Sets the expiry (ms since 1970; 0: none) of an entry that was found; returns the entry to use. */
struct entry *call_set_expire(struct call *c, int i, struct entry *e, int64_t expire);
/* Reports that the key in argument i has changed. `event`: its name in keyspace notifications; NULL: they do not report
 * it. */
void call_changed(struct call *c, int i, enum event_class class, const char *event);
void call_changed_in(struct call *c, int i, unsigned db, enum event_class class, const char *event);
/* The same for a change that WATCH ignores, as in Redis: of the groups of a stream, or its last id. */
void call_changed_unwatched(struct call *c, int i, enum event_class class, const char *event);

/* ---- running ---- */

/* How often a command that lacks memory is run: other threads may take what was made room for. */
#define CALL_TRIES 4
/* Runs the command's body in the call's unit, and counts the call. */
void call_run(struct call *c);

/* ---- arguments and replies ---- */

/* Argument i as a number; false: the error was replied. */
bool call_int(struct call *c, int i, int64_t *v);
bool call_int_or(struct call *c, int i, int64_t *v, const char *error);
bool call_int_between(struct call *c, int i, int64_t min, int64_t max, int64_t *v, const char *error);
/* The same for a number whose negative is also a 64-bit integer. */
bool call_int_negatable(struct call *c, int i, int64_t *v);
bool call_double(struct call *c, int i, double *v);
bool call_long_double(struct call *c, int i, long double *v);
/* Argument i as a database number; false: the error was replied. */
bool call_db(struct call *c, int i, unsigned *db);
/* Whether no argument from i on is longer than `max` bytes. False: the error was replied. */
bool call_args_fit(struct call *c, int i, size_t max);
/* Reply common errors. */
void call_error_arity(struct call *c);
void call_error_syntax(struct call *c);
/* For a subcommand with wrong arguments. */
void call_error_subcommand(struct call *c);
/* Replies the bytes of a string entry. */
void call_reply_string(struct call *c, const struct entry *e);
/* Replies to a HELP subcommand: the first line as in Redis ("NAME <subcommand> ..."), these lines, and the lines for
 * HELP itself. lines ends with NULL. */
void call_reply_help(struct call *c, const char *const *lines);
/* The maximum size of a string value in bytes. */
size_t call_string_max(const struct call *c);

#endif
