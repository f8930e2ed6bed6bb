/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/quiesce.h"
#include "base/reserve.h"
#include "base/slab.h"
#include "net/address.h"
#include "net/balance.h"
#include "net/launch.h"
#include "net/post.h"
#include "obs/crash.h"
#include "obs/log.h"
#include "proto/client_memory.h"
#include "run/reclaim.h"
#include "run/sweep.h"

#define TICK_MS        100
#define CHECK_MS       1000
#define AGAIN_NS       1000000 /* until commands that gave up waiting for a shard try again */
#define SWEEP_NS       50000    /* length of a slice of the expiry sweep */
#define SWEEP_GAP_NS   100000   /* between slices, divided by active-expire-effort: time for clients */
#define SWEEP_LATER_NS 25000000 /* until the next look where keys have an expiry but none is due */

/* ---- what the engine calls ---- */

static struct worker *worker_of(void *arg)
{
    struct worker *w = arg;

    must_be(w, WORKER_MAGIC);
    return w;
}

static void on_begin(void *worker)
{
    struct worker *w = worker_of(worker);

    quiesce_enter(w->runner.slot);
    runner_tick(&w->runner);
    atomic_store_explicit(&w->busy_since, w->runner.mono, memory_order_relaxed);
}

/* Flushes the connections that are pending now. Those that become pending during the flush wait for the next round, so
 * that a client that reads as fast as it is answered does not starve the others. */
static void flush_pending(struct worker *w)
{
    struct conn *c = w->pending, *next;

    w->pending = NULL;
    w->pending_end = &w->pending;
    for (; c != NULL; c = next) {
        next = c->next_pending;
        conn_flush(c);
    }
}

static void on_flush(void *worker)
{
    flush_pending(worker_of(worker));
}

