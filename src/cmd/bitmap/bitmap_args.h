/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bitmap_args: arguments that the bitmap commands have in common.
 *
 * Role:    positions of bits, and the string they are to be written into.
 * Owns:    nothing.
 * Threads: the worker that runs the call.
 * Used by: bitmap_cmds, bitmap_field_cmds.
 * Why:     how far a bit may lie is one rule for all of them.
 */
#ifndef LARDER_CMD_BITMAP_BITMAP_ARGS_H
#define LARDER_CMD_BITMAP_BITMAP_ARGS_H

#include "run/call.h"

/* A position, at most that of the last bit of the longest string. `width` > 0: "#3" may be given for 3 * width. False:
 * the error was replied. */
bool bitmap_offset_arg(struct call *c, int i, unsigned width, uint64_t *offset);

/* The string at the key in argument 1, ready to be written. */
struct bitmap_target {
    char *p;
    size_t n;
    bool grown; /* it was shorter before, or not there */
};

/* Makes the string long enough for the bit `last`. False: it is no string, or there is no memory, and the error was
 * replied. */
bool bitmap_for_write(struct call *c, uint64_t last, struct bitmap_target *target);

#endif
