/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/dispatch.h"

#include <inttypes.h>
#include <string.h>

#include "base/reserve.h"
#include "obs/log.h"
#include "proto/client_memory.h"
#include "run/admission.h"
#include "run/locks.h"
#include "run/reclaim.h"
#include "store/fields.h"

#define PATIENCE_NS 1000000 /* how long a command waits for a shard before its worker serves others meanwhile */
#define HURRY_NS    50000   /* the same for several shards, while others wait already */

/* ---- refusals ---- */

static void end_http(struct call *c)
{
    uint64_t skipped;

    c->session->close_now = true;
    if (log_allows(&c->instance->http_requests, &skipped))
        log_write(
            LOG_WARNING,
            "Possible attack: the client at %s sends an HTTP request (POST or Host:), perhaps made by a web page. "
            "Its connection is closed (%" PRIu64 " more since the last such line)",
            c->session->card->peer, skipped);
}

/* Replies why the command does not run. Inside MULTI, the transaction will fail; a refused EXEC ends it. */
static void refuse(struct call *c, enum refusal why)
{
    char text[ADMISSION_TEXT_MAX];

    admission_text(c, why, text);
    c->session->multi_failed = c->session->in_multi;
    c->session->close_after |= why == REFUSED_DENIED;
    if (c->cmd != NULL)
        counter_add(&c->runner->metrics->commands[command_number(c->cmd)].rejected, 1);
    /* An HTTP request: a web page may have made a browser send it. Closing stops the attack. */
    else if (slice_is(c->argv[0], "POST") || slice_is(c->argv[0], "Host:"))
        end_http(c);
    if (c->cmd == NULL || !(c->cmd->flags & CMD_QUEUE)) {
        reply_errorf(c->out, "%s", text);
        return;
    }
    reply_errorf(c->out, "EXECABORT Transaction discarded because of: %s",
                 strncmp(text, "ERR ", 4) == 0 ? text + 4 : text);
    session_end_multi(c->session);
    session_unwatch(c->session);
}

/* Whether the command must not run now, because of CLIENT PAUSE or CLIENT KILL. */
static bool is_held_up(struct call *c)
{
    if (UNLIKELY(atomic_load_explicit(&c->session->card->doomed, memory_order_acquire)))
        return true;
    switch (pause_mode(&c->instance->pause, c->runner->mono)) {
    case PAUSE_NONE:
        return false;
    case PAUSE_ALL:
        return true;
    default:
        return admission_flags(c) & (CMD_WRITE | CMD_MAY_REPLICATE);
    }
}

/* ---- running ---- */

/* Gathers the shards that the command needs; for EXEC, those of the queued commands and of the watched keys. */
static void want_locks(struct call *c)
{
    struct lock_set *l = c->runner->locks;

    lock_set_clear(l);
    if (!(c->cmd->flags & CMD_QUEUE)) {
        lock_set_want_keys(l, c->cmd, c->argv, c->argc, c->hash);
        lock_set_prefetch(l, c->hash, c->db);
        return;
    }
    for (unsigned i = 0; i < c->session->queued; i++) {
        struct queued *q = &c->session->queue[i];

        must(q->cmd != NULL && q->argc > 0);
        lock_set_want_keys(l, q->cmd, q->argv, q->argc, q->hash);
        if (q->cmd->flags & (CMD_TOUCHES_ARBITRARY_KEYS | CMD_ADMIN))
            lock_set_want_world(l);
    }
    for (struct session_watch *w = c->session->watches; w != NULL; w = w->next)
        lock_set_want(l, w->mark.interest.hash);
}

/* Lets the command, or each command that EXEC will run, do what may wait, while no shard is held. */
static void prepare(struct call *c)
{
    if (c->cmd->prepare != NULL)
        c->prepared = c->cmd->prepare(c);
    for (unsigned i = 0; (c->cmd->flags & CMD_QUEUE) && i < c->session->queued; i++) {
        struct queued *q = &c->session->queue[i];
        struct call each = *c;

        if (q->cmd->prepare == NULL)
            continue;
        each.argv = q->argv;
        each.argc = q->argc;
        client_memory_free(q->prepared); /* of an EXEC that was paused */
        q->prepared = q->cmd->prepare(&each);
    }
}

/* Begins the unit of the command. False: another worker has held a shard that it needs for PATIENCE_NS. While a
 * command of this worker waits like that, others hardly wait: many of them would stop the worker. */
static bool begin_unit(struct call *c, const struct request *req) TRY_ACQUIRES(true, shard_cap)
{
    bool hurry = UNLIKELY(c->runner->gave_up);

    if (UNLIKELY(req->key == 0)) {
        prepare(c);
        want_locks(c);
        return unit_begin_set_within(c->unit, c->runner, hurry ? HURRY_NS : PATIENCE_NS);
    }
    sane(req->key < req->argc);
    return unit_begin_shard_within(c->unit, c->runner, keyspace_shard(c->instance->keyspace, c->hash[req->key]),
                                   hurry ? 0 : PATIENCE_NS);
}

