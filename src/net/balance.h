/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * balance: which worker gets a new connection.
 *
 * Role:    the four ways of connection-balance.
 * Owns:    the weights and credits in struct workers.
 * Threads: the reception; balance_init and balance_fini: the main thread.
 * Used by: reception.
 */
#ifndef LARDER_NET_BALANCE_H
#define LARDER_NET_BALANCE_H

#include "net/worker.h"

void balance_init(struct workers *ws);
void balance_fini(struct workers *ws);
/* Chooses by the option connection-balance. A worker that has been running the same batch of requests for more than
 * 20 ms gets a new connection only by source-hash, or if all workers do. */
struct worker *balance_choose(struct workers *ws, int fd);
/* Connections of all workers. */
int64_t balance_total(const struct workers *ws);

#endif
