/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * collection: the list, hash, set, sorted set or stream of a key, while a command works with it.
 *
 * Role:    makes a struct value of an entry for the types to work on, and puts back what became of it: the way of all
 *          commands of these types.
 * Owns:    nothing beyond the command.
 * Threads: the worker that runs the command.
 * Used by: the *_cmds.c of lists, hashes, sets, sorted sets and streams.
 *
 *  struct collection o;
 *
 *  if (!collection_write(&o, c, 1, TYPE_SET))
 *      return;                                    // WRONGTYPE was replied
 *  added = set_add(&o.value, call_arg(c, 2));     // the value may move, grow large, or become empty
 *  if (added)
 *      call_changed(c, 1, EVENT_SET, "sadd");
 *  collection_close(&o);                          // the key is made, or another entry, or removed with its event "del"
 *
 * Between open and close the key may not be looked up by other ways; a command with two keys that may be the same one
 * opens it once. A collection that was not changed needs no close.
 */
#ifndef LARDER_RUN_COLLECTION_H
#define LARDER_RUN_COLLECTION_H

#include "run/call.h"
#include "types/value.h"

#define COLLECTION_SCRATCH 512

struct collection {
    struct value value;  /* empty if there is no such key */
    struct call *call;
    struct entry *entry; /* as it was found, and the table knows it; NULL: there was no such key */
    enum entry_type type;
    int key;
    unsigned db;
    bool was_large;
    struct entry_tally was;           /* what the table has counted of the entry */
    char scratch[COLLECTION_SCRATCH]; /* a new value begins here */
};

/* Opens the value of the key in argument i to read it: counts a hit or a miss. False: the key holds another type, and
 * the error was replied. */
bool collection_read(struct collection *o, struct call *c, int i, enum entry_type type);
/* The same for a command that changes it; collection_close follows. */
bool collection_read_to_write(struct collection *o, struct call *c, int i, enum entry_type type);
/* Opens it to change it, without a hit or a miss; collection_close follows. */
bool collection_write(struct collection *o, struct call *c, int i, enum entry_type type);
void collection_close(struct collection *o);
/* Makes an opened value empty, before it is closed. Many elements are freed in the background, which the type itself,
 * removing one after the other, could not do. */
void collection_clear(struct collection *o);

/* Whether there was such a key. */
static inline bool collection_exists(const struct collection *o)
{
    return o->entry != NULL;
}

/* Makes the key in argument i hold v (in memory of its own, as value_new begins it), whatever it held, without an
 * expiry; takes v, and tells the event. An empty one removes the key, if there is one, with its event "del". */
void collection_store(struct call *c, int i, enum entry_type type, struct value *v, enum event_class class,
                      const char *event);

/* How many of n elements stand from index `start` to index `stop`, negative ones counted from the end; *first: the
 * first of them. */
size_t collection_range(size_t n, int64_t start, int64_t stop, size_t *first);

/* Up to where the options let a value stay flat. */
struct value_limits collection_limits(const struct call *c, enum entry_type type);

#endif
