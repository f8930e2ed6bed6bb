/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bitmap_args: arguments common to the bitmap commands.
 *
 * Role:    parses bit offsets, and opens the string that bits are written to.
 * Owns:    nothing.
 * Threads: the worker that runs the call.
 * Used by: bitmap_cmds, bitmap_field_cmds.
 * Why:     the limit of an offset is one rule for all of them.
 */
#ifndef LARDER_CMD_BITMAP_BITMAP_ARGS_H
#define LARDER_CMD_BITMAP_BITMAP_ARGS_H

#include "run/call.h"

/* A bit offset, at most that of the last bit of the longest string. width > 0: "#3" is accepted and means 3 * width.
 * False: the error was replied. */
bool bitmap_offset_arg(struct call *c, int i, unsigned width, uint64_t *offset);

/* The string of the key in argument 1, opened for writing: its door is open. */
struct bitmap_target {
    char *p;
    size_t n;
    bool grown; /* it was shorter before, or missing */
};

/* Extends the string to hold the bit `last`. False: it is not a string, or memory is out, and the error was replied. */
bool bitmap_for_write(struct call *c, uint64_t last, struct bitmap_target *target);

#endif
