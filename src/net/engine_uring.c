/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_uring: the engine on io_uring.
 *
 * One enter per engine_wait: it submits what was queued, waits, and lets the kernel finish what is ready. A link has at
 * most one receive and one send with the kernel. What a callback or the worker asks of a link (pause, resume, close)
 * only puts it on a list; settle does what its state then asks for, so that nobody frees a link while somebody up the
 * stack looks at it.
 */
#include "net/engine.h"

#ifdef HAVE_IO_URING

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "net/acceptor.h"
#include "net/handover.h"
#include "net/ring.h"

#define PIECES   64   /* of one send */
#define MESSAGES 128  /* sends of more than one piece, between two enters */
#define GATHERED 1024 /* and their pieces */
#define SEND_MAX (1u << 30)

/* What sends of more than one piece need until they are submitted. */
struct messages {
    struct msghdr headers[MESSAGES];
    struct iovec pieces[GATHERED];
    unsigned header_count;
    unsigned piece_count;
};

/* Bytes that came while the link was paused. */
struct kept {
    struct kept *next;
    size_t n;
    char bytes[];
};

struct state {
    struct engine *engine;
    struct ring ring;
    int wake_fd;
    uint64_t wake_count;
    struct acceptor acceptor;
    struct link *todo, **todo_end; /* links to settle */
    unsigned todo_count;
    struct messages messages;
    unsigned waits;               /* engine_wait, and those inside its callbacks */
};

/* What a link keeps for this engine. */
struct uring_link {
    struct link *todo;
    struct kept *kept, **kept_end;
    int error;
    bool is_todo;
    bool armed;    /* a receive is with the kernel */
    bool stopping; /* and is being cancelled */
    bool flying;   /* a send is with the kernel */
    bool over;     /* nothing more is received */
    bool untold;   /* the handler has yet to be told, with error */
};

_Static_assert(sizeof(struct uring_link) <= ENGINE_PRIVATE, "the private part of a link");
_Static_assert(_Alignof(struct link) > RING_KINDS, "the address of a link leaves room for what is told of it");

static struct uring_link *uring_link(struct link *l)
{
    return (struct uring_link *)l->private;
}

/* ---- links to settle ---- */

static void add_todo(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->is_todo)
        return;
    v->is_todo = true;
    v->todo = NULL;
    *s->todo_end = l;
    s->todo_end = &v->todo;
    s->todo_count++;
}

static struct link *take_todo(struct state *s)
{
    struct link *l = s->todo;
    struct uring_link *v = uring_link(l);

    s->todo = v->todo;
    if (s->todo == NULL)
        s->todo_end = &s->todo;
    s->todo_count--;
    v->is_todo = false;
    return l;
}

/* Bytes for a paused link, or behind such. Copies. */
static void keep(struct uring_link *v, const char *p, size_t n)
{
    struct kept *k = mem_alloc(sizeof *k + n);

    k->next = NULL;
    k->n = n;
    memcpy(k->bytes, p, n);
    if (v->kept == NULL)
        v->kept_end = &v->kept;
    *v->kept_end = k;
    v->kept_end = &k->next;
}

static struct kept *take_kept(struct uring_link *v)
{
    struct kept *k = v->kept;

    v->kept = k->next;
    return k;
}

static void drop_kept(struct uring_link *v)
{
    while (v->kept != NULL)
        mem_free(take_kept(v));
}

/* The kernel has nothing of it any more. */
static void finish(struct state *s, struct link *l)
{
    drop_kept(uring_link(l));
    link_drop_chain(l);
    close(l->fd);
    l->fd = -1;
    s->engine->handler->closed(l);
}

/* Shutting down ends what the kernel has, whatever it is doing with it. A cancellation would not: it does not find a
 * request that is just being tried again. */
static void settle_closing(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (!v->armed && !v->flying)
        finish(s, l);
    else
        shutdown(l->fd, SHUT_RDWR);
}

