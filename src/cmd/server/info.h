/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * info: the sections of INFO.
 *
 * Role:    each function appends the lines "name:value" of one section, without its heading.
 * Owns:    nothing.
 * Threads: the worker that runs INFO.
 * Used by: info_cmds.c only.
 * Why:     monitoring reads these names, so all of Redis 7.4 are there; what this server does not do stands there as
 *          the 0 that it is.
 */
#ifndef LARDER_CMD_SERVER_INFO_H
#define LARDER_CMD_SERVER_INFO_H

#include "base/buf.h"
#include "run/call.h"

/* info_server.c: what the process is */
void info_server(struct buf *b, struct call *c);
void info_clients(struct buf *b, struct call *c);
void info_persistence(struct buf *b, struct call *c);
void info_replication(struct buf *b, struct call *c);
void info_cpu(struct buf *b, struct call *c);
void info_cluster(struct buf *b, struct call *c);

/* info_memory.c: what it holds */
void info_memory(struct buf *b, struct call *c);
void info_keyspace(struct buf *b, struct call *c);

/* info_stats.c: what it has done */
void info_stats(struct buf *b, struct call *c);
void info_commandstats(struct buf *b, struct call *c);
void info_errorstats(struct buf *b, struct call *c);

#endif
