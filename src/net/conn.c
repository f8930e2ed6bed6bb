/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/conn.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "net/address.h"
#include "net/held.h"
#include "net/worker.h"
#include "obs/log.h"

#define BATCH_ARGS  4096          /* of one batch, unless a single request has more */
#define OUT_MOST    (1024 * 1024) /* bytes of waiting replies above which no further request is run */
#define LINGER_MS   1000

_Static_assert(ENGINE_BATCH <= WORKER_BATCH, "what is looked ahead into together is one batch");

void conn_todo(struct conn *c)
{
    struct worker *w = c->worker;

    if (c->is_todo)
        return;
    c->is_todo = true;
    c->todo = NULL;
    *w->todo_end = c;
    w->todo_end = &c->todo;
}

/* ---- opening and closing ---- */

static const struct options *options_of(const struct conn *c)
{
    return c->worker->instance->options;
}

/* What client-output-buffer-limit says to the client's class. */
static const struct output_limit *output_limit(const struct conn *c)
{
    bool is_pubsub = card_has_flag(c->session.card, CARD_PUBSUB);

    return &options_of(c)->output_limit[is_pubsub ? OUTPUT_PUBSUB : OUTPUT_NORMAL];
}

/* Bytes of replies beyond which a single command need not go on writing: see struct out. */
static size_t output_most(const struct conn *c)
{
    int64_t hard = atomic_load_explicit(&output_limit(c)->hard, memory_order_relaxed);

    return hard == 0 || hard > OUT_MOST ? hard : OUT_MOST;
}

void conn_open(struct worker *w, int fd)
{
    struct conn *c = mem_zalloc(sizeof *c);
    char peer[ADDRESS_MAX], local[ADDRESS_MAX];
    bool is_local, is_unix;
    struct card *card;

    address_prepare(fd, OPT(w->instance->options, tcp_keepalive));
    is_unix = address_of_peer(fd, peer, local, &is_local);
    card = clients_add(&w->instance->clients, w->number, fd, peer, local, is_local);
    card_set_flag(card, CARD_UNIX, is_unix);
    session_init(&c->session, card, !instance_has_password(w->instance));
    c->worker = w;
    c->next = w->conns;
    if (c->next != NULL)
        c->next->prev = c;
    w->conns = c;
    c->session.out.limit = output_most(c);
    engine_open(&w->engine, &c->link, fd);
}

/* Notes how much memory the connection takes now. */
static void count_memory(struct conn *c, uint64_t total)
{
    runner_count_clients(&c->worker->runner, (int64_t)(total - c->counted));
    c->counted = total;
}

/* Memory that the connection takes, as the card and the account of clients have it: its buffers, and its texts, which a
 * client may make long. Blobs in its output count for the card only: quota has them as data or as pinned. */
static void tell_memory(struct conn *c)
{
    struct card *card = c->session.card;
    const struct out *o = &c->session.out;
    bool sending = c->link.sending != NULL;
    size_t in = c->held ? held_bytes(c->held) : 0, room = c->held ? held_room(c->held) : 0;
    size_t out = o->memory + (sending ? c->sending_memory : 0);
    size_t lent = o->pinned + (sending ? c->sending_lent : 0);
    uint64_t buffers = in + room + out + c->session.queue_bytes + c->session.watch_bytes;
    uint64_t total = buffers + atomic_load_explicit(&card->text_bytes, memory_order_relaxed);

    if (LIKELY(buffers == 0 && !c->has_buffers && total == c->counted))
        return;
    c->has_buffers = buffers != 0;
    atomic_store_explicit(&card->in_bytes, in, memory_order_relaxed);
    atomic_store_explicit(&card->in_free, room, memory_order_relaxed);
    atomic_store_explicit(&card->out_bytes, out_size(o) + c->link.send_bytes, memory_order_relaxed);
    atomic_store_explicit(&card->out_memory, out + lent, memory_order_relaxed);
    atomic_store_explicit(&card->multi_bytes, c->session.queue_bytes + c->session.watch_bytes, memory_order_relaxed);
    count_memory(c, total);
}

/* The client is no more: its session and card go, whatever the engine still has to do. */
static void end_session(struct conn *c)
{
    struct instance *in = c->worker->instance;

    if (c->session.card == NULL)
        return;
    held_free(c->held);
    c->held = NULL;
    session_fini(&c->session);
    count_memory(c, 0);
    clients_remove(&in->clients, c->session.card);
    c->session.card = NULL;
    atomic_fetch_sub_explicit(&c->worker->conn_count, 1, memory_order_relaxed);
}

