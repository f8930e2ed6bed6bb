/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * engine_libev: the engine on libev, for wherever io_uring is not allowed.
 *
 * One receive buffer per worker: bytes are handled before the next connection is read, so no connection needs one.
 * Sends are tried at once, and only what the kernel does not take waits for the socket to become writable.
 */
#include "config.h"

#include "net/engine.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"

#define RECEIVE_BYTES  (64 * 1024)
#define ACCEPTS        64 /* per event: others shall get their turn */
#define PIECES         64
#define RETRY_SECONDS  0.1

struct listener {
    ev_io io;
    ev_timer retry;
    struct state *state;
    struct listener *next;
};

struct state {
    struct engine *engine;
    struct ev_loop *loop;
    ev_async wake;
    ev_timer deadline;
    ev_check check;
    struct listener *listeners;
    char *buffer;
    unsigned waits;  /* engine_wait, and those inside its callbacks */
    unsigned events; /* since the last flush */
};

/* What a link keeps for this engine. */
struct ev_link {
    ev_io in;
    ev_io out;
    struct state *state;
    bool over; /* nothing more is received */
};

_Static_assert(sizeof(struct ev_link) <= ENGINE_PRIVATE, "the private part of a link holds two watchers");

static struct ev_link *ev_link(struct link *l)
{
    return (struct ev_link *)l->private;
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
}

static int libev_start(struct engine *e, char *why, size_t size)
{
    struct state *s = mem_zalloc(sizeof *s);

    s->loop = ev_loop_new(EVFLAG_NOENV | EVFLAG_NOSIGMASK);
    if (s->loop == NULL) {
        snprintf(why, size, "libev finds no way to wait for events");
        mem_free(s);
        return -ENOSYS;
    }
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

static void drop_listener(struct state *s, struct listener **at)
{
    struct listener *l = *at;

    *at = l->next;
    ev_io_stop(s->loop, &l->io);
    ev_timer_stop(s->loop, &l->retry);
    mem_free(l);
}

static void libev_stop(struct engine *e)
{
    struct state *s = e->state;

    while (s->listeners != NULL)
        drop_listener(s, &s->listeners);
    ev_async_stop(s->loop, &s->wake);
    ev_check_stop(s->loop, &s->check);
    ev_loop_destroy(s->loop);
    mem_free(s->buffer);
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
        ev_timer_stop(s->loop, &s->deadline); /* of the wait that this one is inside of */
        ev_timer_set(&s->deadline, (double)ns / 1e9, 0.);
        ev_timer_start(s->loop, &s->deadline);
    }
    ev_run(s->loop, EVRUN_ONCE);
    ev_timer_stop(s->loop, &s->deadline);
}

static void libev_wait(struct engine *e, int64_t ns)
{
    struct state *s = e->state;

    s->waits++;
    s->events = 0;
    run(s, ns);
    s->waits--;
}

static void libev_wake(struct engine *e)
{
    struct state *s = e->state;

    ev_async_send(s->loop, &s->wake);
}

/* ---- accepting ---- */

static void on_retry(struct ev_loop *loop, ev_timer *w, int events)
{
    struct listener *l = w->data;

    (void)events;
    ev_io_start(loop, &l->io);
}

static void on_connection(struct ev_loop *loop, ev_io *w, int events)
{
    struct listener *l = w->data;

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
    struct state *s = e->state;
    struct listener *l = mem_zalloc(sizeof *l);

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
    struct state *s = e->state;

    for (struct listener **at = &s->listeners; *at != NULL; at = &(*at)->next)
        if ((*at)->io.fd == fd) {
            drop_listener(s, at);
            return;
        }
}

/* ---- links ---- */

static void count_event(struct state *s)
{
    if (++s->events < ENGINE_BATCH || s->waits > 1)
        return;
    s->events = 0;
    s->engine->handler->flush(s->engine->worker);
}

/* The buffer, out of the way of an engine_wait inside a callback. */
static char *take_buffer(struct state *s)
{
    char *b = s->buffer;

    s->buffer = NULL;
    return b != NULL ? b : mem_alloc(RECEIVE_BYTES);
}

static void put_buffer(struct state *s, char *b)
{
    mem_free(s->buffer);
    s->buffer = b;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
    struct link *l = w->data;
    struct state *s = ev_link(l)->state;
    char *b = take_buffer(s);
    ssize_t n = recv(l->fd, b, RECEIVE_BYTES, 0);
    int error = errno;

    (void)events;
    if (n > 0) {
        s->engine->handler->received(l, b, n);
    } else if (n == 0 || (error != EAGAIN && error != EINTR)) {
        ev_io_stop(loop, w);
        ev_link(l)->over = true;
        s->engine->handler->ended(l, n == 0 ? 0 : error);
    }
    put_buffer(s, b);
    count_event(s); /* which may free the link */
}

/* Sends until the kernel takes no more. */
static void push(struct state *s, struct link *l)
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
            return;
        }
        if (n < 0) {
            int error = errno;

            ev_io_stop(s->loop, &v->out);
            ev_io_stop(s->loop, &v->in);
            v->over = true;
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
    struct link *l = w->data;

    (void)loop;
    (void)events;
    push(ev_link(l)->state, l);
}

static void libev_open(struct engine *e, struct link *l)
{
    struct ev_link *v = ev_link(l);

    v->state = e->state;
    ev_io_init(&v->in, on_readable, l->fd, EV_READ);
    ev_io_init(&v->out, on_writable, l->fd, EV_WRITE);
    v->in.data = v->out.data = l;
    ev_io_start(v->state->loop, &v->in);
}

static void libev_pause(struct engine *e, struct link *l)
{
    struct state *s = e->state;

    ev_io_stop(s->loop, &ev_link(l)->in);
}

static void libev_resume(struct engine *e, struct link *l)
{
    struct state *s = e->state;

    if (!ev_link(l)->over)
        ev_io_start(s->loop, &ev_link(l)->in);
}

static void libev_send(struct engine *e, struct link *l)
{
    push(e->state, l);
}

static void libev_close(struct engine *e, struct link *l)
{
    struct state *s = e->state;

    ev_io_stop(s->loop, &ev_link(l)->in);
    ev_io_stop(s->loop, &ev_link(l)->out);
    link_drop_chain(l);
    close(l->fd);
    l->fd = -1;
    e->handler->closed(l);
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
