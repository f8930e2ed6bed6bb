/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions: https://redis.io/docs/latest/develop/using-commands/transactions/ */
#include "run/call.h"

#define CONTROL (CMD_CONTROL | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_ALLOW_BUSY)

CMD(multi,
    .name = "MULTI", .arity = 1, .group = "transactions", .since = "1.2.0", .cost = "O(1)",
    .flags = CONTROL | CMD_FAST, .syntax = "",
    .summary = "Starts a transaction: the commands that follow are queued.")
{
    if (c->session->in_multi) {
        reply_error(c->out, ERR_NESTED_MULTI);
        return;
    }
    session_begin_multi(c->session);
    reply_ok(c->out);
}

/* Whether a watched key is another than it was when it was watched. Its time having come counts as a change. */
static bool watches_broken(struct call *c)
{
    for (struct session_watch *w = c->session->watches; w != NULL; w = w->next) {
        struct place p = {w->shard, w->mark.interest.db, w->mark.interest.hash};
        struct entry *e;

        if (w->mark.changed)
            return true;
        shard_must_hold(w->shard);
        e = shard_peek(&p, w->mark.interest.key);
        if (!w->mark.was_expired && e != NULL && entry_expired(e, c->unit->now))
            return true;
    }
    return false;
}

static void run_queue(struct call *c)
{
    reply_array(c->out, c->session->queued);
    for (unsigned i = 0; i < c->session->queued; i++) {
        struct queued *q = &c->session->queue[i];
        struct call each = *c;

        each.cmd = q->cmd;
        each.argv = q->argv;
        each.argc = q->argc;
        each.hash = q->hash;
        each.db = c->session->db;
        each.in_exec = true;
        each.blob_count = 0;
        call_run(&each);
        c->errors = c->out->errors;
    }
}

static void end_unit(struct session *s) UNCHECKED_LOCKS /* CMD_QUEUE: the watched shards are held */
{
    session_end_multi(s);
    session_unwatch_locked(s);
}

CMD(exec,
    .name = "EXEC", .arity = 1, .group = "transactions", .since = "1.2.0",
    .cost = "Depends on the commands in the transaction.", .flags = (CONTROL & ~CMD_ALLOW_BUSY) | CMD_QUEUE |
    CMD_SKIP_SLOWLOG, .syntax = "", .summary = "Executes all commands of a transaction.")
{
    if (!c->session->in_multi) {
        reply_error(c->out, "ERR EXEC without MULTI");
        return;
    }
    if (c->session->multi_failed)
        reply_error(c->out, "EXECABORT Transaction discarded because of previous errors.");
    else if (watches_broken(c))
        reply_null_array(c->out);
    else
        run_queue(c);
    end_unit(c->session);
}

CMD(discard,
    .name = "DISCARD", .arity = 1, .group = "transactions", .since = "2.0.0",
    .cost = "O(N), when N is the number of queued commands", .flags = CONTROL | CMD_FAST, .syntax = "",
    .summary = "Discards a transaction.")
{
    if (!c->session->in_multi) {
        reply_error(c->out, "ERR DISCARD without MULTI");
        return;
    }
    session_end_multi(c->session);
    session_unwatch(c->session);
    reply_ok(c->out);
}

static void watch_key(struct call *c, int i)
{
    struct place p = call_place(c, i);
    struct entry *e = shard_peek(&p, call_arg(c, i));

    session_watch(c->session, &p, call_arg(c, i), e != NULL && entry_expired(e, c->unit->now));
}

CMD(watch,
    .name = "WATCH", .arity = -2, .group = "transactions", .since = "2.2.0", .cost = "O(1) for every key.",
    .flags = CONTROL | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RO), .syntax = "key [key ...]",
    .summary = "Monitors changes to keys to determine the execution of a transaction.")
{
    if (c->session->in_multi) {
        reply_error(c->out, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    for (int i = 1; i < c->argc; i++)
        watch_key(c, i);
    reply_ok(c->out);
}

CMD(unwatch,
    .name = "UNWATCH", .arity = 1, .group = "transactions", .since = "2.2.0", .cost = "O(1)",
    .flags = (CONTROL & ~CMD_CONTROL) | CMD_FAST, .syntax = "",
    .summary = "Forgets about watched keys of a transaction.")
{
    /* Inside EXEC the watches go with it, and their shards are held. */
    if (!c->in_exec)
        session_unwatch(c->session);
    reply_ok(c->out);
}
