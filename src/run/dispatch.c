/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/dispatch.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "run/locks.h"
#include "store/fields.h"
#include "store/freer.h"

#define CLOCK_MS     1       /* after so long the clock is read again */
#define EVICT_NS      100000    /* a slice of eviction */
#define EVICT_GAP_NS  300000    /* between two of them */
#define EVICT_NS_MOST 100000000 /* no command waits longer for eviction */
#define EVICT_BESIDE  32        /* bytes that an argument may need beside its own, where it is stored */
#define SHOWN_BYTES  128     /* of the arguments of an unknown command */

bool instance_has_password(const struct instance *in)
{
    char *password = conf_dup(in->conf, OPT_requirepass);
    bool has = password[0] != 0;

    mem_free(password);
    return has;
}

void runner_init(struct runner *r, struct instance *in, unsigned slot)
{
    *r = (struct runner){.instance = in, .slot = slot, .metrics = metrics_new()};
    r->locks = lock_set_new(in->keyspace, slot);
    r->clock_cycles = CLOCK_MS * 1000000ull * (1 << 20) / clock_ns_per_mega;
    runner_tick(r);
}

void runner_fini(struct runner *r)
{
    lock_set_free(r->locks);
}

void runner_tick(struct runner *r)
{
    r->now = clock_ms();
    r->mono = clock_mono_ms();
    r->cycles = r->read_at = clock_cycles();
    r->stamp_unit = stamp_unit(&r->instance->keyspace->stamps);
    if (OPT(r->instance->options, maxmemory) != 0)
        r->beside = r->instance->start_memory + metrics_client_memory();
}

/* ---- ahead of time ---- */

/* The one key of a command that has one at a fixed place, 0 if it is not such a command. */
static inline int only_key(const struct command *cmd)
{
    const struct key_spec *k = &cmd->keys[0];

    return k->flags != 0 && k->keyword == NULL && k->find == KEYS_RANGE && k->first == k->last &&
                   cmd->keys[1].flags == 0 && cmd->find_keys == NULL && cmd->needs_world == NULL &&
                   !(cmd->flags & CMD_WORLD)
               ? k->first
               : 0;
}

static const struct command *find_command(const struct slice *argv, int argc)
{
    const struct command *cmd = command_find(argv[0]);

    if (cmd == NULL || argc < 2 || !command_has_subs(cmd))
        return cmd;
    return command_find_sub(cmd, argv[1]);
}

void dispatch_prepare(const struct session *s, struct request *req)
{
    int i;

    req->cmd = find_command(req->argv, req->argc);
    req->key = 0;
    if (req->cmd == NULL)
        return;
    i = only_key(req->cmd);
    if (i != 0 && i < req->argc) {
        req->key = i;
        req->db = s->db;
        req->key_hash = req->hash[i] = hash_bytes(req->argv[i]);
    }
}

/* The table in which the request's only key is, if it has one and there is a table. */
static inline struct table *table_of(const struct runner *r, const struct request *req)
{
    return req->key ? shard_table(keyspace_shard(r->instance->keyspace, req->key_hash), req->db) : NULL;
}

void dispatch_prefetch(const struct runner *r, const struct request *reqs, unsigned n)
{
    /* Two loops with little else in them: so the processor has many misses under way at a time. */
    for (unsigned i = 0; i < n; i++) {
        struct table *t = table_of(r, &reqs[i]);

        if (t != NULL)
            table_prefetch_bucket(t, reqs[i].key_hash);
    }
    for (unsigned i = 0; i < n; i++) {
        struct table *t = table_of(r, &reqs[i]);

        if (t != NULL)
            table_prefetch_entry(t, reqs[i].key_hash);
    }
}

/* ---- may it run? ---- */

#define REFUSAL_MAX 512

/* `n` bytes at the most of an argument, for a text. */
static int shown(struct slice arg)
{
    return arg.n < SHOWN_BYTES ? (int)arg.n : SHOWN_BYTES;
}

