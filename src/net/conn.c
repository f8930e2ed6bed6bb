/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/conn.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/batch.h"
#include "net/conn_limits.h"
#include "net/hold.h"
#include "net/input.h"
#include "net/worker.h"
#include "obs/log.h"
#include "proto/client_memory.h"

#define LINGER_MS 1000

_Static_assert(offsetof(struct conn, link) == 0, "conn_of");

void conn_mark_pending(struct conn *c)
{
    struct worker *w = c->worker;

    must_be(c, CONN_MAGIC);
    if (c->is_pending)
        return;
    c->is_pending = true;
    c->next_pending = NULL;
    *w->pending_end = c;
    w->pending_end = &c->next_pending;
}

/* ---- opening and closing ---- */

static struct card *add_card(struct conn *c, int fd)
{
    struct instance *in = c->worker->instance;
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    struct card_origin from = {.base_bytes = mem_usable_size(sizeof *c) + mem_usable_size(sizeof(struct card)),
                               .address = slots_add(&c->worker->slots, c),
                               .fd = fd,
                               .peer = peer,
                               .local = local};
    bool is_unix = address_of_peer(fd, peer, local, &from.is_local);
    struct card *card = clients_add(&in->clients, &from);

    card_set_flag(card, CARD_UNIX, is_unix);
    return card;
}

static void link_conn(struct conn *c)
{
    struct worker *w = c->worker;

    c->next = w->conns;
    if (c->next != NULL)
        c->next->prev = c;
    w->conns = c;
}

void conn_open(struct worker *w, int fd)
{
    struct conn *c = client_memory_zalloc(sizeof *c);
    struct card *card;

    must_be(w, WORKER_MAGIC);
    must(fd >= 0);
    c->magic = CONN_MAGIC;
    c->worker = w;
    address_prepare(fd, OPT(w->instance->options, tcp_keepalive));
    card = add_card(c, fd);
    session_init(&c->session, card, instance_is_open_to(w->instance, card->is_local));
    link_conn(c);
    engine_open(&w->engine, &c->link, fd);
    conn_limits_apply(c);
}

/* The client is gone: frees its session and card, although the engine may still use the link. */
static void end_session(struct conn *c)
{
    struct worker *w = c->worker;
    struct card *card = c->session.card;

    if (card == NULL)
        return;
    must(slots_find(&w->slots, card->address) == c);
    hold_remove(c);
    slots_remove(&w->slots, card->address);
    input_free(c->input);
    c->input = NULL;
    session_fini(&c->session);
    clients_remove(&w->instance->clients, card);
    c->session.card = NULL;
    must(atomic_load_explicit(&w->conn_count, memory_order_relaxed) > 0);
    atomic_fetch_sub_explicit(&w->conn_count, 1, memory_order_relaxed);
}

void conn_close(struct conn *c)
{
    must_be(c, CONN_MAGIC);
    if (c->state == CONN_CLOSED)
        return;
    end_session(c);
    c->state = CONN_CLOSED;
    engine_close(&c->worker->engine, &c->link);
}

static void free_conn(struct conn *c)
{
    must(c->is_dead && !c->is_pending && c->session.card == NULL && c->link.sending == NULL);
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->worker->conns = c->next;
    c->magic = 0;
    client_memory_free(c);
}

void conn_closed(struct conn *c)
{
    must(c->state == CONN_CLOSED && !c->is_dead);
    c->is_dead = true;
    if (!c->is_pending && !c->is_flushing)
        free_conn(c);
}

/* All replies are sent: shuts down this side and waits for the peer to close, because a reset could discard the last
 * replies before it reads them. */
static void linger(struct conn *c)
{
    end_session(c);
    if (c->peer_gone || shutdown(c->link.fd, SHUT_WR) != 0) {
        conn_close(c);
        return;
    }
    c->state = CONN_LINGERING;
    c->linger_until = c->worker->runner.mono + LINGER_MS;
    engine_resume(&c->worker->engine, &c->link);
}

void conn_ended(struct conn *c, int error)
{
    c->peer_gone = true;
    if (error != 0 || c->state != CONN_OPEN)
        conn_close(c);
    else
        conn_mark_pending(c); /* the peer may only have stopped sending: it still gets its replies */
}

/* ---- receiving ---- */

/* After requests have run, or could not. */
static void after_serving(struct conn *c)
{
    if (UNLIKELY(c->input != NULL && c->input->is_starved) && !c->session.close_now) {
        conn_limits_log(c, "there is no memory for its requests");
        c->session.close_now = true;
    }
    if (UNLIKELY(c->session.watching != 0) && !c->session.close_now)
        conn_limits_is_over_input(c, 0);
    if (UNLIKELY(batch_has_stopped(c)))
        engine_pause(&c->worker->engine, &c->link);
    conn_mark_pending(c);
}

void conn_received(struct conn *c, const char *p, size_t n)
{
    struct metrics_sums *sums = &c->worker->runner.metrics->sums;

    if (UNLIKELY(c->state != CONN_OPEN))
        return;
    counter_add(&sums->bytes_in, n);
    counter_add(&sums->reads, 1);
    counter_add(&c->session.card->received, n);
    atomic_store_explicit(&c->session.card->active, c->worker->runner.mono, memory_order_relaxed);
    conn_limits_apply(c);
    batch_add(c, p, n);
    if (!conn_limits_is_over_input(c, c->input ? input_take_peak(c->input) : n) && conn_limits_fits_clients(c))
        batch_serve(c, p, n);
    after_serving(c);
}

