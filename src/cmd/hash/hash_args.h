/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_args: fields and their times, as the arguments of commands give them.
 *
 * Role:    FIELDS numfields field [field ...]; times to live of fields, which have limits of their own; a field as a
 *          reply.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: the hash commands.
 */
#ifndef LARDER_CMD_HASH_HASH_ARGS_H
#define LARDER_CMD_HASH_HASH_ARGS_H

#include "cmd/args/expire_args.h"
#include "run/collection.h"

#define HASH_FIELDS_SYNTAX "FIELDS numfields field [field ...]"

/* The last moment at which a field may expire, ms since 1970: a bound of Redis, whose files hold no later one. */
#define HASH_EXPIRE_MAX ((1LL << 46) - 1)

#define HASH_COUNT_ERROR "ERR Number of fields must be a positive integer"

/* The word FIELDS is argument i, the number of fields the next one, and the fields are all that follow, from argument
 * i + 2 on. False: not so, and the error was replied; `count_error` where the number is none. */
bool hash_args_fields(struct call *c, int i, const char *count_error);
/* Argument i as the moment at which fields expire, as expire_from_arg; not below zero. False: the error was replied. */
bool hash_args_moment(struct call *c, int i, enum expire_unit unit, bool absolute, int64_t *ms);

/* Replies with the value of a field, or null where there is none. Returns whether there is. */
bool hash_reply_field(struct call *c, const struct value *v, struct slice field);

#endif
