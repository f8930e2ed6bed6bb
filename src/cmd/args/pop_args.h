/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pop_args: numkeys key [key ...] END [COUNT count], the arguments of LMPOP and ZMPOP.
 *
 * Role:    parses them.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: list_move_cmds, zset_pop_cmds.
 */
#ifndef LARDER_CMD_ARGS_POP_ARGS_H
#define LARDER_CMD_ARGS_POP_ARGS_H

#include "run/call.h"

struct pop_args {
    int64_t keys;  /* the number of keys; the first one follows this number */
    int64_t count; /* at least 1 */
    bool second;   /* END was the second of the two words */
};

/* Parses the arguments from the number of keys in argument i on; END is one of the two words. False: the error was
 * replied. */
bool pop_args_parse(struct call *c, int i, const char *first_word, const char *second_word, struct pop_args *a);

#endif
