/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_uring: the engine on io_uring.
 *
 * Role:    engine_ops for io_uring. One enter per engine_wait: it submits what was queued, waits, and lets the kernel
 *          complete what is ready. A link has at most one receive and one send in flight.
 * Owns:    the ring; the eventfd that wakes it; bytes kept for paused links.
 * Threads: the worker; uring_wake: any.
 * Used by: worker, by way of engine.h.
 * Why:     what a callback or the worker asks of a link (pause, resume, close) only puts it on a list of links to
 *          update: so no link is freed while a function up the stack uses it.
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
#include "net/annotate.h"
#include "net/kept.h"
#include "net/ring.h"
#include "proto/client_memory.h"

#define PIECES       64   /* of one send */
#define MESSAGES     128  /* sends of more than one piece between two enters */
#define PIECES_TOTAL 1024 /* pieces of these sends */
#define SEND_MAX     (1u << 30)

#define STATE_MAGIC 0x75727374u /* "urst" */

/* The headers of sends of more than one piece, needed until these are submitted. */
struct messages {
    struct msghdr headers[MESSAGES];
    struct iovec pieces[PIECES_TOTAL];
    unsigned header_count;
    unsigned piece_count;
};

struct state {
    uint32_t magic;
    struct engine *engine;
    struct ring ring;
    int wake_fd;
    uint64_t wake_count;
    struct acceptor acceptor;
    struct link *first, **last; /* links to update, in order */
    unsigned count;             /* of that list */
    struct messages messages;
    unsigned waits; /* depth of engine_wait inside callbacks */
};

/* What a link keeps for this engine. */
struct uring_link {
    struct link *next;
    struct kept kept;
    int error;
    bool is_listed;  /* among the links to update */
    bool receiving;  /* a receive is in flight */
    bool cancelling; /* and is being cancelled */
    bool sending;    /* a send is in flight */
    bool ended;      /* nothing more is received */
    bool dropped;    /* bytes were received that the handler does not get */
    bool unreported; /* the handler does not know yet that it has ended, with `error` */
};

_Static_assert(sizeof(struct uring_link) <= ENGINE_PRIVATE, "the private part of a link");
_Static_assert(_Alignof(struct link) > RING_KINDS,
               "the low bits of a link's address are free for the kind of completion");

static struct uring_link *uring_link(struct link *l)
{
    sane(l->magic == LINK_MAGIC);
    return (struct uring_link *)l->private;
}

static struct state *state_of(struct engine *e)
{
    struct state *s = e->state;

    must_be(s, STATE_MAGIC);
    return s;
}

/* ---- links to update ---- */

/* Puts the link on the list, unless it is there. */
static void mark(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->is_listed)
        return;
    v->is_listed = true;
    v->next = NULL;
    *s->last = l;
    s->last = &v->next;
    s->count++;
}

static struct link *take_marked(struct state *s)
{
    struct link *l = s->first;
    struct uring_link *v;

    must(s->count > 0);
    must_be(l, LINK_MAGIC);
    v = uring_link(l);
    must(v->is_listed);
    s->first = v->next;
    if (s->first == NULL)
        s->last = &s->first;
    s->count--;
    v->is_listed = false;
    return l;
}

/* Nothing of the link is in flight any more. */
static void finish(struct state *s, struct link *l)
{
    must(l->closing && !uring_link(l)->is_listed);
    if (uring_link(l)->dropped || uring_link(l)->kept.first != NULL)
        link_reset(l);
    kept_drop(&uring_link(l)->kept);
    link_drop_chain(l);
    close(l->fd);
    l->fd = -1;
    l->magic = 0;
    s->engine->handler->closed(l);
}

/* A shutdown ends whatever is in flight. A cancellation would not: it does not find a request that the kernel is just
 * retrying. */
static void update_closing(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (!v->receiving && !v->sending)
        finish(s, l);
    else
        shutdown(l->fd, SHUT_RDWR);
}

static void update_receiving(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->kept.first != NULL) {
        struct kept_bytes *k = kept_take(&v->kept);

        mark(s, l); /* for the rest; the call may free the link */
        s->engine->handler->received(l, k->bytes, k->n);
        client_memory_free(k);
    } else if (v->unreported) {
        v->unreported = false;
        s->engine->handler->ended(l, v->error);
    } else if (!v->receiving && !v->ended) {
        v->receiving = true;
        ring_receive(&s->ring, l->fd, ring_data(l, RING_RECEIVE));
    }
}

static void update_paused(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->receiving && !v->cancelling) {
        v->cancelling = true;
        ring_cancel(&s->ring, ring_data(l, RING_RECEIVE));
    }
}

/* Does what the state of a link requires. May free it. */
static void update(struct state *s, struct link *l)
{
    if (l->closing)
        update_closing(s, l);
    else if (l->receiving)
        update_receiving(s, l);
    else
        update_paused(s, l);
}

