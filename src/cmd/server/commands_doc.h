/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * commands_doc: docs/COMMANDS.md, from the table of commands.
 *
 * Role:    lists every command with its arguments, by group, and the commands of Redis 7.4 that are not supported.
 * Owns:    the list of unsupported commands.
 * Threads: any, after commands_init.
 * Used by: main (--commands-doc). A test compares the result with docs/COMMANDS.md, and fails if a command is both in
 *          the table and in the list of unsupported commands.
 */
#ifndef LARDER_CMD_SERVER_COMMANDS_DOC_H
#define LARDER_CMD_SERVER_COMMANDS_DOC_H

#include "base/buf.h"

/* Appends the whole document. */
void commands_doc(struct buf *out);

/* Commands of Redis that are not supported, and why. Names are separated by spaces; a subcommand is "parent|name". Ends
 * with a NULL name. */
struct absent_commands {
    const char *names;
    const char *why;
};
extern const struct absent_commands commands_doc_absent[];

#endif
