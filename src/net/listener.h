/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listener: the sockets that clients connect to.
 *
 * Role:    opens what bind, port and unixsocket ask for.
 * Owns:    the list of descriptors; who listens on them closes them.
 * Threads: the main thread, or whoever changes the options.
 * Used by: main.
 */
#ifndef LARDER_NET_LISTENER_H
#define LARDER_NET_LISTENER_H

#include <stddef.h>

#include "conf/conf.h"

struct listeners {
    int *fds;
    size_t n;
};

/* Opens the TCP sockets. Addresses that begin with '-' may fail. 0, or -1 with `why` filled and nothing open. */
int listeners_open_tcp(struct conf *conf, struct listeners *l, char *why, size_t size);
/* Adds the unix socket, if one is asked for. */
int listeners_open_unix(struct conf *conf, struct listeners *l, char *why, size_t size);
/* Forgets the list; with `close_all` the sockets are closed too. */
void listeners_fini(struct listeners *l, int close_all);

#endif
