/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * worker: a thread that serves its own connections from the first byte to the last.
 *
 * Role:    the loop: waits for events, runs requests, flushes output, reads mail, does housekeeping.
 * Owns:    its engine, its runner, its mailbox, its connections.
 * Threads: one each. workers_* are called by the main thread; workers_listen, workers_unlisten and workers_signal by
 *          any.
 * Used by: main, conn.
 * Why:     a request runs on the worker that received it: no hand-off between threads.
 */
#ifndef LARDER_NET_WORKER_H
#define LARDER_NET_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "net/batch.h"
#include "net/conn.h"
#include "net/engine.h"
#include "net/mailbox.h"
#include "net/reception.h"
#include "net/slots.h"
#include "run/defrag.h"
#include "run/dispatch.h"

#define WORKER_MAGIC 0x776f726bu /* "work" */

struct worker {
    uint32_t magic;
    unsigned number;
    pthread_t thread;
    struct engine engine;
    struct mailbox mailbox;
    struct runner runner;
    struct instance *instance;
    struct workers *all;
    struct conn *conns;
    struct conn *pending, **pending_end; /* connections to flush */
    struct conn *on_hold;                /* connections that wait for the end of a CLIENT PAUSE: hold.h */
    struct slots slots;                  /* of conns, for letters */
    bool *wakes;                         /* by number: workers to wake when the running command ends */
    bool has_posted;                     /* the running command has posted letters */
    bool stopping;
    _Atomic unsigned conn_count; /* includes connections that are in the mailbox */
    _Atomic int64_t busy_since;  /* ms, monotonic: when it had something to do; 0: it waits for events */
    struct batch batch;
    int64_t next_tick, next_check; /* ms, monotonic */
    int64_t next_sweep;            /* ns, monotonic; 0: there are no keys that expire */
    unsigned sweep_at;
    int64_t next_defrag; /* ns, monotonic; 0: no memory is fragmented */
    struct defrag defrag;
};

/* The turn of keeping house: see keep_house. */
struct house {
    _Alignas(64) _Atomic int64_t next; /* ms, monotonic */
    _Atomic bool is_kept;              /* by a worker, at the moment */
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
    struct reception reception;
    struct house house;
    pthread_barrier_t end; /* of all threads: an engine is stopped when no other thread can wake it any more */
};

/* Starts the threads. 0, or -errno with `why`. */
int workers_start(struct workers *ws, struct instance *in, const struct engine_ops *ops, unsigned count, char *why,
                  size_t size);
/* Closes all connections and joins the threads. */
void workers_stop(struct workers *ws);
/* Accepts connections from fd, which is listening. The caller closes fd in the end. */
void workers_listen(struct workers *ws, int fd);
/* Stops accepting from fd and closes it. */
void workers_unlisten(struct workers *ws, int fd);
/* Raises a signal with every worker. */
void workers_signal(struct workers *ws, uint32_t bits);

#endif
