/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_args: the cursor and the options of SCAN, HSCAN, SSCAN and ZSCAN, and the reply.
 *
 * Role:    parses them, says what they want, and gathers what was found until the cursor is known, which goes first.
 * Owns:    what was found; the pattern is borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: scan_cmds, and the scans of hashes, sets and sorted sets.
 */
#ifndef LARDER_CMD_ARGS_SCAN_ARGS_H
#define LARDER_CMD_ARGS_SCAN_ARGS_H

#include "base/buf.h"
#include "base/glob.h"
#include "run/collection.h"

struct scan_args {
    uint64_t cursor;
    int64_t count;      /* 1 and up */
    struct slice pattern;
    bool by_pattern;
    bool no_values;     /* NOVALUES */
    const char *type;   /* TYPE: as entry_type_name gives it, "" for a name that no type has; NULL: any */
};

/* What one of these commands takes beyond MATCH and COUNT. */
enum scan_option { SCAN_TYPE = 1, SCAN_NOVALUES = 2 };

/* Parses the arguments from the cursor at i on. Any number that strtoul takes is one, as in Redis. False: the error was
 * replied. */
bool scan_args_parse(struct call *c, int i, unsigned options, struct scan_args *a);
/* The same for HSCAN and its like, with the value of the key in argument 1, which is looked for when the cursor has
 * been judged; the options are judged only where there is one. False: the error was replied, or that nothing is
 * there. */
bool scan_args_open(struct call *c, enum entry_type type, unsigned options, struct scan_args *a, struct collection *o);

/* Whether a name fits MATCH. A lone star is no pattern at all: it takes the empty name too, which stars do not match. */
static inline bool scan_args_match(const struct scan_args *a, struct slice name)
{
    return !a->by_pattern || glob_match(a->pattern, name, false);
}

#define SCAN_STEPS 10 /* parts of a table looked at, at the most, for each thing that COUNT allows */

/* How many parts of a table one call looks at, at the most, where most of them are empty. */
static inline int64_t scan_args_steps(const struct scan_args *a)
{
    return a->count < INT64_MAX / SCAN_STEPS ? a->count * SCAN_STEPS : INT64_MAX;
}

/* The words of a reply; begins as {0}. */
struct scan_found {
    struct buf words; /* of each: its length, its bytes */
    size_t n;
    int64_t seen;     /* things, wanted or not */
};

/* Copies a word. */
void scan_found_add(struct scan_found *f, struct slice word);
/* Replies with the cursor and the words, and frees them. */
void scan_found_reply(struct call *c, uint64_t cursor, struct scan_found *f);

#endif
