/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug_reload: DEBUG RELOAD, as if all keys were saved and loaded again.
 *
 * Role:    puts in the place of every value what comes of it when it is written in Redis's format and read back; keys
 *          past their time go.
 * Owns:    nothing.
 * Threads: every shard is locked.
 * Used by: debug_cmds.
 * Why:     suites call it to see that a value outlives a restart. One value is in memory twice at a time, not all of
 *          them, and nothing touches the disk.
 */
#ifndef LARDER_CMD_DEBUG_DEBUG_RELOAD_H
#define LARDER_CMD_DEBUG_DEBUG_RELOAD_H

#include "run/call.h"

/* Replies. */
void debug_reload(struct call *c);

#endif
