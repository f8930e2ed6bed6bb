/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection itself: https://redis.io/docs/latest/commands/?group=connection */
#include "config.h"

#include <inttypes.h>

#include "base/buf.h"
#include "obs/log.h"
#include "run/call.h"
#include "run/version.h"

#define ERR_WRONGPASS "WRONGPASS invalid username-password pair or user is disabled."
#define ERR_NO_PASSWORD                                                                                      \
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your "    \
    "configuration is correct?"
#define ERR_HELLO_NOAUTH                                                                                     \
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "   \
    "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at "   \
    "the same time"

CMD(ping,
    .name = "PING", .arity = -1, .group = "connection", .since = "1.0.0", .cost = "O(1)", .flags = CMD_FAST,
    .summary = "Replies with PONG, or with the given message.", .syntax = "[message]",
    .hints = "request_policy:all_shards,response_policy:all_succeeded")
{
    if (c->argc > 2)
        call_error_arity(c);
    else if (c->argc == 2)
        reply_bulk(c->out, call_arg(c, 1));
    else
        reply_simple(c->out, "PONG");
}

CMD(echo,
    .name = "ECHO", .arity = 2, .group = "connection", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE | CMD_FAST, .summary = "Replies with the given message.", .syntax = "message")
{
    reply_bulk(c->out, call_arg(c, 1));
}

CMD(select,
    .name = "SELECT", .arity = 2, .group = "connection", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE | CMD_FAST,
    .summary = "Changes the database that the connection works on.", .syntax = "index")
{
    unsigned db;

    if (!call_db(c, 1, &db))
        return;
    must(db < c->instance->keyspace->databases);
    session_select(c->session, db);
    reply_ok(c->out);
}

CMD(quit,
    .name = "QUIT", .arity = -1, .group = "connection", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_CONTROL | CMD_ALLOW_BUSY | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH,
    .summary = "Replies with OK and closes the connection.", .syntax = "", .deprecated_since = "7.2.0",
    .replaced_by = "closing the connection")
{
    reply_ok(c->out);
    c->session->close_after = true;
}

/* ---- passwords ---- */

#define USER_SHOWN 64 /* bytes of a user's name in the log */

/* Whether both are equal. The time it takes depends on the length of `given` only. */
static bool same_secret(struct slice given, struct slice secret)
{
    size_t difference = given.n ^ secret.n;

    for (size_t i = 0; i < given.n; i++)
        difference |= (unsigned char)(given.p[i] ^ (secret.n ? secret.p[i % secret.n] : 0));
    must(difference != 0 || given.n == secret.n);
    return difference == 0;
}

/* Without a password, any is right for a client that needs none. */
static bool is_right(struct call *c, struct slice password)
{
    struct buf needed = BUF_EMPTY;
    bool right;

    conf_copy(c->instance->conf, OPT_requirepass, &needed);
    right = needed.len != 0 ? same_secret(password, buf_slice(&needed))
                            : instance_is_open_to(c->instance, c->session->card->is_local);
    buf_fini(&needed);
    return right;
}

static void log_failure(struct call *c, struct slice user)
{
    uint64_t skipped;

    if (log_allows(&c->instance->failed_auth, &skipped))
        log_write(LOG_WARNING,
                  "The client at %s failed to authenticate as user '%.*s' (%" PRIu64 " more failures since "
                  "the last such line)",
                  c->session->card->peer, user.n < USER_SHOWN ? (int)user.n : USER_SHOWN, user.p, skipped);
}

/* Authenticates the session as the user. False: unknown user or wrong password; nothing has changed. */
static bool log_in(struct call *c, struct slice user, struct slice password)
{
    if (!slice_eq(user, SLICE("default")) || !is_right(c, password)) {
        log_failure(c, user);
        return false;
    }
    c->session->authenticated = true;
    card_set_text(c->session->card, CARD_USER, user);
    return true;
}

