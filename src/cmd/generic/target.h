/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target: a blocking connection to another server.
 *
 * Role:    what MIGRATE needs: sends requests and reads replies of one line.
 * Owns:    its socket.
 * Threads: the worker that runs the command, which blocks meanwhile.
 * Used by: migrate_cmds.
 * Why:     MIGRATE promises that a key exists on exactly one of the two servers, so it holds the keys' shards until the
 *          target has replied. No call waits longer than the timeout without sending or receiving a byte.
 */
#ifndef LARDER_CMD_GENERIC_TARGET_H
#define LARDER_CMD_GENERIC_TARGET_H

#include "base/slice.h"

#define TARGET_LINE_MAX 1024 /* bytes of a line with its NUL */

struct target {
    int fd;
    int timeout;  /* ms */
    size_t at;    /* received bytes that are not read yet: buffer[at .. end) */
    size_t end;
    char buffer[4096];
};

/* All return 0 or -errno. The system resolves the name, without regard to the timeout; -EHOSTUNREACH: it cannot be
 * resolved. timeout: ms, above 0. */
int target_connect(struct target *t, const char *host, const char *port, int timeout);
void target_close(struct target *t);
int target_send(struct target *t, struct slice bytes);
/* Reads a line into line[TARGET_LINE_MAX], without its end and with a NUL. -EMSGSIZE: it is longer. */
int target_read_line(struct target *t, char *line);

#endif
