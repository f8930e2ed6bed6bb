/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target: a blocking connection to another server.
 *
 * Role:    what MIGRATE needs: resolves a name, sends requests and reads replies of one line.
 * Owns:    its socket.
 * Threads: the worker that runs the command, which blocks meanwhile. Names are resolved by a thread of their own, so
 *          that a slow name server cannot hold the worker longer than the timeout.
 * Used by: migrate_cmds.
 * Why:     MIGRATE promises that a key exists on exactly one of the two servers, so it holds the keys' shards until the
 *          target has replied. All calls together take no longer than the timeout, however many bytes move, and they
 *          end when the server stops. Names are resolved before the shards are held.
 */
#ifndef LARDER_CMD_GENERIC_TARGET_H
#define LARDER_CMD_GENERIC_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"

#define TARGET_LINE_MAX 1024 /* bytes of a line with its NUL */

/* How long calls may wait. */
struct target_limit {
    int64_t deadline;          /* ms, monotonic */
    const _Atomic bool *stops; /* the server stops */
};

/* What a name stands for. One allocation, for mem_free. */
struct target_addresses {
    int64_t spent; /* ms that it took to resolve the name */
    unsigned n;    /* 0: it cannot be resolved, or not in time */
    struct {
        socklen_t length;
        struct sockaddr_storage address;
    } all[];
};

struct target {
    int fd;
    struct target_limit limit;
    size_t at;    /* received bytes that are not read yet: buffer[at .. end) */
    size_t end;
    char buffer[4096];
};

struct target_addresses *target_resolve(struct slice host, struct slice port, const struct target_limit *limit);

/* All return 0 or -errno; -ETIMEDOUT after the deadline, -ECANCELED when the server stops, -EHOSTUNREACH without an
 * address. */
int target_connect(struct target *t, const struct target_addresses *to, const struct target_limit *limit);
void target_close(struct target *t);
int target_send(struct target *t, struct slice bytes);
/* Reads a line into line[TARGET_LINE_MAX], without its end and with a NUL. -EMSGSIZE: it is longer. */
int target_read_line(struct target *t, char *line);

#endif