void conn_close(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return;
    end_session(c);
    c->state = CONN_CLOSED;
    engine_close(&c->worker->engine, &c->link);
}

static void free_conn(struct conn *c)
{
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->worker->conns = c->next;
    mem_free(c);
}

void conn_closed(struct conn *c)
{
    c->is_dead = true;
    if (!c->is_todo && !c->is_settling)
        free_conn(c);
}

/* All replies are out: hangs up on this side and waits for the other, lest a reset eat the last of them. */
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
        conn_todo(c); /* it may only have said that it sends no more: what it asked is answered first */
}

/* ---- serving ---- */

/* Runs the requests of the batch. Returns how many have run. */
static unsigned run_batch(struct conn *c, unsigned n)
{
    struct worker *w = c->worker;

    for (unsigned i = 0; i < n; i++) {
        if (UNLIKELY(dispatch_run(&w->runner, &c->session, &w->batch[i]) == DISPATCH_PAUSED)) {
            c->on_hold = w->any_on_hold = true;
            card_set_flag(c->session.card, CARD_BLOCKED, true);
            return i;
        }
        if (UNLIKELY(out_size(&c->session.out) > OUT_MOST))
            c->is_full = true;
        if (UNLIKELY(c->is_full || c->session.close_after || c->session.close_now))
            return i + 1;
    }
    return n;
}

static bool has_stopped(const struct conn *c)
{
    return c->on_hold || c->is_full || c->session.close_after || c->session.close_now;
}

static struct parser_limits limits_of(const struct conn *c)
{
    return (struct parser_limits){OPT(options_of(c), proto_max_bulk_len), c->session.authenticated};
}

/* Parses up to a batch. Returns how many requests there are. *r: why it ended there; *tail: the first byte behind
 * them. */
static unsigned parse_batch(struct conn *c, const char *end, enum parse_result *r, const char **tail)
{
    struct worker *w = c->worker;
    struct parser *p = &w->parser;
    struct parser_limits limits = limits_of(c);
    unsigned n = 0;

    for (;;) {
        *tail = p->at;
        *r = PARSE_REQUEST;
        if (n == WORKER_BATCH || p->n >= BATCH_ARGS)
            return n;
        *r = parser_next(p, end, &limits);
        if (*r != PARSE_REQUEST)
            return n;
        if (UNLIKELY(p->n == p->first))
            continue;
        w->batch_first[n] = p->first;
        w->batch_begin[n] = *tail;
        w->batch[n].argc = p->n - p->first;
        n++;
        if (UNLIKELY(!limits.authenticated)) {
            *tail = p->at; /* AUTH decides what the next one may be */
            return n;
        }
    }
}

/* The arguments stand still now: finds the commands and asks the cache for what they need. */
static void prepare_batch(struct conn *c, unsigned n)
{
    struct worker *w = c->worker;

    for (unsigned i = 0; i < n; i++) {
        struct request *req = &w->batch[i];

        req->argv = w->parser.args + w->batch_first[i];
        req->hash = w->parser.hashes + w->batch_first[i];
        req->blob_count = 0;
        request_prepare(&c->session, req);
    }
    request_prefetch(&w->runner, w->batch, n);
}

/* A client that wants no replies gets none: what it reads next would be taken for that of a later request. */
static void protocol_error(struct conn *c, const char *text)
{
    enum reply_mode mode = c->session.reply_mode;

    if (mode != REPLY_OFF && mode != REPLY_SKIP)
        reply_errorf(&c->session.out, "ERR %s", text);
    counter_add(&c->worker->runner.metrics->sums.error_replies, 1);
    metrics_error("ERR");
    c->session.close_after = true;
}

/* Serves bytes through the worker's parser. Returns the first byte that was not used up; if that begins a half request
 * and nothing has stopped, the parser's state is inside it (left > 0). */
static const char *serve(struct conn *c, const char *p, const char *end)
{
    struct parser *parser = &c->worker->parser;

    parser_clear(parser);
    parser->at = p;
    for (;;) {
        enum parse_result r;
        const char *tail;
        unsigned n = parse_batch(c, end, &r, &tail), ran;

        prepare_batch(c, n);
        ran = run_batch(c, n);
        if (UNLIKELY(has_stopped(c)))
            return ran < n ? c->worker->batch_begin[ran] : tail;
        if (UNLIKELY(r == PARSE_ERROR)) {
            protocol_error(c, parser->error);
            return end;
        }
        if (r == PARSE_MORE && (n == 0 || parser->left > 0 || tail == end))
            return tail;
        parser_clear(parser);
    }
}

