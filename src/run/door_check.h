/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * door_check: in debug builds, stops where a command changed an entry without the door.
 *
 * Role:    takes a checksum of the command's keys, and of a few random keys where every shard is held, before the body
 *          runs, and compares them afterwards: what changed must have passed shard_touch.
 * Owns:    nothing beyond the run of one body.
 * Threads: the runner's, with the shards held.
 * Used by: call_run.
 * Why:     the functions that replace or remove an entry check the door themselves; a value that is changed in place is
 *          only found out by looking at it.
 */
#ifndef LARDER_RUN_DOOR_CHECK_H
#define LARDER_RUN_DOOR_CHECK_H

#include "run/call.h"

#ifdef LARDER_DEBUG

#define DOOR_CHECK_KEYS    8
#define DOOR_CHECK_KEY_MAX 64 /* bytes; a longer key is not checked */

struct door_check {
    unsigned n;
    struct door_checked {
        struct place place;
        const struct entry *entry; /* NULL: there was none */
        uint64_t sum;
        size_t key_bytes;
        char key[DOOR_CHECK_KEY_MAX];
    } keys[DOOR_CHECK_KEYS];
};

void door_check_begin(struct door_check *d, const struct call *c);
void door_check_end(const struct door_check *d);

#else

struct door_check {
    char none;
};

static inline void door_check_begin(struct door_check *d, const struct call *c)
{
    (void)d;
    (void)c;
}

static inline void door_check_end(const struct door_check *d)
{
    (void)d;
}

#endif

#endif
