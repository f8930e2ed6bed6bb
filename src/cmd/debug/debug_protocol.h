/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * debug_protocol: DEBUG PROTOCOL, which replies with an example of each type of reply.
 *
 * Threads: the worker that runs the command.
 * Used by: debug_cmds.
 */
#ifndef LARDER_CMD_DEBUG_DEBUG_PROTOCOL_H
#define LARDER_CMD_DEBUG_DEBUG_PROTOCOL_H

struct call;

/* Replies with the type that argument 2 names. */
void debug_protocol(struct call *c);

#endif