static void say_unknown(struct call *c, char text[REFUSAL_MAX])
{
    const struct command *parent = command_find(c->argv[0]);
    struct buf args = BUF_EMPTY;

    if (parent != NULL) {
        snprintf(text, REFUSAL_MAX, "ERR unknown subcommand '%.*s'. Try %s HELP.", shown(c->argv[1]), c->argv[1].p,
                 parent->name);
        return;
    }
    for (int i = 1; i < c->argc && args.len < SHOWN_BYTES; i++) {
        size_t left = SHOWN_BYTES - args.len;

        buf_add_char(&args, '\'');
        buf_add(&args, c->argv[i].p, strnlen(c->argv[i].p, c->argv[i].n < left ? c->argv[i].n : left));
        buf_add_str(&args, "' ");
    }
    snprintf(text, REFUSAL_MAX, "ERR unknown command '%.*s', with args beginning with: %s", shown(c->argv[0]),
             c->argv[0].p, buf_cstr(&args));
    buf_fini(&args);
    /* A browser that was tricked into speaking to us shall get no further. */
    if (slice_is(c->argv[0], "POST") || slice_is(c->argv[0], "Host:"))
        c->session->close_now = true;
}

static bool arity_fits(const struct command *cmd, int argc)
{
    return cmd->arity >= 0 ? argc == cmd->arity : argc >= -cmd->arity;
}

static bool is_debug(const struct command *cmd)
{
    return strcmp(cmd->parent ? cmd->parent : cmd->name, "DEBUG") == 0;
}

/* Whether the client may not use a command that the administrator has to allow. */
static bool is_protected(const struct call *c)
{
    const struct options *o = c->instance->options;
    int64_t access;

    if (LIKELY(!(c->cmd->flags & CMD_PROTECTED)))
        return false;
    access = is_debug(c->cmd) ? OPT(o, enable_debug_command) : OPT(o, enable_module_command);
    return access == ACCESS_NO || (access == ACCESS_LOCAL && !c->session->card->is_local);
}

static void say_protected(const struct call *c, char text[REFUSAL_MAX])
{
    bool debug = is_debug(c->cmd);

    snprintf(text, REFUSAL_MAX,
             "ERR %s command not allowed. If the %s option is set to \"local\", you can run it from a local "
             "connection, otherwise you need to set this option in the configuration file, and then restart the "
             "server.",
             debug ? "DEBUG" : "MODULE", debug ? "enable-debug-command" : "enable-module-command");
}

/* Whether the client has yet to say the password. Where it was taken away meanwhile, there is nothing to say. */
static bool is_stranger(const struct call *c)
{
    if (LIKELY(c->session->authenticated) || (c->cmd->flags & CMD_NO_AUTH))
        return false;
    c->session->authenticated = !instance_has_password(c->instance);
    return !c->session->authenticated;
}

/* The checks that need no look at the keyspace. False: `text` says why the command may not run. */
static bool is_admissible(struct call *c, char text[REFUSAL_MAX])
{
    if (UNLIKELY(c->cmd == NULL))
        say_unknown(c, text);
    else if (UNLIKELY(!arity_fits(c->cmd, c->argc) || c->cmd->run == NULL))
        snprintf(text, REFUSAL_MAX, ERR_ARITY, command_full_name(c->cmd));
    else if (UNLIKELY(is_protected(c)))
        say_protected(c, text);
    else if (UNLIKELY(is_stranger(c)))
        snprintf(text, REFUSAL_MAX, "%s", ERR_NOAUTH);
    else if (UNLIKELY(c->session->in_multi) && (c->cmd->flags & CMD_NO_MULTI))
        snprintf(text, REFUSAL_MAX, "%s", "ERR Command not allowed inside a transaction");
    else
        return true;
    return false;
}

/* The flags of the command, for EXEC with those of all that is queued. */
static uint32_t effective_flags(const struct call *c)
{
    uint32_t flags = c->cmd->flags;

    if (UNLIKELY(flags & CMD_QUEUE))
        for (unsigned i = 0; i < c->session->queued; i++)
            flags |= c->session->queue[i].cmd->flags;
    return flags;
}

static size_t bytes_of(const struct command *cmd, const struct slice *argv, int argc)
{
    size_t n = 0;

    for (int i = 1; i < argc && (cmd->flags & CMD_DENYOOM); i++)
        n += mem_usable_size(argv[i].n + EVICT_BESIDE);
    return n;
}

/* How much the command may add to the data, by the size of what it was given, for EXEC with all that is queued. */
static size_t bytes_to_store(const struct call *c)
{
    size_t n = 0;

    if (LIKELY(!(c->cmd->flags & CMD_QUEUE)))
        return bytes_of(c->cmd, c->argv, c->argc);
    for (unsigned i = 0; i < c->session->queued; i++) {
        const struct queued *q = &c->session->queue[i];

        n += bytes_of(q->cmd, q->argv, q->argc);
    }
    return n;
}

/* What maxmemory is about, in bytes. */
static size_t dataset(const struct runner *r)
{
    size_t used = mem_used();

    return used > r->beside ? used - r->beside : 0;
}

