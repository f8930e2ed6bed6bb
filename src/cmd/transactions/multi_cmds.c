/* SPDX-License-Identifier: BSD-3-Clause */
/* Transactions: https://redis.io/docs/latest/develop/using-commands/transactions/ */
#include "run/admission.h"
#include "run/call.h"
#include "run/reclaim.h"

#define CONTROL (CMD_CONTROL | CMD_NOSCRIPT | CMD_LOADING | CMD_STALE | CMD_ALLOW_BUSY)

CMD(multi,
    .name = "MULTI", .arity = 1, .group = "transactions", .since = "1.2.0", .cost = "O(1)",
    .flags = CONTROL | CMD_FAST, .syntax = "",
    .summary = "Begins a transaction: the commands that follow are queued until EXEC.")
{
    must(!c->in_exec); /* CMD_CONTROL: never in a queue */
    if (c->session->in_multi) {
        reply_error(c->out, ERR_NESTED_MULTI);
        return;
    }
    session_begin_multi(c->session);
    reply_ok(c->out);
}

/* Whether a watched key has changed since WATCH. A key that has expired since then has changed; one that had expired
 * before has not. */
static bool watches_broken(struct call *c)
{
    for (struct session_watch *w = c->session->watches; w != NULL; w = w->next) {
        struct place p = {w->shard, w->mark.interest.db, w->mark.interest.hash};
        struct entry *e;

        shard_must_hold(w->shard);
        if (w->mark.changed)
            return true;
        e = shard_peek(&p, w->mark.interest.key);
        if (!w->mark.was_expired && e != NULL && entry_expired(e, c->unit->now))
            return true;
    }
    return false;
}

/* Makes room while the unit holds its shards: evicts from others first, then from its own, where the keys of the
 * transaction are spared. */
static bool make_room(const struct call *c, size_t bytes, struct own_keys *own)
{
    return reclaim_within(c->unit, bytes, NULL) ||
           (own_keys_gather(own, c->session) && reclaim_within(c->unit, bytes, own)) || call_fits_loosely(c, bytes);
}

/* Runs a queued command. EXEC has made room for the arguments of all, but the commands before this one may have taken
 * it. What the command makes of them is not known before it runs. */
static void run_queued(struct call *c, struct own_keys *own)
{
    bool may_add = c->cmd->flags & (CMD_DENYOOM | CMD_GROWS), has_room = true;

    if (may_add && !make_room(c, admission_bytes(c->cmd, c->argv, c->argc), own))
        has_room = !(c->cmd->flags & CMD_DENYOOM);
    for (unsigned tries = 1; has_room; tries++) {
        call_run(c);
        if (LIKELY(c->short_of == 0))
            return;
        must(!c->is_last_try);
        has_room = make_room(c, c->short_of, own);
        c->short_of = 0;
        c->is_last_try = tries + 1 >= CALL_TRIES;
    }
    reply_error(c->out, ERR_OOM);
}

static void run_queue(struct call *c)
{
    struct own_keys own = OWN_KEYS_NONE;

    reply_array(c->out, c->session->queued);
    for (unsigned i = 0; i < c->session->queued; i++) {
        struct queued *q = &c->session->queue[i];
        struct call each = *c;

        must(q->cmd != NULL && q->argc > 0 && !(q->cmd->flags & CMD_CONTROL));
        if (UNLIKELY(c->out->cut != NULL) && (q->cmd->flags & CMD_READONLY))
            continue; /* the client is about to be disconnected: nobody will see the reply */
        each.cmd = q->cmd;
        each.argv = q->argv;
        each.argc = q->argc;
        each.hash = q->hash;
        each.prepared = q->prepared;
        each.db = c->session->db;
        each.in_exec = true;
        each.blob_count = 0;
        run_queued(&each, &own);
        c->errors = c->out->errors;
    }
    own_keys_fini(&own);
}

/* CMD_QUEUE: the unit holds the shards of all watched keys. */
static void must_hold_watched(const struct session *s) ASSERTS(shard_cap)
{
    for (const struct session_watch *w = s->watches; w != NULL; w = w->next)
        shard_must_hold(w->shard);
}

/* EXEC ends the transaction and the watches, whether the queue ran or not. */
static void end_transaction(struct session *s)
{
    must_hold_watched(s);
    session_end_multi(s);
    session_unwatch_locked(s);
    must(s->watches == NULL && !s->in_multi);
}

/* DISCARD and UNWATCH lock one watched shard after the other, so the unit may hold none. */
static void unwatch(struct call *c)
{
    must(!c->in_exec && c->unit->shard == NULL && !c->unit->is_world);
    session_unwatch(c->session);
}

CMD(exec,
    .name = "EXEC", .arity = 1, .group = "transactions", .since = "1.2.0",
    .cost = "The sum of the costs of the queued commands.", .flags = (CONTROL & ~CMD_ALLOW_BUSY) | CMD_QUEUE |
    CMD_SKIP_SLOWLOG, .syntax = "",
    .summary = "Runs the queued commands as one unit, unless a watched key has changed.")
{
    must(!c->in_exec);
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
    end_transaction(c->session);
}

CMD(discard,
    .name = "DISCARD", .arity = 1, .group = "transactions", .since = "2.0.0",
    .cost = "O(N) where N is the number of queued commands.", .flags = CONTROL | CMD_FAST, .syntax = "",
    .summary = "Ends a transaction without running its commands, and unwatches all keys.")
{
    if (!c->session->in_multi) {
        reply_error(c->out, "ERR DISCARD without MULTI");
        return;
    }
    session_end_multi(c->session);
    unwatch(c);
    reply_ok(c->out);
}

#define AHEAD 8 /* keys: many watches do not fit the caches, and each would wait for two misses */

static void prefetch_ahead(const struct call *c, int i)
{
    if (i + 2 * AHEAD < c->argc)
        interest_prefetch_bucket(&call_place(c, i + 2 * AHEAD).shard->interests, c->hash[i + 2 * AHEAD]);
    if (i + AHEAD < c->argc)
        interest_prefetch_first(&call_place(c, i + AHEAD).shard->interests, c->hash[i + AHEAD]);
}

/* False: memory is out. */
static bool watch_key(struct call *c, int i)
{
    struct place p = call_place(c, i);
    struct entry *e = shard_peek(&p, call_arg(c, i));

    return session_watch(c->session, &p, call_arg(c, i), e != NULL && entry_expired(e, c->unit->now));
}

CMD(watch,
    .name = "WATCH", .arity = -2, .group = "transactions", .since = "2.2.0", .cost = "O(1) for each key.",
    .flags = CONTROL | CMD_FAST, .keys = CMD_KEYS(1, -1, 1, KEY_RO), .syntax = "key [key ...]",
    .summary = "Watches keys: the next EXEC runs nothing if one of them has changed by then.")
{
    if (c->session->in_multi) {
        reply_error(c->out, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    must(!c->in_exec);
    for (int i = 1; i < c->argc; i++) {
        prefetch_ahead(c, i);
        if (!watch_key(c, i)) {
            reply_error(c->out, ERR_EXHAUSTED);
            return;
        }
    }
    reply_ok(c->out);
}

CMD(unwatch,
    .name = "UNWATCH", .arity = 1, .group = "transactions", .since = "2.2.0", .cost = "O(1)",
    .flags = (CONTROL & ~CMD_CONTROL) | CMD_FAST, .syntax = "",
    .summary = "Stops watching all keys.")
{
    /* Within EXEC, which holds the watched shards and removes the watches itself, there is nothing to do. */
    if (!c->in_exec)
        unwatch(c);
    reply_ok(c->out);
}
