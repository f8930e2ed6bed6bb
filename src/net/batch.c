/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/batch.h"

#include "base/must.h"
#include "net/conn.h"
#include "net/conn_limits.h"
#include "net/hold.h"
#include "net/input.h"
#include "net/post.h"
#include "net/worker.h"

#define ARGS_MAX 4096 /* arguments of one batch, unless a single request has more */

_Static_assert(ENGINE_BATCH <= BATCH_MAX, "batch_look_ahead prepares one request of each arrival");

void batch_init(struct batch *b)
{
    parser_init(&b->parser);
}

void batch_fini(struct batch *b)
{
    parser_fini(&b->parser);
}

void batch_tidy(struct batch *b)
{
    if (b->parser.cap > 2 * ARGS_MAX)
        parser_fini(&b->parser);
}

bool batch_has_stopped(const struct conn *c)
{
    return c->on_hold_at != NULL || c->session.receipts_due != 0 || c->session.close_after || c->session.close_now ||
           (c->input != NULL && c->input->is_starved);
}

/* ---- running ---- */

/* Runs the first n requests of the batch, or fewer where one has to wait or ends the connection's turn. Returns how
 * many have run. */
static unsigned run_requests(struct conn *c, unsigned n)
{
    struct worker *w = c->worker;

    for (unsigned i = 0; i < n; i++) {
        if (UNLIKELY(dispatch_run(&w->runner, &c->session, &w->batch.requests[i]) == DISPATCH_PAUSED)) {
            hold_add(c);
            return i;
        }
        if (UNLIKELY(w->has_posted)) {
            post_wake(w);
            if (c->session.receipts_due != 0)
                return i + 1;
        }
        if (UNLIKELY(out_is_large(&c->session.out) || c->session.out.cut != NULL) && !conn_limits_may_go_on(c))
            return i + 1;
        if (UNLIKELY(c->session.close_after || c->session.close_now))
            return i + 1;
    }
    return n;
}

static struct parser_limits limits_of(const struct conn *c)
{
    return (struct parser_limits){OPT(c->worker->instance->options, proto_max_bulk_len), c->session.authenticated};
}

/* ---- parsing ahead ---- */

/* Parses up to a batch. Returns how many requests there are. *r: why it ended there; *tail: the first byte behind
 * them. */
static unsigned parse_requests(struct conn *c, const char *end, enum parse_result *r, const char **tail)
{
    struct batch *b = &c->worker->batch;
    struct parser *p = &b->parser;
    struct parser_limits limits = limits_of(c);
    unsigned n = 0;

    for (;;) {
        *tail = p->at;
        *r = PARSE_REQUEST;
        if (n == BATCH_MAX || p->n >= ARGS_MAX)
            return n;
        *r = parser_next(p, end, &limits);
        if (*r != PARSE_REQUEST)
            return n;
        if (UNLIKELY(p->n == p->first))
            continue;
        b->first[n] = p->first;
        b->begin[n] = *tail;
        b->requests[n].argc = p->n - p->first;
        n++;
        if (UNLIKELY(!limits.authenticated)) {
            *tail = p->at; /* AUTH may raise the limits for the next request */
            return n;
        }
    }
}

/* Finds the commands and prefetches what they need. The parser's arguments do not move any more. */
static void prepare_requests(struct conn *c, unsigned n)
{
    struct worker *w = c->worker;
    struct batch *b = &w->batch;

    for (unsigned i = 0; i < n; i++) {
        struct request *req = &b->requests[i];

        req->argv = b->parser.args + b->first[i];
        req->hash = b->parser.hashes + b->first[i];
        req->blob_count = 0;
        request_prepare(&c->session, req);
    }
    request_prefetch(&w->runner, b->requests, n);
}

/* Replies the error of the parser and ends the connection. With CLIENT REPLY OFF or SKIP the client gets no reply: it
 * would take it for that of a later request. */
static void protocol_error(struct conn *c, const struct parser *p)
{
    enum reply_mode mode = c->session.reply_mode;

    if (mode != REPLY_OFF && mode != REPLY_SKIP)
        reply_errorf(&c->session.out, "ERR %s", p->error);
    if (p->is_starved)
        conn_limits_log(c, "there is no memory for its requests");
    counter_add(&c->worker->runner.metrics->sums.error_replies, 1);
    metrics_error("ERR");
    c->session.close_after = true;
}