static void settle_receiving(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->kept != NULL) {
        struct kept *k = take_kept(v);

        add_todo(s, l); /* for the rest; after the call it may be gone */
        s->engine->handler->received(l, k->bytes, k->n);
        mem_free(k);
    } else if (v->untold) {
        v->untold = false;
        s->engine->handler->ended(l, v->error);
    } else if (!v->armed && !v->over) {
        v->armed = true;
        ring_receive(&s->ring, l->fd, ring_data(l, RING_RECEIVE));
    }
}

static void settle_paused(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->armed && !v->stopping) {
        v->stopping = true;
        ring_cancel(&s->ring, ring_data(l, RING_RECEIVE));
    }
}

/* Does what the state of a link asks for. May free it. */
static void settle(struct state *s, struct link *l)
{
    if (l->closing)
        settle_closing(s, l);
    else if (l->receiving)
        settle_receiving(s, l);
    else
        settle_paused(s, l);
}

/* Whether to settle it means to call the handler. */
static bool wants_handler(struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (l->closing)
        return !v->armed && !v->flying;
    return l->receiving && (v->kept != NULL || v->untold);
}

/* Settles those that are on the list now: all, or only those that need no call of the handler. */
static void settle_todo(struct state *s, bool may_call)
{
    for (unsigned n = s->todo_count; n > 0 && s->todo_count > 0; n--) {
        struct link *l = take_todo(s);

        if (may_call || !wants_handler(l))
            settle(s, l);
        else
            add_todo(s, l);
    }
}

/* ---- receiving ---- */

static void on_bytes(struct state *s, struct link *l, const char *p, size_t n)
{
    struct uring_link *v = uring_link(l);

    if (UNLIKELY(l->closing || v->over))
        return;
    if (LIKELY(l->receiving && v->kept == NULL)) {
        s->engine->handler->received(l, p, n);
        return;
    }
    keep(v, p, n);
    v->stopping = false; /* if it was asked to, that has failed */
    add_todo(s, l);
}

/* A receive has completed for the last time, without bytes. */
static void on_receive_end(struct state *s, struct link *l, int result)
{
    struct uring_link *v = uring_link(l);

    if (result == -ENOBUFS) {
        ring_grow(&s->ring);
    } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN && !v->over) {
        v->over = v->untold = true;
        v->error = -result;
    }
}

static bool is_wanted(struct link *l)
{
    struct uring_link *v = uring_link(l);

    return l->receiving && !l->closing && !v->over && v->kept == NULL;
}

/* Tells the handler what the next completions will give it. */
static void look_ahead(struct state *s)
{
    struct io_uring_cqe *c[ENGINE_BATCH];
    struct arrival a[ENGINE_BATCH];
    unsigned n = io_uring_peek_batch_cqe(&s->ring.io, c, ENGINE_BATCH), count = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t data = io_uring_cqe_get_data64(c[i]);
        struct link *l = (struct link *)(uintptr_t)(data & ~(uint64_t)RING_KINDS);

        if ((data & RING_KINDS) == RING_RECEIVE && c[i]->res > 0 && is_wanted(l))
            a[count++] = (struct arrival){l, ring_take(&s->ring, c[i]->flags, c[i]->res), c[i]->res};
    }
    if (count > 1)
        s->engine->handler->look_ahead(s->engine->worker, a, count);
}

static void on_receive(struct state *s, struct link *l, int result, unsigned flags)
{
    struct uring_link *v = uring_link(l);

    if (UNLIKELY((flags & IORING_CQE_F_MORE) == 0)) {
        v->armed = v->stopping = false;
        add_todo(s, l); /* to be armed again, told or closed */
        if (result <= 0)
            on_receive_end(s, l, result);
    }
    if (LIKELY(flags & IORING_CQE_F_BUFFER)) {
        if (result > 0)
            on_bytes(s, l, ring_take(&s->ring, flags, result), result);
        ring_return(&s->ring, flags); /* the link may be gone by now */
    }
}

/* ---- sending ---- */