/* Something that stopped the connection's requests is over: they run, unless something else stops them. */
static void go_on(struct conn *c)
{
    if (batch_has_stopped(c))
        return;
    batch_serve_input(c);
    if (!batch_has_stopped(c) && !c->peer_gone)
        engine_resume(&c->worker->engine, &c->link);
    after_serving(c);
}

void conn_resume(struct conn *c)
{
    must(c->on_hold_at != NULL && c->state == CONN_OPEN);
    hold_remove(c);
    go_on(c);
}

void conn_receipts(struct conn *c, unsigned n)
{
    must(c->state == CONN_OPEN && c->session.receipts_due >= n);
    c->session.receipts_due -= n;
    go_on(c);
}

/* ---- sending ---- */

void conn_push(struct conn *c, struct blob *payload)
{
    must(c->state == CONN_OPEN);
    if (c->session.close_after || c->session.close_now)
        return; /* nothing follows the last reply */
    conn_limits_apply(c);
    out_add_blob(&c->session.out, payload);
    conn_limits_is_over_output(c);
    conn_mark_pending(c);
}

static void send_output(struct conn *c)
{
    size_t bytes = out_size(&c->session.out);
    struct metrics_sums *sums = &c->worker->runner.metrics->sums;

    c->sending_bytes = bytes;
    counter_add(&sums->bytes_out, bytes);
    counter_add(&sums->writes, 1);
    counter_add(&c->session.card->sent, bytes);
    engine_send(&c->worker->engine, &c->link, out_take(&c->session.out), bytes);
}

/* All output is sent. False: the connection is closed or about to be. */
static bool after_sending(struct conn *c)
{
    c->soft_since = 0;
    out_sent(&c->session.out);
    if (UNLIKELY(c->session.close_after)) {
        linger(c);
        return false;
    }
    if (UNLIKELY(c->peer_gone && !batch_has_stopped(c))) {
        conn_close(c);
        return false;
    }
    return true;
}

/* What an open connection needs next. */
static void flush_open(struct conn *c)
{
    if (UNLIKELY(c->session.close_now || atomic_load_explicit(&c->session.card->doomed, memory_order_acquire))) {
        conn_close(c);
        return;
    }
    if (UNLIKELY(conn_limits_is_over_unread(c) || c->session.out.cut != NULL) && conn_limits_is_over_output(c)) {
        conn_close(c);
        return;
    }
    if (c->link.sending == NULL && out_size(&c->session.out) != 0)
        send_output(c);
    if (c->state != CONN_OPEN)
        return; /* the send has failed */
    if (c->link.sending == NULL && out_size(&c->session.out) == 0) {
        if (!after_sending(c))
            return;
    } else if (UNLIKELY(conn_limits_is_over_soft(c)) && conn_limits_is_over_output(c)) {
        conn_close(c);
        return;
    }
    conn_limits_publish(c);
}

void conn_progressed(struct conn *c)
{
    if (c->state == CONN_OPEN)
        conn_limits_publish(c);
}

void conn_sent(struct conn *c)
{
    if (c->is_flushing)
        return; /* the engine has sent all at once: flush_open continues */
    if (c->state == CONN_OPEN)
        atomic_store_explicit(&c->session.card->active, c->worker->runner.mono, memory_order_relaxed);
    conn_mark_pending(c);
}

void conn_flush(struct conn *c)
{
    must_be(c, CONN_MAGIC);
    must(c->is_pending && !c->is_flushing);
    c->is_pending = false;
    c->is_flushing = true; /* sending may find the connection broken, and the engine may close it at once */
    if (c->state == CONN_OPEN)
        flush_open(c);
    c->is_flushing = false;
    if (c->is_dead && !c->is_pending)
        free_conn(c);
}

/* Whether the client should have authenticated by now. */
static bool is_unauthenticated_too_long(const struct conn *c, int64_t mono)
{
    int64_t seconds = OPT(c->worker->instance->options, auth_timeout);

    return seconds != 0 && !c->session.authenticated && instance_has_password(c->worker->instance) &&
           mono - c->session.card->born > seconds * 1000;
}

void conn_check(struct conn *c, int64_t mono)
{
    int64_t timeout = OPT(c->worker->instance->options, timeout);

    must_be(c, CONN_MAGIC);
    if (c->state == CONN_LINGERING && mono >= c->linger_until) {
        conn_close(c);
    } else if (c->state == CONN_OPEN) {
        int64_t idle = mono - atomic_load_explicit(&c->session.card->active, memory_order_relaxed);

        conn_limits_apply(c);
        if (timeout != 0 && idle > timeout * 1000 && !card_has_flag(c->session.card, CARD_PUBSUB | CARD_BLOCKED)) {
            log_write(LOG_VERBOSE, "Closing idle client");
            conn_close(c);
        } else if (is_unauthenticated_too_long(c, mono)) {
            conn_limits_log(c, "it has not authenticated (auth-timeout)");
            conn_close(c);
        } else if (!c->session.close_now && conn_limits_is_over_output(c)) {
            conn_close(c);
        }
    }
}
