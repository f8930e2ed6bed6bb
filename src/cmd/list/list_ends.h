/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * list_ends: the two ends of a list, as commands name and take from them.
 *
 * Role:    what the commands that pop have in common: LEFT and RIGHT, the reply, and the removal with its event.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: list_cmds, list_move_cmds.
 */
#ifndef LARDER_CMD_LIST_LIST_ENDS_H
#define LARDER_CMD_LIST_LIST_ENDS_H

#include "run/collection.h"

/* Argument i as LEFT (*front) or RIGHT. False: the error was replied. */
bool list_end_parse(struct call *c, int i, bool *front);
/* Replies with an array of the n first elements, or the n last, that one first which is at the end. n: so many there
 * are. */
void list_end_reply(struct call *c, const struct value *v, bool front, size_t n);
/* Removes the n first elements or the n last, says that the key has changed, and closes it. n > 0: so many there are.
 */
void list_end_take(struct collection *o, bool front, size_t n);

#endif
