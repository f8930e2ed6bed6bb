/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reception: the thread that accepts connections.
 *
 * Role:    accepts, refuses clients that may not connect, and gives each connection to a worker.
 * Owns:    its engine, its mailbox, the state of balance.h.
 * Threads: its own. reception_start and _stop: the main thread; reception_listen and _unlisten: any.
 * Used by: worker.
 * Why:     it runs no commands. When a worker accepted, nobody could connect while it ran a long command.
 */
#ifndef LARDER_NET_RECEPTION_H
#define LARDER_NET_RECEPTION_H

#include <pthread.h>

#include "net/engine.h"
#include "net/mailbox.h"

#define RECEPTION_MAGIC 0x72656370u /* "recp" */

struct workers;

struct reception {
    uint32_t magic;
    pthread_t thread;
    struct engine engine;
    struct mailbox mailbox;
    struct workers *workers;
    bool stopping;
};

/* Starts the thread, which accepts nothing yet. 0, or -errno with `why`. */
int reception_start(struct reception *r, struct workers *ws, char *why, size_t size);
/* Lets the thread end, which waits for the barrier of the workers. */
void reception_stop(struct reception *r);
/* Joins the thread. */
void reception_fini(struct reception *r);
/* Accepts from fd, which is listening. The caller closes it in the end. */
void reception_listen(struct reception *r, int fd);
/* Stops accepting from fd and closes it. */
void reception_unlisten(struct reception *r, int fd);

#endif
