/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_args: the cursor and the options of SCAN, HSCAN, SSCAN and ZSCAN, and the reply.
 *
 * Role:    parses them, and collects the elements until the next cursor is known, which the reply begins with.
 * Owns:    the elements that were found; the pattern is borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: scan_cmds, hash_walk_cmds, set_cmds, zset_walk_cmds.
 */
#ifndef LARDER_CMD_ARGS_SCAN_ARGS_H
#define LARDER_CMD_ARGS_SCAN_ARGS_H

#include "base/buf.h"
#include "base/glob.h"
#include "run/collection.h"

struct scan_args {
    uint64_t cursor;
    int64_t count;      /* at least 1 */
    bool by_pattern;    /* MATCH */
    struct glob pattern;
    bool no_values;     /* NOVALUES */
    const char *type;   /* TYPE: a result of entry_type_name, "" for an unknown type; NULL: any */
};

/* Options that one of these commands accepts in addition to MATCH and COUNT. */
enum scan_option { SCAN_TYPE = 1, SCAN_NOVALUES = 2 };

/* Parses the arguments from the cursor in argument i on. A cursor is what num_parse_u64_loose accepts. False: the error
 * was replied, and there is nothing to free. */
bool scan_args_parse(struct call *c, int i, unsigned options, struct scan_args *a);
/* The same for HSCAN, SSCAN and ZSCAN, and opens the value of the key in argument 1. As in Redis the key is looked up
 * after the cursor was parsed, and the options are parsed only if the key exists. False: an error or the empty result
 * was replied. */
bool scan_args_open(struct call *c, enum entry_type type, unsigned options, struct scan_args *a, struct collection *o);

/* MATCH with a pattern, which has to stay until scan_args_fini. */
void scan_args_set_pattern(struct scan_args *a, struct slice pattern);
void scan_args_fini(struct scan_args *a);

/* Whether a name matches MATCH. The pattern "*" matches everything, also the empty name, which glob_matches rejects. */
static inline bool scan_args_match(const struct scan_args *a, struct slice name)
{
    return !a->by_pattern || glob_matches(&a->pattern, name);
}

#define SCAN_STEPS 10 /* at most so many buckets are visited for each element of COUNT */

/* The maximum number of buckets that one call visits: a bound for sparse tables. */
static inline int64_t scan_args_steps(const struct scan_args *a)
{
    return a->count < INT64_MAX / SCAN_STEPS ? a->count * SCAN_STEPS : INT64_MAX;
}

/* The elements of a reply; begins as {0}. */
struct scan_found {
    struct buf words; /* the length and the bytes of each */
    size_t n;
    int64_t seen;     /* elements, whether they match or not */
};

/* Copies an element. */
void scan_found_add(struct scan_found *f, struct slice word);
/* Replies with the cursor and the elements, and frees them. */
void scan_found_reply(struct call *c, uint64_t cursor, struct scan_found *f);

#endif
