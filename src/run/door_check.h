/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * door_check: in debug builds, detects commands that change an entry without shard_touch.
 *
 * Role:    computes checksums of the command's keys, and of a few random keys if every shard is held, before the body
 *          runs, and compares them afterwards. The process stops if an entry changed without shard_touch.
 * Owns:    nothing beyond the run of one body.
 * Threads: the runner's, with the shards held.
 * Used by: call_run.
 * Why:     the functions that replace or remove an entry check shard_touch themselves; a change in place is visible
 * only in the value.
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
        const struct entry *entry; /* NULL: the key did not exist */
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
