/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * target: another server that a command talks to, and waits for.
 *
 * Role:    a connection as MIGRATE needs it: sends requests, reads replies of one line.
 * Owns:    its socket.
 * Threads: the worker that runs the command; it does nothing else meanwhile.
 * Used by: migrate_cmds.
 * Why:     MIGRATE promises that a key is here or there and never at both places or at none, so it holds its keys until
 *          the other side has answered. Nothing here waits for longer than the timeout without a byte moving.
 */
#ifndef LARDER_CMD_GENERIC_TARGET_H
#define LARDER_CMD_GENERIC_TARGET_H

#include "base/slice.h"

#define TARGET_LINE_MOST 1024 /* bytes of a line, with the NUL */

struct target {
    int fd;
    int timeout;  /* ms */
    size_t at;    /* what was read ahead: from here ... */
    size_t end;   /* ... to here */
    char ahead[4096];
};

/* 0 or -errno, here and below. A name is looked up as the system does it, in its own time; -EHOSTUNREACH: there is
 * none such. */
int target_connect(struct target *t, const char *host, const char *port, int timeout);
void target_close(struct target *t);
int target_send(struct target *t, struct slice bytes);
/* A line without its end, with a NUL, of at most TARGET_LINE_MOST bytes. */
int target_read_line(struct target *t, char *line);

#endif
