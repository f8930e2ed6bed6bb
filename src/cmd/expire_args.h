/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * expire_args: times to live, as arguments give them.
 *
 * Role:    EX, PX, EXAT, PXAT, KEEPTTL and PERSIST among the options of a command; seconds or milliseconds, from now or
 *          since 1970, turned into the one form that entries hold.
 * Owns:    nothing.
 * Threads: the worker that runs the call.
 * Used by: the string commands, the EXPIRE family.
 * Why:     which of these words may stand together, and what overflows, is told to clients by errors: so in one place.
 *          https://redis.io/docs/latest/commands/set/
 */
#ifndef LARDER_CMD_EXPIRE_ARGS_H
#define LARDER_CMD_EXPIRE_ARGS_H

#include "cmd/call.h"

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

#endif
