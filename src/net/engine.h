/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine: how a worker talks to the kernel.
 *
 * Role:    waits, receives, sends, accepts, wakes; io_uring and libev behind one interface. Timers, batches, the
 *          mailbox and the protocol are above it and the same for both.
 * Owns:    its ring or loop, the buffers that bytes are received into, and the chunks that are being sent.
 * Threads: its worker, except engine_wake.
 * Used by: worker, conn.
 * Why:     most containers forbid io_uring, so libev must be as good; both pass the same tests.
 */
#ifndef LARDER_NET_ENGINE_H
#define LARDER_NET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "proto/reply.h"

#define ENGINE_PRIVATE 144

/* Events between two calls of handler->flush, and the most arrivals of one handler->look_ahead. */
#define ENGINE_BATCH 32

struct engine;
struct link;

/* Received bytes that handler->received gets next, unless the link is paused or closed before. */
struct arrival {
    struct link *link;
    const char *p;
    size_t n;
};

#define LINK_MAGIC   0x6c696e6bu /* "link" */
#define ENGINE_MAGIC 0x656e6769u /* "engi" */

/* One connection, as the engine sees it. Embedded in the connection; its address may not change. */
struct link {
    uint32_t magic;
    int fd;
    bool receiving;        /* between engine_open or engine_resume and engine_pause */
    bool closing;          /* engine_close was called */
    struct chunk *sending; /* the chain being sent, from the first chunk not completely sent; NULL: none. Owned */
    size_t offset;         /* bytes of the first chunk already sent */
    size_t send_bytes;     /* bytes of the chain not yet sent */
    size_t send_memory;    /* bytes that its chunks take: each counts until its last byte is sent */
    size_t send_referred;  /* bytes of the blobs that they refer to */
    _Alignas(8) char private[ENGINE_PRIVATE]; /* the engine's */
};

/* What the engine calls: from engine_wait, or from the functions that are named. */
struct engine_handler {
    /* Once per engine_wait, after the wait and before the first event. */
    void (*begin)(void *worker);
    /* ENGINE_BATCH events were handled, and more follow: a chance to send their output while it is in the cache. Not
     * from an engine_wait inside a callback. */
    void (*flush)(void *worker);
    /* A new connection, not blocking, close-on-exec. Takes fd. */
    void (*accepted)(void *worker, int listener, int fd);
    /* Bytes have come, in `count` pieces, 2 to ENGINE_BATCH: a chance to prefetch. Borrowed until the call returns; it
     * may not call the engine. */
    void (*look_ahead)(void *worker, const struct arrival *a, unsigned count);
    /* Bytes came; borrowed until the call returns. Never after engine_close, nor while the link is paused. */
    void (*received)(struct link *l, const char *p, size_t n);
    /* The peer has shut down its side (error 0), or the connection broke (errno). Nothing is received any more. */
    void (*ended)(struct link *l, int error);
    /* The kernel has taken the whole chain of engine_send. May be called from engine_send itself. */
    void (*sent)(struct link *l);
    /* The kernel has taken a part of it, and no more for now. The same; may be NULL. */
    void (*progressed)(struct link *l);
    /* After engine_close: the descriptor is closed, and the engine has forgotten the link, whose memory may be freed.
     * May be called from engine_close itself. */
    void (*closed)(struct link *l);
};

/* The functions of one engine. */
struct engine_ops {
    const char *name;
    /* 0, or -errno with `why` filled: then there is nothing to free. */
    int (*start)(struct engine *e, char *why, size_t size);
    void (*stop)(struct engine *e);
    void (*wait)(struct engine *e, int64_t ns);
    void (*wake)(struct engine *e);
    int (*listen)(struct engine *e, int fd);
    void (*unlisten)(struct engine *e, int fd);
    void (*open)(struct engine *e, struct link *l);
    void (*pause)(struct engine *e, struct link *l);
    void (*resume)(struct engine *e, struct link *l);
    void (*send)(struct engine *e, struct link *l);
    void (*close)(struct engine *e, struct link *l);
};

struct engine {
    uint32_t magic;
    const struct engine_ops *ops;
    const struct engine_handler *handler;
    void *worker; /* passed to begin, flush, accepted and look_ahead */
    void *state;  /* the engine's */
};

