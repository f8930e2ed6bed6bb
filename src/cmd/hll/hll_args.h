/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hll_args: the HyperLogLog of a key, for the commands that work with it.
 *
 * Role:    judges whether a key holds one, and opens it to be changed in place.
 * Owns:    nothing beyond the command.
 * Threads: the worker that runs the call.
 * Used by: hll_cmds, hll_debug_cmds.
 */
#ifndef LARDER_CMD_HLL_HLL_ARGS_H
#define LARDER_CMD_HLL_HLL_ARGS_H

#include "run/call.h"
#include "types/hll.h"

#define ERR_HLL_CORRUPT "INVALIDOBJ Corrupted HLL object detected"

/* The bytes of an entry that was found. False: it is no HyperLogLog, and the error was replied. */
bool hll_read(struct call *c, const struct entry *e, struct slice *s);

/* A HyperLogLog that is being changed. */
struct hll_target {
    struct flat flat; /* where it is now: in the entry, or in memory of its own if it is new */
    struct call *call;
    int key;
    bool is_new;
};

/* Opens the one at the key in argument i, of which e is what call_find gave; NULL: begins an empty one. hll_close has to
 * follow then. False: it is none, or there is no memory, and the error was replied. */
bool hll_write(struct hll_target *t, struct call *c, int i, struct entry *e);
/* Puts a new one into the keyspace. */
void hll_close(struct hll_target *t);

#endif