static void forget_messages(struct state *s)
{
    s->messages.header_count = s->messages.piece_count = 0;
}

static void hand_over_pieces(const struct iovec *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        handover_read(v[i].iov_base, v[i].iov_len);
}

static void queue_message(struct state *s, struct link *l)
{
    struct messages *m = &s->messages;
    struct iovec *pieces;
    struct msghdr *h;

    if (UNLIKELY(m->header_count == MESSAGES || m->piece_count > GATHERED - PIECES)) {
        ring_submit(&s->ring);
        forget_messages(s);
    }
    h = &m->headers[m->header_count++];
    pieces = &m->pieces[m->piece_count];
    *h = (struct msghdr){.msg_iov = pieces, .msg_iovlen = link_pieces(l, pieces, PIECES)};
    m->piece_count += h->msg_iovlen;
    hand_over_pieces(pieces, h->msg_iovlen);
    io_uring_prep_sendmsg(ring_sqe(&s->ring, ring_data(l, RING_SEND)), l->fd, h, MSG_NOSIGNAL);
}

static void queue_send(struct state *s, struct link *l)
{
    struct iovec piece[2];
    unsigned n = link_pieces(l, piece, 2);
    size_t bytes;

    must(n > 0);
    uring_link(l)->flying = true;
    if (UNLIKELY(n > 1)) {
        queue_message(s, l);
        return;
    }
    hand_over_pieces(piece, 1);
    bytes = piece[0].iov_len < SEND_MAX ? piece[0].iov_len : SEND_MAX;
    io_uring_prep_send(ring_sqe(&s->ring, ring_data(l, RING_SEND)), l->fd, piece[0].iov_base, bytes, MSG_NOSIGNAL);
}

/* The connection is broken: whatever came before is not told any more. */
static void on_send_error(struct state *s, struct link *l, int error)
{
    struct uring_link *v = uring_link(l);

    v->over = true;
    v->untold = false;
    drop_kept(v);
    s->engine->handler->ended(l, error);
}

/* Nobody may have freed or changed what the kernel had until now. */
static void take_back_pieces(const struct link *l)
{
    struct iovec pieces[PIECES];

    hand_over_pieces(pieces, link_pieces(l, pieces, PIECES));
}

static void on_send(struct state *s, struct link *l, int result)
{
    uring_link(l)->flying = false;
    if (HANDOVER_IS_SEEN)
        take_back_pieces(l);
    if (UNLIKELY(l->closing)) {
        add_todo(s, l);
        return;
    }
    if (UNLIKELY(result <= 0)) {
        if (result == -EINTR || result == -EAGAIN)
            queue_send(s, l);
        else
            on_send_error(s, l, result == 0 ? EPIPE : -result);
        return;
    }
    if (LIKELY(link_advance(l, result)))
        s->engine->handler->sent(l);
    else
        queue_send(s, l);
}

/* ---- the loop ---- */

static void arm_wake(struct state *s)
{
    io_uring_prep_read(ring_sqe(&s->ring, RING_WAKE), s->wake_fd, &s->wake_count, sizeof s->wake_count, 0);
}

static void complete(struct state *s, uint64_t data, int result, unsigned flags)
{
    void *p = (void *)(uintptr_t)(data & ~(uint64_t)RING_KINDS);

    switch ((enum ring_kind)(data & RING_KINDS)) {
    case RING_RECEIVE:
        on_receive(s, p, result, flags);
        break;
    case RING_SEND:
        on_send(s, p, result);
        break;
    case RING_ACCEPT:
        acceptor_complete(&s->acceptor, p, result, flags);
        break;
    case RING_WAKE:
        handover_hear(s);
        arm_wake(s);
        break;
    default: /* there was nothing left to cancel */
        break;
    }
}

