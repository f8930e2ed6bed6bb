/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * call: one command being run, and all it may do.
 *
 * Role:    what a command body works with: arguments, replies, keys. The shards of the declared keys are locked before
 *          the body runs and given back after it; a body never locks.
 * Owns:    nothing beyond the run.
 * Threads: the worker that runs it.
 * Used by: every *_cmds.c.
 *
 * A body reads keys with call_find or call_find_read, changes them with the functions below, and says call_changed for
 * each key that is another than before (that is what WATCH, and later notifications and replicas, hear of). Entries and
 * slices from call_find are borrowed until the key is changed or the body returns; a second look-up of the key gives
 * the same entry. Arguments are borrowed until the body returns.
 */
#ifndef LARDER_RUN_CALL_H
#define LARDER_RUN_CALL_H

#include "run/command.h"
#include "run/instance.h"
#include "session/session.h"

struct call {
    struct runner *runner;
    struct instance *instance;
    struct session *session;
    struct out *out;          /* replies go here */
    const struct command *cmd;
    const struct slice *argv; /* argv[0] is the name as the client wrote it */
    uint64_t *hash;           /* beside each argument that is a key, once locked */
    int argc;
    unsigned db;
    int64_t now;              /* ms since 1970: one time for the whole unit */
    size_t due_fields;        /* of hashes, that look-ups may still purge (store/fields.h) */
    bool world;               /* every shard is locked: inside EXEC of such a command, or CMD_WORLD itself */
    bool in_exec;
    uint32_t errors;          /* those in out that are no failure of this command: earlier ones, those of a queue it ran */
    struct blob *const *blobs; /* arguments that were received into blobs of their own */
    unsigned blob_count;
};

/* The kinds of key events, as notify-keyspace-events names them. */
enum event_class {
    EVENT_GENERIC = 'g',
    EVENT_STRING = '$',
    EVENT_LIST = 'l',
    EVENT_SET = 's',
    EVENT_HASH = 'h',
    EVENT_ZSET = 'z',
    EVENT_STREAM = 't',
    EVENT_EXPIRED = 'x',
    EVENT_EVICTED = 'e',
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

/* Where the key in argument i is (in database db). */
struct place call_place(const struct call *c, int i);
struct place call_place_in(const struct call *c, int i, unsigned db);

/* The entry of the key in argument i, or NULL; past its time counts as absent. Makes it the most recently used. The
 * first for commands that write or only need the key; the second for reading commands: also counts a hit or a miss. */
struct entry *call_find(struct call *c, int i);
struct entry *call_find_read(struct call *c, int i);
/* The same as the second for a key that is no argument: only where every shard is locked (needs_world). */
struct entry *call_find_named(struct call *c, struct slice key);
/* Looks without touching recency; the second counts a hit or a miss (EXISTS, TTL, TYPE, OBJECT). */
struct entry *call_peek(struct call *c, int i);
struct entry *call_peek_read(struct call *c, int i);
struct entry *call_peek_in(struct call *c, int i, unsigned db);
/* As call_find_read, but with the type judged: false: the error was replied. *e NULL: there is no such key. */
bool call_find_typed(struct call *c, int i, enum entry_type type, struct entry **e);

/* What call_set does beside the value. */
struct set_options {
    int64_t expire;      /* ms since 1970; 0: none */
    bool keep_expire;    /* the old entry's, if there is one */
};
/* Makes the key a string of these bytes, whatever it was: an integer where it looks like one, a large argument without
 * a copy. Says nothing to call_changed. The value may be an argument or any other slice, except one that lies in this
 * very entry. */
void call_set(struct call *c, int i, struct slice value, struct set_options options);
/* Makes the key hold this integer. Keeps expiry. old: what call_find gave, may be NULL. */
void call_set_int(struct call *c, int i, struct entry *old, int64_t v);
/* The key as a string of n writable bytes, the old content kept, the rest zero: for APPEND, SETRANGE, SETBIT. old as
 * found (NULL: new key). NULL: no memory, and the error was replied. */
char *call_string_for_write(struct call *c, int i, struct entry *old, size_t n);
/* Takes a new entry for the key in argument i of database db, in the place of `old` (as found; NULL: none), which is
 * freed. */
void call_put(struct call *c, int i, unsigned db, struct entry *old, struct entry *e);
/* An entry that was found has become `e`: `old` may be freed already, or be e with other flags; was: its flags, as far
 * as they are ENTRY_VOLATILE. */
void call_moved(struct call *c, int i, const struct entry *old, unsigned was, struct entry *e);
/* Removes the entry of the key in argument i: the first frees it, the second gives it to the caller. */
void call_drop(struct call *c, int i, struct entry *e);
void call_take(struct call *c, int i, struct entry *e);
/* Sets the expiry (ms since 1970; 0: none) of an entry that was found; returns the entry to use from here on. */
struct entry *call_set_expire(struct call *c, int i, struct entry *e, int64_t expire);
/* The key in argument i is another than before. `event` as keyspace notifications name it; NULL: they do not tell. */
void call_changed(struct call *c, int i, enum event_class class, const char *event);
void call_changed_in(struct call *c, int i, unsigned db, enum event_class class, const char *event);
/* The same where it is another only in what WATCH does not look at, as in Redis: the groups of a stream, and its last
 * id. */
void call_changed_unwatched(struct call *c, int i, enum event_class class, const char *event);

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