struct eviction {
    struct runner *runner;
    uint64_t begun; /* cycles */
    uint64_t least; /* ns to go on in any case */
    size_t enough;  /* bytes that are left when twice as much has gone as will come */
};

static size_t dataset_of(void *arg)
{
    const struct eviction *e = arg;

    return dataset(e->runner);
}

/* Whether who comes next shall go on with it. Nobody adds as much as has gone for it, however little of its time a busy
 * machine gave it, unless that takes very long: so memory comes down whatever is written meanwhile. */
static bool has_evicted_enough(void *arg)
{
    const struct eviction *e = arg;
    uint64_t ns = clock_cycles_ns(clock_cycles() - e->begun);

    return ns > e->least && (ns > EVICT_NS_MOST || dataset(e->runner) <= e->enough);
}

/* Whether memory is full only of what was flushed and is about to be freed: nothing else has to go for that. How much
 * it is, is guessed from the number of keys. */
static bool will_have_room(const struct runner *r, size_t limit)
{
    double gone = freer_pending(), left = 0;

    for (unsigned db = 0; gone > 0 && db < r->instance->keyspace->databases; db++)
        left += keyspace_size(r->instance->keyspace, db);
    return gone > 0 && dataset(r) * (left / (left + gone)) <= limit;
}

/* Evicts until `bytes` more fit, if they ever can, or a good part of them and for `ns` at least. False: memory is full,
 * and nothing more may be evicted. */
static bool make_room(struct runner *r, size_t bytes, uint64_t ns)
{
    size_t limit = OPT(r->instance->options, maxmemory), least = bytes < limit ? limit - bytes : limit;
    size_t before = LIKELY(limit == 0) ? 0 : dataset(r), gone = 2 * bytes;
    struct eviction e = {r, clock_cycles(), ns, before - (gone < before ? gone : before)};

    if (LIKELY(before <= least))
        return true;
    if (pause_mode(&r->instance->pause, r->mono) != PAUSE_NONE)
        return true; /* nothing may change, and writes are about to be held up */
    if (will_have_room(r, limit))
        return true;
    if (OPT(r->instance->options, maxmemory_policy) == POLICY_NOEVICTION)
        return dataset(r) <= limit; /* however long it took to get here */
    return evict_to_fit(r->instance->keyspace, &(struct evict_goal){.limit = least,
                                                                    .used = dataset_of,
                                                                    .enough = has_evicted_enough,
                                                                    .step = evict_locked,
                                                                    .arg = &e}) ||
           dataset(r) <= limit;
}

static bool is_full(const struct runner *r)
{
    size_t limit = OPT(r->instance->options, maxmemory);

    return limit != 0 && dataset(r) > limit;
}

void runner_make_room(struct runner *r)
{
    r->next_evict = is_full(r) && make_room(r, 0, EVICT_NS) && is_full(r) ? clock_mono_ns() + EVICT_GAP_NS : 0;
}

static bool is_queued(const struct call *c)
{
    return UNLIKELY(c->session->in_multi) && !(c->cmd->flags & CMD_CONTROL);
}

/* Makes room for a command that may add to memory, or to a queue; false: memory stays full. One that adds nothing waits
 * for a slice of eviction where one is due, lest many of them leave the worker no time for anything else. */
static bool has_memory(struct call *c)
{
    if (LIKELY(OPT(c->instance->options, maxmemory) == 0))
        return true;
    if ((effective_flags(c) & CMD_DENYOOM) || is_queued(c))
        return make_room(c->runner, bytes_to_store(c), 0);
    if (UNLIKELY(is_full(c->runner)) && clock_mono_ns() >= c->runner->next_evict)
        runner_make_room(c->runner);
    return true;
}

/* Whether the command must not run now: CLIENT PAUSE, or CLIENT KILL has been here. */
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
        return effective_flags(c) & (CMD_WRITE | CMD_MAY_REPLICATE);
    }
}

/* ---- running ---- */

/* Gathers what the command needs locked. One key: nothing is gathered. */
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

        lock_set_want_keys(l, q->cmd, q->argv, q->argc, q->hash);
        if (q->cmd->flags & (CMD_TOUCHES_ARBITRARY_KEYS | CMD_ADMIN))
            lock_set_want_world(l);
    }
    for (struct session_watch *w = c->session->watches; w != NULL; w = w->next)
        lock_set_want(l, w->mark.hash);
}