/* Serves bytes through the worker's parser. Returns the first byte that was not used; if an incomplete request begins
 * there and nothing has stopped, the parser's state is inside it (left > 0). */
static const char *serve(struct conn *c, const char *p, const char *end)
{
    struct batch *b = &c->worker->batch;

    parser_clear(&b->parser);
    b->parser.at = p;
    for (;;) {
        enum parse_result r;
        const char *tail;
        unsigned n = parse_requests(c, end, &r, &tail), ran;

        if (UNLIKELY(c->session.out.limit != 0))
            conn_limits_apply(c); /* the client may have authenticated */
        prepare_requests(c, n);
        ran = run_requests(c, n);
        if (UNLIKELY(batch_has_stopped(c)))
            return ran < n ? b->begin[ran] : tail;
        if (UNLIKELY(r == PARSE_ERROR)) {
            protocol_error(c, &b->parser);
            return end;
        }
        if (r == PARSE_MORE && (n == 0 || b->parser.left > 0 || tail == end))
            return tail;
        parser_clear(&b->parser);
    }
}

/* The worker's parser, if it is inside an incomplete request. */
static struct parser *partial_request(struct conn *c)
{
    struct parser *p = &c->worker->batch.parser;

    return !batch_has_stopped(c) && p->left > 0 ? p : NULL;
}

/* ---- what was kept ---- */

/* Continues the incomplete request at the beginning of the input. Returns whether it has run and others may follow. */
static bool serve_partial(struct conn *c)
{
    struct input *in = c->input;
    struct request *req = &c->worker->batch.requests[0];
    struct parser_limits limits = limits_of(c);

    switch (input_parse(in, &limits)) {
    case PARSE_MORE:
        return false;
    case PARSE_ERROR:
        protocol_error(c, &in->parser);
        return false;
    default:
        break;
    }
    *req = (struct request){.argv = in->parser.args,
                            .hash = in->parser.hashes,
                            .argc = in->parser.n,
                            .blobs = in->blobs,
                            .blob_count = in->blob_count};
    request_prepare(&c->session, req);
    if (run_requests(c, 1) == 0)
        return false;
    input_done(in);
    return !batch_has_stopped(c);
}

void batch_serve_input(struct conn *c)
{
    struct input *in = c->input;

    if (in == NULL || in->is_starved)
        return;
    if (!in->is_partial || serve_partial(c)) {
        const char *rest = serve(c, in->bytes.p, in->bytes.p + in->bytes.len);

        input_trim(in, rest, partial_request(c));
    }
    if (in->bytes.len == 0 && !in->is_partial) {
        input_free(in);
        c->input = NULL;
    }
}

static void serve_fresh(struct conn *c, const char *p, const char *end)
{
    const char *rest = serve(c, p, end);

    if (rest < end && !c->session.close_after) {
        c->input = input_new();
        input_keep(c->input, rest, end, partial_request(c));
    }
}

void batch_add(struct conn *c, const char *p, size_t n)
{
    if (UNLIKELY(c->input != NULL))
        input_add(c->input, p, n);
}

void batch_serve(struct conn *c, const char *p, size_t n)
{
    if (LIKELY(c->input == NULL))
        serve_fresh(c, p, p + n);
    else
        batch_serve_input(c);
}

/* ---- looking ahead ---- */

/* Finds the first request in what has come for c, without running it. False: its limits or its beginning are not known
 * yet. */
static bool look_ahead(struct conn *c, const struct arrival *a, struct request *req)
{
    struct parser *p = &c->worker->batch.parser;
    struct parser_limits limits;

    if (c->state != CONN_OPEN || c->input != NULL || !c->session.authenticated)
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

void batch_look_ahead(struct worker *w, const struct arrival *a, unsigned count)
{
    struct request *requests = w->batch.requests;
    unsigned n = 0;

    must(count <= BATCH_MAX);
    for (unsigned i = 0; i < count; i++)
        n += look_ahead(conn_of(a[i].link), &a[i], &requests[n]);
    request_prefetch(&w->runner, requests, n);
}
