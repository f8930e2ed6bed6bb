/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * commands_doc: docs/COMMANDS.md, from the table of commands.
 *
 * Role:    lists every command with its arguments, by group, and what Redis 7.4 has beyond them.
 * Owns:    the list of what is not there.
 * Threads: any, after commands_init.
 * Used by: main (--commands-doc); a test compares the docs/COMMANDS.md that is checked in, and refuses a name that is
 *          both in the table and in the list of what is not there.
 */
#ifndef LARDER_CMD_SERVER_COMMANDS_DOC_H
#define LARDER_CMD_SERVER_COMMANDS_DOC_H

#include "base/buf.h"

/* Appends the whole document. */
void commands_doc(struct buf *out);

/* Commands of Redis that are not there, and why; names with a space between them, of subcommands with a bar. The list
 * ends with a NULL name. */
struct absent_commands {
    const char *names;
    const char *why;
};
extern const struct absent_commands commands_doc_absent[];

#endif