void dispatch_body(struct call *c)
{
    struct command_metrics *m = &c->runner->metrics->commands[command_number(c->cmd)];
    uint64_t end, ns;

    if (UNLIKELY(++c->runner->unstamped >= c->runner->stamp_unit)) {
        c->runner->unstamped = 0;
        stamps_advance(&c->instance->keyspace->stamps, 1);
    }
    c->errors = c->out->errors;
    atomic_store_explicit(&c->session->card->last, c->cmd, memory_order_relaxed);
    c->cmd->run(c);
    end = clock_cycles();
    ns = clock_cycles_ns(end - c->runner->cycles);
    c->runner->cycles = end;
    counter_add(&c->runner->metrics->sums.commands, 1);
    counter_add(&m->calls, 1);
    counter_add(&m->ns, ns);
    if (UNLIKELY(c->out->errors != c->errors))
        counter_add(&m->failed, 1);
    if (UNLIKELY(end - c->runner->read_at > c->runner->clock_cycles))
        runner_tick(c->runner);
}

/* Runs the command with its shards locked. False: it is on hold, and nothing was done. */
static bool run_locked(struct call *c, const struct request *req) UNCHECKED_LOCKS /* one key or a set */
{
    struct lock_set *l = c->runner->locks;
    struct shard *one = req->key ? keyspace_shard(c->instance->keyspace, c->hash[req->key]) : NULL;
    bool held_up, waited;

    if (LIKELY(one != NULL)) {
        waited = lock_take(&one->lock);
    } else {
        want_locks(c);
        waited = lock_set_take(l);
        c->world = lock_set_is_world(l);
    }
    if (UNLIKELY(waited)) { /* what has come to its end meanwhile is gone for this command */
        runner_tick(c->runner);
        c->now = c->runner->now;
    }
    held_up = is_held_up(c);
    if (LIKELY(!held_up))
        dispatch_body(c);
    if (LIKELY(one != NULL))
        lock_drop(&one->lock);
    else
        lock_set_drop(l);
    return !held_up;
}

/* Says why the command does not run. A transaction that it belongs to will fail, or, if it is EXEC, has failed. */
static void refuse(struct call *c, const char *text)
{
    c->session->multi_failed = c->session->in_multi;
    if (c->cmd != NULL)
        counter_add(&c->runner->metrics->commands[command_number(c->cmd)].rejected, 1);
    if (c->cmd == NULL || !(c->cmd->flags & CMD_QUEUE)) {
        reply_errorf(c->out, "%s", text);
        return;
    }
    reply_errorf(c->out, "EXECABORT Transaction discarded because of: %s",
                 strncmp(text, "ERR ", 4) == 0 ? text + 4 : text);
    session_end_multi(c->session);
    session_unwatch(c->session);
}

static enum dispatch_result run(struct call *c, const struct request *req)
{
    char text[REFUSAL_MAX];

    if (UNLIKELY(!is_admissible(c, text))) {
        refuse(c, text);
        return DISPATCH_DONE;
    }
    if (UNLIKELY(!has_memory(c))) {
        refuse(c, ERR_OOM);
        return DISPATCH_DONE;
    }
    if (is_queued(c)) {
        if (is_held_up(c))
            return DISPATCH_PAUSED;
        session_queue(c->session, c->cmd, c->argc, c->argv);
        reply_simple(c->out, "QUEUED");
        return DISPATCH_DONE;
    }
    return run_locked(c, req) ? DISPATCH_DONE : DISPATCH_PAUSED;
}

/* CLIENT REPLY: forgets what a silenced command wrote. */
static void hush(struct session *s, struct out_mark mark)
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
    struct call c = {.runner = r, .instance = r->instance, .session = s, .out = &s->out, .cmd = req->cmd,
                     .argv = req->argv, .hash = req->hash, .argc = req->argc, .db = s->db, .now = r->now,
                     .due_fields = FIELDS_AT_ONCE, .blobs = req->blobs, .blob_count = req->blob_count};
    uint32_t errors = s->out.errors;
    struct out_mark mark = out_mark(&s->out);
    enum dispatch_result result = run(&c, req);

    if (UNLIKELY(result == DISPATCH_PAUSED))
        return result;
    if (UNLIKELY(s->out.errors != errors)) {
        counter_add(&r->metrics->sums.error_replies, s->out.errors - errors);
        metrics_error(s->out.error_code);
    }
    if (UNLIKELY(s->reply_mode != REPLY_ON))
        hush(s, mark);
    return DISPATCH_DONE;
}
