/* SPDX-License-Identifier: BSD-3-Clause */
/* CLIENT KILL: https://redis.io/docs/latest/commands/client-kill/ */
#include "run/call.h"

/* The connections to close: those that match all members that are set. */
struct filter {
    struct session *session; /* the caller's */
    struct card *caller;
    int64_t mono;
    uint64_t id;              /* 0: any */
    enum card_type type;      /* CARD_TYPE_UNKNOWN: any */
    struct slice peer, local; /* p NULL: any */
    int64_t age;              /* seconds at least; 0: any */
    bool skip_caller;
    struct clients *clients;
    int64_t killed;
    bool killed_caller;
};

static bool matches_text(struct slice wanted, const char *text)
{
    return wanted.p == NULL || slice_eq(wanted, slice_str(text));
}

static bool matches(const struct filter *f, struct card *card)
{
    return matches_text(f->peer, card->peer) && matches_text(f->local, card->local) &&
           (f->type == CARD_TYPE_UNKNOWN || f->type == card_type(card)) && (f->id == 0 || f->id == card->id) &&
           (f->age == 0 || (f->mono - card->born) / 1000 >= f->age) && !(f->skip_caller && card == f->caller);
}

static bool kill_card(void *arg, struct card *card)
{
    struct filter *f = arg;

    if (!matches(f, card) || atomic_load_explicit(&card->doomed, memory_order_relaxed))
        return true;
    f->killed++;
    if (card == f->caller)
        f->killed_caller = true;
    else
        clients_doom(f->clients, f->session, card);
    return true;
}

/* ---- parsing the filters ---- */

static bool parse_id(struct call *c, int i, struct filter *f)
{
    static const char *const error = "ERR client-id should be greater than 0";
    int64_t id;

    if (!call_int_between(c, i, 1, INT64_MAX, &id, error))
        return false;
    f->id = (uint64_t)id;
    return true;
}

static bool parse_type(struct call *c, int i, struct filter *f)
{
    f->type = card_type_named(call_arg(c, i));
    if (f->type != CARD_TYPE_UNKNOWN)
        return true;
    reply_errorf(c->out, "ERR Unknown client type '%.*s'", (int)c->argv[i].n, c->argv[i].p);
    return false;
}

/* Every client is the default user: there are no others. */
static bool parse_user(struct call *c, int i)
{
    if (slice_eq(call_arg(c, i), SLICE("default")))
        return true;
    reply_errorf(c->out, "ERR No such user '%.*s'", (int)c->argv[i].n, c->argv[i].p);
    return false;
}

static bool parse_age(struct call *c, int i, struct filter *f)
{
    if (!call_int_or(c, i, &f->age, "ERR maxage is not an integer or out of range"))
        return false;
    if (f->age > 0)
        return true;
    reply_error(c->out, "ERR maxage should be greater than 0");
    return false;
}

static bool parse_skipme(struct call *c, int i, struct filter *f)
{
    f->skip_caller = call_is(c, i, "YES");
    if (f->skip_caller || call_is(c, i, "NO"))
        return true;
    call_error_syntax(c);
    return false;
}

/* Parses the filter named by argument i; its value is the next one. False: the error was replied. */
static bool parse_filter(struct call *c, int i, struct filter *f)
{
    if (i + 1 >= c->argc) {
        call_error_syntax(c);
        return false;
    }
    if (call_is(c, i, "ID"))
        return parse_id(c, i + 1, f);
    if (call_is(c, i, "TYPE"))
        return parse_type(c, i + 1, f);
    if (call_is(c, i, "USER"))
        return parse_user(c, i + 1);
    if (call_is(c, i, "MAXAGE"))
        return parse_age(c, i + 1, f);
    if (call_is(c, i, "SKIPME"))
        return parse_skipme(c, i + 1, f);
    if (call_is(c, i, "ADDR"))
        f->peer = call_arg(c, i + 1);
    else if (call_is(c, i, "LADDR"))
        f->local = call_arg(c, i + 1);
    else
        call_error_syntax(c);
    return call_is(c, i, "ADDR") || call_is(c, i, "LADDR");
}

/* Every shard is held (CMD_WORLD), as for CLIENT PAUSE. So a command that checked `doomed` before it was set has ended,
 * and the victim runs nothing after the reply. */
CMD(client_kill,
    .name = "KILL", .parent = "CLIENT", .arity = -3, .group = "connection", .since = "2.4.0",
    .cost = "O(N) where N is the number of client connections",
    .flags = CMD_ADMIN | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_WORLD, .summary = "Closes connections.",
    .syntax = "<ip:port | <ID client-id | TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB> | USER username | "
              "ADDR ip:port | LADDR ip:port | SKIPME <YES | NO> | MAXAGE maxage> [<ID client-id | TYPE <NORMAL | "
              "MASTER | SLAVE | REPLICA | PUBSUB> | USER username | ADDR ip:port | LADDR ip:port | SKIPME <YES | NO> "
              "| MAXAGE maxage> ...]>",
    .history = "2.8.12: Accepts filters.\n3.2.0: Added the type master.\n5.0.0: Renamed the type slave to replica.\n"
               "6.2.0: Added LADDR.\n7.4.0: Added MAXAGE.")
{
    struct filter f = {.session = c->session, .caller = c->session->card, .clients = &c->instance->clients,
                       .mono = c->runner->mono, .type = CARD_TYPE_UNKNOWN, .skip_caller = c->argc > 3};

    if (c->argc == 3)
        f.peer = call_arg(c, 2);
    for (int i = 2; c->argc > 3 && i < c->argc; i += 2) {
        if (!parse_filter(c, i, &f))
            return;
    }
    if (f.id != 0)
        clients_visit(f.clients, f.id, kill_card, &f);
    else
        clients_each(f.clients, kill_card, &f);
    if (c->argc > 3)
        reply_int(c->out, f.killed);
    else if (f.killed > 0)
        reply_ok(c->out);
    else
        reply_error(c->out, "ERR No such client");
    if (f.killed_caller)
        c->session->close_after = true;
}
