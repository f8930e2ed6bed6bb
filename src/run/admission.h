/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * admission: decides whether a command may run.
 *
 * Role:    the one place where a command is refused before it runs: it is unknown, it has too few arguments, the client
 *          is not authenticated, the server is loading, memory is full ...
 * Owns:    nothing.
 * Threads: the runner's, with no shard held: making room evicts.
 * Used by: dispatch.
 * Why:     it returns a reason and writes no reply, so that other callers that run commands (scripts, blocked clients)
 *          can use it too.
 */
#ifndef LARDER_RUN_ADMISSION_H
#define LARDER_RUN_ADMISSION_H

#include "run/call.h"

enum refusal {
    ADMITTED,
    REFUSED_UNKNOWN, /* no such command or subcommand */
    REFUSED_ARITY,
    REFUSED_PROTECTED, /* DEBUG or MODULE, which an option does not allow to this client */
    REFUSED_UNAUTHENTICATED,
    REFUSED_DENIED,    /* by protected mode, since the password was removed; the connection ends */
    REFUSED_IN_MULTI,  /* CMD_NO_MULTI */
    REFUSED_IN_SCRIPT, /* CMD_NOSCRIPT */
    REFUSED_STALE,
    REFUSED_LOADING,
    REFUSED_BUSY,
    REFUSED_MEMORY,    /* memory is full, and no key may be evicted */
    REFUSED_TOO_LONG,  /* an argument is longer than an entry can hold */
    REFUSED_EXHAUSTED, /* the kernel grants no more memory */
};

/* The longest argument that is stored as a key or as an element, in bytes: an entry has 32 bits for its length. Tests
 * set a lower one. */
#define ADMISSION_ARGUMENT_MAX (UINT32_MAX - 64)
extern size_t admission_argument_max;
/* Whether the call may run or be queued. Makes room for what it may add to memory. c->cmd NULL: unknown command. */
enum refusal admission_check(struct call *c);
/* Writes the error for a refusal, "CODE text". */
#define ADMISSION_TEXT_MAX 512
void admission_text(const struct call *c, enum refusal why, char text[ADMISSION_TEXT_MAX]);
/* The flags of the command; for EXEC together with those of all queued commands. */
uint32_t admission_flags(const struct call *c);
/* How much the arguments may add to the data: their size with overhead, if the command is one that adds. */
size_t admission_bytes(const struct command *cmd, const struct slice *argv, int argc);
/* Whether the command is to be queued by an open MULTI. */
bool admission_is_queued(const struct call *c);

#endif
