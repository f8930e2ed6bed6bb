/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/conn_limits.h"

#include "net/input.h"
#include "net/worker.h"
#include "obs/log.h"

#define UNAUTHENTICATED_OUTPUT ((size_t)1024) /* bytes of replies that such a client may leave unread, as in Redis 7.4.3 */

static const struct options *options_of(const struct conn *c)
{
    return c->worker->instance->options;
}

/* client-output-buffer-limit of the client's class. */
static const struct output_limit *output_limit(const struct conn *c)
{
    bool is_pubsub = card_has_flag(c->session.card, CARD_PUBSUB);

    return &options_of(c)->output_limit[is_pubsub ? OUTPUT_PUBSUB : OUTPUT_NORMAL];
}

void conn_limits_apply(struct conn *c)
{
    struct out *o = &c->session.out;

    o->limit = (size_t)atomic_load_explicit(&output_limit(c)->hard, memory_order_relaxed);
    if (UNLIKELY(!c->session.authenticated) && (o->limit == 0 || o->limit > UNAUTHENTICATED_OUTPUT))
        o->limit = UNAUTHENTICATED_OUTPUT;
    if (c->link.send_bytes < c->sending_bytes && c->link.send_bytes < o->sending)
        o->sending = c->link.send_bytes;
}

void conn_limits_publish(struct conn *c)
{
    struct card *card = c->session.card;
    const struct out *o = &c->session.out;
    const struct input *in = c->input;
    size_t out = o->memory + o->referred + c->link.send_memory + c->link.send_referred;
    size_t multi = c->session.queue_bytes + c->session.watch_bytes;
    bool has_buffers = in != NULL || out != 0 || multi != 0;

    if (LIKELY(!has_buffers && !c->has_buffers))
        return;
    c->has_buffers = has_buffers;
    atomic_store_explicit(&card->in_bytes, in ? input_waiting(in) : 0, memory_order_relaxed);
    atomic_store_explicit(&card->in_free, in ? input_room(in) : 0, memory_order_relaxed);
    atomic_store_explicit(&card->args_bytes, in ? input_args(in) : 0, memory_order_relaxed);
    atomic_store_explicit(&card->out_bytes, out_size(o) + c->link.send_bytes, memory_order_relaxed);
    atomic_store_explicit(&card->out_memory, out, memory_order_relaxed);
    atomic_store_explicit(&card->multi_bytes, multi, memory_order_relaxed);
}

void conn_limits_log(struct conn *c, const char *why)
{
    log_write(LOG_WARNING, "Client id=%llu addr=%s is disconnected: %s", (unsigned long long)c->session.card->id,
              c->session.card->peer, why);
}

bool conn_limits_is_over_input(struct conn *c, size_t waiting)
{
    size_t bytes = waiting + c->session.queue_input + c->session.watch_bytes;

    if (LIKELY(bytes <= (size_t)OPT(options_of(c), client_query_buffer_limit)))
        return false;
    conn_limits_log(c, "its requests are longer than client-query-buffer-limit");
    atomic_fetch_add_explicit(&c->worker->instance->clients.killed_for_input, 1, memory_order_relaxed);
    c->session.close_now = true;
    return true;
}

bool conn_limits_is_over_soft(struct conn *c)
{
    const struct output_limit *l = output_limit(c);
    size_t soft = (size_t)atomic_load_explicit(&l->soft, memory_order_relaxed);
    int64_t seconds = atomic_load_explicit(&l->seconds, memory_order_relaxed);
    int64_t mono = c->worker->runner.mono;

    if (LIKELY(soft == 0) || out_weight(&c->session.out) < soft)
        c->soft_since = 0;
    else if (c->soft_since == 0)
        c->soft_since = mono;
    return c->soft_since != 0 && (mono - c->soft_since) / 1000 >= seconds;
}

bool conn_limits_is_over_unread(const struct conn *c)
{
    return UNLIKELY(!c->session.authenticated) && c->link.sending != NULL &&
           out_size(&c->session.out) + c->link.send_bytes > UNAUTHENTICATED_OUTPUT;
}

bool conn_limits_is_over_output(struct conn *c)
{
    if (LIKELY(!out_is_over(&c->session.out)) && LIKELY(!conn_limits_is_over_soft(c)) && !conn_limits_is_over_unread(c))
        return false;
    conn_limits_log(c, c->session.out.starved ? "there is no memory for its replies (client-memory-ceiling)"
                                          : "it does not read its replies (client-output-buffer-limit)");
    atomic_fetch_add_explicit(&c->worker->instance->clients.killed_for_output, 1, memory_order_relaxed);
    c->session.close_now = true;
    return true;
}

bool conn_limits_fits_clients(struct conn *c)
{
    struct clients *all = &c->worker->instance->clients;
    int64_t limit = options_maxmemory_clients(options_of(c));

    if (LIKELY(!clients_exceed(all, limit)))
        return true;
    conn_limits_publish(c);
    clients_fit(all, limit);
    return !atomic_load_explicit(&c->session.card->doomed, memory_order_relaxed);
}

bool conn_limits_may_go_on(struct conn *c)
{
    if (conn_limits_is_over_output(c))
        return false;
    if (LIKELY(conn_limits_fits_clients(c)))
        return true;
    c->session.close_now = true;
    return false;
}
