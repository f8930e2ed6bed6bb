/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command: a command is data.
 *
 * Role:    the block that says all there is to know of a command: dispatch, COMMAND, COMMAND DOCS, ACL categories, key
 *          extraction and docs/COMMANDS.md come from it.
 * Owns:    the table, filled by the linker from every CMD block; no list has to be kept.
 * Threads: read-only after commands_init.
 * Used by: every *_cmds.c, dispatch, net.
 */
#ifndef LARDER_RUN_COMMAND_H
#define LARDER_RUN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct call;

enum command_flag {
    CMD_WRITE = 1 << 0,
    CMD_READONLY = 1 << 1,
    CMD_DENYOOM = 1 << 2,          /* refused when memory is full and nothing can be evicted */
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7,          /* allowed while loading */
    CMD_STALE = 1 << 8,
    CMD_SKIP_MONITOR = 1 << 9,
    CMD_ASKING = 1 << 10,
    CMD_FAST = 1 << 11,
    CMD_NO_AUTH = 1 << 12,         /* allowed before AUTH */
    CMD_MAY_REPLICATE = 1 << 13,
    CMD_SENTINEL = 1 << 14,
    CMD_ONLY_SENTINEL = 1 << 15,
    CMD_NO_MANDATORY_KEYS = 1 << 16,
    CMD_PROTECTED = 1 << 17,
    CMD_NO_ASYNC_LOADING = 1 << 18,
    CMD_NO_MULTI = 1 << 19,
    CMD_MOVABLEKEYS = 1 << 20,     /* first, last and step do not tell the keys */
    CMD_ALLOW_BUSY = 1 << 21,
    CMD_MODULE_GETCHANNELS = 1 << 22,
    CMD_TOUCHES_ARBITRARY_KEYS = 1 << 23,
    CMD_SKIP_SLOWLOG = 1 << 24,
    /* Ours, not shown: */
    CMD_WORLD = 1 << 25,           /* runs alone, with every shard locked */
    CMD_CONTROL = 1 << 26,         /* MULTI, EXEC, DISCARD, WATCH, QUIT, RESET: runs inside MULTI, is not queued */
    CMD_HIDDEN = 1 << 27,          /* answered, but not listed */
    CMD_QUEUE = 1 << 28,           /* EXEC: locks what the queued commands and the watches need */
};

/* What a command does with the keys of one specification. Redis's names: COMMAND INFO shows them. */
enum key_flag {
    KEY_RO = 1 << 0,
    KEY_RW = 1 << 1,
    KEY_OW = 1 << 2,
    KEY_RM = 1 << 3,
    KEY_ACCESS = 1 << 4,
    KEY_UPDATE = 1 << 5,
    KEY_INSERT = 1 << 6,
    KEY_DELETE = 1 << 7,
    KEY_NOT_KEY = 1 << 8,
    KEY_INCOMPLETE = 1 << 9,
    KEY_VARIABLE_FLAGS = 1 << 10,
};

enum key_find {
    KEYS_RANGE,  /* from `first` to `last` (negative: from the end), every `step` */
    KEYS_NUMBER, /* the argument at `first` is their number; they begin at first + 1 + after */
};

struct key_spec {
    uint32_t flags;         /* of enum key_flag; 0: no such specification */
    enum key_find find;
    const char *keyword;    /* they begin behind this word, searched from `first` on (from the end if negative); NULL:
                               at first */
    int first, last, step;
    bool unknown;           /* COMMAND INFO does not tell where they are */
    int limit;              /* with last -1 and limit > 1: only the first 1/limit of what is left */
    int after;
};

#define KEYS_MAX 4
/* .keys of a command whose keys stand at first .. last in steps. Further specifications follow in the same braces. */
#define CMD_KEYS(first_, last_, step_, flags_) \
    {{.flags = (flags_), .find = KEYS_RANGE, .first = (first_), .last = (last_), .step = (step_)}}

struct command {
    const char *name;       /* capitals; of a subcommand, its own word */
    const char *parent;     /* CLIENT of CLIENT LIST; NULL: none */
    int arity;              /* arguments with the name; negative: at least so many. A subcommand counts its parent's
                               name */
    uint32_t flags;
    struct key_spec keys[KEYS_MAX];
    const char *group;      /* string, bitmap, generic, connection, server, transactions … */
    const char *since;      /* the Redis version that brought it */
    const char *cost;       /* O(1) … */
    const char *summary;    /* one sentence of ours */
    const char *syntax;     /* what follows the name, as documentation writes it: "key value [NX | XX] [GET]" */
    const char *history;    /* lines "version: what changed", or NULL */
    const char *hints;      /* COMMAND's tips, comma-separated ("nondeterministic_output"), or NULL */
    const char *replaced_by; /* for deprecated commands */
    const char *deprecated_since;
    const char *categories; /* ACL categories beyond those that follow from group and flags, or taken away from these:
                               "@dangerous -@keyspace", or NULL */
    unsigned *number;       /* set by CMD: where commands_init puts the command's number */
    void (*run)(struct call *c); /* NULL: a container of subcommands only */
    /* Where key_spec cannot tell: writes the positions of the keys, at most `max`, returns how many or -1 on bad
     * syntax. */
    int (*find_keys)(const struct slice *argv, int argc, int *positions, int max);
    /* Whether this very request reads keys that it does not name: then it runs with every shard locked. NULL: it never
     * does. The arity has been checked. */
    bool (*needs_world)(const struct slice *argv, int argc);
    /* With KEY_VARIABLE_FLAGS: what this very request does with its key, as enum key_flag. */
    uint32_t (*key_flags)(const struct slice *argv, int argc);
};

/*
 *  CMD(getdel, .name = "GETDEL", .arity = 2, ...)
 *  {
 *      ... the body, with `struct call *c`
 *  }
 */
#define CMD(id, ...) \
    static void cmd_##id(struct call *c); \
    static unsigned number_##id; \
    static const struct command command_##id = {.run = cmd_##id, .number = &number_##id, __VA_ARGS__}; \
    __attribute__((used, retain, section("larder_cmds"))) static const struct command *const command_ref_##id = \
        &command_##id; \
    static void cmd_##id(struct call *c)

/* A container: it has subcommands and no body of its own (COMMAND and others that run alone use CMD). */
#define CMD_CONTAINER(id, ...) \
    static unsigned number_##id; \
    static const struct command command_##id = {.number = &number_##id, __VA_ARGS__}; \
    __attribute__((used, retain, section("larder_cmds"))) static const struct command *const command_ref_##id = \
        &command_##id

/* Builds the look-up tables; once, before any thread starts. */
void commands_init(void);
/* By name in any case; NULL: there is none. */
const struct command *command_find(struct slice name);
const struct command *command_find_sub(const struct command *parent, struct slice name);
/* "get", "client|list": lower case, with a bar. Static. */
const char *command_full_name(const struct command *cmd);
/* 0 .. commands_count()-1: for counters. Subcommands have numbers of their own. */
unsigned command_number(const struct command *cmd);
unsigned commands_count(void);
const struct command *command_by_number(unsigned number);
bool command_has_subs(const struct command *cmd);

/* Positions of the keys of a request, at most `max`; returns how many there are (which may be more than max), -1: the
 * arguments make no sense. The arity has been checked. */
int command_keys(const struct command *cmd, const struct slice *argv, int argc, int *positions, int max);

#endif
