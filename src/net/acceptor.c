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

struct listener {
    int fd;
    bool armed; /* an accept is with the kernel */
    bool gone;  /* and is being cancelled */
    struct listener *next;
};

_Static_assert(_Alignof(struct listener) > RING_KINDS, "the address of a listener leaves room for what is told of it");

void acceptor_init(struct acceptor *a, struct engine *e, struct ring *r)
{
    *a = (struct acceptor){.engine = e, .ring = r};
}

static void arm(struct acceptor *a, struct listener *l)
{
    l->armed = true;
    io_uring_prep_multishot_accept(ring_sqe(a->ring, ring_data(l, RING_ACCEPT)), l->fd, NULL, NULL,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void forget(struct acceptor *a, struct listener *l)
{
    struct listener **at = &a->listeners;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
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
    l->fd = fd;
    l->next = a->listeners;
    a->listeners = l;
    arm(a, l);
}

void acceptor_remove(struct acceptor *a, int fd)
{
    struct listener *l = a->listeners;

    while (l != NULL && (l->fd != fd || l->gone))
        l = l->next;
    if (l == NULL)
        return;
    if (!l->armed) {
        forget(a, l);
        return;
    }
    l->gone = true;
    ring_cancel(a->ring, ring_data(l, RING_ACCEPT));
    ring_submit(a->ring); /* what is queued shall not find another socket under this number */
}

/* The accept has completed for the last time. */
static void on_end(struct acceptor *a, struct listener *l, int result)
{
    l->armed = false;
    if (l->gone)
        forget(a, l);
    else if (result >= 0 || result == -ECONNABORTED || result == -EINTR)
        arm(a, l);
    else if (a->retry_at == 0)
        a->retry_at = clock_mono_ns() + RETRY_NS;
}

void acceptor_complete(struct acceptor *a, struct listener *l, int result, unsigned flags)
{
    bool gone = l->gone;
    int fd = l->fd;

    if ((flags & IORING_CQE_F_MORE) == 0)
        on_end(a, l, result);
    else if (gone)
        ring_cancel(a->ring, ring_data(l, RING_ACCEPT)); /* the first has failed */
    if (result >= 0 && gone)
        close(result);
    else if (result >= 0)
        a->engine->handler->accepted(a->engine->worker, fd, result);
}

static void retry(struct acceptor *a)
{
    a->retry_at = 0;
    for (struct listener *l = a->listeners; l != NULL; l = l->next)
        if (!l->armed)
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
