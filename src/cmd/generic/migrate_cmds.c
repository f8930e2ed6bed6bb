/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MIGRATE: https://redis.io/docs/latest/commands/migrate/
 *
 * The unit holds the shards of the keys until the target has replied, for the timeout at most. Commands on keys of
 * these shards wait. The name of the target is resolved before they are held.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "cmd/generic/target.h"
#include "persist/dump.h"
#include "run/call.h"

#define TIMEOUT_DEFAULT 1000             /* ms */
#define TIMEOUT_MAX     (10 * 60 * 1000) /* longer ones are cut: clients wait meanwhile */

struct migration {
    int first_key;       /* the argument with the first key */
    int key_count;
    int *found;          /* the arguments whose keys exist; owned */
    int found_count;
    int64_t db;          /* of the target */
    int64_t timeout;     /* ms */
    bool copy;
    bool replace;
    bool by_name;        /* AUTH2 */
    struct slice user;
    struct slice password;
    bool authenticates;
    bool failed;         /* the target replied with an error, which was passed on */
};

/* ---- arguments ---- */

/* The keys are the arguments from i on. False: the error was replied. */
static bool take_keys(struct call *c, int i, struct migration *m)
{
    if (call_arg(c, 3).n != 0) {
        reply_error(c->out, "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
        return false;
    }
    must(i <= c->argc);
    m->first_key = i;
    m->key_count = c->argc - i;
    return true;
}

/* The options up to KEYS. False: the error was replied. */
static bool parse_options(struct call *c, struct migration *m)
{
    for (int i = 6; i < c->argc; i++) {
        int more = c->argc - 1 - i;

        if (call_is(c, i, "COPY")) {
            m->copy = true;
        } else if (call_is(c, i, "REPLACE")) {
            m->replace = true;
        } else if (call_is(c, i, "AUTH") && more >= 1) {
            m->authenticates = true;
            m->password = call_arg(c, ++i);
        } else if (call_is(c, i, "AUTH2") && more >= 2) {
            m->authenticates = m->by_name = true;
            m->user = call_arg(c, ++i);
            m->password = call_arg(c, ++i);
        } else if (call_is(c, i, "KEYS")) {
            return take_keys(c, i + 1, m);
        } else {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

static int64_t fit_timeout(int64_t ms)
{
    return ms <= 0 ? TIMEOUT_DEFAULT : ms < TIMEOUT_MAX ? ms : TIMEOUT_MAX;
}

static bool parse_migration(struct call *c, struct migration *m)
{
    must(c->argc >= 6);
    *m = (struct migration){.first_key = 3, .key_count = 1};
    if (!parse_options(c, m) || !call_int(c, 5, &m->timeout) || !call_int(c, 4, &m->db))
        return false;
    m->timeout = fit_timeout(m->timeout);
    return true;
}

/* Resolves the name. NULL: the timeout is invalid, which the body reports. */
static void *resolve(const struct call *c)
{
    struct target_limit limit = {.stops = &c->instance->stops};
    int64_t timeout;

    if (!num_parse_i64(call_arg(c, 5), &timeout))
        return NULL;
    limit.deadline = clock_mono_ms() + fit_timeout(timeout);
    return target_resolve(call_arg(c, 1), call_arg(c, 2), &limit);
}

/* Skips the options without checking them: the body reports errors. */
static int find_keys(const struct slice *argv, int argc, int *positions, int max)
{
    int first = 3, n = 1;

    for (int i = 6; i < argc; i++) {
        if (slice_is(argv[i], "KEYS")) {
            first = i + 1;
            n = argv[3].n == 0 ? argc - first : 0;
            break;
        }
        i += slice_is(argv[i], "AUTH2") ? 2 : slice_is(argv[i], "AUTH");
    }
    for (int i = 0; i < n && i < max; i++)
        positions[i] = first + i;
    return n;
}

static void find_entries(struct call *c, struct migration *m)
{
    must(m->key_count >= 0 && m->first_key + m->key_count <= c->argc);
    m->found = mem_alloc((m->key_count + 1) * sizeof *m->found);
    for (int i = m->first_key; i < m->first_key + m->key_count; i++)
        if (call_find_read(c, i) != NULL)
            m->found[m->found_count++] = i;
    must(m->found_count <= m->key_count);
}

/* ---- the requests ---- */

static void put_array(struct buf *out, int n)
{
    buf_printf(out, "*%d\r\n", n);
}

static void put_bulk(struct buf *out, struct slice s)
{
    buf_printf(out, "$%zu\r\n", s.n);
    buf_add_slice(out, s);
    buf_add_str(out, "\r\n");
}

static void put_number(struct buf *out, int64_t v)
{
    char digits[NUM_I64_MAX];

    put_bulk(out, slice_of(digits, num_format_i64(digits, v)));
}

static void put_auth(struct buf *out, const struct migration *m)
{
    put_array(out, m->by_name ? 3 : 2);
    put_bulk(out, SLICE("AUTH"));
    if (m->by_name)
        put_bulk(out, m->user);
    put_bulk(out, m->password);
}

static void put_select(struct buf *out, int64_t db)
{
    put_array(out, 2);
    put_bulk(out, SLICE("SELECT"));
    put_number(out, db);
}

static void put_restore(struct call *c, struct buf *out, struct buf *dump, int key, bool replace)
{
    const struct entry *e = call_peek(c, key);
    int64_t ttl;

    must(e != NULL); /* find_entries has found it, and time does not advance within a unit */
    ttl = entry_expire(e) != 0 ? entry_expire(e) - c->unit->now : 0;
    must(ttl >= 0);
    dump->len = 0;
    dump_write(dump, e);
    put_array(out, replace ? 5 : 4);
    put_bulk(out, SLICE("RESTORE"));
    put_bulk(out, call_arg(c, key));
    put_number(out, ttl);
    put_bulk(out, buf_slice(dump));
    if (replace)
        put_bulk(out, SLICE("REPLACE"));
}

static int send_all(struct call *c, const struct migration *m, struct target *t)
{
    struct buf out = BUF_EMPTY, dump = BUF_EMPTY;
    int error;

    must(m->found_count > 0);
    if (m->authenticates)
        put_auth(&out, m);
    put_select(&out, m->db);
    for (int i = 0; i < m->found_count; i++)
        put_restore(c, &out, &dump, m->found[i], m->replace);
    error = target_send(t, buf_slice(&out));
    buf_fini(&dump);
    buf_fini(&out);
    return error;
}

/* ---- the replies ---- */

/* Reads a reply; the first error is passed on to the client. 0 or -errno. */
static int read_reply(struct call *c, struct migration *m, struct target *t, bool *good)
{
    char line[TARGET_LINE_MAX];
    int error = target_read_line(t, line);

    *good = error == 0 && line[0] != '-';
    if (error == 0 && !*good && !m->failed) {
        m->failed = true;
        reply_errorf(c->out, "ERR Target instance replied with error: %s", line + 1);
    }
    return error;
}

/* Deletes a key that the target has stored. A key that was given twice is already deleted. */
static void delete_migrated(struct call *c, int key)
{
    struct entry *e = call_peek(c, key);

    if (e != NULL)
        call_drop(c, key, e, EVENT_GENERIC, "del");
}

/* Keys are deleted only if AUTH and SELECT succeeded too: otherwise the target may have stored them in the wrong
 * database. 0 or -errno. */
static int read_all(struct call *c, struct migration *m, struct target *t)
{
    bool good, ready = true;
    int error = 0;

    if (m->authenticates) {
        error = read_reply(c, m, t, &good);
        ready &= good;
    }
    if (error == 0) {
        error = read_reply(c, m, t, &good);
        ready &= good;
    }
    for (int i = 0; i < m->found_count && error == 0; i++) {
        error = read_reply(c, m, t, &good);
        if (good && ready && !m->copy)
            delete_migrated(c, m->found[i]);
    }
    return error;
}

static void exchange(struct call *c, struct migration *m, struct target *t)
{
    if (send_all(c, m, t) != 0)
        reply_error(c->out, "IOERR error or timeout writing to target instance");
    else if (read_all(c, m, t) != 0 && !m->failed)
        reply_error(c->out, "IOERR error or timeout reading to target instance");
    else if (!m->failed)
        reply_ok(c->out);
}

/* Reports a refused connection as a write error, as Redis does, which notices it only when it writes. */
static void reply_unconnected(struct call *c, int error)
{
    reply_error(c->out, error == -ETIMEDOUT || error == -EHOSTUNREACH
                            ? "IOERR error or timeout connecting to the client"
                            : "IOERR error or timeout writing to target instance");
}

static void migrate(struct call *c, struct migration *m)
{
    const struct target_addresses *to = c->prepared;
    struct target_limit limit = {.stops = &c->instance->stops};
    struct target t;
    int error;

    must(to != NULL);
    limit.deadline = clock_mono_ms() + m->timeout - to->spent;
    error = target_connect(&t, to, &limit);
    if (error != 0) {
        reply_unconnected(c, error);
    } else {
        exchange(c, m, &t);
        target_close(&t);
    }
}

CMD(migrate, .name = "MIGRATE", .arity = -6, .group = "generic", .since = "2.6.0",
    .cost = "The cost of DUMP and DEL on this server and of RESTORE on the other, for each key.",
    .flags = CMD_WRITE | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .first = 3, .last = 3, .step = 1},
             {.flags = KEY_RW | KEY_ACCESS | KEY_DELETE | KEY_INCOMPLETE,
              .keyword = "KEYS",
              .first = -2,
              .last = -1,
              .step = 1}},
    .find_keys = find_keys, .prepare = resolve, .hints = "nondeterministic_output",
    .categories = "@keyspace,@dangerous",
    .syntax = "host port:integer <key | \"\"> destination-db:integer timeout:integer [COPY] [REPLACE] "
              "[AUTH password | AUTH2 username password] [KEYS key [key ...]]",
    .history = "3.0.0: Added `COPY` and `REPLACE`.\n3.0.6: Added `KEYS`.\n4.0.7: Added `AUTH`.\n6.0.0: Added `AUTH2`.",
    .summary = "Moves or copies keys to another server.")
{
    struct migration m;

    if (!parse_migration(c, &m))
        return;
    find_entries(c, &m);
    if (m.found_count > 0)
        migrate(c, &m);
    else
        reply_simple(c->out, "NOKEY");
    mem_free(m.found);
}
