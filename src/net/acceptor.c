/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/acceptor.h"

#ifdef HAVE_IO_URING

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"

#define RETRY_NS 100000000

#define LISTENER_MAGIC 0x75726c69u /* "urli" */

struct listener {
    uint32_t magic;
    int fd;
    bool accepting; /* an accept is in flight */
    bool removed;   /* and is being cancelled */
    struct listener *next;
};

_Static_assert(_Alignof(struct listener) > RING_KINDS,
               "the low bits of its address are free for the kind of completion");

void acceptor_init(struct acceptor *a, struct engine *e, struct ring *r)
{
    *a = (struct acceptor){.engine = e, .ring = r};
}

static void arm(struct acceptor *a, struct listener *l)
{
    must(!l->accepting && !l->removed);
    l->accepting = true;
    io_uring_prep_multishot_accept(ring_sqe(a->ring, ring_data(l, RING_ACCEPT)), l->fd, NULL, NULL,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void forget(struct acceptor *a, struct listener *l)
{
    struct listener **at = &a->listeners;

    while (*at != l) {
        must(*at != NULL);
        at = &(*at)->next;
    }
    *at = l->next;
    l->magic = 0;
    mem_free(l);
}

void acceptor_fini(struct acceptor *a)
{
    while (a->listeners != NULL)
        forget(a, a->listeners);
}

void acceptor_add(struct acceptor *a, int fd)
{
    struct listener *l = mem_zalloc(sizeof *l);

    ring_set_blocking(fd);
    l->magic = LISTENER_MAGIC;
    l->fd = fd;
    l->next = a->listeners;
    a->listeners = l;
    arm(a, l);
}

void acceptor_remove(struct acceptor *a, int fd)
{
    struct listener *l = a->listeners;

    while (l != NULL && (l->fd != fd || l->removed))
        l = l->next;
    if (l == NULL)
        return;
    if (!l->accepting) {
        forget(a, l);
        return;
    }
    l->removed = true;
    ring_cancel(a->ring, ring_data(l, RING_ACCEPT));
    ring_submit(
        a->ring); /* before the caller closes fd: queued requests may not find another socket under its number */
}

/* The accept has completed for the last time. */
static void on_end(struct acceptor *a, struct listener *l, int result)
{
    l->accepting = false;
    if (l->removed)
        forget(a, l);
    else if (result >= 0 || result == -ECONNABORTED || result == -EINTR)
        arm(a, l);
    else if (a->retry_at == 0)
        a->retry_at = clock_mono_ns() + RETRY_NS;
}

void acceptor_complete(struct acceptor *a, struct listener *l, int result, unsigned flags)
{
    bool removed = l->removed;
    int fd = l->fd;

    must_be(l, LISTENER_MAGIC);
    if ((flags & IORING_CQE_F_MORE) == 0)
        on_end(a, l, result);
    else if (removed)
        ring_cancel(a->ring, ring_data(l, RING_ACCEPT)); /* the first cancellation has failed */
    if (result >= 0 && removed)
        close(result);
    else if (result >= 0)
        a->engine->handler->accepted(a->engine->worker, fd, result);
}

static void retry(struct acceptor *a)
{
    a->retry_at = 0;
    for (struct listener *l = a->listeners; l != NULL; l = l->next)
        if (!l->accepting)
            arm(a, l);
}

int64_t acceptor_until_retry(struct acceptor *a, int64_t ns)
{
    int64_t left;

    if (LIKELY(a->retry_at == 0))
        return ns;
    left = a->retry_at - clock_mono_ns();
    if (left <= 0) {
        retry(a);
        return ns;
    }
    return ns < 0 || ns > left ? left : ns;
}

#endif
