/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug_value: how a collection is stored, as DEBUG shows it.
 *
 * Role:    the bodies of DEBUG LISTPACK, QUICKLIST and HTSTATS-KEY, and the fields of lists in DEBUG OBJECT.
 * Owns:    nothing.
 * Threads: the worker that runs DEBUG, with every shard locked.
 * Used by: debug_cmds.
 */
#ifndef LARDER_CMD_DEBUG_DEBUG_VALUE_H
#define LARDER_CMD_DEBUG_DEBUG_VALUE_H

#include "run/call.h"

/* As in Redis, these print to the standard output of the server. They reply with a status, or an error if the value has
 * another encoding. */
void debug_value_listpack(struct call *c, const struct entry *e);
void debug_value_quicklist(struct call *c, const struct entry *e);
/* Replies with statistics of the hash table of a large hash, set or sorted set, or an error for other values. */
void debug_value_htstats(struct call *c, const struct entry *e);
/* Writes the additional fields of DEBUG OBJECT for a large list, each with a leading space, or an empty string for
 * another value. At most `size` bytes with the NUL. */
void debug_value_fields(const struct call *c, const struct entry *e, char *text, size_t size);

#endif