/* Handles the completions that are there now. An engine_wait inside a callback may have handled some of them. */
static void complete_all(struct state *s)
{
    unsigned ready = io_uring_cq_ready(&s->ring.io);
    struct io_uring_cqe *c;

    for (unsigned i = 0; i < ready && io_uring_peek_cqe(&s->ring.io, &c) == 0; i++) {
        uint64_t data = io_uring_cqe_get_data64(c);
        int result = c->res;
        unsigned flags = c->flags;

        if (UNLIKELY(i % ENGINE_BATCH == 0)) {
            if (i > 0 && s->waits == 1)
                s->engine->handler->flush(s->engine->worker);
            look_ahead(s);
        }
        io_uring_cq_advance(&s->ring.io, 1);
        complete(s, data, result, flags);
    }
}

/* Submits, waits for a completion for at most ns (negative: without end), and has the kernel finish what is ready. */
static void enter(struct state *s, int64_t ns)
{
    struct __kernel_timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    struct io_uring_cqe *c;
    int error;

    if (ns == 0)
        error = io_uring_submit_and_get_events(&s->ring.io);
    else
        error = io_uring_submit_and_wait_timeout(&s->ring.io, &c, 1, ns < 0 ? NULL : &t, NULL);
    must(error >= 0 || error == -ETIME || error == -EINTR || error == -EAGAIN || error == -EBUSY || error == -ENOMEM);
    if (LIKELY(io_uring_sq_ready(&s->ring.io) == 0))
        forget_messages(s);
}

static void uring_wait(struct engine *e, int64_t ns)
{
    struct state *s = e->state;

    s->waits++;
    settle_todo(s, false);
    ns = acceptor_until_retry(&s->acceptor, ns);
    enter(s, s->todo_count > 0 ? 0 : ns);
    e->handler->begin(e->worker);
    complete_all(s);
    settle_todo(s, true);
    s->waits--;
}

static void uring_wake(struct engine *e)
{
    struct state *s = e->state;
    uint64_t one = 1;
    ssize_t n;

    handover_signal(s);
    do
        n = write(s->wake_fd, &one, sizeof one);
    while (n < 0 && errno == EINTR);
    must(n == sizeof one);
}

static int uring_start(struct engine *e, char *why, size_t size)
{
    struct state *s = mem_zalloc(sizeof *s);
    int error;

    s->wake_fd = eventfd(0, EFD_CLOEXEC);
    error = s->wake_fd < 0 ? -errno : ring_open(&s->ring, why, size);
    if (error != 0) {
        if (s->wake_fd < 0)
            snprintf(why, size, "eventfd: %s", strerror(-error));
        else
            close(s->wake_fd);
        mem_free(s);
        return error;
    }
    s->engine = e;
    s->todo_end = &s->todo;
    acceptor_init(&s->acceptor, e, &s->ring);
    arm_wake(s);
    e->state = s;
    return 0;
}

static void uring_stop(struct engine *e)
{
    struct state *s = e->state;

    ring_close(&s->ring);
    close(s->wake_fd);
    acceptor_fini(&s->acceptor);
    mem_free(s);
}

/* ---- listeners and links ---- */

static int uring_listen(struct engine *e, int fd)
{
    struct state *s = e->state;

    acceptor_add(&s->acceptor, fd);
    return 0;
}

static void uring_unlisten(struct engine *e, int fd)
{
    struct state *s = e->state;

    acceptor_remove(&s->acceptor, fd);
}

static void uring_open(struct engine *e, struct link *l)
{
    ring_set_blocking(l->fd);
    add_todo(e->state, l);
}

static void uring_todo(struct engine *e, struct link *l)
{
    add_todo(e->state, l);
}

static void uring_send(struct engine *e, struct link *l)
{
    queue_send(e->state, l);
}

const struct engine_ops engine_io_uring = {
    .name = "io_uring",
    .start = uring_start,
    .stop = uring_stop,
    .wait = uring_wait,
    .wake = uring_wake,
    .listen = uring_listen,
    .unlisten = uring_unlisten,
    .open = uring_open,
    .pause = uring_todo,
    .resume = uring_todo,
    .send = uring_send,
    .close = uring_todo,
};

#endif
