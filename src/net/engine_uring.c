/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_uring: the engine on io_uring.
 *
 * One enter per engine_wait: it submits what was queued, waits, and lets the kernel finish what is ready. A link has at most
 * one receive and one send with the kernel. What a callback or the worker asks of a link (pause, resume, close) only puts it
 * on a list; settle does what its state then asks for, so that nobody frees a link while somebody up the stack looks at it.
 */
#include "net/engine.h"

#ifdef HAVE_IO_URING

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/handover.h"
#include "net/ring.h"

#define PIECES   64   /* of one send */
#define MESSAGES 128  /* sends of more than one piece, between two enters */
#define GATHERED 1024 /* and their pieces */
#define SEND_MAX (1u << 30)
#define RETRY_NS 100000000 /* until connections are accepted again, out of descriptors */

/* What a completion is of: the low bits of its data, below the address of a link or a listener. */
enum tag { TAG_NONE, TAG_RECEIVE, TAG_SEND, TAG_ACCEPT, TAG_WAKE, TAG_BITS = 7 };

struct listener {
    int fd;
    bool armed; /* an accept is with the kernel */
    bool gone;  /* and is being cancelled */
    struct listener *next;
};

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
    struct listener *listeners;
    int64_t retry_at;             /* ns, monotonic: when listeners without an accept get one; 0: there are none */
    struct link *todo, **todo_end; /* links to settle */
    unsigned todo_count;
    struct messages messages;
};

/* What a link keeps for this engine. */
struct uring_link {
    struct link *todo;
    struct kept *kept, **kept_end;
    int error;
    bool is_todo;
    bool armed;     /* a receive is with the kernel */
    bool stopping;  /* and is being cancelled */
    bool flying;    /* a send is with the kernel */
    bool abandoned; /* both are being cancelled, since the link is closing */
    bool over;      /* nothing more is received */
    bool untold;    /* the handler has yet to be told, with error */
};

_Static_assert(sizeof(struct uring_link) <= ENGINE_PRIVATE, "the private part of a link");
_Static_assert(_Alignof(struct link) > TAG_BITS && _Alignof(struct listener) > TAG_BITS, "addresses leave room for a tag");

static struct uring_link *uring_link(struct link *l)
{
    return (struct uring_link *)l->private;
}

static uint64_t tagged(const void *p, enum tag tag)
{
    return (uintptr_t)p | tag;
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

static void settle_closing(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (!v->armed && !v->flying) {
        finish(s, l);
    } else if (!v->abandoned) {
        v->abandoned = true;
        ring_cancel_fd(&s->ring, l->fd);
    }
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
        ring_receive(&s->ring, l->fd, tagged(l, TAG_RECEIVE));
    }
}