static void on_look_ahead(void *worker, const struct arrival *a, unsigned count)
{
    batch_look_ahead(worker_of(worker), a, count);
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

static void on_progressed(struct link *l)
{
    conn_progressed(conn_of(l));
}

static void on_closed(struct link *l)
{
    conn_closed(conn_of(l));
}

static const struct engine_handler handler = {
    .begin = on_begin,
    .flush = on_flush,
    .look_ahead = on_look_ahead,
    .received = on_received,
    .ended = on_ended,
    .sent = on_sent,
    .progressed = on_progressed,
    .closed = on_closed,
};

/* ---- mail ---- */

/* Delivers a letter to its connection, unless that has closed. */
static void deliver(struct worker *w, const struct letter *l)
{
    struct conn *c = slots_find(&w->slots, l->to);

    if (c == NULL)
        return;
    if (l->kind == LETTER_KILL)
        conn_mark_pending(c); /* conn_flush closes it, since it is doomed */
    else if (l->kind == LETTER_PUSH)
        conn_push(c, l->payload);
    else
        conn_receipts(c, l->receipts);
}

static void read_letter(struct worker *w, const struct letter *l)
{
    must_be(l, LETTER_MAGIC);
    switch (l->kind) {
    case LETTER_CONNECTION:
        conn_open(w, l->fd);
        break;
    case LETTER_LISTEN:
    case LETTER_UNLISTEN:
        must(!"a letter to the reception");
        break;
    case LETTER_KILL:
    case LETTER_PUSH:
    case LETTER_RECEIPT:
        deliver(w, l);
        break;
    }
}

/* Posts the receipt, if there is one, to the connection that waits for it. */
static void post_receipts(struct worker *w, struct letter *receipt)
{
    if (receipt->receipts != 0)
        post_letter(&w->all->all[receipt->to.worker], receipt);
    receipt->receipts = 0;
}

/* Adds the receipt that the letter asks for. Consecutive letters from one connection share a receipt. */
static void add_receipt(struct worker *w, struct letter *receipt, const struct letter *l)
{
    if (!mail_address_eq(receipt->to, l->from))
        post_receipts(w, receipt);
    receipt->to = l->from;
    receipt->receipts++;
}

/* Calls fn for each connection. fn may close that connection, and no other. */
static void each_conn(struct worker *w, void (*fn)(struct conn *c, int64_t mono))
{
    for (struct conn *c = w->conns, *next; c != NULL; c = next) {
        next = c->next;
        fn(c, w->runner.mono);
    }
}

/* Resumes the connections on hold. Those that have to wait again go back to the list. */
static void resume_all(struct worker *w)
{
    struct conn *first = w->on_hold;

    w->on_hold = NULL;
    if (first != NULL)
        first->on_hold_at = &first;
    while (first != NULL)
        conn_resume(first); /* removes it, which moves `first` on */
}

/* No pause holds them. Those that gave up waiting for a shard try again from time to time. */
static void resume_held(struct worker *w)
{
    int64_t now = clock_mono_ns();

    if (w->runner.gave_up && now < w->next_again)
        return;
    w->next_again = now + AGAIN_NS;
    resume_all(w);
    w->runner.gave_up = w->on_hold != NULL;
}

static void close_conn(struct conn *c, int64_t mono)
{
    (void)mono;
    conn_close(c);
}

static void read_mail(struct worker *w)
{
    struct letter receipt = {.kind = LETTER_RECEIPT, .fd = -1};
    struct letter *next;
    uint32_t signals;

    for (struct letter *l = mailbox_take(&w->mailbox, &signals); l != NULL; l = next) {
        next = l->next;
        read_letter(w, l);
        if (l->wants_receipt)
            add_receipt(w, &receipt, l);
        letter_free(l);
    }
    post_receipts(w, &receipt);
    if (signals & SIGNAL_RESUME)
        resume_all(w);
    if (signals & SIGNAL_STOP)
        w->stopping = true;
}

/* ---- housekeeping ---- */

/* Removes expired keys, for one slice of time. */
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

/* Enforces maxmemory-clients and client-memory-ceiling on clients that send nothing. The slack of the last time may be out of date. */
static void fit_clients(struct instance *in)
{
    int64_t limit = options_maxmemory_clients(in->options);

    atomic_store_explicit(&in->clients.slack, 0, memory_order_relaxed);
    if (clients_exceed(&in->clients, limit))
        clients_fit(&in->clients, limit);
    if (UNLIKELY(client_memory_bytes() > (size_t)OPT(in->options, client_memory_ceiling)))
        clients_fit(&in->clients, OPT(in->options, client_memory_ceiling));
}

/* What the server needs ten times a second, done by the worker that comes first: another one may be in the middle of a
 * long command. */
static void keep_house(struct worker *w)
{
    struct house *h = &w->all->house;
    int64_t mono = w->runner.mono;

    if (mono < atomic_load_explicit(&h->next, memory_order_relaxed) || atomic_exchange(&h->is_kept, true))
        return;
    atomic_store_explicit(&h->next, mono + TICK_MS, memory_order_relaxed);
    metrics_sample(mono);
    mem_peak_sample();
    evict_tidy(w->instance->keyspace, OPT(w->instance->options, maxmemory) != 0);
    fit_clients(w->instance);
    atomic_store(&h->is_kept, false);
}

/* Moves entries out of sparse slabs, for one slice of time. */
static void defrag(struct worker *w)
{
    int64_t ns = defrag_slice(&w->runner, &w->defrag, w->number, w->all->count);

    w->next_defrag = ns != 0 ? clock_mono_ns() + ns : 0;
}

static void tick(struct worker *w)
{
    int64_t mono = w->runner.mono;

    w->next_tick = mono + TICK_MS;
    out_thread_tidy();
    batch_tidy(&w->batch);
    runner_flush(&w->runner);
    quiesce_collect();
    if (w->runner.next_reclaim == 0)
        reclaim_slice(&w->runner);
    if (w->next_sweep == 0)
        sweep(w);
    if (w->next_defrag == 0)
        defrag(w);
    if (mono >= w->next_check) {
        w->next_check = mono + CHECK_MS;
        each_conn(w, conn_check);
    }
    keep_house(w);
}

/* Nanoseconds until the worker has something to do, even if no event comes. */
static int64_t wait_time(const struct worker *w)
{
    int64_t ns = (w->next_tick - w->runner.mono) * 1000000;

    if (w->pending != NULL || mailbox_has_mail(&w->mailbox))
        return 0;
    if (UNLIKELY(w->on_hold != NULL) && w->runner.gave_up) {
        ns = ns < AGAIN_NS ? ns : AGAIN_NS;
    } else if (UNLIKELY(w->on_hold != NULL)) {
        int64_t pause_ms = pause_until(&w->instance->pause) - clock_mono_ms();

        if (pause_ms < TICK_MS && pause_ms * 1000000 < ns)
            ns = pause_ms * 1000000;
    }
    if (w->next_sweep != 0) {
        int64_t sweep_ns = w->next_sweep - clock_mono_ns();

        if (sweep_ns < ns)
            ns = sweep_ns;
    }
    if (UNLIKELY(w->next_defrag != 0)) {
        int64_t defrag_ns = w->next_defrag - clock_mono_ns();

        if (defrag_ns < ns)
            ns = defrag_ns;
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
        atomic_store_explicit(&w->busy_since, 0, memory_order_relaxed);
        engine_wait(&w->engine, wait_time(w));
        read_mail(w);
        if (UNLIKELY(w->on_hold != NULL) && pause_mode(&w->instance->pause, w->runner.mono) == PAUSE_NONE)
            resume_held(w);
        flush_pending(w);
        if (w->runner.mono >= w->next_tick)
            tick(w);
        if (w->next_sweep != 0 && clock_mono_ns() >= w->next_sweep)
            sweep(w);
        if (UNLIKELY(w->next_defrag != 0) && clock_mono_ns() >= w->next_defrag)
            defrag(w);
        if (UNLIKELY(w->runner.next_reclaim != 0) && clock_mono_ns() >= w->runner.next_reclaim)
            reclaim_slice(&w->runner);
        flush_pending(w);
    }
}

/* ---- start and end ---- */

static void *worker_main(void *arg)
{
    struct launch *launch = arg;
    struct worker *w = worker_of(launch->owner);
    int error;

    crash_thread_begin();
    runner_enter(&w->runner);
    error = engine_start(&w->engine, w->all->ops, &handler, w, launch->why, launch->size);
    launch_report(launch, error);
    if (error != 0) {
        crash_thread_end();
        return NULL;
    }
    runner_tick(&w->runner);
    loop(w);
    each_conn(w, close_conn);
    flush_pending(w);
    while (w->conns != NULL) { /* the engine has not forgotten all of them yet */
        engine_wait(&w->engine, TICK_MS * 1000000);
        flush_pending(w);
    }
    quiesce_leave(w->runner.slot);
    pthread_barrier_wait(&w->all->end);
    engine_stop(&w->engine);
    out_thread_done();
    client_memory_flush();
    crash_thread_end();
    slab_thread_done();
    reserve_thread_done();
    mem_thread_done();
    return NULL;
}

static int start_one(struct worker *w, char *why, size_t size)
{
    struct launch launch = {.owner = w, .why = why, .size = size};
    char name[16];

    w->magic = WORKER_MAGIC;
    w->wakes = mem_zalloc(w->all->count * sizeof *w->wakes);
    mailbox_init(&w->mailbox, w->number);
    slots_init(&w->slots, w->number);
    batch_init(&w->batch);
    w->pending_end = &w->pending;
    runner_init(&w->runner, w->instance, w->number);
    snprintf(name, sizeof name, "worker-%u", w->number);
    return launch_thread(&w->thread, name, worker_main, &launch);
}

int workers_start(struct workers *ws, struct instance *in, const struct engine_ops *ops, unsigned count, char *why,
                  size_t size)
{
    must_be(in, INSTANCE_MAGIC);
    *ws = (struct workers){.count = count, .instance = in, .ops = ops};
    ws->all = mem_aligned_zero(64, count * sizeof *ws->all);
    balance_init(ws);
    pthread_barrier_init(&ws->end, NULL, count + 2);
    post_init(ws, &in->clients);
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
    return reception_start(&ws->reception, ws, why, size);
}

void workers_signal(struct workers *ws, uint32_t bits)
{
    for (unsigned i = 0; i < ws->count; i++)
        if (mailbox_signal(&ws->all[i].mailbox, bits))
            engine_wake(&ws->all[i].engine);
}

void workers_listen(struct workers *ws, int fd)
{
    reception_listen(&ws->reception, fd);
}

void workers_unlisten(struct workers *ws, int fd)
{
    reception_unlisten(&ws->reception, fd);
}

void workers_stop(struct workers *ws)
{
    reception_stop(&ws->reception);
    workers_signal(ws, SIGNAL_STOP);
    pthread_barrier_wait(&ws->end);
    reception_fini(&ws->reception);
    for (unsigned i = 0; i < ws->count; i++) {
        struct worker *w = &ws->all[i];

        pthread_join(w->thread, NULL);
        mailbox_fini(&w->mailbox);
        slots_fini(&w->slots);
        runner_fini(&w->runner);
        batch_fini(&w->batch);
        mem_free(w->wakes);
        w->magic = 0;
    }
    pthread_barrier_destroy(&ws->end);
    balance_fini(ws);
    mem_free(ws->all);
}
