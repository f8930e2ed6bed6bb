/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dispatch: from a request to a reply.
 *
 * Role:    checks admission, queues commands inside MULTI, and runs all others as a unit on the shards they need.
 * Threads: the worker that owns the session; between quiesce_enter and quiesce_leave.
 * Used by: net.
 */
#ifndef LARDER_RUN_DISPATCH_H
#define LARDER_RUN_DISPATCH_H

#include "run/request.h"

enum dispatch_result {
    DISPATCH_DONE,
    /* Nothing was done: retry after the pause, unless the client was killed; or soon, if runner->gave_up is set:
     * another worker has held a shard for long. */
    DISPATCH_PAUSED,
};

/* Runs, queues or refuses the request, and writes the reply to the session's output. */
enum dispatch_result dispatch_run(struct runner *r, struct session *s, struct request *req);

#endif
