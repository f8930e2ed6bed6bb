/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/call.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/reserve.h"
#include "run/door_check.h"
#include "run/reclaim.h"
#include "store/fields.h"

/* ---- look-ups ---- */

static inline struct entry *find(struct call *c, const struct place *p, struct slice key) REQUIRES(shard_cap)
{
    struct entry *e;

    if (LIKELY(pause_mode(&c->instance->pause, c->runner->mono) == PAUSE_NONE) || (c->cmd->flags & CMD_WRITE))
        return shard_find(p, key, c->unit->now, &c->due_fields);
    /* CLIENT PAUSE promises that nothing changes, not even expired keys. (A command that writes nevertheless belongs to
     * the transaction that paused.) */
    e = shard_peek(p, key);
    return e != NULL && !entry_expired(e, c->unit->now) ? e : NULL;
}

struct entry *call_peek_in(struct call *c, int i, unsigned db)
{
    struct place p = call_place_in(c, i, db);

    return find(c, &p, c->argv[i]);
}

struct entry *call_peek(struct call *c, int i)
{
    return call_peek_in(c, i, c->db);
}

/* Finds the entry, and counts this as a use of it. */
static inline struct entry *find_to_use(struct call *c, const struct place *p, struct slice key) REQUIRES(shard_cap)
{
    struct entry *e = find(c, p, key);

    if (e != NULL && LIKELY(!c->session->no_touch))
        keyspace_touch(c->instance->keyspace, p, e);
    return e;
}

struct entry *call_look(struct call *c, int i)
{
    struct place p = call_place(c, i);

    return find_to_use(c, &p, c->argv[i]);
}

static struct entry *counted(struct call *c, struct entry *e)
{
    counter_add(e ? &c->runner->metrics->sums.hits : &c->runner->metrics->sums.misses, 1);
    return e;
}

struct entry *call_find_read(struct call *c, int i)
{
    return counted(c, call_look(c, i));
}

struct entry *call_find_named(struct call *c, struct slice key)
{
    struct place p = keyspace_place(c->instance->keyspace, c->db, keyspace_hash(key));

    must(c->unit->is_world);
    shard_must_hold(p.shard);
    return counted(c, find_to_use(c, &p, key));
}

struct entry *call_peek_read(struct call *c, int i)
{
    return counted(c, call_peek(c, i));
}

static inline bool has_type(struct call *c, const struct entry *e, enum entry_type type)
{
    if (e == NULL || LIKELY(entry_type(e) == type))
        return true;
    reply_error(c->out, ERR_WRONGTYPE);
    return false;
}

bool call_find_typed(struct call *c, int i, enum entry_type type, struct entry **e)
{
    *e = call_find_read(c, i);
    return has_type(c, *e, type);
}

#define STEP_NS 1000000 /* how long a step of a walk waits for a shard */

int64_t call_patience(const struct call *c)
{
    return c->runner->gave_up ? 0 : STEP_NS; /* others wait already */
}

/* The shard of the next step, and where it begins. *cursor 0: the walk is at its end. */
static struct shard *next_shard(const struct call *c, unsigned db, uint64_t *cursor)
{
    struct shard *s = keyspace_scan_shard(c->instance->keyspace, db, cursor);

    if (s == NULL)
        *cursor = 0;
    return s;
}

bool call_scan(struct call *c, unsigned db, uint64_t *cursor, keyspace_visit *visit, void *arg)
{
    struct shard *s = next_shard(c, db, cursor);
    struct unit u;

    if (s == NULL)
        return true;
    if (!unit_begin_within(&u, c->unit, s, call_patience(c)))
        return false;
    *cursor = keyspace_scan(s, db, *cursor, visit, arg);
    unit_end(&u);
    return true;
}

/* A step of call_scan_live. */
struct live_scan {
    keyspace_visit *visit;
    void *arg;
    int64_t now;
    struct buf due; /* entries that have expired, or of which fields have: to be looked up after the walk */
};

static void visit_live(void *arg, struct shard *shard, struct entry *e)
{
    struct live_scan *l = arg;

    if (UNLIKELY(e->flags & ENTRY_VOLATILE) && (entry_expired(e, l->now) || fields_are_due(e, l->now)))
        buf_add(&l->due, &e, sizeof e);
    else
        l->visit(l->arg, shard, e);
}

/* Looks up the entries that were due. This removes what has expired of them; the others are visited. */
static void visit_due(struct call *c, struct shard *shard, unsigned db, struct live_scan *l) REQUIRES(shard_cap)
{
    for (size_t at = 0; at < l->due.len; at += sizeof(struct entry *)) {
        struct place p = {.shard = shard, .db = db};
        struct entry *e;

        memcpy(&e, l->due.p + at, sizeof e);
        p.hash = keyspace_hash(entry_key(e));
        e = find(c, &p, entry_key(e));
        if (e != NULL)
            l->visit(l->arg, shard, e);
    }
    buf_fini(&l->due);
}

