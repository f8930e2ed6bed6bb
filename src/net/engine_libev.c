/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_libev: the engine on libev, for systems that forbid io_uring.
 *
 * Role:    engine_ops for libev (epoll).
 * Owns:    the loop; one receive buffer per worker; bytes kept for paused links.
 * Threads: the worker; libev_wake: any.
 * Used by: worker, by way of engine.h.
 * Why:     short pieces from many connections are gathered in the one buffer, so that the handler can look ahead into
 *          all of them before it gets them one by one; no connection needs a buffer. Sends are tried at once, and only
 *          what the kernel does not take waits for the socket to become writable.
 */
#include "config.h"

#include "net/engine.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "proto/client_memory.h"

#define RECEIVE_BYTES (64 * 1024)
#define RECEIVE_MIN   (32 * 1024) /* room for one receive: with less, what has come is delivered first */
#define GATHER_MAX    2048        /* bytes; a longer piece has many requests and gains nothing by waiting for others */
#define ACCEPTS       64          /* per event, so that other events get their turn */
#define PIECES        64          /* of one send */
#define RETRY_SECONDS 0.1

#define LISTENER_MAGIC 0x6576636cu /* "evcl" */
#define STATE_MAGIC    0x65767374u /* "evst" */

struct listener {
    uint32_t magic;
    ev_io io;
    ev_timer retry;
    struct state *state;
    struct listener *next;
};

struct state {
    uint32_t magic;
    struct engine *engine;
    struct ev_loop *loop;
    ev_async wake;
    ev_timer deadline;
    ev_check check;
    struct listener *listeners;
    char *buffer;
    size_t filled;
    struct arrival arrivals[ENGINE_BATCH]; /* gathered; those from `next` on are not delivered yet */
    unsigned next, count;
    struct link *resumed; /* links whose kept bytes are to be delivered */
    unsigned waits;       /* depth of engine_wait inside callbacks */
    unsigned events;      /* since the last flush */
};

/* What a link keeps for this engine. */
struct ev_link {
    ev_io in;
    ev_io out;
    struct state *state;
    char *kept; /* bytes that came just before the link was paused. Owned */
    size_t kept_n;
    struct link *resumed; /* the next link of the state's list */
    bool is_resumed;      /* is on that list */
    bool ended;           /* nothing more is received */
};

_Static_assert(sizeof(struct ev_link) <= ENGINE_PRIVATE, "the private part of a link holds two watchers");

static struct ev_link *ev_link(struct link *l)
{
    sane(l->magic == LINK_MAGIC);
    return (struct ev_link *)l->private;
}

static struct state *state_of(struct engine *e)
{
    struct state *s = e->state;

    must_be(s, STATE_MAGIC);
    return s;
}

static struct link *link_of(ev_io *w)
{
    struct link *l = w->data;

    must_be(l, LINK_MAGIC);
    return l;
}

static struct listener *listener_of(void *data)
{
    struct listener *l = data;

    must_be(l, LISTENER_MAGIC);
    return l;
}

/* ---- accepting ---- */

static void drop_listener(struct state *s, struct listener **at)
{
    struct listener *l = *at;

    *at = l->next;
    ev_io_stop(s->loop, &l->io);
    ev_timer_stop(s->loop, &l->retry);
    l->magic = 0;
    mem_free(l);
}

static void on_retry(struct ev_loop *loop, ev_timer *w, int events)
{
    struct listener *l = listener_of(w->data);

    (void)events;
    ev_io_start(loop, &l->io);
}

