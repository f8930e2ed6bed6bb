/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * catalog: the table of commands as COMMAND and the documentation present it.
 *
 * Role:    full names ("client|list"), flags, ACL categories, and the key range that older clients use.
 * Owns:    nothing; everything is derived from the CMD blocks.
 * Threads: any, after commands_init.
 * Used by: the COMMAND commands, docs/COMMANDS.md.
 */
#ifndef LARDER_RUN_CATALOG_H
#define LARDER_RUN_CATALOG_H

#include "run/command.h"

/* The command of this full name, in any case; NULL: it does not exist or is hidden. */
const struct command *catalog_find(struct slice full_name);
/* The command or subcommand of a request; NULL: it does not exist. */
const struct command *catalog_find_request(const struct slice *argv, int argc);

/* Calls visit for each subcommand of `parent`, or, if it is NULL, for each command without a parent; not for hidden
 * ones. */
void catalog_each(const struct command *parent, void (*visit)(void *arg, const struct command *cmd), void *arg);
/* The number of commands that catalog_each visits. */
size_t catalog_count(const struct command *parent);

/* A bit and its name: flags of commands and keys, ACL categories. Tables end with a NULL name. */
struct catalog_name {
    uint32_t bit;
    const char *name;
};
extern const struct catalog_name catalog_flags[];
extern const struct catalog_name catalog_key_flags[];
extern const struct catalog_name catalog_categories[];

/* The command's flags, with CMD_MOVABLEKEYS if a range does not describe its keys. */
uint32_t catalog_flags_of(const struct command *cmd);
/* The categories of a command: those of its group and flags, and those that its block adds or removes. */
uint32_t catalog_categories_of(const struct command *cmd);
/* The bit of a category by its name without the "@", in any case; 0: no such category. */
uint32_t catalog_category(struct slice name);

/* The keys are at first, first + step ... last (negative: from the end). 0 0 0: no such range. */
struct catalog_range {
    int first, last, step;
};
struct catalog_range catalog_range_of(const struct command *cmd);

#endif
