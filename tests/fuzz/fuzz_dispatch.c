/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The path of a request without the network: parser, dispatch, locks, command, reply. For any input of two clients, no
 * assertion fails, and each request gets one reply that is well-formed in the client's protocol.
 *
 * An input is what the clients send, inline or in RESP; a byte 0xff switches to the other client.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "base/quiesce.h"
#include "proto/parser.h"
#include "run/dispatch.h"

#define CLIENTS    2
#define NEXT       '\xff'
#define SHARDS     4
#define DATABASES  4
#define ARGS_MOST  2000
#define DEPTH_MOST 16
#define STRING_MAX (1024 * 1024)
#define RESP_ANY   0 /* HELLO has changed it within the reply */

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One server without sockets, and its clients. */
static struct {
    struct instance instance;
    struct runner runner;
    struct session clients[CLIENTS];
} world;

static void do_nothing(void *arg)
{
    (void)arg;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    hash_init();
    clock_calibrate();
    commands_init();
    return 0;
}

/* ---- the form of replies ---- */

/* Reads a line without its end. */
static struct slice take_line(struct slice *s)
{
    const char *cr = memchr(s->p, '\r', s->n);
    struct slice line;

    must(cr != NULL && s->p + s->n - cr >= 2 && cr[1] == '\n');
    line = slice_of(s->p, cr - s->p);
    must(memchr(line.p, '\n', line.n) == NULL);
    *s = slice_of(cr + 2, s->n - line.n - 2);
    return line;
}

static int64_t number_of(struct slice line)
{
    int64_t v;

    must(num_parse_i64(slice_of(line.p + 1, line.n - 1), &v));
    return v;
}

static void take_bulk(struct slice *s, int64_t n)
{
    if (n < 0)
        return;
    must(s->n >= (size_t)n + 2 && memcmp(s->p + n, "\r\n", 2) == 0);
    *s = slice_of(s->p + n + 2, s->n - n - 2);
}

static void take_reply(struct slice *s, unsigned resp, unsigned depth);

static void take_replies(struct slice *s, unsigned resp, unsigned depth, int64_t n)
{
    must(depth < DEPTH_MOST);
    for (int64_t i = 0; i < n; i++)
        take_reply(s, resp, depth + 1);
}

/* Reads one reply with all its elements. */
static void take_reply(struct slice *s, unsigned resp, unsigned depth)
{
    struct slice line = take_line(s);

    must(line.n >= 1);
    must(resp != 2 || memchr("+-:$*", line.p[0], 5) != NULL);
    switch (line.p[0]) {
    case '+':
    case '-':
    case '(':
    case ',':
        must(line.n > 1);
        break;
    case ':':
        number_of(line);
        break;
    case '_':
        must(line.n == 1);
        break;
    case '#':
        must(line.n == 2 && (line.p[1] == 't' || line.p[1] == 'f'));
        break;
    case '$':
        must(number_of(line) >= (resp == 3 ? 0 : -1));
        take_bulk(s, number_of(line));
        break;
    case '=':
        must(number_of(line) >= 4 && s->n > 4 && s->p[3] == ':');
        take_bulk(s, number_of(line));
        break;
    case '*':
        must(number_of(line) >= (resp == 3 ? 0 : -1));
        take_replies(s, resp, depth, number_of(line));
        break;
    case '~':
    case '>':
        take_replies(s, resp, depth, number_of(line));
        break;
    case '%':
        take_replies(s, resp, depth, 2 * number_of(line));
        break;
    case '|':
        take_replies(s, resp, depth, 2 * number_of(line));
        take_reply(s, resp, depth);
        break;
    default:
        must(!"a type there is not");
    }
}

/* Reads the output for the client: one reply. */
static void check_reply(struct session *s, unsigned resp)
{
    struct buf all = BUF_EMPTY;
    struct slice rest;

    for (struct chunk *c = out_take(&s->out), *next; c != NULL; c = next) {
        next = c->next;
        buf_add(&all, c->p, c->len);
        chunk_free(c);
    }
    rest = buf_slice(&all);
    take_reply(&rest, resp, 0);
    must(rest.n == 0);
    buf_fini(&all);
}

/* ---- requests ---- */

