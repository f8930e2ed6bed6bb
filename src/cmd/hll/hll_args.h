/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll_args: the HyperLogLog of a key, for the commands that work with it.
 *
 * Role:    checks whether a key holds one, and opens it for changes in place.
 * Owns:    nothing beyond the command.
 * Threads: the worker that runs the call.
 * Used by: hll_cmds, hll_debug_cmds.
 */
#ifndef LARDER_CMD_HLL_HLL_ARGS_H
#define LARDER_CMD_HLL_HLL_ARGS_H

#include "run/call.h"
#include "types/hll.h"

#define ERR_HLL_CORRUPT "INVALIDOBJ Corrupted HLL object detected"

/* The bytes of an entry that was found. False: it is not a HyperLogLog, and the error was replied. */
bool hll_read(struct call *c, const struct entry *e, struct slice *s);

/* A HyperLogLog that is opened for changes. */
struct hll_target {
    struct flat flat; /* its bytes: within the entry, or in memory of their own if it is new */
    struct call *call;
    int key;
    bool is_new;
};

/* Whether memory has room for e to become dense; NULL: a new one. False: the caller replies nothing (call_has_room). */
bool hll_has_room(struct call *c, const struct entry *e);
/* Passes the door and opens the one of the key in argument i. e: the entry that the look-up gave; NULL: begins an empty
 * HyperLogLog, and hll_close must follow. False: it is not a HyperLogLog, or memory is out, and the error was
 * replied. */
bool hll_write(struct hll_target *t, struct call *c, int i, struct entry *e);
/* Inserts it into the keyspace if it is new. */
void hll_close(struct hll_target *t);

#endif
