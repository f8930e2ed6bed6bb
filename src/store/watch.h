/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * watch: the interest of WATCH, which records that a key has changed.
 *
 * Role:    one kind of interest (interest.h).
 * Owns:    nothing; embedded in the session's record of a watched key.
 * Threads: under the lock of the key's shard, so that the mark is set before EXEC can read it.
 * Used by: session, EXEC.
 */
#ifndef LARDER_STORE_WATCH_H
#define LARDER_STORE_WATCH_H

#include "store/interest.h"

struct watch {
    struct interest interest;
    bool was_expired; /* the key had expired when WATCH was called, and is still in its table */
    bool changed;
};

extern const struct interest_kind interest_watch;

#endif