/* Whether update calls the handler. */
static bool wants_handler(struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (l->closing)
        return !v->receiving && !v->sending;
    return l->receiving && (v->kept.first != NULL || v->unreported);
}

/* Updates the links that are on the list now: all, or only those that need no call of the handler. */
static void update_marked(struct state *s, bool may_call)
{
    for (unsigned n = s->count; n > 0 && s->count > 0; n--) {
        struct link *l = take_marked(s);

        if (may_call || !wants_handler(l))
            update(s, l);
        else
            mark(s, l);
    }
}

/* The link of a completion: the kernel returns the address that ring_data was given. */
static struct link *link_of(uint64_t data)
{
    struct link *l = (struct link *)(uintptr_t)(data & ~(uint64_t)RING_KINDS);

    must_be(l, LINK_MAGIC);
    return l;
}

/* ---- receiving ---- */

static void on_bytes(struct state *s, struct link *l, const char *p, size_t n)
{
    struct uring_link *v = uring_link(l);

    if (UNLIKELY(l->closing || v->ended)) {
        v->dropped = true;
        return;
    }
    if (LIKELY(l->receiving && v->kept.first == NULL)) {
        s->engine->handler->received(l, p, n);
        return;
    }
    kept_add(&v->kept, p, n);
    v->cancelling = false; /* a cancellation has failed */
    mark(s, l);
}

/* A receive has completed for the last time, without bytes. */
static void on_receive_end(struct state *s, struct link *l, int result)
{
    struct uring_link *v = uring_link(l);

    if (result == -ENOBUFS) {
        ring_grow(&s->ring);
    } else if (result != -ECANCELED && result != -EINTR && result != -EAGAIN && !v->ended) {
        v->ended = v->unreported = true;
        v->error = -result;
    }
}

static bool is_wanted(struct link *l)
{
    struct uring_link *v = uring_link(l);

    return l->receiving && !l->closing && !v->ended && v->kept.first == NULL;
}

/* Shows the handler the bytes of the next completions. */
static void look_ahead(struct state *s)
{
    struct io_uring_cqe *c[ENGINE_BATCH];
    struct arrival a[ENGINE_BATCH];
    unsigned n = io_uring_peek_batch_cqe(&s->ring.io, c, ENGINE_BATCH), count = 0;

    for (unsigned i = 0; i < n; i++) {
        uint64_t data = io_uring_cqe_get_data64(c[i]);

        if ((data & RING_KINDS) == RING_RECEIVE && c[i]->res > 0 && is_wanted(link_of(data)))
            a[count++] = (struct arrival){link_of(data), ring_take(&s->ring, c[i]->flags, c[i]->res), c[i]->res};
    }
    if (count > 1)
        s->engine->handler->look_ahead(s->engine->worker, a, count);
}

static void on_receive(struct state *s, struct link *l, int result, unsigned flags)
{
    struct uring_link *v = uring_link(l);

    if (UNLIKELY((flags & IORING_CQE_F_MORE) == 0)) {
        v->receiving = v->cancelling = false;
        mark(s, l); /* to receive again, report the end, or close */
        if (result <= 0)
            on_receive_end(s, l, result);
    }
    if (LIKELY(flags & IORING_CQE_F_BUFFER)) {
        if (result > 0)
            on_bytes(s, l, ring_take(&s->ring, flags, result), result);
        ring_return(&s->ring, flags); /* the link may have been freed */
    }
}

/* ---- sending ---- */

static void forget_messages(struct state *s)
{
    s->messages.header_count = s->messages.piece_count = 0;
}

static void annotate_pieces(const struct iovec *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        annotate_read(v[i].iov_base, v[i].iov_len);
}

static void queue_message(struct state *s, struct link *l)
{
    struct messages *m = &s->messages;
    struct iovec *pieces;
    struct msghdr *h;

    if (UNLIKELY(m->header_count == MESSAGES || m->piece_count > PIECES_TOTAL - PIECES)) {
        ring_submit(&s->ring);
        forget_messages(s);
    }
    h = &m->headers[m->header_count++];
    pieces = &m->pieces[m->piece_count];
    *h = (struct msghdr){.msg_iov = pieces, .msg_iovlen = link_pieces(l, pieces, PIECES)};
    m->piece_count += h->msg_iovlen;
    annotate_pieces(pieces, h->msg_iovlen);
    io_uring_prep_sendmsg(ring_sqe(&s->ring, ring_data(l, RING_SEND)), l->fd, h, MSG_NOSIGNAL);
}