CMD(auth,
    .name = "AUTH", .arity = -2, .group = "connection", .since = "1.0.0",
    .cost = "O(N) where N is the number of passwords of the user.",
    .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
    .summary = "Authenticates the connection with a password, or as a user with a password.",
    .syntax = "[username] password", .history = "6.0.0: Added the name of the user.")
{
    must(c->argc >= 2);
    if (c->argc > 3)
        call_error_syntax(c);
    else if (c->argc == 2 && !instance_has_password(c->instance))
        reply_error(c->out, ERR_NO_PASSWORD);
    else if (log_in(c, c->argc == 2 ? SLICE("default") : call_arg(c, 1), call_arg(c, c->argc - 1)))
        reply_ok(c->out);
    else
        reply_error(c->out, ERR_WRONGPASS);
}

/* ---- HELLO ---- */

/* The arguments of HELLO. */
struct hello {
    unsigned resp;               /* 0: unchanged */
    const struct slice *auth;    /* user and password; NULL: not given */
    const struct slice *setname; /* NULL: not given */
};

/* False: the error was replied. */
static bool parse_version(struct call *c, struct hello *h)
{
    int64_t v;

    if (!call_int_or(c, 1, &v, "ERR Protocol version is not an integer or out of range"))
        return false;
    if (v < 2 || v > 3) {
        reply_error(c->out, "NOPROTO unsupported protocol version");
        return false;
    }
    h->resp = (unsigned)v;
    return true;
}

/* False: the error was replied. */
static bool parse_hello(struct call *c, struct hello *h)
{
    if (c->argc > 1 && !parse_version(c, h))
        return false;
    for (int i = 2; i < c->argc; i++) {
        if (call_is(c, i, "AUTH") && i + 2 < c->argc) {
            h->auth = &c->argv[i + 1];
            i += 2;
        } else if (call_is(c, i, "SETNAME") && i + 1 < c->argc) {
            h->setname = &c->argv[++i];
            if (!card_text_fits(*h->setname)) {
                reply_error(c->out, ERR_CLIENT_NAME);
                return false;
            }
        } else {
            reply_errorf(c->out, "ERR Syntax error in HELLO option '%.*s'", (int)c->argv[i].n, c->argv[i].p);
            return false;
        }
    }
    return true;
}

static void reply_hello(struct call *c)
{
    must(c->out->resp == 2 || c->out->resp == 3);
    reply_map(c->out, 7);
    reply_bulk_str(c->out, "server");
    reply_bulk_str(c->out, "redis");
    reply_bulk_str(c->out, "version");
    reply_bulk_str(c->out, REDIS_VERSION);
    reply_bulk_str(c->out, "proto");
    reply_int(c->out, c->out->resp);
    reply_bulk_str(c->out, "id");
    reply_int(c->out, (int64_t)c->session->card->id);
    reply_bulk_str(c->out, "mode");
    reply_bulk_str(c->out, "standalone");
    reply_bulk_str(c->out, "role");
    reply_bulk_str(c->out, "master");
    reply_bulk_str(c->out, "modules");
    reply_array(c->out, 0);
}

CMD(hello,
    .name = "HELLO", .arity = -1, .group = "connection", .since = "6.0.0", .cost = "O(1)",
    .flags = CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
    .summary = "Selects the version of the protocol and describes the server.",
    .syntax = "[protover [AUTH username password] [SETNAME clientname]]",
    .history = "6.2.0: The version became optional.")
{
    struct hello h = {0};

    if (!parse_hello(c, &h))
        return;
    must(h.auth == NULL || h.auth + 2 <= c->argv + c->argc);
    if (h.auth && !log_in(c, h.auth[0], h.auth[1])) {
        reply_error(c->out, ERR_WRONGPASS);
        return;
    }
    if (!c->session->authenticated) {
        reply_error(c->out, ERR_HELLO_NOAUTH);
        return;
    }
    if (h.setname)
        card_set_text(c->session->card, CARD_NAME, *h.setname);
    if (h.resp)
        session_set_resp(c->session, h.resp);
    reply_hello(c);
}

CMD(reset,
    .name = "RESET", .arity = 1, .group = "connection", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_CONTROL | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_FAST | CMD_NO_AUTH | CMD_ALLOW_BUSY,
    .summary = "Resets the connection to the state of a new one.", .syntax = "")
{
    must(c->unit->shard == NULL && !c->unit->is_world); /* unwatching locks the shards one by one */
    session_reset(c->session, instance_is_open_to(c->instance, c->session->card->is_local));
    must(!c->session->in_multi && c->session->watches == NULL);
    reply_simple(c->out, "RESET");
}