bool call_scan_live(struct call *c, unsigned db, uint64_t *cursor, keyspace_visit *visit, void *arg)
{
    struct live_scan l = {.visit = visit, .arg = arg, .now = c->unit->now, .due = BUF_EMPTY};
    struct shard *s = next_shard(c, db, cursor);
    struct unit u;

    if (s == NULL)
        return true;
    if (!unit_begin_within(&u, c->unit, s, call_patience(c)))
        return false;
    *cursor = keyspace_scan(s, db, *cursor, visit_live, &l);
    visit_due(c, s, db, &l);
    unit_end(&u);
    return true;
}

/* ---- changing ---- */

bool call_fits_loosely(const struct call *c, size_t bytes)
{
    return (c->cmd->flags & CMD_GROWS) && reclaim_fits_loosely(c->runner, bytes);
}

/* Makes room for `more` bytes: in a transaction from shards that the unit does not hold. If that is not enough, the
 * body will be run again, and need `all` bytes; if it was run too often, room is made within the unit. */
static bool make_room(struct call *c, size_t more, size_t all)
{
    if (all == 0 || (c->in_exec && reclaim_within(c->unit, more, NULL)))
        return true;
    if (!c->is_last_try) {
        c->short_of = all;
        return false;
    }
    if (reclaim_within(c->unit, more, NULL) || call_fits_loosely(c, more))
        return true;
    reply_error(c->out, ERR_OOM);
    return false;
}

bool call_has_room(struct call *c, size_t bytes)
{
    return LIKELY(reclaim_fits(c->runner, bytes)) || make_room(c, bytes, bytes);
}

bool call_has_room_with(struct call *c, size_t bytes)
{
    return LIKELY(reclaim_fits(c->runner, 0)) || make_room(c, 0, bytes);
}

bool call_has_room_to_expire(struct call *c, const struct entry *e)
{
    return entry_expire(e) != 0 || call_has_room(c, 2 * sizeof(int64_t)); /* in the entry, and in its table */
}

bool call_find_to_write(struct call *c, int i, enum entry_type type, struct entry **e)
{
    sane(type < ENTRY_TYPES);
    *e = call_look(c, i);
    if (!has_type(c, *e, type))
        return false;
    call_touch(c, i, *e);
    return true;
}

void call_touch(struct call *c, int i, struct entry *e)
{
    struct place p = call_place(c, i);

    shard_touch(&p, e);
}

static void put(const struct place *p, struct entry *old, struct entry *e) REQUIRES(shard_cap)
{
    struct entry_tally was;

    must(e != old);
    if (old == NULL) {
        shard_insert(p, e);
        return;
    }
    entry_set_usage(e, entry_usage(old));
    was = entry_tally(old);
    shard_replace(p, old, &was, e);
    entry_free(old);
}

void call_put(struct call *c, int i, unsigned db, struct entry *old, struct entry *e)
{
    struct place p = call_place_in(c, i, db);

    must(e != NULL);
    sane(slice_eq(entry_key(e), c->argv[i]));
    shard_touch(&p, old);
    put(&p, old, e);
}

void call_moved(struct call *c, int i, const struct entry *old, const struct entry_tally *was, struct entry *e)
{
    struct place p = call_place(c, i);

    must(e != NULL);
    shard_replace(&p, old, was, e);
}

void call_recount(struct call *c, int i, const struct entry_tally *was, const struct entry *e)
{
    struct place p = call_place(c, i);

    shard_recount(&p, was, e);
}

void call_drop(struct call *c, int i, struct entry *e, enum event_class class, const char *event)
{
    must(e != NULL);
    call_take(c, i, e);
    entry_free(e);
    call_changed(c, i, class, event);
}

void call_take(struct call *c, int i, struct entry *e)
{
    struct place p = call_place(c, i);

    shard_touch(&p, e);
    shard_take(&p, e);
}

struct entry *call_set_expire(struct call *c, int i, struct entry *e, int64_t expire)
{
    struct place p = call_place(c, i);

    shard_touch(&p, e);
    return shard_set_expire(&p, e, expire);
}

/* A reference to the blob in which an argument was received; NULL: it was not received in one. */
static struct blob *received_blob(const struct call *c, struct slice value)
{
    for (unsigned i = 0; i < c->blob_count; i++)
        if (c->blobs[i]->p == value.p && c->blobs[i]->len == value.n)
            return blob_ref(c->blobs[i]);
    return NULL;
}

