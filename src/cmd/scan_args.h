/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scan_args: the cursor and the options of SCAN, HSCAN, SSCAN and ZSCAN.
 *
 * Role:    parses them, and says what they want.
 * Owns:    nothing; the pattern is borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: scan_cmds, and the scans of hashes, sets and sorted sets.
 */
#ifndef LARDER_CMD_SCAN_ARGS_H
#define LARDER_CMD_SCAN_ARGS_H

#include "base/glob.h"
#include "cmd/call.h"

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

/* Parses the cursor alone, which is judged before the key is looked for; the options are afterwards. Any number that
 * strtoul takes is one, as in Redis. False: the error was replied. */
bool scan_args_cursor(struct call *c, int i, uint64_t *cursor);
/* Parses the arguments from the cursor at i on. False: the error was replied. */
bool scan_args_parse(struct call *c, int i, unsigned options, struct scan_args *a);

/* Whether a name fits MATCH. A lone star is no pattern at all: it takes the empty name too, which stars do not match. */
static inline bool scan_args_match(const struct scan_args *a, struct slice name)
{
    return !a->by_pattern || glob_match(a->pattern, name, false);
}

#endif
