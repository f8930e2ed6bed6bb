/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * info: the sections of INFO.
 *
 * Role:    each function appends the lines "name:value" of one section, without its heading.
 * Owns:    nothing.
 * Threads: the worker that runs INFO.
 * Used by: info_cmds.c only.
 * Why:     monitoring tools read these names, so all names of Redis 7.4 are present. Fields of unsupported features
 *          are 0.
 */
#ifndef LARDER_CMD_SERVER_INFO_H
#define LARDER_CMD_SERVER_INFO_H

#include "base/buf.h"
#include "run/call.h"

/* info_server.c: the process, its clients */
void info_server(struct buf *b, struct call *c);
void info_clients(struct buf *b, struct call *c);
void info_persistence(struct buf *b, struct call *c);
void info_replication(struct buf *b, struct call *c);
void info_cpu(struct buf *b, struct call *c);
void info_cluster(struct buf *b, struct call *c);

/* info_memory.c: memory and keys */
void info_memory(struct buf *b, struct call *c);
void info_keyspace(struct buf *b, struct call *c);

/* info_stats.c: statistics */
void info_stats(struct buf *b, struct call *c);
void info_commandstats(struct buf *b, struct call *c);
void info_errorstats(struct buf *b, struct call *c);

#endif
