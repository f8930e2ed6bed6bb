/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * batch: from received bytes to requests, and their run.
 *
 * Role:    parses up to 32 requests ahead, prefetches what they need, and runs them one by one.
 * Owns:    the worker's parser and the requests parsed ahead.
 * Threads: the worker.
 * Used by: conn, worker.
 * Why:     requests run straight from the engine's buffer, without a copy. Only bytes that cannot run yet are kept, in
 *          the connection's input: an incomplete request, or what follows a request that has to wait.
 */
#ifndef LARDER_NET_BATCH_H
#define LARDER_NET_BATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "net/engine.h"
#include "proto/parser.h"
#include "run/dispatch.h"

#define BATCH_MAX 32 /* requests parsed ahead: what all of them touch fits the first-level cache */

struct conn;
struct worker;

struct batch {
    struct parser parser;
    struct request requests[BATCH_MAX];
    size_t first[BATCH_MAX];      /* where the arguments of each request begin in the parser */
    const char *begin[BATCH_MAX]; /* where its bytes begin */
};

void batch_init(struct batch *b);
void batch_fini(struct batch *b);
/* Frees memory that a request with very many arguments has left. Not while requests are served. */
void batch_tidy(struct batch *b);
/* If the connection has an input, appends the bytes to it. */
void batch_add(struct conn *c, const char *p, size_t n);
/* Runs the requests in the connection's input; if it has none, those in these bytes. Keeps what cannot run yet. */
void batch_serve(struct conn *c, const char *p, size_t n);
/* Runs the requests in the connection's input, if it has one. */
void batch_serve_input(struct conn *c);
/* Whether something keeps the connection's next request from running. */
bool batch_has_stopped(const struct conn *c);
/* Bytes have come for several connections: prefetches what the first request of each needs. */
void batch_look_ahead(struct worker *w, const struct arrival *a, unsigned count);

#endif
