/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dispatch: from a request to a reply.
 *
 * Role:    asks for admission, queues what MULTI queues, and runs the rest as a unit on the shards that it needs.
 * Threads: the worker that owns the session; between quiesce_enter and quiesce_leave.
 * Used by: net.
 */
#ifndef LARDER_RUN_DISPATCH_H
#define LARDER_RUN_DISPATCH_H

#include "run/request.h"

enum dispatch_result {
    DISPATCH_DONE,
    DISPATCH_PAUSED, /* nothing was done: try again when the pause is over, unless the client is doomed */
};

/* Runs the request, or queues it, or refuses it: the reply is in the session's output in any case. */
enum dispatch_result dispatch_run(struct runner *r, struct session *s, struct request *req);

#endif
