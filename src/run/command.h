/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * command: a command is data.
 *
 * Role:    the block that describes a command: dispatch, COMMAND, COMMAND DOCS, ACL categories, key extraction and
 *          docs/COMMANDS.md are derived from it.
 * Owns:    the table, filled by the linker from all CMD blocks, without a list to maintain.
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
    CMD_DENYOOM = 1 << 2, /* refused when memory is full and nothing can be evicted */
    CMD_ADMIN = 1 << 3,
    CMD_PUBSUB = 1 << 4,
    CMD_NOSCRIPT = 1 << 5,
    CMD_BLOCKING = 1 << 6,
    CMD_LOADING = 1 << 7, /* allowed while loading */
    CMD_STALE = 1 << 8,
    CMD_SKIP_MONITOR = 1 << 9,
    CMD_ASKING = 1 << 10,
    CMD_FAST = 1 << 11,
    CMD_NO_AUTH = 1 << 12, /* allowed before AUTH */
    CMD_MAY_REPLICATE = 1 << 13,
    CMD_SENTINEL = 1 << 14,
    CMD_ONLY_SENTINEL = 1 << 15,
    CMD_NO_MANDATORY_KEYS = 1 << 16,
    CMD_PROTECTED = 1 << 17,
    CMD_NO_ASYNC_LOADING = 1 << 18,
    CMD_NO_MULTI = 1 << 19,
    CMD_MOVABLEKEYS = 1 << 20, /* first, last and step do not describe the keys */
    CMD_ALLOW_BUSY = 1 << 21,
    CMD_MODULE_GETCHANNELS = 1 << 22,
    CMD_TOUCHES_ARBITRARY_KEYS = 1 << 23,
    CMD_SKIP_SLOWLOG = 1 << 24,
    /* Internal, not shown by COMMAND: */
    CMD_WORLD = 1 << 25,   /* runs alone, with every shard locked */
    CMD_CONTROL = 1 << 26, /* MULTI, EXEC, DISCARD, WATCH, QUIT, RESET: runs inside MULTI instead of being queued */
    CMD_HIDDEN = 1 << 27,  /* runs, but is not listed */
    CMD_QUEUE = 1 << 28,   /* EXEC: locks the shards of the queued commands and of the watched keys */
    CMD_COPIES = 1 << 29,  /* may need as much memory as the values of its keys take: it is held before the body runs */
    CMD_STRINGS = 1 << 30, /* what follows a key is a string value, a number or an option, and never stored as a key or
                              an element: it may be of any length, and a value is taken without a copy */
    CMD_GROWS = 1u << 31, /* may make data grow, though Redis never refuses it (EXPIRE, RENAME, XREADGROUP): evicts, and
                             may pass maxmemory by a little before it is refused (reclaim_fits_loosely) */
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
    KEYS_NUMBER, /* the argument at `first` is their number; the first key is at first + 1 + after */
};

struct key_spec {
    uint32_t flags; /* of enum key_flag; 0: no such specification */
    enum key_find find;
    const char *keyword; /* they follow this word, searched from `first` on (from the end if negative); NULL: they
                            begin at `first` */
    int first, last, step;
    bool unknown; /* COMMAND INFO gives their position as unknown */
    int limit;    /* with last -1 and limit > 1: only the first 1/limit of the remaining arguments */
    int after;
    const char *notes; /* for COMMAND INFO, or NULL */
};

#define KEYS_MAX 4
/* .keys of a command whose keys are at first .. last in steps. */
#define CMD_KEYS(first_, last_, step_, flags_) CMD_KEYS_NOTED(first_, last_, step_, flags_, NULL)
#define CMD_KEYS_NOTED(first_, last_, step_, flags_, notes_)                                            \
    {                                                                                                   \
        {                                                                                               \
            .flags = (flags_), .find = KEYS_RANGE, .first = (first_), .last = (last_), .step = (step_), \
            .notes = (notes_)                                                                           \
        }                                                                                               \
    }

