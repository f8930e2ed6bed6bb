/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acceptor: new connections by io_uring.
 *
 * Role:    keeps a multishot accept in flight on each listening socket, and tries again 100 ms after descriptors have
 *          run out.
 * Owns:    its records of the listening sockets, not the sockets.
 * Threads: its worker.
 * Used by: engine_uring.
 */
#ifndef LARDER_NET_ACCEPTOR_H
#define LARDER_NET_ACCEPTOR_H

#ifdef HAVE_IO_URING

#include <stdint.h>

#include "net/engine.h"
#include "net/ring.h"

struct listener;

struct acceptor {
    struct engine *engine;
    struct ring *ring;
    struct listener *listeners;
    int64_t retry_at; /* ns, monotonic: when listeners without an accept get one; 0: all have one */
};

void acceptor_init(struct acceptor *a, struct engine *e, struct ring *r);
/* After ring_close. */
void acceptor_fini(struct acceptor *a);
void acceptor_add(struct acceptor *a, int fd);
/* Stops accepting from it. */
void acceptor_remove(struct acceptor *a, int fd);
/* A completion of kind RING_ACCEPT, of listener l. */
void acceptor_complete(struct acceptor *a, struct listener *l, int result, unsigned flags);
/* How long to wait: ns, or less if the next retry is due before. Retries what is due. */
int64_t acceptor_until_retry(struct acceptor *a, int64_t ns);

#endif
#endif
