/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ring: an io_uring with buffers for what is received.
 *
 * Role:    sets the ring up, gives out entries of its submission queue, and lends the kernel the buffers that multishot
 *          receives fill.
 * Owns:    the ring; the buffers.
 * Threads: the one that opened it, to the end.
 * Used by: engine_uring, engine_uring_probe.
 * Why:     buffers are handed to the kernel in the order in which they come back, so every one the kernel has is
 *          touched sooner or later. It therefore starts with few, which stay in the cache, and is given more when it
 *          runs out. They are mapped and not allocated: what a quiet worker never touches is neither resident nor
 *          counted. The interface: https://kernel.dk/io_uring.pdf and io_uring_setup(2).
 */
#ifndef LARDER_NET_RING_H
#define LARDER_NET_RING_H

#ifdef HAVE_IO_URING

#include <liburing.h>
#include <stddef.h>
#include <stdint.h>

#define RING_BUFFERS      256 /* at most; a power of two */
#define RING_BUFFER_BYTES (16 * 1024)

/* What a completion is of: the low bits of its data. Above them is the address of the link or listener. */
enum ring_kind { RING_NONE, RING_RECEIVE, RING_SEND, RING_ACCEPT, RING_WAKE, RING_KINDS = 7 };

struct ring {
    struct io_uring io;
    struct io_uring_buf_ring *lent; /* what the kernel may fill next */
    char *buffers;
    unsigned count;                 /* buffers in use, of RING_BUFFERS */
};

/* Completions come only while this thread asks for them. 0, or -errno with `why` filled: then there is nothing to
 * close. */
int ring_open(struct ring *r, char *why, size_t size);
/* Ends what is under way, and waits for it: the kernel touches no memory of ours any more. */
void ring_close(struct ring *r);

static inline uint64_t ring_data(const void *p, enum ring_kind kind)
{
    return (uintptr_t)p | kind;
}

/* A ring waits by itself; with a descriptor that is not blocking it gives up at once. */
void ring_set_blocking(int fd);

/* An entry to fill; `data` comes back with its completions. Submits what is queued if there is no other way. */
struct io_uring_sqe *ring_sqe(struct ring *r, uint64_t data);
/* Hands the kernel all that is queued, without waiting for completions. */
void ring_submit(struct ring *r);
/* Queues a receive that goes on until it completes without IORING_CQE_F_MORE. */
void ring_receive(struct ring *r, int fd, uint64_t data);
/* Queues the end of what was queued with `what`. Only a failure completes, with data 0:
 * what is just being tried again is not found. */
void ring_cancel(struct ring *r, uint64_t what);

/* The n bytes that a receive completed with, borrowed until ring_return. */
char *ring_take(struct ring *r, unsigned cqe_flags, size_t n);
void ring_return(struct ring *r, unsigned cqe_flags);
/* A receive has ended for want of buffers: lends more, while there are any. */
void ring_grow(struct ring *r);

#endif
#endif