static void on_connection(struct ev_loop *loop, ev_io *w, int events)
{
    struct listener *l = listener_of(w->data);

    (void)events;
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            l->state->engine->handler->accepted(l->state->engine->worker, w->fd, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            ev_io_stop(loop, w);
            ev_timer_set(&l->retry, RETRY_SECONDS, 0.);
            ev_timer_start(loop, &l->retry);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static int libev_listen(struct engine *e, int fd)
{
    struct state *s = state_of(e);
    struct listener *l = mem_zalloc(sizeof *l);

    l->magic = LISTENER_MAGIC;
    l->state = s;
    ev_io_init(&l->io, on_connection, fd, EV_READ);
    ev_timer_init(&l->retry, on_retry, 0., 0.);
    l->io.data = l->retry.data = l;
    ev_io_start(s->loop, &l->io);
    l->next = s->listeners;
    s->listeners = l;
    return 0;
}

static void libev_unlisten(struct engine *e, int fd)
{
    struct state *s = state_of(e);

    for (struct listener **at = &s->listeners; *at != NULL; at = &(*at)->next)
        if ((*at)->io.fd == fd) {
            drop_listener(s, at);
            return;
        }
}

/* ---- links ---- */

/* Drops what was received for the link and not delivered. Returns whether there was any. */
static bool drop_received(struct state *s, struct link *l)
{
    struct ev_link *v = ev_link(l);
    unsigned n = s->next;
    bool any = v->kept != NULL;

    for (unsigned i = s->next; i < s->count; i++) {
        if (s->arrivals[i].link != l)
            s->arrivals[n++] = s->arrivals[i];
        else
            any = true;
    }
    s->count = n;
    if (v->is_resumed) {
        struct link **at = &s->resumed;

        while (*at != l)
            at = &ev_link(*at)->resumed;
        *at = v->resumed;
        v->is_resumed = false;
    }
    client_memory_free(v->kept);
    v->kept = NULL;
    return any;
}

static void keep(struct link *l, const char *p, size_t n)
{
    struct ev_link *v = ev_link(l);

    must(v->kept == NULL);
    v->kept = client_memory_alloc(n);
    v->kept_n = n;
    memcpy(v->kept, p, n);
}

static void deliver_kept(struct state *s, struct link *l)
{
    struct ev_link *v = ev_link(l);
    char *p = v->kept;

    must(v->is_resumed && s->resumed == l);
    s->resumed = v->resumed;
    v->is_resumed = false;
    if (!l->receiving)
        return;
    v->kept = NULL;
    s->engine->handler->received(l, p, v->kept_n);
    client_memory_free(p);
}

/* Delivers what was gathered. An engine_wait inside a callback delivers the rest before it gathers anything itself. */
static void deliver(struct state *s)
{
    must(s->next <= s->count && s->count <= ENGINE_BATCH && s->filled <= RECEIVE_BYTES);
    if (s->next == 0 && s->count > 1)
        s->engine->handler->look_ahead(s->engine->worker, s->arrivals, s->count);
    while (s->next < s->count) {
        struct arrival a = s->arrivals[s->next++];

        if (LIKELY(a.link->receiving))
            s->engine->handler->received(a.link, a.p, a.n);
        else
            keep(a.link, a.p, a.n);
    }
    s->next = s->count = 0;
    s->filled = 0;
}

static void count_event(struct state *s)
{
    if (++s->events < ENGINE_BATCH || s->waits > 1)
        return;
    s->events = 0;
    deliver(s);
    s->engine->handler->flush(s->engine->worker);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    struct link *l = link_of(w);
    struct state *s = ev_link(l)->state;
    char *b = s->buffer + s->filled;
    ssize_t n;
    int error;

    (void)events;
    n = recv(l->fd, b, RECEIVE_BYTES - s->filled, 0);
    error = errno;
    if (n > 0) {
        must(s->count < ENGINE_BATCH);
        s->arrivals[s->count++] = (struct arrival){l, b, n};
        s->filled += n;
        if (n > GATHER_MAX || s->count == ENGINE_BATCH || s->filled > RECEIVE_BYTES - RECEIVE_MIN)
            deliver(s);
    } else if (n == 0 || (error != EAGAIN && error != EINTR)) {
        ev_io_stop(loop, w);
        ev_link(l)->ended = true;
        s->engine->handler->ended(l, n == 0 ? 0 : error);
    }
    count_event(s); /* which may free the link */
}

/* Sends until the kernel takes no more. */
static void send_chain(struct state *s, struct link *l)
{
    struct ev_link *v = ev_link(l);

    for (;;) {
        struct iovec pieces[PIECES];
        struct msghdr m = {.msg_iov = pieces, .msg_iovlen = link_pieces(l, pieces, PIECES)};
        ssize_t n = m.msg_iovlen == 1 ? send(l->fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL)
                                      : sendmsg(l->fd, &m, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            ev_io_start(s->loop, &v->out);
            if (s->engine->handler->progressed != NULL)
                s->engine->handler->progressed(l);
            return;
        }
        if (n < 0) {
            int error = errno;

            ev_io_stop(s->loop, &v->out);
            ev_io_stop(s->loop, &v->in);
            v->ended = true;
            drop_received(s, l);
            s->engine->handler->ended(l, error);
            return;
        }
        if (link_advance(l, n)) {
            ev_io_stop(s->loop, &v->out);
            s->engine->handler->sent(l);
            return;
        }
    }
}

static void on_writable(struct ev_loop *loop, ev_io *w, int events)
{
    struct link *l = link_of(w);

    (void)loop;
    (void)events;
    send_chain(ev_link(l)->state, l);
}

static void libev_open(struct engine *e, struct link *l)
{
    struct ev_link *v = ev_link(l);

    v->state = state_of(e);
    ev_io_init(&v->in, on_readable, l->fd, EV_READ);
    ev_io_init(&v->out, on_writable, l->fd, EV_WRITE);
    v->in.data = v->out.data = l;
    ev_io_start(v->state->loop, &v->in);
}

static void libev_pause(struct engine *e, struct link *l)
{
    struct state *s = state_of(e);

    ev_io_stop(s->loop, &ev_link(l)->in);
}

static void libev_resume(struct engine *e, struct link *l)
{
    struct state *s = state_of(e);

    if (!ev_link(l)->ended)
        ev_io_start(s->loop, &ev_link(l)->in);
    if (ev_link(l)->kept != NULL && !ev_link(l)->is_resumed) {
        ev_link(l)->is_resumed = true;
        ev_link(l)->resumed = s->resumed;
        s->resumed = l;
    }
}

static void libev_send(struct engine *e, struct link *l)
{
    send_chain(state_of(e), l);
}

static void libev_close(struct engine *e, struct link *l)
{
    struct state *s = state_of(e);

    ev_io_stop(s->loop, &ev_link(l)->in);
    ev_io_stop(s->loop, &ev_link(l)->out);
    if (drop_received(s, l))
        link_reset(l);
    link_drop_chain(l);
    close(l->fd);
    l->fd = -1;
    l->magic = 0;
    e->handler->closed(l);
}

/* ---- the loop ---- */

static void on_wake(struct ev_loop *loop, ev_async *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

static void on_deadline(struct ev_loop *loop, ev_timer *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

static void on_check(struct ev_loop *loop, ev_check *w, int events)
{
    struct state *s = w->data;

    (void)loop;
    (void)events;
    s->engine->handler->begin(s->engine->worker);
    deliver(s); /* what the outer engine_wait has gathered */
    while (s->resumed != NULL)
        deliver_kept(s, s->resumed);
}

static int libev_start(struct engine *e, char *why, size_t size)
{
    struct state *s = mem_zalloc(sizeof *s);

    s->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOSIGMASK);
    if (s->loop == NULL) {
        snprintf(why, size, "libev has no backend to wait for events");
        mem_free(s);
        return -ENOSYS;
    }
    s->magic = STATE_MAGIC;
    s->engine = e;
    s->buffer = mem_alloc(RECEIVE_BYTES);
    ev_async_init(&s->wake, on_wake);
    ev_async_start(s->loop, &s->wake);
    ev_timer_init(&s->deadline, on_deadline, 0., 0.);
    ev_check_init(&s->check, on_check);
    ev_set_priority(&s->check, EV_MAXPRI);
    s->check.data = s;
    ev_check_start(s->loop, &s->check);
    e->state = s;
    return 0;
}

static void libev_stop(struct engine *e)
{
    struct state *s = state_of(e);

    while (s->listeners != NULL)
        drop_listener(s, &s->listeners);
    ev_async_stop(s->loop, &s->wake);
    ev_check_stop(s->loop, &s->check);
    ev_loop_destroy(s->loop);
    must(s->waits == 0 && s->count == 0 && s->resumed == NULL);
    mem_free(s->buffer);
    s->magic = 0;
    mem_free(s);
}

static void run(struct state *s, int64_t ns)
{
    if (ns == 0) {
        ev_run(s->loop, EVRUN_NOWAIT);
        return;
    }
    if (ns > 0) {
        ev_now_update(s->loop);
        ev_timer_stop(s->loop, &s->deadline); /* of the outer engine_wait */
        ev_timer_set(&s->deadline, (double)ns / 1e9, 0.);
        ev_timer_start(s->loop, &s->deadline);
    }
    ev_run(s->loop, EVRUN_ONCE);
    ev_timer_stop(s->loop, &s->deadline);
}

static void libev_wait(struct engine *e, int64_t ns)
{
    struct state *s = state_of(e);
    char *outer = s->buffer;

    if (s->waits++ > 0)
        s->buffer = mem_alloc(RECEIVE_BYTES); /* the callback may still use bytes in the other one */
    s->events = 0;
    run(s, s->resumed ? 0 : ns);
    deliver(s);
    if (--s->waits > 0) {
        mem_free(s->buffer);
        s->buffer = outer;
    }
}

static void libev_wake(struct engine *e)
{
    struct state *s = state_of(e);

    ev_async_send(s->loop, &s->wake);
}

const struct engine_ops engine_libev = {
    .name = "libev",
    .start = libev_start,
    .stop = libev_stop,
    .wait = libev_wait,
    .wake = libev_wake,
    .listen = libev_listen,
    .unlisten = libev_unlisten,
    .open = libev_open,
    .pause = libev_pause,
    .resume = libev_resume,
    .send = libev_send,
    .close = libev_close,
};
