/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine: how a worker talks to the kernel.
 *
 * Role:    waits, receives, sends, accepts, wakes; io_uring and libev behind one interface. Timers, batching, the
 *          mailbox and all that is said on a connection live above it and are the same for both.
 * Owns:    its ring or loop, the buffers received bytes lie in, and, while they are being sent, the chunks handed to
 *          it.
 * Threads: its worker, except engine_wake.
 * Used by: worker, conn.
 * Why:     io_uring is refused in most containers, so libev must be as good, and both pass the same tests.
 */
#ifndef LARDER_NET_ENGINE_H
#define LARDER_NET_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/reply.h"

#define ENGINE_PRIVATE 144

/* Events between two calls of handler->flush, and those that are looked ahead into together. */
#define ENGINE_BATCH 32

struct engine;
struct link;

/* Bytes that have come, and will be given to handler->received in a moment, unless the link is paused or over then. */
struct arrival {
    struct link *link;
    const char *p;
    size_t n;
};

/* One connection, as the engine sees it. Embedded in the connection; its address may not change. */
struct link {
    int fd;
    bool receiving;         /* wanted, by engine_open and engine_resume */
    bool closing;
    struct chunk *sending;  /* what is on its way, first not yet sent first; NULL: nothing. Owned */
    size_t offset;          /* bytes of the first chunk already sent */
    size_t send_bytes;      /* bytes of the chain not yet sent */
    _Alignas(8) char private[ENGINE_PRIVATE]; /* the engine's */
};

/* What the engine calls, all from engine_wait or from the functions named. */
struct engine_handler {
    /* The kernel has been asked; events follow. Called before the first of them, once per engine_wait. */
    void (*begin)(void *worker);
    /* Many events are handled, and more follow: a chance to send what they left, while it is in the cache. Not from an
     * engine_wait that a callback made. */
    void (*flush)(void *worker);
    /* A new connection, not blocking, close-on-exec. Takes fd. */
    void (*accepted)(void *worker, int listener, int fd);
    /* Bytes have come, in `count` pieces, 2 to ENGINE_BATCH: a chance to look ahead. Borrowed until the call returns;
     * it calls nothing of the engine. */
    void (*look_ahead)(void *worker, const struct arrival *a, unsigned count);
    /* Bytes came; borrowed until the call returns. Never after engine_close, nor while the link is paused. */
    void (*received)(struct link *l, const char *p, size_t n);
    /* The peer has closed its side (error 0), or the connection broke (errno). Nothing is received from here on. */
    void (*ended)(struct link *l, int error);
    /* All that was handed to engine_send is with the kernel. May be called from engine_send itself. */
    void (*sent)(struct link *l);
    /* After engine_close: the descriptor is closed, and the engine has forgotten the link: its memory may go. May be
     * called from engine_close itself. */
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
    const struct engine_ops *ops;
    const struct engine_handler *handler;
    void *worker;  /* what begin and accepted are given */
    void *state;   /* the engine's */
};

extern const struct engine_ops engine_libev;
extern const struct engine_ops engine_io_uring; /* only with HAVE_IO_URING */

/* Whether io_uring can be used here with all that the engine needs; `why` not, otherwise. Leaves nothing behind. */
bool engine_io_uring_works(char *why, size_t size);

/* Call from the worker's own thread. */
static inline int engine_start(struct engine *e, const struct engine_ops *ops, const struct engine_handler *handler,
                               void *worker, char *why, size_t size)
{
    *e = (struct engine){.ops = ops, .handler = handler, .worker = worker};
    return ops->start(e, why, size);
}

/* All links are closed before; listeners are taken off. */
static inline void engine_stop(struct engine *e)
{
    e->ops->stop(e);
}

/* Sends what was queued, waits for events for at most ns nanoseconds (0: does not wait; negative: without end), and
 * handles all there are. */
static inline void engine_wait(struct engine *e, int64_t ns)
{
    e->ops->wait(e, ns);
}

/* Makes a running or the next engine_wait return soon. Any thread, after engine_start. */
static inline void engine_wake(struct engine *e)
{
    e->ops->wake(e);
}

/* Accepts connections from a listening, non-blocking socket. Out of descriptors, it tries again every 100 ms. 0 or
 * -errno. */
static inline int engine_listen(struct engine *e, int fd)
{
    return e->ops->listen(e, fd);
}

/* Accepts no more from it. The caller may close fd. */
static inline void engine_unlisten(struct engine *e, int fd)
{
    e->ops->unlisten(e, fd);
}

/* Begins to receive. Takes fd, which is not blocking. */
static inline void engine_open(struct engine *e, struct link *l, int fd)
{
    *l = (struct link){.fd = fd, .receiving = true};
    e->ops->open(e, l);
}

/* Receives no more until engine_resume: the kernel's buffer fills, and the peer has to wait. */
static inline void engine_pause(struct engine *e, struct link *l)
{
    if (l->receiving && !l->closing) {
        l->receiving = false;
        e->ops->pause(e, l);
    }
}

static inline void engine_resume(struct engine *e, struct link *l)
{
    if (!l->receiving && !l->closing) {
        l->receiving = true;
        e->ops->resume(e, l);
    }
}

/* Takes the chain of chunks, of `bytes` bytes in all (more than 0), while nothing is on its way. handler->sent follows,
 * or handler->ended. */
static inline void engine_send(struct engine *e, struct link *l, struct chunk *chain, size_t bytes)
{
    l->sending = chain;
    l->offset = 0;
    l->send_bytes = bytes;
    e->ops->send(e, l);
}

/* Ends the connection, whatever is on its way; handler->closed follows. Once. */
static inline void engine_close(struct engine *e, struct link *l)
{
    l->closing = true;
    e->ops->close(e, l);
}

/* For engines: n bytes of the chain were sent; frees the chunks that are done with. Returns whether all is sent. */
bool link_advance(struct link *l, size_t n);
/* For engines: frees what was not sent. */
void link_drop_chain(struct link *l);
/* For engines: fills up to max pieces from the chain; returns how many. */
struct iovec;
unsigned link_pieces(const struct link *l, struct iovec *v, unsigned max);

#endif
