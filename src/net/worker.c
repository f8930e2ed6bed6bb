/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/worker.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "base/slab.h"
#include "net/address.h"
#include "net/balance.h"
#include "obs/log.h"
#include "run/reclaim.h"
#include "run/sweep.h"

#define TICK_MS        100
#define CHECK_MS       1000
#define SWEEP_NS       50000    /* of expiry at a time, so that nobody waits long */
#define SWEEP_GAP_NS   100000   /* and so long, at least, for clients in between */
#define SWEEP_LATER_NS 25000000 /* how often to look while there are keys with an expiry, and nothing is due */

/* ---- what the engine calls ---- */

static void on_begin(void *worker)
{
    struct worker *w = worker;

    quiesce_enter(w->runner.slot);
    runner_tick(&w->runner);
}

static void turn_away(int fd, const char *text)
{
    ssize_t n = send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)n; /* whether it arrives is the same to us */
    close(fd);
}

/* Whether strangers are kept out: no password is set, and the peer is not this machine. */
static bool is_protected_from(struct instance *in, int fd)
{
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    bool is_local;

    if (!OPT(in->options, protected_mode) || instance_has_password(in))
        return false;
    address_of_peer(fd, peer, local, &is_local);
    return !is_local;
}

static void on_accepted(void *worker, int listener, int fd)
{
    struct worker *w = worker, *to;
    struct instance *in = w->instance;

    (void)listener;
    if (w->stopping) {
        close(fd);
        return;
    }
    if (balance_total(w->all) >= OPT(in->options, maxclients)) {
        atomic_fetch_add_explicit(&in->clients.rejected, 1, memory_order_relaxed);
        turn_away(fd, "-ERR max number of clients reached\r\n");
        return;
    }
    if (is_protected_from(in, fd)) {
        atomic_fetch_add_explicit(&in->clients.rejected, 1, memory_order_relaxed);
        turn_away(fd, "-DENIED This server has no password and runs in protected mode, in which it serves its own "
                      "machine only. Set a password (requirepass), or, where the network keeps strangers out, turn "
                      "protected-mode off.\r\n");
        return;
    }
    to = balance_choose(w->all, fd);
    atomic_fetch_add_explicit(&to->conn_count, 1, memory_order_relaxed);
    if (to == w)
        conn_open(w, fd);
    else if (mailbox_post(&to->mailbox, LETTER_CONNECTION, fd))
        engine_wake(&to->engine);
}

/* Settles what is on the list now. What comes onto it meanwhile waits for the next round, so that a client who reads as
 * fast as it is answered does not keep the others waiting. */
static void settle_all(struct worker *w)
{
    struct conn *c = w->todo, *next;

    w->todo = NULL;
    w->todo_end = &w->todo;
    for (; c != NULL; c = next) {
        next = c->todo;
        conn_settle(c);
    }
}

static void on_flush(void *worker)
{
    settle_all(worker);
}

static void on_coming(void *worker, const struct arrival *a, unsigned count)
{
    conn_look_ahead(worker, a, count);
}

static void on_received(struct link *l, const char *p, size_t n)
{
    conn_received(conn_of(l), p, n);
}

static void on_ended(struct link *l, int error)
{
    conn_ended(conn_of(l), error);
}

static void on_sent(struct link *l)
{
    conn_sent(conn_of(l));
}

static void on_closed(struct link *l)
{
    conn_closed(conn_of(l));
}

static const struct engine_handler handler = {
    .begin = on_begin,
    .flush = on_flush,
    .accepted = on_accepted,
    .coming = on_coming,
    .received = on_received,
    .ended = on_ended,
    .sent = on_sent,
    .closed = on_closed,
};

/* ---- mail ---- */

static void read_letter(struct worker *w, const struct letter *l)
{
    int error;

    switch (l->kind) {
    case LETTER_CONNECTION:
        conn_open(w, l->fd);
        break;
    case LETTER_LISTEN:
        error = engine_listen(&w->engine, l->fd);
        if (error != 0)
            log_write(LOG_WARNING, "Cannot accept connections: %s", strerror(-error));
        break;
    case LETTER_UNLISTEN:
        engine_unlisten(&w->engine, l->fd);
        close(l->fd);
        break;
    }
}

