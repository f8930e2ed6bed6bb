/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * request: a parsed request before it runs.
 *
 * Role:    finds the command, hashes its only key, and prefetches the bucket and the entry of that key.
 * Owns:    nothing.
 * Threads: the worker that owns the session; between quiesce_enter and quiesce_leave.
 * Used by: net, dispatch.
 * Why:     when a few dozen requests are prepared together, their cache misses overlap. The prefetch is only a hint;
 * the command and the hash are used later.
 */
#ifndef LARDER_RUN_REQUEST_H
#define LARDER_RUN_REQUEST_H

#include "run/call.h"

struct request {
    const struct command *cmd; /* as request_prepare found it; NULL: unknown */
    const struct slice *argv;
    uint64_t *hash;
    int argc;
    int key;     /* position of the only key, already hashed; 0: none, several, or not known yet */
    unsigned db; /* for the prefetch of that key */
    uint64_t key_hash;
    struct blob *const *blobs; /* arguments that were received into separate blobs */
    unsigned blob_count;
};

/* Finds the command and hashes its only key. Changes only *req. */
void request_prepare(const struct session *s, struct request *req);
/* Prefetches for n prepared requests: first the buckets, then the entries. Takes no locks. */
void request_prefetch(const struct runner *r, const struct request *reqs, unsigned n);

#endif
