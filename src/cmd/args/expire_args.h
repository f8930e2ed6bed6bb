/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * expire_args: times to live in arguments.
 *
 * Role:    parses EX, PX, EXAT, PXAT, KEEPTTL and PERSIST among the options of a command; converts seconds or
 *          milliseconds, from now or since 1970, to the form that entries hold; parses NX, XX, GT and LT.
 * Owns:    nothing.
 * Threads: the worker that runs the call.
 * Used by: the string commands, the EXPIRE family, those of hashes.
 * Why:     which of these words exclude each other, and which times overflow, is one rule for all commands.
 *          https://redis.io/docs/latest/commands/set/
 */
#ifndef LARDER_CMD_ARGS_EXPIRE_ARGS_H
#define LARDER_CMD_ARGS_EXPIRE_ARGS_H

#include "run/call.h"

enum expire_unit { EXPIRE_SECONDS, EXPIRE_MILLISECONDS };

/* Argument i as a moment: relative to now, or `absolute`, since 1970; may be negative. *ms: since 1970. False: it is
 * not a number, or it overflows, and the error was replied. */
bool expire_from_arg(struct call *c, int i, enum expire_unit unit, bool absolute, int64_t *ms);

enum expire_option {
    EXPIRE_NONE, /* no option was given */
    EXPIRE_EX,
    EXPIRE_PX,
    EXPIRE_EXAT,
    EXPIRE_PXAT,
    EXPIRE_KEEPTTL,
    EXPIRE_PERSIST,
};

/* The option that a word names; EXPIRE_NONE: none. */
enum expire_option expire_option_of(struct slice word);

/* Whether the option takes a time; the unit of the time, and whether it counts from 1970. */
static inline bool expire_has_time(enum expire_option option)
{
    return option >= EXPIRE_EX && option <= EXPIRE_PXAT;
}

static inline enum expire_unit expire_unit_of(enum expire_option option)
{
    must(expire_has_time(option));
    return option == EXPIRE_EX || option == EXPIRE_EXAT ? EXPIRE_SECONDS : EXPIRE_MILLISECONDS;
}

static inline bool expire_is_absolute(enum expire_option option)
{
    return option == EXPIRE_EXAT || option == EXPIRE_PXAT;
}

/* The parsed options of one command; zero: none was given. */
struct expire_args {
    enum expire_option option;
    int time; /* the argument with the time, for options that take one */
};

/* Parses one of the options above at argument i, and its time. `timeless`: which of KEEPTTL and PERSIST the command
 * accepts. Returns the number of arguments consumed; 0: another word, or an option that conflicts with an earlier one
 * or lacks its time. */
int expire_option_at(const struct call *c, int i, enum expire_option timeless, struct expire_args *args);
/* The moment that the options give, 0 if none. The time must be positive. False: the error was replied. */
bool expire_from_options(struct call *c, const struct expire_args *args, int64_t *ms);

/* The conditions of EXPIRE and HEXPIRE, a bit each. */
enum expire_when {
    EXPIRE_NX = 1 << 0, /* only if there is no expiry */
    EXPIRE_XX = 1 << 1, /* only if there is one */
    EXPIRE_GT = 1 << 2, /* only if the new one is later; no expiry counts as infinite */
    EXPIRE_LT = 1 << 3, /* only if the new one is earlier */
};
/* The condition in argument i; 0: another word. */
unsigned expire_when_at(const struct call *c, int i);
/* Whether the conditions allow the expiry to change from `old` (0: there is none) to `moment`. */
bool expire_allows(unsigned when, int64_t old, int64_t moment);

#endif