/* The half request that the worker's parser is inside of, if any. */
static struct parser *half_request(struct conn *c)
{
    struct parser *p = &c->worker->parser;

    return !has_stopped(c) && p->left > 0 ? p : NULL;
}

/* Goes on with the request that c->held begins with. Returns whether it has run, and what is behind it may. */
static bool serve_half(struct conn *c)
{
    struct held *h = c->held;
    struct worker *w = c->worker;
    struct parser_limits limits = limits_of(c);

    switch (held_parse(h, &limits)) {
    case PARSE_MORE:
        return false;
    case PARSE_ERROR:
        protocol_error(c, h->parser.error);
        return false;
    default:
        break;
    }
    w->batch[0] = (struct request){.argv = h->parser.args, .hash = h->parser.hashes, .argc = h->parser.n,
                                   .blobs = h->blobs, .blob_count = h->blob_count};
    request_prepare(&c->session, &w->batch[0]);
    if (run_batch(c, 1) == 0)
        return false;
    held_done(h);
    return !has_stopped(c);
}

static void serve_held(struct conn *c)
{
    struct held *h = c->held;

    if (!h->is_half || serve_half(c)) {
        const char *rest = serve(c, h->in.p, h->in.p + h->in.len);

        held_trim(h, rest, half_request(c));
    }
    if (h->in.len == 0 && !h->is_half) {
        held_free(h);
        c->held = NULL;
    }
}

static void serve_fresh(struct conn *c, const char *p, const char *end)
{
    const char *rest = serve(c, p, end);

    if (rest < end && !c->session.close_after) {
        c->held = held_new();
        held_keep(c->held, rest, end, half_request(c));
    }
}

static void log_cut(struct conn *c, const char *why)
{
    log_write(LOG_WARNING, "Client id=%llu addr=%s is cut off: %s", (unsigned long long)c->session.card->id,
              c->session.card->peer, why);
}

/* Requests that wait in a transaction count as requests that have not come to an end. */
static bool is_over_input(struct conn *c)
{
    size_t bytes = (c->held ? held_bytes(c->held) : 0) + c->session.queue_bytes;

    return UNLIKELY(bytes != 0) && bytes > (size_t)OPT(options_of(c), client_query_buffer_limit);
}

/* After requests have run, or could not. */
static void after_serving(struct conn *c)
{
    if (UNLIKELY(is_over_input(c))) {
        log_cut(c, "its requests are longer than client-query-buffer-limit");
        atomic_fetch_add_explicit(&c->worker->instance->clients.killed_for_input, 1, memory_order_relaxed);
        c->session.close_now = true;
    }
    if (UNLIKELY(has_stopped(c)))
        engine_pause(&c->worker->engine, &c->link);
    conn_todo(c);
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
    if (LIKELY(c->held == NULL)) {
        serve_fresh(c, p, p + n);
    } else {
        held_add(c->held, p, n);
        serve_held(c);
    }
    after_serving(c);
}

/* Finds the first request in what has come for c, without running it. False: it cannot be told yet. */
static bool look_ahead(struct conn *c, const struct arrival *a, struct request *req)
{
    struct parser *p = &c->worker->parser;
    struct parser_limits limits;

    if (c->state != CONN_OPEN || c->held != NULL || !c->session.authenticated)
        return false;
    limits = limits_of(c);
    parser_clear(p);
    p->at = a->p;
    if (parser_next(p, a->p + a->n, &limits) != PARSE_REQUEST || p->n == 0)
        return false;
    *req = (struct request){.argv = p->args, .hash = p->hashes, .argc = p->n};
    request_prepare(&c->session, req);
    return true;
}

void conn_look_ahead(struct worker *w, const struct arrival *a, unsigned count)
{
    unsigned n = 0;

    for (unsigned i = 0; i < count; i++)
        n += look_ahead(conn_of(a[i].link), &a[i], &w->batch[n]);
    request_prefetch(&w->runner, w->batch, n);
}

/* Goes on after a pause or with room for output. */
static void go_on(struct conn *c)
{
    if (c->held != NULL)
        serve_held(c);
    if (!has_stopped(c) && !c->peer_gone)
        engine_resume(&c->worker->engine, &c->link);
    after_serving(c);
}

