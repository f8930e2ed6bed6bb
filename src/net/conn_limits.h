/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_limits: how much memory a connection may take.
 *
 * Role:    enforces client-query-buffer-limit, client-output-buffer-limit and maxmemory-clients, and publishes on the
 *          card what the connection takes.
 * Threads: the connection's worker.
 * Used by: conn, batch.
 */
#ifndef LARDER_NET_CONN_LIMITS_H
#define LARDER_NET_CONN_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/conn.h"

/* Applies the output limit as it is now to the replies that follow, and counts what the kernel has taken since. */
void conn_limits_apply(struct conn *c);
/* Publishes the memory of the connection on its card. */
void conn_limits_publish(struct conn *c);
/* Logs that the connection is closed, and why. */
void conn_limits_log(struct conn *c, const char *why);
/* Whether more of its requests waits than client-query-buffer-limit allows: `waiting` bytes that have come and are no
 * argument yet, the arguments of a transaction, and watches. Then has it closed. */
bool conn_limits_is_over_input(struct conn *c, size_t waiting);
/* Whether more output waits than client-output-buffer-limit allows. Then has it closed. */
bool conn_limits_is_over_output(struct conn *c);
/* Whether the client has been over the soft limit for too long. */
bool conn_limits_is_over_soft(struct conn *c);
/* Whether a client that has not authenticated leaves its replies unread: what the kernel does not take. */
bool conn_limits_is_over_unread(const struct conn *c);
/* Whether all clients together fit maxmemory-clients, or others are closed so that they will. */
bool conn_limits_fits_clients(struct conn *c);
/* Whether its next request may run: not if more output waits than client-output-buffer-limit allows, or if it is one of
 * the largest clients and all exceed maxmemory-clients. Then it is about to be closed. */
bool conn_limits_may_go_on(struct conn *c);

#endif