extern const struct engine_ops engine_libev;
extern const struct engine_ops engine_io_uring; /* only with HAVE_IO_URING */

/* Whether io_uring works here with all that the engine needs. False: `why` has the reason. Leaves nothing behind. */
bool engine_io_uring_works(char *why, size_t size);

/* Call from the worker's own thread. */
static inline int engine_start(struct engine *e, const struct engine_ops *ops, const struct engine_handler *handler,
                               void *worker, char *why, size_t size)
{
    *e = (struct engine){.magic = ENGINE_MAGIC, .ops = ops, .handler = handler, .worker = worker};
    return ops->start(e, why, size);
}

/* All links are closed before. Listening sockets stay open. */
static inline void engine_stop(struct engine *e)
{
    must_be(e, ENGINE_MAGIC);
    e->ops->stop(e);
    e->magic = 0;
}

/* Sends what was queued, waits for events for at most ns nanoseconds (0: does not wait; negative: without limit), and
 * handles all of them. */
static inline void engine_wait(struct engine *e, int64_t ns)
{
    must_be(e, ENGINE_MAGIC);
    e->ops->wait(e, ns);
}

/* Makes the running engine_wait, or the next one, return soon. Any thread, between engine_start and engine_stop. */
static inline void engine_wake(struct engine *e)
{
    must_be(e, ENGINE_MAGIC);
    e->ops->wake(e);
}

/* Accepts connections from a listening, non-blocking socket. Tries again every 100 ms while the process has no free
 * descriptor. 0 or -errno. */
static inline int engine_listen(struct engine *e, int fd)
{
    must(fd >= 0);
    return e->ops->listen(e, fd);
}

/* Stops accepting from it. The caller may close fd. */
static inline void engine_unlisten(struct engine *e, int fd)
{
    e->ops->unlisten(e, fd);
}

/* Counts what the chain takes, at its beginning. */
void link_count_chain(struct link *l);

/* Begins to receive. Takes fd, which is not blocking. */
static inline void engine_open(struct engine *e, struct link *l, int fd)
{
    must(fd >= 0);
    *l = (struct link){.magic = LINK_MAGIC, .fd = fd, .receiving = true};
    e->ops->open(e, l);
}

/* Stops receiving until engine_resume: the kernel's buffers fill, and the peer has to wait. */
static inline void engine_pause(struct engine *e, struct link *l)
{
    must_be(l, LINK_MAGIC);
    if (l->receiving && !l->closing) {
        l->receiving = false;
        e->ops->pause(e, l);
    }
}

static inline void engine_resume(struct engine *e, struct link *l)
{
    must_be(l, LINK_MAGIC);
    if (!l->receiving && !l->closing) {
        l->receiving = true;
        e->ops->resume(e, l);
    }
}

/* Takes the chain of chunks, of `bytes` bytes in all (more than 0); no other may be in progress. handler->sent or
 * handler->ended follows. */
static inline void engine_send(struct engine *e, struct link *l, struct chunk *chain, size_t bytes)
{
    must_be(l, LINK_MAGIC);
    must(l->sending == NULL && !l->closing && bytes > 0);
    l->sending = chain;
    l->offset = 0;
    l->send_bytes = bytes;
    link_count_chain(l);
    e->ops->send(e, l);
}

/* Ends the connection, with what is being sent; handler->closed follows. Once. */
static inline void engine_close(struct engine *e, struct link *l)
{
    must_be(l, LINK_MAGIC);
    must(!l->closing);
    l->closing = true;
    e->ops->close(e, l);
}

/* For engines: n bytes of the chain were sent; frees the chunks that are sent. Returns whether all are. */
bool link_advance(struct link *l, size_t n);
/* For engines, before they close the descriptor of a link whose bytes they have received and dropped: the peer gets a
 * reset, as from a kernel that has bytes which were not received. Otherwise a peer that was sending when the window was
 * full could wait for minutes. */
void link_reset(struct link *l);
/* For engines: frees what was not sent. */
void link_drop_chain(struct link *l);
/* For engines: fills up to max pieces from the chain; returns how many. */
struct iovec;
unsigned link_pieces(const struct link *l, struct iovec *v, unsigned max);

#endif
