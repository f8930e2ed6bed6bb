/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker: a thread that serves its own connections from first byte to last.
 *
 * Role:    the loop: wait, run what came, settle what is to be sent, read the mail, keep house.
 * Owns:    its engine, its runner, its connections.
 * Threads: one each. workers_* are called by the main thread.
 * Used by: main, conn.
 * Why:     no hand-over between threads on the way of a request.
 */
#ifndef LARDER_NET_WORKER_H
#define LARDER_NET_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/conn.h"
#include "net/engine.h"
#include "net/mailbox.h"
#include "proto/parser.h"
#include "run/dispatch.h"

#define WORKER_BATCH 32 /* requests parsed ahead: what all of them touch fits the first cache */

struct worker {
    unsigned number;
    pthread_t thread;
    struct engine engine;
    struct mailbox mailbox;
    struct runner runner;
    struct instance *instance;
    struct workers *all;
    struct conn *conns;
    struct conn *todo, **todo_end;
    _Atomic unsigned conn_count; /* those handed over but not yet open included */
    struct parser parser;        /* of the batch being served */
    struct request batch[WORKER_BATCH];
    size_t batch_first[WORKER_BATCH];         /* where each one's arguments begin in the parser */
    const char *batch_begin[WORKER_BATCH];    /* and its bytes */
    int64_t next_tick, next_check; /* ms, monotonic */
    int64_t next_sweep;            /* ns, monotonic; 0: there are no keys that expire */
    unsigned sweep_at;
    bool any_on_hold;              /* CLIENT PAUSE holds up some of its connections */
    bool stopping;
};

struct workers {
    struct worker *all;
    unsigned count;
    struct instance *instance;
    const struct engine_ops *ops;
    unsigned next;           /* round robin */
    int *credit;             /* weighted: smooth round robin */
    int64_t weights_version; /* of credit's weights */
    int *weights;
    pthread_barrier_t end;   /* of all threads: no engine is stopped while another one may still wake it */
};

/* Starts the threads. 0, or -errno with `why`. */
int workers_start(struct workers *ws, struct instance *in, const struct engine_ops *ops, unsigned count, char *why,
                  size_t size);
/* Ends all connections and joins the threads. */
void workers_stop(struct workers *ws);
/* Worker 0 accepts from fd, which is listening; or no more, and closes it. */
void workers_listen(struct workers *ws, int fd);
void workers_unlisten(struct workers *ws, int fd);
/* Raises a signal with every worker. */
void workers_signal(struct workers *ws, uint32_t bits);

#endif
