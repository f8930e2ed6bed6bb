/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * address: socket addresses as text, and the options of a new connection's socket.
 *
 * Role:    for CLIENT LIST, protected mode and connection-balance.
 * Owns:    nothing.
 * Threads: any.
 * Used by: conn, worker, listener.
 */
#ifndef LARDER_NET_ADDRESS_H
#define LARDER_NET_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_MAX 128

/* Both ends of a connection as CLIENT LIST shows them: "127.0.0.1:5000", "[::1]:5000", "/path:0"; "?:0" if the peer has
 * disconnected already. *is_local: the peer is this machine. Returns whether it is a unix socket. */
bool address_of_peer(int fd, char peer[ADDRESS_MAX], char local[ADDRESS_MAX], bool *is_local);
/* A number that depends on the peer's address alone, not on its port. */
uint64_t address_hash(int fd);
/* Sets TCP_NODELAY, and keep-alive probes after so many seconds without data (0: none). */
void address_prepare(int fd, int64_t keepalive);

#endif