/* Calls fn for each connection; fn may close the one it is given. */
static void each_conn(struct worker *w, void (*fn)(struct conn *c, int64_t mono))
{
    for (struct conn *c = w->conns, *next; c != NULL; c = next) {
        next = c->next;
        fn(c, w->runner.mono);
    }
}

static void resume_conn(struct conn *c, int64_t mono)
{
    (void)mono;
    conn_resume(c);
}

/* Whoever has to wait on says so anew. */
static void resume_all(struct worker *w)
{
    w->any_on_hold = false;
    each_conn(w, resume_conn);
}

/* A doomed connection is closed when it is settled. */
static void settle_soon(struct conn *c, int64_t mono)
{
    (void)mono;
    conn_todo(c);
}

static void close_conn(struct conn *c, int64_t mono)
{
    (void)mono;
    conn_close(c);
}

static void read_mail(struct worker *w)
{
    uint32_t signals;
    struct letter *next;

    for (struct letter *l = mailbox_take(&w->mailbox, &signals); l != NULL; l = next) {
        next = l->next;
        read_letter(w, l);
        mem_free(l);
    }
    if (signals & SIGNAL_DOOMED)
        each_conn(w, settle_soon);
    if (signals & SIGNAL_RESUME)
        resume_all(w);
    if (signals & SIGNAL_STOP)
        w->stopping = true;
}

/* ---- housekeeping ---- */

/* Expires what is due, a slice at a time. */
static void sweep(struct worker *w)
{
    int64_t now = clock_mono_ns();

    w->next_sweep = 0;
    if (pause_mode(&w->instance->pause, w->runner.mono) != PAUSE_NONE)
        return;
    switch (sweep_slice(&w->runner, w->number, w->all->count, &w->sweep_at, SWEEP_NS)) {
    case SWEEP_IDLE:
        break;
    case SWEEP_LATER:
        w->next_sweep = now + SWEEP_LATER_NS;
        break;
    case SWEEP_MORE:
        w->next_sweep = clock_mono_ns() + SWEEP_GAP_NS / OPT(w->instance->options, active_expire_effort);
        break;
    }
}

static void tick(struct worker *w)
{
    int64_t mono = w->runner.mono;

    w->next_tick = mono + TICK_MS;
    runner_flush(&w->runner);
    quiesce_collect();
    if (w->runner.next_reclaim == 0)
        reclaim_slice(&w->runner);
    if (w->next_sweep == 0)
        sweep(w);
    if (mono >= w->next_check) {
        w->next_check = mono + CHECK_MS;
        each_conn(w, conn_check);
    }
    if (w->number == 0) {
        metrics_sample(mono);
        mem_peak_sample();
        evict_tidy(w->instance->keyspace, OPT(w->instance->options, maxmemory) != 0);
        clients_fit(&w->instance->clients, options_maxmemory_clients(w->instance->options));
    }
}

/* Nanoseconds until there is something to do, whatever the clients ask. */
static int64_t wait_time(const struct worker *w)
{
    int64_t ns = (w->next_tick - w->runner.mono) * 1000000;

    if (w->todo != NULL)
        return 0;
    if (UNLIKELY(w->any_on_hold)) {
        int64_t pause_ns = (pause_until(&w->instance->pause) - clock_mono_ms()) * 1000000;

        if (pause_ns < ns)
            ns = pause_ns;
    }
    if (w->next_sweep != 0) {
        int64_t sweep_ns = w->next_sweep - clock_mono_ns();

        if (sweep_ns < ns)
            ns = sweep_ns;
    }
    if (UNLIKELY(w->runner.next_reclaim != 0)) {
        int64_t evict_ns = w->runner.next_reclaim - clock_mono_ns();

        if (evict_ns < ns)
            ns = evict_ns;
    }
    return ns > 0 ? ns : 0;
}

static void loop(struct worker *w)
{
    while (!w->stopping) {
        quiesce_leave(w->runner.slot);
        engine_wait(&w->engine, wait_time(w));
        read_mail(w);
        if (UNLIKELY(w->any_on_hold) && pause_mode(&w->instance->pause, w->runner.mono) == PAUSE_NONE)
            resume_all(w);
        settle_all(w);
        if (w->runner.mono >= w->next_tick)
            tick(w);
        if (w->next_sweep != 0 && clock_mono_ns() >= w->next_sweep)
            sweep(w);
        if (UNLIKELY(w->runner.next_reclaim != 0) && clock_mono_ns() >= w->runner.next_reclaim)
            reclaim_slice(&w->runner);
        settle_all(w);
    }
}

