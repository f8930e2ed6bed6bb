/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * listener: the sockets that clients connect to.
 *
 * Role:    opens what bind, port and unixsocket ask for, and opens the TCP sockets again when these options change.
 * Owns:    the list of descriptors; the descriptors themselves only until a worker accepts from them.
 * Threads: the main thread, or the worker that changes the options.
 * Used by: main.
 */
#ifndef LARDER_NET_LISTENER_H
#define LARDER_NET_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conf/conf.h"

struct listeners {
    int *fds;
    size_t n;
    char *path;   /* of the unix socket, absolute; NULL: none */
    dev_t device; /* of its file */
    ino_t inode;
};

/* Opens the TCP sockets. An address that begins with '-' may be missing. 0, or -1 with `why` filled and nothing open.
 */
int listeners_open_tcp(struct conf *conf, struct listeners *l, char *why, size_t size);
/* Opens the unix socket, if one is asked for, in place of one that an earlier server has left. 0, or -1 with `why`
 * filled and nothing touched, for example if a server still serves it. */
int listeners_open_unix(struct conf *conf, struct listeners *l, char *why, size_t size);
/* Replaces *l by sockets for the changed options. The old sockets stop listening at once, so that their addresses are
 * free; their descriptors stay open, and the caller has a copy of the old list. If the new sockets cannot be opened,
 * *l is the old sockets under new descriptors, listening again, and false is returned with `why` filled. */
bool listeners_reopen_tcp(struct conf *conf, struct listeners *l, char *why, size_t size);
/* Frees the list; with `close_all` closes the sockets too, and removes the file of the unix socket. */
void listeners_fini(struct listeners *l, bool close_all);

#endif
