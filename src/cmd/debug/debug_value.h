/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug_value: what DEBUG tells of how a collection is kept.
 *
 * Role:    the bodies of DEBUG LISTPACK, QUICKLIST and HTSTATS-KEY, and what DEBUG OBJECT says of a large list.
 * Owns:    nothing.
 * Threads: the worker that runs DEBUG, with every shard locked.
 * Used by: debug_cmds.
 */
#ifndef LARDER_CMD_DEBUG_DEBUG_VALUE_H
#define LARDER_CMD_DEBUG_DEBUG_VALUE_H

#include "run/call.h"

/* Both print to the server's own standard output, as Redis does, and reply that they have; an error for a value that is
 * kept otherwise. */
void debug_value_listpack(struct call *c, const struct entry *e);
void debug_value_quicklist(struct call *c, const struct entry *e);
/* Replies with what there is to know of the table of a large hash, set or sorted set; an error for other values. */
void debug_value_htstats(struct call *c, const struct entry *e);
/* Writes the fields of DEBUG OBJECT that a large list has beyond those of all values, each with a space before it, or
 * nothing for another value. At most `room` bytes with the NUL. */
void debug_value_fields(const struct call *c, const struct entry *e, char *text, size_t room);

#endif
