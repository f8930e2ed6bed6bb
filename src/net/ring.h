/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring: an io_uring with receive buffers.
 *
 * Role:    sets up the ring, supplies entries of its submission queue, and provides the buffers that multishot receives
 *          fill.
 * Owns:    the ring; the buffers.
 * Threads: the one that opened it, to the end.
 * Used by: engine_uring, engine_uring_probe, acceptor.
 * Why:     buffers return to the kernel in the order in which they were used, so it cycles through all that it has. It
 *          therefore starts with 32, which stay in the cache, and gets more when it runs out. They are mapped, not
 *          allocated: what a quiet worker never touches is neither resident nor counted.
 *          Interface: https://kernel.dk/io_uring.pdf and io_uring_setup(2).
 */
#ifndef LARDER_NET_RING_H
#define LARDER_NET_RING_H

#ifdef HAVE_IO_URING

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

#define RING_BUFFERS      256 /* at most; a power of two */
#define RING_BUFFER_BYTES (16 * 1024)

/* The kind of a completion: the low bits of its data. The other bits are the address of the link or listener. */
enum ring_kind { RING_NONE, RING_RECEIVE, RING_SEND, RING_ACCEPT, RING_WAKE, RING_KINDS = 7 };

struct ring {
    struct io_uring io;
    struct io_uring_buf_ring *provided; /* the buffers that the kernel may fill next */
    char *buffers;
    unsigned count; /* buffers in use, of RING_BUFFERS */
};

/* Completions are delivered only while this thread asks for them. 0, or -errno with `why` filled: then there is nothing
 * to close. */
int ring_open(struct ring *r, char *why, size_t size);
/* Cancels what is in flight and waits for it: after that the kernel does not access our memory. */
void ring_close(struct ring *r);

static inline uint64_t ring_data(const void *p, enum ring_kind kind)
{
    must(((uintptr_t)p & RING_KINDS) == 0);
    return (uintptr_t)p | kind;
}

/* The ring waits for a blocking descriptor; a non-blocking one would complete with EAGAIN at once. */
void ring_set_blocking(int fd);

/* An entry to fill; its completions carry `data`. Submits what is queued if the queue is full. */
struct io_uring_sqe *ring_sqe(struct ring *r, uint64_t data);
/* Submits all that is queued, without waiting for completions. */
void ring_submit(struct ring *r);
/* Queues a multishot receive: it lasts until a completion without IORING_CQE_F_MORE. */
void ring_receive(struct ring *r, int fd, uint64_t data);
/* Queues a cancellation of what was queued with `what`. Only a failure completes, with data 0: a request that the
 * kernel is just retrying is not found. */
void ring_cancel(struct ring *r, uint64_t what);

/* The n bytes that a receive completed with, borrowed until ring_return. */
char *ring_take(struct ring *r, unsigned cqe_flags, size_t n);
void ring_return(struct ring *r, unsigned cqe_flags);
/* A receive has ended because the kernel had no buffer left: provides more, up to RING_BUFFERS. */
void ring_grow(struct ring *r);

#endif
#endif
