/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_args: arguments and replies that the hash commands share.
 *
 * Role:    parses FIELDS numfields field [field ...] and expiry times of fields, which have other limits than those of
 *          keys; replies with the value of a field.
 * Owns:    nothing.
 * Threads: the worker that runs the command.
 * Used by: the hash commands.
 */
#ifndef LARDER_CMD_HASH_HASH_ARGS_H
#define LARDER_CMD_HASH_HASH_ARGS_H

#include "cmd/args/expire_args.h"
#include "run/collection.h"

#define HASH_FIELDS_SYNTAX "FIELDS numfields field [field ...]"

/* The latest expiry time of a field, ms since 1970. The limit is that of the RDB format. */
#define HASH_EXPIRE_MAX ((1LL << 46) - 1)

#define HASH_COUNT_ERROR "ERR Number of fields must be a positive integer"

/* Checks that argument i is FIELDS, the next one is the number of fields, and the remaining arguments, from i + 2 on,
 * are that many fields. False: the error was replied; `count_error` if the number is invalid. */
bool hash_args_fields(struct call *c, int i, const char *count_error);
/* Parses argument i as the expiry time of fields, relative to now or `absolute`. *ms: since 1970, 0 .. HASH_EXPIRE_MAX.
 * False: the error was replied. */
bool hash_args_expire(struct call *c, int i, enum expire_unit unit, bool absolute, int64_t *ms);

/* Replies with the value of a field, or null if the field does not exist. Returns whether it exists. */
bool hash_reply_field(struct call *c, const struct value *v, struct slice field);

#endif