/* ---- start and end ---- */

/* What a starting worker tells the thread that started it. */
struct hello {
    struct worker *worker;
    sem_t ready;
    int result;
    char *why;
    size_t size;
};

static void *worker_main(void *arg)
{
    struct hello *hello = arg;
    struct worker *w = hello->worker;

    hello->result = engine_start(&w->engine, w->all->ops, &handler, w, hello->why, hello->size);
    if (hello->result != 0) {
        sem_post(&hello->ready);
        return NULL;
    }
    sem_post(&hello->ready);
    runner_tick(&w->runner);
    loop(w);
    each_conn(w, close_conn);
    settle_all(w);
    while (w->conns != NULL) { /* the engine still has to let go of some */
        engine_wait(&w->engine, TICK_MS * 1000000);
        settle_all(w);
    }
    quiesce_leave(w->runner.slot);
    pthread_barrier_wait(&w->all->end);
    engine_stop(&w->engine);
    out_thread_done();
    slab_thread_done();
    mem_thread_done();
    return NULL;
}

static int start_one(struct worker *w, char *why, size_t size)
{
    struct hello hello = {.worker = w, .why = why, .size = size};
    char name[16];
    int error;

    mailbox_init(&w->mailbox, w->number);
    parser_init(&w->parser);
    w->todo_end = &w->todo;
    runner_init(&w->runner, w->instance, w->number);
    sem_init(&hello.ready, 0, 0);
    error = pthread_create(&w->thread, NULL, worker_main, &hello);
    if (error != 0) {
        snprintf(why, size, "no thread: %s", strerror(error));
        return -error;
    }
    snprintf(name, sizeof name, "worker-%u", w->number);
    pthread_setname_np(w->thread, name);
    while (sem_wait(&hello.ready) != 0)
        ;
    sem_destroy(&hello.ready);
    return hello.result;
}

static void wake_doomed(void *arg, unsigned number)
{
    struct workers *ws = arg;

    if (mailbox_signal(&ws->all[number].mailbox, SIGNAL_DOOMED))
        engine_wake(&ws->all[number].engine);
}

int workers_start(struct workers *ws, struct instance *in, const struct engine_ops *ops, unsigned count, char *why,
                  size_t size)
{
    *ws = (struct workers){.count = count, .instance = in, .ops = ops};
    ws->all = mem_aligned_zero(64, count * sizeof *ws->all);
    balance_init(ws);
    pthread_barrier_init(&ws->end, NULL, count + 1);
    in->clients.wake = wake_doomed;
    in->clients.wake_arg = ws;
    for (unsigned i = 0; i < count; i++) {
        struct worker *w = &ws->all[i];
        int error;

        w->number = i;
        w->instance = in;
        w->all = ws;
        error = start_one(w, why, size);
        if (error != 0)
            return error;
    }
    return 0;
}

void workers_signal(struct workers *ws, uint32_t bits)
{
    for (unsigned i = 0; i < ws->count; i++)
        if (mailbox_signal(&ws->all[i].mailbox, bits))
            engine_wake(&ws->all[i].engine);
}

static void post(struct workers *ws, enum letter_kind kind, int fd)
{
    if (mailbox_post(&ws->all[0].mailbox, kind, fd))
        engine_wake(&ws->all[0].engine);
}

void workers_listen(struct workers *ws, int fd)
{
    post(ws, LETTER_LISTEN, fd);
}

void workers_unlisten(struct workers *ws, int fd)
{
    post(ws, LETTER_UNLISTEN, fd);
}

void workers_stop(struct workers *ws)
{
    workers_signal(ws, SIGNAL_STOP);
    pthread_barrier_wait(&ws->end);
    for (unsigned i = 0; i < ws->count; i++) {
        struct worker *w = &ws->all[i];
        uint32_t signals;
        struct letter *next;

        pthread_join(w->thread, NULL);
        for (struct letter *l = mailbox_take(&w->mailbox, &signals); l != NULL; l = next) {
            next = l->next;
            close(l->fd);
            mem_free(l);
        }
        runner_fini(&w->runner);
        parser_fini(&w->parser);
    }
    pthread_barrier_destroy(&ws->end);
    balance_fini(ws);
    mem_free(ws->all);
}
