/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/reception.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/reserve.h"
#include "base/slab.h"
#include "net/address.h"
#include "net/balance.h"
#include "net/launch.h"
#include "net/post.h"
#include "obs/crash.h"
#include "obs/log.h"

static struct reception *reception_of(void *arg)
{
    struct reception *r = arg;

    must_be(r, RECEPTION_MAGIC);
    return r;
}

/* ---- new connections ---- */

static void refuse(struct instance *in, int fd, const char *text)
{
    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)n; /* the connection is closed in any case */
    close(fd);
    atomic_fetch_add_explicit(&in->clients.rejected, 1, memory_order_relaxed);
}

/* Whether protected mode refuses the peer. */
static bool is_denied(const struct instance *in, int fd)
{
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    bool is_local;

    address_of_peer(fd, peer, local, &is_local);
    return instance_denies(in, is_local);
}

/* Gives the connection to the worker that serves it from now on. */
static void assign(struct workers *ws, int fd)
{
    struct worker *to = balance_choose(ws, fd);

    atomic_fetch_add_explicit(&to->conn_count, 1, memory_order_relaxed);
    post_letter(to, &(struct letter){.kind = LETTER_CONNECTION, .fd = fd});
}

static void on_accepted(void *arg, int listener, int fd)
{
    struct reception *r = reception_of(arg);
    struct instance *in = r->workers->instance;

    (void)listener;
    if (r->stopping)
        close(fd);
    else if (balance_total(r->workers) >= OPT(in->options, maxclients))
        refuse(in, fd, "-ERR max number of clients reached\r\n");
    else if (is_denied(in, fd))
        refuse(in, fd, "-" INSTANCE_DENIED "\r\n");
    else
        assign(r->workers, fd);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

/* It has no links. */
static const struct engine_handler handler = {.begin = do_nothing, .flush = do_nothing, .accepted = on_accepted};

/* ---- the thread ---- */

static void accept_from(struct reception *r, int fd)
{
    int error = engine_listen(&r->engine, fd);

    if (error != 0)
        log_write(LOG_WARNING, "Cannot accept connections: %s", strerror(-error));
}

static void read_mail(struct reception *r)
{
    struct letter *next;
    uint32_t signals;

    for (struct letter *l = mailbox_take(&r->mailbox, &signals); l != NULL; l = next) {
        next = l->next;
        must(l->kind == LETTER_LISTEN || l->kind == LETTER_UNLISTEN);
        if (l->kind == LETTER_LISTEN) {
            accept_from(r, l->fd);
        } else {
            engine_unlisten(&r->engine, l->fd);
            close(l->fd);
        }
        letter_free(l);
    }
    if (signals & SIGNAL_STOP)
        r->stopping = true;
}

static void *reception_main(void *arg)
{
    struct launch *launch = arg;
    struct reception *r = reception_of(launch->owner);
    struct workers *ws = r->workers;
    int error;

    crash_thread_begin();
    error = engine_start(&r->engine, ws->ops, &handler, r, launch->why, launch->size);
    launch_report(launch, error);
    if (error != 0) {
        crash_thread_end();
        return NULL;
    }
    while (!r->stopping) {
        reserve_keep();
        engine_wait(&r->engine, mailbox_has_mail(&r->mailbox) ? 0 : -1);
        read_mail(r);
    }
    pthread_barrier_wait(&ws->end);
    engine_stop(&r->engine);
    crash_thread_end();
    slab_thread_done();
    reserve_thread_done();
    mem_thread_done();
    return NULL;
}

int reception_start(struct reception *r, struct workers *ws, char *why, size_t size)
{
    struct launch launch = {.owner = r, .why = why, .size = size};

    *r = (struct reception){.magic = RECEPTION_MAGIC, .workers = ws};
    mailbox_init(&r->mailbox, ws->count);
    return launch_thread(&r->thread, "reception", reception_main, &launch);
}

void reception_stop(struct reception *r)
{
    must_be(r, RECEPTION_MAGIC);
    if (mailbox_signal(&r->mailbox, SIGNAL_STOP))
        engine_wake(&r->engine);
}

void reception_fini(struct reception *r)
{
    must_be(r, RECEPTION_MAGIC);
    pthread_join(r->thread, NULL);
    mailbox_fini(&r->mailbox);
    r->magic = 0;
}

/* ---- letters to it ---- */

static void post(struct reception *r, const struct letter *l)
{
    must_be(r, RECEPTION_MAGIC);
    if (mailbox_post(&r->mailbox, l).wake)
        engine_wake(&r->engine);
}

void reception_listen(struct reception *r, int fd)
{
    post(r, &(struct letter){.kind = LETTER_LISTEN, .fd = fd});
}

void reception_unlisten(struct reception *r, int fd)
{
    post(r, &(struct letter){.kind = LETTER_UNLISTEN, .fd = fd});
}