static void queue_send(struct state *s, struct link *l)
{
    struct iovec piece[2];
    unsigned n = link_pieces(l, piece, 2);
    size_t bytes;

    must(n > 0 && !uring_link(l)->sending);
    uring_link(l)->sending = true;
    if (UNLIKELY(n > 1)) {
        queue_message(s, l);
        return;
    }
    annotate_pieces(piece, 1);
    bytes = piece[0].iov_len < SEND_MAX ? piece[0].iov_len : SEND_MAX;
    io_uring_prep_send(ring_sqe(&s->ring, ring_data(l, RING_SEND)), l->fd, piece[0].iov_base, bytes, MSG_NOSIGNAL);
}

/* The connection is broken: what was received before and not delivered is dropped. */
static void on_send_error(struct state *s, struct link *l, int error)
{
    struct uring_link *v = uring_link(l);

    v->ended = true;
    v->unreported = false;
    kept_drop(&v->kept);
    s->engine->handler->ended(l, error);
}

/* What the kernel was sending until now must be neither freed nor changed. */
static void annotate_sent(const struct link *l)
{
    struct iovec pieces[PIECES];

    annotate_pieces(pieces, link_pieces(l, pieces, PIECES));
}

static void on_send(struct state *s, struct link *l, int result)
{
    must(uring_link(l)->sending);
    uring_link(l)->sending = false;
    if (ANNOTATE_IS_ON)
        annotate_sent(l);
    if (UNLIKELY(l->closing)) {
        mark(s, l);
        return;
    }
    if (UNLIKELY(result <= 0)) {
        if (result == -EINTR || result == -EAGAIN)
            queue_send(s, l);
        else
            on_send_error(s, l, result == 0 ? EPIPE : -result);
        return;
    }
    if (LIKELY(link_advance(l, result))) {
        s->engine->handler->sent(l);
        return;
    }
    queue_send(s, l);
    if (s->engine->handler->progressed != NULL)
        s->engine->handler->progressed(l);
}

/* ---- the loop ---- */

static void arm_wake(struct state *s)
{
    io_uring_prep_read(ring_sqe(&s->ring, RING_WAKE), s->wake_fd, &s->wake_count, sizeof s->wake_count, 0);
}

static void complete(struct state *s, uint64_t data, int result, unsigned flags)
{
    switch ((enum ring_kind)(data & RING_KINDS)) {
    case RING_RECEIVE:
        on_receive(s, link_of(data), result, flags);
        break;
    case RING_SEND:
        on_send(s, link_of(data), result);
        break;
    case RING_ACCEPT:
        acceptor_complete(&s->acceptor, (void *)(uintptr_t)(data & ~(uint64_t)RING_KINDS), result, flags);
        break;
    case RING_WAKE:
        annotate_acquire(s);
        arm_wake(s);
        break;
    default: /* a cancellation that found nothing to cancel */
        break;
    }
}

/* Handles the completions that are ready now. An engine_wait inside a callback may handle some of them. */
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

/* Submits, waits for a completion for at most ns nanoseconds (negative: without limit), and lets the kernel complete
 * what is ready. */
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
    struct state *s = state_of(e);

    s->waits++;
    update_marked(s, false);
    ns = acceptor_until_retry(&s->acceptor, ns);
    enter(s, s->count > 0 ? 0 : ns);
    e->handler->begin(e->worker);
    complete_all(s);
    update_marked(s, true);
    s->waits--;
}

static void uring_wake(struct engine *e)
{
    struct state *s = state_of(e);
    uint64_t one = 1;
    ssize_t n;

    annotate_release(s);
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
    s->magic = STATE_MAGIC;
    s->engine = e;
    s->last = &s->first;
    acceptor_init(&s->acceptor, e, &s->ring);
    arm_wake(s);
    e->state = s;
    return 0;
}

static void uring_stop(struct engine *e)
{
    struct state *s = state_of(e);

    ring_close(&s->ring);
    close(s->wake_fd);
    acceptor_fini(&s->acceptor);
    must(s->waits == 0 && s->count == 0);
    s->magic = 0;
    mem_free(s);
}

/* ---- listeners and links ---- */

static int uring_listen(struct engine *e, int fd)
{
    struct state *s = state_of(e);

    acceptor_add(&s->acceptor, fd);
    return 0;
}

static void uring_unlisten(struct engine *e, int fd)
{
    struct state *s = state_of(e);

    acceptor_remove(&s->acceptor, fd);
}

static void uring_open(struct engine *e, struct link *l)
{
    ring_set_blocking(l->fd);
    mark(state_of(e), l);
}

static void uring_mark(struct engine *e, struct link *l)
{
    mark(state_of(e), l);
}

static void uring_send(struct engine *e, struct link *l)
{
    queue_send(state_of(e), l);
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
    .pause = uring_mark,
    .resume = uring_mark,
    .send = uring_send,
    .close = uring_mark,
};

#endif
