/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * collection: the list, hash, set, sorted set or stream of a key, while a command uses it.
 *
 * Role:    opens an entry as a struct value, on which the types work, and stores the result. All commands of these
 *          types use it.
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
 *  collection_close(&o);                          // creates the key, replaces its entry, or removes it (event "del")
 *
 * Between open and close the command must not look the key up in another way; if two keys of a command may be the same,
 * it opens that key once. A collection that was not changed needs no close.
 */
#ifndef LARDER_RUN_COLLECTION_H
#define LARDER_RUN_COLLECTION_H

#include "run/call.h"
#include "types/value.h"

#define COLLECTION_SCRATCH 512

struct collection {
    struct value value; /* empty if the key does not exist */
    struct call *call;
    struct entry *entry; /* as found, and as the table refers to it; NULL: the key did not exist */
    enum entry_type type;
    int key;
    unsigned db;
    struct entry_tally was;           /* what the table has counted of the entry */
    char scratch[COLLECTION_SCRATCH]; /* for a small new value */
};

/* Opens the value of the key in argument i to read it: counts a hit or a miss. False: the key holds another type, and
 * the error was replied. */
bool collection_read(struct collection *o, struct call *c, int i, enum entry_type type);
/* The same for a command that changes it; collection_close follows. */
bool collection_read_to_write(struct collection *o, struct call *c, int i, enum entry_type type);
/* Opens it to change it, without a hit or a miss; collection_close follows. */
bool collection_write(struct collection *o, struct call *c, int i, enum entry_type type);
void collection_close(struct collection *o);
/* Empties an opened value before it is closed. Many elements are freed in the background, where a type would remove
 * them one by one. */
void collection_clear(struct collection *o);

/* Whether the key existed. */
static inline bool collection_exists(const struct collection *o)
{
    return o->entry != NULL;
}

/* Sets the key in argument i to v (made with value_new), without an expiry, whatever it held; takes v, and reports the
 * event. An empty v removes the key if it exists, with the event "del". False: maxmemory has no room for v
 * (call_has_room_with), and the caller replies nothing. */
bool collection_store(struct call *c, int i, enum entry_type type, struct value *v, enum event_class class,
                      const char *event);

/* The number of elements among n from index `start` to index `stop`, negative ones counted from the end; *first: the
 * index of the first one. */
size_t collection_range(size_t n, int64_t start, int64_t stop, size_t *first);

/* The limits of flat values of a type. */
struct value_limits collection_limits(const struct call *c, enum entry_type type);

#endif