void conn_resume(struct conn *c)
{
    if (c->state == CONN_OPEN && c->on_hold) {
        c->on_hold = false;
        card_set_flag(c->session.card, CARD_BLOCKED, false);
        go_on(c);
    }
}

/* ---- sending ---- */

/* Whether the client has piled up more than its class may; logs and counts it. */
static bool is_over_output(struct conn *c)
{
    const struct output_limit *l = output_limit(c);
    int64_t bytes = out_size(&c->session.out) + c->link.send_bytes;
    int64_t hard = atomic_load_explicit(&l->hard, memory_order_relaxed);
    int64_t soft = atomic_load_explicit(&l->soft, memory_order_relaxed);
    int64_t mono = c->worker->runner.mono;

    if (soft == 0 || bytes <= soft)
        c->soft_since = 0;
    else if (c->soft_since == 0)
        c->soft_since = mono;
    if (c->session.out.cut == NULL && !(hard != 0 && bytes > hard) &&
        !(c->soft_since != 0 && mono - c->soft_since >= 1000 * atomic_load_explicit(&l->seconds, memory_order_relaxed)))
        return false;
    log_cut(c, "it does not read its replies (client-output-buffer-limit)");
    atomic_fetch_add_explicit(&c->worker->instance->clients.killed_for_output, 1, memory_order_relaxed);
    return true;
}

static void send_replies(struct conn *c)
{
    size_t bytes = out_size(&c->session.out);
    struct metrics_sums *sums = &c->worker->runner.metrics->sums;

    c->sending_memory = c->session.out.memory;
    c->sending_lent = c->session.out.pinned;
    counter_add(&sums->bytes_out, bytes);
    counter_add(&sums->writes, 1);
    counter_add(&c->session.card->sent, bytes);
    engine_send(&c->worker->engine, &c->link, out_take(&c->session.out), bytes);
}

/* What an open connection needs next. */
static void settle_open(struct conn *c)
{
    if (UNLIKELY(c->session.close_now || atomic_load_explicit(&c->session.card->doomed, memory_order_acquire))) {
        conn_close(c);
        return;
    }
    if (UNLIKELY(c->session.out.cut != NULL) && is_over_output(c)) {
        conn_close(c);
        return;
    }
    if (c->link.sending == NULL && out_size(&c->session.out) != 0)
        send_replies(c);
    if (c->state != CONN_OPEN)
        return; /* the send has failed */
    if (c->link.sending == NULL && out_size(&c->session.out) == 0) {
        c->soft_since = 0;
        if (UNLIKELY(c->session.close_after)) {
            linger(c);
            return;
        }
        if (UNLIKELY(c->is_full)) {
            c->is_full = false;
            go_on(c);
        } else if (UNLIKELY(c->peer_gone && !c->on_hold)) {
            conn_close(c);
            return;
        }
    } else if (is_over_output(c)) {
        conn_close(c);
        return;
    }
    tell_memory(c);
}

void conn_sent(struct conn *c)
{
    if (c->is_settling)
        return; /* who sends at once looks at once */
    if (c->state == CONN_OPEN)
        atomic_store_explicit(&c->session.card->active, c->worker->runner.mono, memory_order_relaxed);
    conn_todo(c);
}

void conn_settle(struct conn *c)
{
    c->is_todo = false;
    c->is_settling = true; /* sending may find the connection broken, and closing may be done at once */
    if (c->state == CONN_OPEN)
        settle_open(c);
    c->is_settling = false;
    if (c->is_dead && !c->is_todo)
        free_conn(c);
}

void conn_check(struct conn *c, int64_t mono)
{
    int64_t timeout = OPT(options_of(c), timeout);

    if (c->state == CONN_LINGERING && mono >= c->linger_until) {
        conn_close(c);
    } else if (c->state == CONN_OPEN) {
        int64_t idle = mono - atomic_load_explicit(&c->session.card->active, memory_order_relaxed);

        c->session.out.limit = output_most(c);
        if (timeout != 0 && idle > timeout * 1000 && !card_has_flag(c->session.card, CARD_PUBSUB | CARD_BLOCKED)) {
            log_write(LOG_VERBOSE, "Closing idle client");
            conn_close(c);
        } else if (c->soft_since != 0 && is_over_output(c)) {
            conn_close(c);
        }
    }
}