struct command {
    const char *name;   /* in capitals; of a subcommand, without its parent's name */
    const char *parent; /* "CLIENT" for CLIENT LIST; NULL: none */
    int arity;          /* number of arguments including the name; negative: the minimum. For a subcommand it
                           includes the parent's name */
    uint32_t flags;
    struct key_spec keys[KEYS_MAX];
    const char *group;       /* string, bitmap, generic, connection, server, transactions … */
    const char *since;       /* the Redis version that introduced it */
    const char *cost;        /* O(1) … */
    const char *summary;     /* one sentence */
    const char *syntax;      /* the arguments as documentation writes them: "key value [NX | XX] [GET]" */
    const char *history;     /* lines "version: what changed", or NULL */
    const char *hints;       /* COMMAND's tips, comma-separated ("nondeterministic_output"), or NULL */
    const char *replaced_by; /* for deprecated commands */
    const char *deprecated_since;
    const char *categories; /* ACL categories to add to those of group and flags, or to remove from them: "@dangerous
                               -@keyspace", or NULL */
    unsigned *number;       /* set by CMD: where commands_init stores the command's number */
    void (*run)(struct call *c); /* NULL: only a container of subcommands */
    /* For commands that key_spec cannot describe: writes the positions of the keys, at most `max`, and returns their
     * number, or -1 on bad syntax. */
    int (*find_keys)(const struct slice *argv, int argc, int *positions, int max);
    /* Whether this request reads keys that it does not name: then it runs with every shard locked. NULL: never. The
     * arity has been checked. */
    bool (*needs_world)(const struct slice *argv, int argc);
    /* What may wait for the world outside, such as resolving a name: runs before any shard is held, also before an
     * EXEC. The result is c->prepared, one block of client memory that is freed afterwards. NULL: nothing. The arity
     * has been checked. */
    void *(*prepare)(const struct call *c);
    /* With KEY_VARIABLE_FLAGS: what this request does with its key, as enum key_flag. */
    uint32_t (*key_flags)(const struct slice *argv, int argc);
};

/*
 *  CMD(getdel, .name = "GETDEL", .arity = 2, ...)
 *  {
 *      ... the body, with `struct call *c`
 *  }
 */
#define CMD(id, ...)                                                                                            \
    static void cmd_##id(struct call *c);                                                                       \
    static unsigned number_##id;                                                                                \
    static const struct command command_##id = {.run = cmd_##id, .number = &number_##id, __VA_ARGS__};          \
    __attribute__((used, retain, section("larder_cmds"))) static const struct command *const command_ref_##id = \
        &command_##id;                                                                                          \
    static void cmd_##id(struct call *c)

/* A container: it has subcommands and no body. (COMMAND and others that also run without a subcommand use CMD.) */
#define CMD_CONTAINER(id, ...)                                                                                  \
    static unsigned number_##id;                                                                                \
    static const struct command command_##id = {.number = &number_##id, __VA_ARGS__};                           \
    __attribute__((used, retain, section("larder_cmds"))) static const struct command *const command_ref_##id = \
        &command_##id

/* Builds the look-up tables. Call it before any thread starts; a second call does nothing. */
void commands_init(void);
/* Find by name, in any case; NULL: no such command. */
const struct command *command_find(struct slice name);
const struct command *command_find_sub(const struct command *parent, struct slice name);
/* "get", "client|list": in lower case, with a bar. Static. */
const char *command_full_name(const struct command *cmd);
/* 0 .. commands_count() - 1, to index counters. A subcommand has its own number. */
unsigned command_number(const struct command *cmd);
unsigned commands_count(void);
const struct command *command_by_number(unsigned number);
bool command_has_subs(const struct command *cmd);
/* The position of the key of a command that has exactly one, always at that position; else 0. */
int command_only_key(const struct command *cmd);

/* Writes the positions of the keys of a request, at most `max`. Returns their number, which may exceed max; -1: the
 * arguments are invalid. The arity has been checked. */
int command_keys(const struct command *cmd, const struct slice *argv, int argc, int *positions, int max);

#endif
