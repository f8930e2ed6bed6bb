/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dispatch: from a request to a reply.
 *
 * Role:    decides whether a request may run (known, arguments, password, memory, pause), whether it is queued, takes
 *          the locks, runs the body, counts.
 * Threads: the worker that owns the session; between quiesce_enter and quiesce_leave.
 * Used by: net.
 */
#ifndef LARDER_RUN_DISPATCH_H
#define LARDER_RUN_DISPATCH_H

#include "run/call.h"

struct request {
    const struct command *cmd; /* as dispatch_prepare found it; NULL: unknown */
    const struct slice *argv;
    uint64_t *hash;
    int argc;
    int key;                   /* position of the only key, already hashed; 0: none, several, or not known yet */
    unsigned db;               /* in which that key is looked for ahead of time */
    uint64_t key_hash;
    struct blob *const *blobs;
    unsigned blob_count;
};

enum dispatch_result {
    DISPATCH_DONE,
    DISPATCH_PAUSED, /* nothing was done: try again when the pause is over, unless the client is doomed */
};

/* Finds the command and hashes its only key. Changes nothing. */
void dispatch_prepare(const struct session *s, struct request *req);
/* Asks the cache for what n prepared requests will look at: buckets, then entries. Without locks, changes nothing. */
void dispatch_prefetch(const struct runner *r, const struct request *reqs, unsigned n);
/* Runs the request, or queues it, or refuses it: the reply is in the session's output in any case. */
enum dispatch_result dispatch_run(struct runner *r, struct session *s, struct request *req);
/* Runs a body whose locks are held, and counts it: for EXEC. */
void dispatch_body(struct call *c);

#endif