static void settle_paused(struct state *s, struct link *l)
{
    struct uring_link *v = uring_link(l);

    if (v->armed && !v->stopping) {
        v->stopping = true;
        ring_cancel(&s->ring, tagged(l, TAG_RECEIVE));
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
    if (LIKELY(l->receiving && v->kept == NULL))
        s->engine->handler->received(l, p, n);
    else
        keep(v, p, n);
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
    io_uring_prep_sendmsg(ring_sqe(&s->ring, tagged(l, TAG_SEND)), l->fd, h, MSG_NOSIGNAL);
}

static void queue_send(struct state *s, struct link *l)
{
    struct iovec piece[2];
    unsigned n = link_pieces(l, piece, 2);
    size_t bytes = piece[0].iov_len;

    uring_link(l)->flying = true;
    if (UNLIKELY(n > 1)) {
        queue_message(s, l);
        return;
    }
    hand_over_pieces(piece, 1);
    io_uring_prep_send(ring_sqe(&s->ring, tagged(l, TAG_SEND)), l->fd, piece[0].iov_base,
                       bytes < SEND_MAX ? bytes : SEND_MAX, MSG_NOSIGNAL);
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

static void on_send(struct state *s, struct link *l, int result)
{
    uring_link(l)->flying = false;
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

/* ---- accepting ---- */

static void arm_accept(struct state *s, struct listener *l)
{
    l->armed = true;
    io_uring_prep_multishot_accept(ring_sqe(&s->ring, tagged(l, TAG_ACCEPT)), l->fd, NULL, NULL,
                                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void forget_listener(struct state *s, struct listener *l)
{
    struct listener **at = &s->listeners;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    mem_free(l);
}

/* An accept has completed for the last time. */
static void on_accept_end(struct state *s, struct listener *l, int result)
{
    l->armed = false;
    if (l->gone)
        forget_listener(s, l);
    else if (result >= 0 || result == -ECONNABORTED || result == -EINTR)
        arm_accept(s, l);
    else if (s->retry_at == 0)
        s->retry_at = clock_mono_ns() + RETRY_NS;
}

static void on_accept(struct state *s, struct listener *l, int result, unsigned flags)
{
    int fd = l->fd;
    bool gone = l->gone;

    if ((flags & IORING_CQE_F_MORE) == 0)
        on_accept_end(s, l, result);
    if (result >= 0 && gone)
        close(result);
    else if (result >= 0)
        s->engine->handler->accepted(s->engine->worker, fd, result);
}

static void retry_accepts(struct state *s)
{
    s->retry_at = 0;
    for (struct listener *l = s->listeners; l != NULL; l = l->next)
        if (!l->armed)
            arm_accept(s, l);
}

/* io_uring waits by itself; told not to block, it would give up at once. */
static void set_blocking(int fd)
{
    fcntl(fd, F_SETFL, 0);
}

static int uring_listen(struct engine *e, int fd)
{
    struct state *s = e->state;
    struct listener *l = mem_zalloc(sizeof *l);

    set_blocking(fd);
    l->fd = fd;
    l->next = s->listeners;
    s->listeners = l;
    arm_accept(s, l);
    return 0;
}

static void uring_unlisten(struct engine *e, int fd)
{
    struct state *s = e->state;
    struct listener *l = s->listeners;

    while (l != NULL && (l->fd != fd || l->gone))
        l = l->next;
    if (l == NULL)
        return;
    if (!l->armed) {
        forget_listener(s, l);
        return;
    }
    l->gone = true;
    ring_cancel(&s->ring, tagged(l, TAG_ACCEPT));
    ring_submit(&s->ring); /* what was queued shall not find another socket under this number */
}

/* ---- the loop ---- */

static void arm_wake(struct state *s)
{
    io_uring_prep_read(ring_sqe(&s->ring, TAG_WAKE), s->wake_fd, &s->wake_count, sizeof s->wake_count, 0);
}

static void complete(struct state *s, uint64_t data, int result, unsigned flags)
{
    void *p = (void *)(uintptr_t)(data & ~(uint64_t)TAG_BITS);

    switch ((enum tag)(data & TAG_BITS)) {
    case TAG_RECEIVE:
        on_receive(s, p, result, flags);
        break;
    case TAG_SEND:
        on_send(s, p, result);
        break;
    case TAG_ACCEPT:
        on_accept(s, p, result, flags);
        break;
    case TAG_WAKE:
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
    struct io_uring_cqe *c;

    for (unsigned n = io_uring_cq_ready(&s->ring.io); n > 0 && io_uring_peek_cqe(&s->ring.io, &c) == 0; n--) {
        uint64_t data = io_uring_cqe_get_data64(c);
        int result = c->res;
        unsigned flags = c->flags;

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

/* How long to wait, so that listeners get their retry in time. */
static int64_t until_retry(struct state *s, int64_t ns)
{
    int64_t left = s->retry_at - clock_mono_ns();

    if (left <= 0) {
        retry_accepts(s);
        return ns;
    }
    return ns < 0 || ns > left ? left : ns;
}

static void uring_wait(struct engine *e, int64_t ns)
{
    struct state *s = e->state;

    settle_todo(s, false);
    if (UNLIKELY(s->retry_at != 0))
        ns = until_retry(s, ns);
    enter(s, s->todo_count > 0 ? 0 : ns);
    e->handler->begin(e->worker);
    complete_all(s);
    settle_todo(s, true);
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
    arm_wake(s);
    e->state = s;
    return 0;
}

static void uring_stop(struct engine *e)
{
    struct state *s = e->state;

    ring_close(&s->ring);
    close(s->wake_fd);
    while (s->listeners != NULL)
        forget_listener(s, s->listeners);
    mem_free(s);
}

/* ---- links ---- */

static void uring_open(struct engine *e, struct link *l)
{
    set_blocking(l->fd);
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