/* Requests that would take too long here, or affect something outside of this process. */
static bool is_unwanted(const struct session *s, const struct request *req)
{
    struct slice word = req->argc > 1 ? req->argv[1] : SLICE("");

    if (req->argc > ARGS_MOST)
        return true;
    if (slice_is(req->argv[0], "CONFIG"))
        return slice_is(word, "REWRITE") || slice_is(word, "SET");
    if (slice_is(req->argv[0], "CLIENT") && slice_is(word, "REPLY"))
        return s->in_multi; /* it leaves replies out of the reply of EXEC, as in Redis */
    return slice_is(req->argv[0], "DEBUG") && (slice_is(word, "SLEEP") || slice_is(word, "POPULATE") ||
                                               slice_is(word, "STRINGMATCH-LEN"));
}

/* False: the connection would be closed. */
static bool run_request(struct session *s, struct request *req)
{
    unsigned resp = s->out.resp;
    bool may_be_silent = s->reply_mode != REPLY_ON;

    if (is_unwanted(s, req))
        return true;
    request_prepare(s, req);
    request_prefetch(&world.runner, req, 1);
    if (dispatch_run(&world.runner, s, req) == DISPATCH_PAUSED) {
        must(out_size(&s->out) == 0);
        return false;
    }
    if (out_size(&s->out) != 0)
        check_reply(s, s->out.resp == resp ? resp : RESP_ANY);
    else
        must(may_be_silent || s->reply_mode != REPLY_ON);
    return !s->close_after && !s->close_now;
}

/* Runs the requests that one client sends in a row. */
static bool speak(struct session *s, struct slice text)
{
    struct parser_limits limits = {.bulk = STRING_MAX, .authenticated = s->authenticated};
    struct parser p;
    bool is_open = true;

    parser_init(&p);
    p.at = text.p;
    while (is_open && parser_next(&p, text.p + text.n, &limits) == PARSE_REQUEST) {
        struct request req = {.argv = p.args, .hash = p.hashes, .argc = p.n};

        if (p.n != 0)
            is_open = run_request(s, &req);
        parser_clear(&p);
    }
    parser_fini(&p);
    return is_open;
}

/* ---- the server ---- */

static void begin(void)
{
    struct instance *in = &world.instance;
    struct conf_error err;
    struct conf_pair limit = {SLICE("proto-max-bulk-len"), SLICE("1mb")};
    const struct card_origin origin = {.fd = -1, .peer = "127.0.0.1:1", .local = "127.0.0.1:2", .is_local = true};

    instance_init(in, keyspace_new(SHARDS, DATABASES), conf_new());
    in->threads = 1;
    in->engine = "none";
    in->executable = "";
    in->shutdown = do_nothing;
    in->resume = do_nothing;
    memset(in->run_id, '0', sizeof(in->run_id) - 1);
    must(conf_set(in->conf, &limit, 1, true, &err));
    runner_init(&world.runner, in, 0);
    quiesce_enter(0);
    for (unsigned i = 0; i < CLIENTS; i++)
        session_init(&world.clients[i], clients_add(&in->clients, &origin), true);
}

static void end(void)
{
    struct instance *in = &world.instance;

    for (unsigned i = 0; i < CLIENTS; i++) {
        session_fini(&world.clients[i]);
        clients_remove(&in->clients, world.clients[i].card);
    }
    instance_fini(in);
    quiesce_leave(0);
    runner_fini(&world.runner);
    metrics_fini();
    keyspace_free(in->keyspace);
    quiesce_collect();
    pause_end(&in->pause);
    conf_free(in->conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of((const char *)data, size);
    unsigned speaker = 0;
    bool is_open = true;

    begin();
    while (is_open && rest.n > 0) {
        const char *next = memchr(rest.p, NEXT, rest.n);
        size_t n = next != NULL ? (size_t)(next - rest.p) : rest.n;
        char *copy = mem_alloc(n + 1); /* a separate block, so that a read beyond its end is detected */

        memcpy(copy, rest.p, n);
        is_open = speak(&world.clients[speaker], slice_of(copy, n));
        mem_free(copy);
        speaker = (speaker + 1) % CLIENTS;
        rest = next != NULL ? slice_of(next + 1, rest.n - n - 1) : SLICE("");
    }
    end();
    return 0;
}
