/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pause: CLIENT PAUSE.
 *
 * Role:    which requests wait (none, writes, all), and until when.
 * Owns:    nothing.
 * Threads: any. One load if no pause is in force.
 * Used by: dispatch, the CLIENT commands, net (for its timer).
 * Why:     mode and end share one word, so that no reader sees the mode of one pause with the end of another.
 */
#ifndef LARDER_SESSION_PAUSE_H
#define LARDER_SESSION_PAUSE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum pause_mode { PAUSE_NONE, PAUSE_WRITE, PAUSE_ALL };

struct pause {
    _Atomic int64_t word; /* the end (ms, monotonic) times 4, plus the mode; 0: no pause */
};

#define PAUSE_UNTIL_MAX (INT64_MAX / 4) /* the latest possible end */

/* The mode in force at `now` (ms, monotonic). */
static inline enum pause_mode pause_mode(struct pause *p, int64_t now)
{
    int64_t word = atomic_load_explicit(&p->word, memory_order_acquire);

    return word != 0 && now < word / 4 ? (enum pause_mode)(word & 3) : PAUSE_NONE;
}

/* When the last pause ends or ended (ms, monotonic); 0: there was none, or pause_end has ended it. */
static inline int64_t pause_until(struct pause *p)
{
    return atomic_load_explicit(&p->word, memory_order_relaxed) / 4;
}

/* Starts or extends a pause. If another is in force, the later end and the stricter mode hold, as in Redis. */
void pause_start(struct pause *p, enum pause_mode mode, int64_t until, int64_t now);
void pause_end(struct pause *p);

#endif
