/* SPDX-License-Identifier: BSD-3-Clause */
/* FLUSHALL, FLUSHDB and SWAPDB: https://redis.io/docs/latest/commands/flushall/ */
#include <limits.h>

#include "run/call.h"

/* Parses [ASYNC | SYNC]; without either, lazyfree-lazy-user-flush decides. False: the error was replied. */
static bool parse_mode(struct call *c, bool *sync)
{
    if (c->argc > 2 || (c->argc == 2 && !call_is(c, 1, "SYNC") && !call_is(c, 1, "ASYNC"))) {
        call_error_syntax(c);
        return false;
    }
    *sync = c->argc == 2 ? call_is(c, 1, "SYNC") : !OPT(c->instance->options, lazyfree_lazy_user_flush);
    return true;
}

/* Empties a database, or all of them with db < 0. With SYNC, replies when the memory is free (reclaim_done): the unit
 * ends before, so that other commands run meanwhile. */
static void flush(struct call *c, int db)
{
    struct keyspace *ks = c->instance->keyspace;
    size_t removed = 0;
    bool sync;

    unit_must_hold_world(c->unit);
    must(db < (int)ks->databases);
    if (!parse_mode(c, &sync))
        return;
    if (sync)
        freer_wait_begin(&c->runner->flush);
    KEYSPACE_EACH_DB(ks, i)
        if (db < 0 || i == (unsigned)db) {
            removed += keyspace_size(ks, i);
            keyspace_flush(ks, i, !sync);
            must(keyspace_size(ks, i) == 0);
        }
    if (sync)
        freer_wait_end();
    c->runner->flushed |= sync;
    counter_add(&c->runner->metrics->sums.changes, removed);
    reply_ok(c->out);
}

#define FLUSHES \
    .arity = -1, .group = "server", .since = "1.0.0", \
    .cost = "O(1), or O(N) with `SYNC`, where N is the number of keys", \
    .flags = CMD_WRITE | CMD_WORLD, .categories = "@keyspace,@dangerous", .syntax = "[ASYNC | SYNC]", \
    .hints = "request_policy:all_shards,response_policy:all_succeeded", \
    .history = "4.0.0: Added the `ASYNC` option.\n6.2.0: Added the `SYNC` option."

CMD(flushall, .name = "FLUSHALL", FLUSHES, .summary = "Removes all keys from all databases.")
{
    flush(c, -1);
}

CMD(flushdb, .name = "FLUSHDB", FLUSHES, .summary = "Removes all keys from the current database.")
{
    flush(c, c->db);
}

static void swap(struct call *c, unsigned a, unsigned b)
{
    struct keyspace *ks = c->instance->keyspace;

    unit_must_hold_world(c->unit);
    must(a < ks->databases && b < ks->databases);
    keyspace_swap(ks, a, b, c->unit->now);
    counter_add(&c->runner->metrics->sums.changes, 1);
}

CMD(swapdb,
    .name = "SWAPDB", .arity = 3, .group = "server", .since = "4.0.0",
    .cost = "O(N) where N is the number of shards and watched keys", .flags = CMD_WRITE | CMD_FAST | CMD_WORLD,
    .categories = "@keyspace,@dangerous", .syntax = "index1 index2",
    .summary = "Swaps two databases. Clients connected to one of them see the data of the other.")
{
    int64_t databases = c->instance->keyspace->databases, a, b;

    if (!call_int_between(c, 1, INT_MIN, INT_MAX, &a, "ERR invalid first DB index") ||
        !call_int_between(c, 2, INT_MIN, INT_MAX, &b, "ERR invalid second DB index"))
        return;
    if (a < 0 || a >= databases || b < 0 || b >= databases) {
        reply_error(c->out, ERR_DB_INDEX);
        return;
    }
    swap(c, a, b);
    reply_ok(c->out);
}