/* Overwrites the old value in place if the new one fits. */
static bool set_in_place(const struct place *p, struct entry *old, const struct entry_spec *s) REQUIRES(shard_cap)
{
    if (old == NULL || entry_type(old) != TYPE_STRING || (entry_expire(old) != 0) != (s->expire != 0))
        return false;
    if (s->is_int && entry_encoding(old) == ENCODING_INT)
        entry_set_int(old, s->integer);
    else if (!s->is_int && s->blob == NULL && entry_fits(old, s->value.n))
        entry_overwrite(old, s->value);
    else
        return false;
    if (entry_expire(old) != s->expire)
        shard_set_expire(p, old, s->expire);
    return true;
}

void call_set(struct call *c, int i, struct slice value, struct set_options options)
{
    struct place p = call_place(c, i);
    struct entry *old = find_to_use(c, &p, c->argv[i]);
    struct entry_spec s = {.key = c->argv[i], .value = value, .expire = options.expire};

    if (options.keep_expire && old != NULL)
        s.expire = entry_expire(old);
    s.is_int = entry_is_int(value, &s.integer);
    if (value.n > ENTRY_INLINE_MAX) {
        s.blob = received_blob(c, value);
        if (s.blob == NULL)
            s.blob = blob_copy_surely(value);
    }
    shard_touch(&p, old);
    if (!set_in_place(&p, old, &s))
        put(&p, old, entry_new(&s));
}

void call_set_int(struct call *c, int i, struct entry *old, int64_t v)
{
    struct entry_spec s = {.key = c->argv[i], .is_int = true, .integer = v};

    if (old != NULL && entry_encoding(old) == ENCODING_INT) {
        call_touch(c, i, old);
        entry_set_int(old, v);
        return;
    }
    s.expire = old ? entry_expire(old) : 0;
    call_put(c, i, c->db, old, entry_new(&s));
}

char *call_string_for_write(struct call *c, int i, struct entry *old, size_t n)
{
    struct entry_spec s = {.key = c->argv[i], .raw = true};
    struct place p = call_place(c, i);
    struct entry_tally was;
    struct entry *e;

    shard_touch(&p, old);
    if (old == NULL) {
        old = entry_new(&s);
        e = entry_resize(old, n);
        if (e != NULL)
            shard_insert(&p, e);
        else
            entry_free(old);
    } else {
        was = entry_tally(old);
        e = entry_resize(old, n);
        if (e != NULL && e != old)
            call_moved(c, i, old, &was, e);
        else if (e != NULL && entry_size(e) != was.bytes)
            call_recount(c, i, &was, e);
    }
    if (e == NULL) {
        reply_error(c->out, ERR_NO_MEMORY);
        return NULL;
    }
    return entry_bytes(e);
}

static inline void changed(struct call *c, int i, unsigned db, struct event event)
{
    struct place p = call_place_in(c, i, db);

    shard_changed(&p, c->argv[i], event);
    counter_add(&c->runner->metrics->sums.changes, 1);
}

void call_changed_in(struct call *c, int i, unsigned db, enum event_class class, const char *event)
{
    changed(c, i, db, (struct event){.class = class, .name = event});
}

void call_changed(struct call *c, int i, enum event_class class, const char *event)
{
    changed(c, i, c->db, (struct event){.class = class, .name = event});
}

void call_changed_unwatched(struct call *c, int i, enum event_class class, const char *event)
{
    changed(c, i, c->db, (struct event){.class = class, .unwatched = true, .name = event});
}

/* ---- running ---- */

#define COPY_FROM  (1024 * 1024) /* bytes of values from which on memory for a copy is held */
#define COPY_TIMES 2             /* the copy may be in another form, which takes more */

/* Bytes of the values of all keys that the command names. */
static size_t bytes_of_keys(struct call *c)
{
    int *positions = mem_alloc((size_t)c->argc * sizeof *positions);
    int n = command_keys(c->cmd, c->argv, c->argc, positions, c->argc);
    size_t sum = 0;

    for (int i = 0; i < n && i < c->argc; i++) {
        struct entry *e = call_peek(c, positions[i]);

        sum += e != NULL ? entry_size(e) : 0;
    }
    mem_free(positions);
    return sum;
}

/* Runs a command of CMD_COPIES with as much memory held as it may need, so that no allocation fails within it. */
__attribute__((noinline)) static void run_holding(struct call *c)
{
    size_t bytes = bytes_of_keys(c);
    bool holds = bytes >= COPY_FROM;

    if (holds && !reserve_hold(COPY_TIMES * bytes)) {
        reply_error(c->out, ERR_EXHAUSTED);
        return;
    }
    c->cmd->run(c);
    if (holds)
        reserve_drop();
}

