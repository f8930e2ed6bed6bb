/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * catalog: the table of commands as others see it.
 *
 * Role:    names with a bar ("client|list"), the flags, the ACL categories, and what older clients make of the keys.
 * Owns:    nothing; all of it follows from the commands' own blocks.
 * Threads: any, after commands_init.
 * Used by: the COMMAND commands, docs/COMMANDS.md.
 */
#ifndef LARDER_RUN_CATALOG_H
#define LARDER_RUN_CATALOG_H

#include "run/command.h"

/* The command of this name, a subcommand with its parent's name and a bar before it; NULL: there is none to be seen. */
const struct command *catalog_find(struct slice full_name);
/* The command that a request is for, with its subcommand; NULL: there is none. */
const struct command *catalog_find_request(const struct slice *argv, int argc);

/* Calls visit for each command that has no parent, or for each subcommand of `parent`; hidden ones are left out. */
void catalog_each(const struct command *parent, void (*visit)(void *arg, const struct command *cmd), void *arg);
/* How many catalog_each visits. */
size_t catalog_count(const struct command *parent);

/* A bit and its name: flags of commands and keys, ACL categories. Tables end with a NULL name. */
struct catalog_name {
    uint32_t bit;
    const char *name;
};
extern const struct catalog_name catalog_flags[];
extern const struct catalog_name catalog_key_flags[];
extern const struct catalog_name catalog_categories[];

/* The command's flags, with CMD_MOVABLEKEYS where its keys ask for it. */
uint32_t catalog_flags_of(const struct command *cmd);
/* The bits of the categories that a command is in: by its group, its flags, and what its block adds. */
uint32_t catalog_categories_of(const struct command *cmd);
/* The bit of a category by its name without the "@", in any case; 0: there is none. */
uint32_t catalog_category(struct slice name);

/* Keys at first, first + step ... last (negative: from the end), as far as that can be said; 0 0 0: it cannot. */
struct catalog_range {
    int first, last, step;
};
struct catalog_range catalog_range_of(const struct command *cmd);

#endif
