/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug_reload: DEBUG RELOAD, as if all keys were saved and loaded again.
 *
 * Role:    replaces every value by the result of serializing it in the format of Redis and reading it back. Removes
 *          expired keys.
 * Owns:    nothing.
 * Threads: every shard is locked.
 * Used by: debug_cmds.
 * Why:     test suites use it to check that values survive a restart. Only one value at a time is in memory twice, and
 *          no file is written.
 */
#ifndef LARDER_CMD_DEBUG_DEBUG_RELOAD_H
#define LARDER_CMD_DEBUG_DEBUG_RELOAD_H

#include "run/call.h"

/* Runs DEBUG RELOAD and replies. */
void debug_reload(struct call *c);

#endif
