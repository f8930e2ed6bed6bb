/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draw_args: the count of HRANDFIELD and ZRANDMEMBER, and whether values or scores are requested too.
 *
 * Role:    parses them.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: hash_walk_cmds, zset_walk_cmds.
 */
#ifndef LARDER_CMD_ARGS_DRAW_ARGS_H
#define LARDER_CMD_ARGS_DRAW_ARGS_H

#include "run/call.h"

/* Parses the arguments from the count on, which is argument 2. `word` requests pairs (WITHVALUES). A negative count is
 * the number of independent draws, which may repeat elements. False: the error was replied. */
bool draw_args_parse(struct call *c, const char *word, int64_t *count, bool *pairs);

#endif