void call_run(struct call *c)
{
    struct command_metrics *m = &c->runner->metrics->commands[command_number(c->cmd)];
    struct door_check check;
    uint64_t end, ns;

    sane(c->unit->runner == c->runner);
    sane(c->cmd->run != NULL && c->unit->now != 0);
    if (UNLIKELY(++c->runner->unstamped >= c->runner->stamp_unit)) {
        c->runner->unstamped = 0;
        stamps_advance(&c->instance->keyspace->stamps, 1);
    }
    c->errors = c->out->errors;
    c->runner->command = c->cmd;
    door_check_begin(&check, c);
    if (UNLIKELY(c->cmd->flags & CMD_COPIES))
        run_holding(c);
    else
        c->cmd->run(c);
    door_check_end(&check);
    if (UNLIKELY(c->short_of != 0 || c->gave_up))
        return;
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

/* ---- arguments ---- */

bool call_int_or(struct call *c, int i, int64_t *v, const char *error)
{
    if (LIKELY(num_parse_i64(call_arg(c, i), v)))
        return true;
    reply_error(c->out, error);
    return false;
}

bool call_int(struct call *c, int i, int64_t *v)
{
    return call_int_or(c, i, v, ERR_NOT_INT);
}

bool call_int_between(struct call *c, int i, int64_t min, int64_t max, int64_t *v, const char *error)
{
    must(min <= max);
    if (num_parse_i64(call_arg(c, i), v) && *v >= min && *v <= max)
        return true;
    reply_error(c->out, error);
    return false;
}

bool call_int_negatable(struct call *c, int i, int64_t *v)
{
    if (!call_int(c, i, v))
        return false;
    if (*v != INT64_MIN)
        return true;
    reply_error(c->out, ERR_NOT_NEGATABLE);
    return false;
}

bool call_double(struct call *c, int i, double *v)
{
    if (num_parse_double(call_arg(c, i), v))
        return true;
    reply_error(c->out, ERR_NOT_FLOAT);
    return false;
}

bool call_long_double(struct call *c, int i, long double *v)
{
    if (num_parse_ld(call_arg(c, i), v))
        return true;
    reply_error(c->out, ERR_NOT_FLOAT);
    return false;
}

bool call_db(struct call *c, int i, unsigned *db)
{
    int64_t v;

    if (!call_int_or(c, i, &v, ERR_NOT_INT))
        return false;
    if (v < INT32_MIN || v > INT32_MAX) {
        reply_error(c->out, ERR_NOT_INT32);
        return false;
    }
    if (v < 0 || v >= c->instance->keyspace->databases) {
        reply_error(c->out, ERR_DB_INDEX);
        return false;
    }
    *db = v;
    return true;
}

bool call_args_fit(struct call *c, int i, size_t max)
{
    must(i >= 0);
    for (; i < c->argc; i++)
        if (UNLIKELY(c->argv[i].n > max)) {
            reply_error(c->out, ERR_TOO_LONG);
            return false;
        }
    return true;
}

size_t call_string_max(const struct call *c)
{
    return OPT(c->instance->options, proto_max_bulk_len);
}

/* ---- replies ---- */

void call_error_arity(struct call *c)
{
    reply_errorf(c->out, ERR_ARITY, command_full_name(c->cmd));
}

void call_error_syntax(struct call *c)
{
    reply_error(c->out, ERR_SYNTAX);
}

#define SHOWN_BYTES 128 /* of a word in an error */

void call_error_subcommand(struct call *c)
{
    struct slice word = call_arg(c, 1);

    reply_errorf(c->out, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
                 word.n < SHOWN_BYTES ? (int)word.n : SHOWN_BYTES, word.p, c->cmd->parent);
}

void call_reply_string(struct call *c, const struct entry *e)
{
    struct entry_digits d;

    must(entry_type(e) == TYPE_STRING);
    if (UNLIKELY(entry_encoding(e) == ENCODING_BLOB))
        reply_blob(c->out, entry_blob(e), 0, entry_blob(e)->len);
    else
        reply_bulk(c->out, entry_string(e, &d));
}

void call_reply_help(struct call *c, const char *const *lines)
{
    const char *name = c->cmd->parent ? c->cmd->parent : c->cmd->name;
    size_t n = 0;
    char head[160];

    while (lines[n] != NULL)
        n++;
    snprintf(head, sizeof head, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    reply_array(c->out, n + 3);
    reply_simple(c->out, head);
    for (size_t i = 0; i < n; i++)
        reply_simple(c->out, lines[i]);
    reply_simple(c->out, "HELP");
    reply_simple(c->out, "    Print this help.");
}