/* Runs the command as a unit once. False: it is paused or gave up waiting for a shard, and nothing was replied. */
static bool run_once(struct call *c, const struct request *req)
{
    bool held_up;

    if (UNLIKELY(!begin_unit(c, req))) {
        client_memory_free(c->prepared);
        c->runner->gave_up = true;
        return false;
    }
    held_up = is_held_up(c);
    if (LIKELY(!held_up))
        call_run(c);
    unit_end(c->unit);
    if (UNLIKELY(c->gave_up))
        held_up = c->runner->gave_up = true;
    if (UNLIKELY(c->prepared != NULL))
        client_memory_free(c->prepared);
    return !held_up;
}

/* Whether there may be victims, but in shards that other workers hold: the command is run again later. */
static bool must_wait_for_victims(const struct call *c)
{
    if (LIKELY(!c->runner->victims_held))
        return false;
    c->runner->victims_held = false;
    c->runner->gave_up = true;
    return true;
}

/* Runs the command as a unit; if it finds that what it makes does not fit, makes room and runs it again. */
static bool run_unit(struct call *c, const struct request *req)
{
    for (unsigned tries = 1; run_once(c, req); tries++) {
        if (LIKELY(c->short_of == 0))
            return true;
        must(!c->is_last_try);
        c->is_last_try = tries + 1 >= CALL_TRIES;
        if (!reclaim_for(c->runner, c->short_of)) {
            if (must_wait_for_victims(c))
                return false;
            c->is_last_try = call_fits_loosely(c, c->short_of);
            if (!c->is_last_try) {
                refuse(c, REFUSED_MEMORY);
                return true;
            }
        }
        c->short_of = 0;
    }
    return false;
}

static enum dispatch_result run(struct call *c, const struct request *req)
{
    enum refusal why;

    atomic_store_explicit(&c->session->card->last, c->cmd, memory_order_relaxed); /* refused and paused ones too */
    why = admission_check(c);
    if (UNLIKELY(why == REFUSED_MEMORY) && must_wait_for_victims(c))
        return DISPATCH_PAUSED;
    if (UNLIKELY(why != ADMITTED)) {
        refuse(c, why);
        return DISPATCH_DONE;
    }
    if (admission_is_queued(c)) {
        if (is_held_up(c))
            return DISPATCH_PAUSED;
        if (session_queue(c->session, c->cmd, c->argc, c->argv))
            reply_simple(c->out, "QUEUED");
        else
            refuse(c, REFUSED_EXHAUSTED);
        return DISPATCH_DONE;
    }
    return run_unit(c, req) ? DISPATCH_DONE : DISPATCH_PAUSED;
}

/* CLIENT REPLY OFF and SKIP: discards what the command replied. */
static void suppress_reply(struct session *s, struct out_mark mark)
{
    if (s->reply_mode == REPLY_OFF || s->reply_mode == REPLY_SKIP)
        out_rewind(&s->out, mark);
    if (s->reply_mode == REPLY_SKIP)
        s->reply_mode = REPLY_ON;
    else if (s->reply_mode == REPLY_SKIP_NEXT)
        s->reply_mode = REPLY_SKIP;
}

enum dispatch_result dispatch_run(struct runner *r, struct session *s, struct request *req)
{
    struct unit unit;
    struct call c = {.runner = r,
                     .unit = &unit,
                     .instance = r->instance,
                     .session = s,
                     .out = &s->out,
                     .cmd = req->cmd,
                     .argv = req->argv,
                     .hash = req->hash,
                     .argc = req->argc,
                     .db = s->db,
                     .due_fields = FIELDS_AT_ONCE,
                     .blobs = req->blobs,
                     .blob_count = req->blob_count};
    uint32_t errors = s->out.errors;
    struct out_mark mark = out_mark(&s->out);
    enum dispatch_result result;

    must_be(r, RUNNER_MAGIC);
    sane(req->argc > 0 && s->db < r->instance->keyspace->databases);
    sane(s->card != NULL);
    result = run(&c, req);
    if (UNLIKELY(c.holds))
        reserve_drop();
    if (UNLIKELY(c.cmd != NULL && !(c.cmd->flags & CMD_READONLY)))
        reclaim_done(r);
    if (UNLIKELY(result == DISPATCH_PAUSED))
        return result;
    if (UNLIKELY(s->out.errors != errors)) {
        must(s->out.errors > errors);
        counter_add(&r->metrics->sums.error_replies, s->out.errors - errors);
        metrics_error(s->out.error_code);
    }
    if (UNLIKELY(s->reply_mode != REPLY_ON))
        suppress_reply(s, mark);
    return DISPATCH_DONE;
}
