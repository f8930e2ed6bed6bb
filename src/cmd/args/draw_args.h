/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * draw_args: the count of HRANDFIELD and ZRANDMEMBER, and whether values or scores are asked for too.
 *
 * Role:    parses them.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: hash_walk_cmds, zset_walk_cmds.
 */
#ifndef LARDER_CMD_ARGS_DRAW_ARGS_H
#define LARDER_CMD_ARGS_DRAW_ARGS_H

#include "run/call.h"

/* Parses the arguments from the count, which is the third, on; `word` asks for pairs (WITHVALUES). Negative: as many
 * draws, in which things may come again. False: the error was replied. */
bool draw_args_parse(struct call *c, const char *word, int64_t *count, bool *pairs);

#endif
