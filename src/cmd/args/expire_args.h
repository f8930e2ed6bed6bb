/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * expire_args: times to live, as arguments give them.
 *
 * Role:    EX, PX, EXAT, PXAT, KEEPTTL and PERSIST among the options of a command; seconds or milliseconds, from now or
 *          since 1970, turned into the one form that entries hold; NX, XX, GT and LT.
 * Owns:    nothing.
 * Threads: the worker that runs the call.
 * Used by: the string commands, the EXPIRE family, those of hashes.
 * Why:     which of these words may stand together, and what overflows, is told to clients by errors: so in one place.
 *          https://redis.io/docs/latest/commands/set/
 */
#ifndef LARDER_CMD_ARGS_EXPIRE_ARGS_H
#define LARDER_CMD_ARGS_EXPIRE_ARGS_H

#include "run/call.h"

enum expire_unit { EXPIRE_SECONDS, EXPIRE_MILLISECONDS };

/* Argument i as a moment: from now on, or `absolute` since 1970, of either sign. *ms: since 1970. False: it is not a
 * number, or too large, and the error was replied. */
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

/* Which of these a word is; EXPIRE_NONE: none. */
enum expire_option expire_option_of(struct slice word);

/* Whether a time belongs to the option; in which unit, and whether since 1970. */
static inline bool expire_has_time(enum expire_option option)
{
    return option >= EXPIRE_EX && option <= EXPIRE_PXAT;
}

static inline enum expire_unit expire_unit_of(enum expire_option option)
{
    return option == EXPIRE_EX || option == EXPIRE_EXAT ? EXPIRE_SECONDS : EXPIRE_MILLISECONDS;
}

static inline bool expire_is_absolute(enum expire_option option)
{
    return option == EXPIRE_EXAT || option == EXPIRE_PXAT;
}

/* What the options of one command say. Zero: nothing. */
struct expire_args {
    enum expire_option option;
    int time; /* position of the time, for the four that have one */
};

/* Takes argument i, and the time behind it, if that is one of the options above. `timeless` is the one of KEEPTTL and
 * PERSIST that the command knows. Returns how many arguments were taken; 0: another word, or one that cannot stand
 * here. */
int expire_option_at(const struct call *c, int i, enum expire_option timeless, struct expire_args *args);
/* The moment that the options name, 0 if none. The time must be above zero. False: the error was replied. */
bool expire_from_options(struct call *c, const struct expire_args *args, int64_t *ms);

/* The conditions of EXPIRE and HEXPIRE, a bit each. */
enum expire_when {
    EXPIRE_NX = 1 << 0, /* only where there is no expiry */
    EXPIRE_XX = 1 << 1, /* only where there is one */
    EXPIRE_GT = 1 << 2, /* only to a later one; none is the latest of all */
    EXPIRE_LT = 1 << 3, /* only to an earlier one */
};
/* The condition in argument i; 0: another word. */
unsigned expire_when_at(const struct call *c, int i);
/* Whether the conditions allow an expiry to go from `old` (0: there is none) to `moment`. */
bool expire_allows(unsigned when, int64_t old, int64_t moment);

#endif
