/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * address: socket addresses as text, and the options of a new connection's socket.
 *
 * Threads: any.
 * Used by: conn, worker, listener.
 */
#ifndef LARDER_NET_ADDRESS_H
#define LARDER_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_MAX 128

/* Both ends of a connection as CLIENT LIST shows them: "127.0.0.1:5000", "[::1]:5000", "/path:0"; of a peer that has
 * hung up already, "?:0". *is_local: the peer is known to be this machine. Returns whether it is a unix socket. */
bool address_of_peer(int fd, char peer[ADDRESS_MAX], char local[ADDRESS_MAX], bool *is_local);
/* A number that depends on the peer's address alone, not on its port. */
uint64_t address_hash(int fd);
/* No delay; keep-alive probes after so many seconds of silence (0: none). */
void address_prepare(int fd, int64_t keepalive);

#endif
