/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pop_args: numkeys key [key ...] END [COUNT count], as LMPOP and ZMPOP take it.
 *
 * Role:    parses it.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: list_move_cmds, zset_pop_cmds.
 */
#ifndef LARDER_CMD_ARGS_POP_ARGS_H
#define LARDER_CMD_ARGS_POP_ARGS_H

#include "run/call.h"

struct pop_args {
    int64_t keys;  /* how many there are; the first follows their number */
    int64_t count; /* 1 and up */
    bool second;   /* the end was named by the second word */
};

/* Parses the arguments from the number of keys at i on, the end being one of two words. False: the error was
 * replied. */
bool pop_args_parse(struct call *c, int i, const char *first_word, const char *second_word, struct pop_args *a);

#endif
