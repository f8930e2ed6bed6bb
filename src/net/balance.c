/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/balance.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/address.h"

#define STUCK_MS 20

void balance_init(struct workers *ws)
{
    must(ws->count > 0);
    ws->credit = mem_zalloc(ws->count * sizeof *ws->credit);
    ws->weights = mem_zalloc(ws->count * sizeof *ws->weights);
    ws->weights_version = -1;
}

void balance_fini(struct workers *ws)
{
    mem_free(ws->credit);
    mem_free(ws->weights);
}

static unsigned load_of(const struct worker *w)
{
    return atomic_load_explicit(&w->conn_count, memory_order_relaxed);
}

int64_t balance_total(const struct workers *ws)
{
    int64_t n = 0;

    for (unsigned i = 0; i < ws->count; i++)
        n += load_of(&ws->all[i]);
    return n;
}

/* Reads worker-weights again if it has changed. */
static void read_weights(struct workers *ws)
{
    int64_t version = OPT(ws->instance->options, worker_weights);
    char *text, *at;

    if (version == ws->weights_version)
        return;
    ws->weights_version = version;
    at = text = conf_dup(ws->instance->conf, OPT_worker_weights);
    for (unsigned i = 0; i < ws->count; i++) {
        char *end;
        long v = strtol(at, &end, 10);

        ws->weights[i] = end == at ? 1 : (int)v;
        ws->credit[i] = 0;
        at = end;
    }
    mem_free(text);
}

/* Smooth weighted round robin: each worker earns its weight; the one with most credit is chosen and pays the sum. */
static unsigned weighted(struct workers *ws)
{
    unsigned best = 0;
    int sum = 0;

    read_weights(ws);
    for (unsigned i = 0; i < ws->count; i++) {
        ws->credit[i] += ws->weights[i];
        sum += ws->weights[i];
        if (ws->credit[i] > ws->credit[best])
            best = i;
    }
    must(best < ws->count);
    ws->credit[best] -= sum;
    return best;
}

/* Whether the worker is in the middle of something long. */
static bool is_stuck(const struct worker *w, int64_t mono)
{
    int64_t since = atomic_load_explicit(&w->busy_since, memory_order_relaxed);

    return since != 0 && mono - since > STUCK_MS;
}

/* The worker with the fewest connections of those that are not stuck; if all are, of all. */
static unsigned least_connections(struct workers *ws, int64_t mono)
{
    unsigned best = 0;

    for (unsigned i = 1; i < ws->count; i++) {
        bool stuck = is_stuck(&ws->all[i], mono), best_stuck = is_stuck(&ws->all[best], mono);

        if (stuck == best_stuck ? load_of(&ws->all[i]) < load_of(&ws->all[best]) : best_stuck)
            best = i;
    }
    return best;
}

static unsigned by_turns(struct workers *ws, enum balance balance)
{
    return balance == BALANCE_WEIGHTED ? weighted(ws) : ws->next++ % ws->count;
}

struct worker *balance_choose(struct workers *ws, int fd)
{
    enum balance balance = (enum balance)OPT(ws->instance->options, connection_balance);
    int64_t mono = clock_mono_ms();
    unsigned i;

    if (balance == BALANCE_SOURCE_HASH)
        return &ws->all[address_hash(fd) % ws->count];
    i = balance == BALANCE_LEAST_CONNECTIONS ? least_connections(ws, mono) : by_turns(ws, balance);
    if (UNLIKELY(is_stuck(&ws->all[i], mono)))
        i = least_connections(ws, mono);
    return &ws->all[i];
}
