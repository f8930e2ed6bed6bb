/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_uring_probe: whether io_uring works here.
 *
 * Role:    does once what the engine needs, down to a multishot receive that is cancelled.
 * Owns:    nothing that outlives the call.
 * Threads: any.
 * Used by: main, by way of engine.h.
 * Why:     the kernel's version says too little: containers forbid the calls, and kernels are built without them.
 */
#include "net/engine.h"

#ifdef HAVE_IO_URING

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ring.h"

#define WAIT_SECS 1

static const struct {
    int code;
    const char *name;
} operations[] = {
    {IORING_OP_RECV, "recv"},     {IORING_OP_SEND, "send"}, {IORING_OP_SENDMSG, "sendmsg"},
    {IORING_OP_ACCEPT, "accept"}, {IORING_OP_READ, "read"}, {IORING_OP_ASYNC_CANCEL, "cancel"},
};

static bool has_operations(struct ring *r, char *why, size_t size)
{
    struct io_uring_probe *p = io_uring_get_probe_ring(&r->io);

    if (p == NULL) {
        snprintf(why, size, "the kernel does not report its operations");
        return false;
    }
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (!io_uring_opcode_supported(p, operations[i].code)) {
            snprintf(why, size, "no operation %s", operations[i].name);
            io_uring_free_probe(p);
            return false;
        }
    io_uring_free_probe(p);
    return true;
}

static bool has_features(struct ring *r, char *why, size_t size)
{
    unsigned needed = IORING_FEAT_NODROP | IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG |
                      IORING_FEAT_CQE_SKIP;

    if ((r->io.features & needed) == needed)
        return true;
    snprintf(why, size, "features %#x are missing", needed & ~r->io.features);
    return false;
}

struct outcome {
    uint64_t data;
    int result;
    unsigned flags;
};

/* Submits what is queued and returns the next completion; result -ETIME: none came within a second. */
static struct outcome next(struct ring *r)
{
    struct __kernel_timespec t = {.tv_sec = WAIT_SECS};
    struct io_uring_cqe *c;
    struct outcome o = {.result = io_uring_submit_and_wait_timeout(&r->io, &c, 1, &t, NULL)};

    if (o.result >= 0) {
        o = (struct outcome){io_uring_cqe_get_data64(c), c->res, c->flags};
        io_uring_cqe_seen(&r->io, c);
    }
    return o;
}

/* Whether the receive delivers a byte that is sent, and remains in flight. */
static bool delivers(struct ring *r, int to, char byte)
{
    unsigned flags = IORING_CQE_F_BUFFER | IORING_CQE_F_MORE;
    struct outcome o;
    bool same;

    if (send(to, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
        return false;
    o = next(r);
    if (o.data != RING_RECEIVE || o.result != 1 || (o.flags & flags) != flags)
        return false;
    same = *ring_take(r, o.flags, 1) == byte;
    ring_return(r, o.flags);
    return same;
}

static bool receives(struct ring *r, char *why, size_t size)
{
    bool works;
    int fd[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0) {
        snprintf(why, size, "socketpair: %s", strerror(errno));
        return false;
    }
    ring_receive(r, fd[0], RING_RECEIVE);
    works = delivers(r, fd[1], 'a') && delivers(r, fd[1], 'b');
    if (works) {
        ring_cancel(r, RING_RECEIVE);
        works = next(r).result == -ECANCELED;
    }
    if (!works)
        snprintf(why, size, "a multishot receive does not work");
    close(fd[0]);
    close(fd[1]);
    return works;
}

bool engine_io_uring_works(char *why, size_t size)
{
    struct ring r;
    bool works;

    if (ring_open(&r, why, size) != 0)
        return false;
    works = has_features(&r, why, size) && has_operations(&r, why, size) && receives(&r, why, size);
    ring_close(&r);
    return works;
}

#endif
