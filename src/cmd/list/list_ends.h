/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_ends: pops from either end of a list.
 *
 * Role:    what the commands that pop share: parsing LEFT and RIGHT, the reply, and the removal with its event.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: list_cmds, list_move_cmds.
 */
#ifndef LARDER_CMD_LIST_LIST_ENDS_H
#define LARDER_CMD_LIST_LIST_ENDS_H

#include "run/collection.h"

/* Parses argument i: LEFT (*front) or RIGHT. False: the error was replied. */
bool list_end_parse(struct call *c, int i, bool *front);
/* Replies with an array of the first n elements, or of the last n starting with the last one. The list has at least n
 * elements. */
void list_end_reply(struct call *c, const struct value *v, bool front, size_t n);
/* Removes the first or the last n elements, reports the change of the key, and closes the list. n > 0; the list has at
 * least n elements. */
void list_end_take(struct collection *o, bool front, size_t n);

#endif
