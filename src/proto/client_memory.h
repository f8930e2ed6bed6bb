/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * client_memory: the account of the memory that serves clients.
 *
 * Role:    whoever allocates memory for a client counts it here at once, and counts it off when it is freed: reply
 *          chunks, requests, queues of transactions, watches, connections. So no command ever takes it for data.
 *          Also counts the bytes of values that replies send by reference.
 * Owns:    the two counters. Each thread accumulates its own changes and adds them at 64 KiB, as base/mem does.
 * Threads: any. A thread that counts calls client_memory_flush now and then.
 * Used by: proto, session and net, which count; store/quota, which reports.
 */
#ifndef LARDER_PROTO_CLIENT_MEMORY_H
#define LARDER_PROTO_CLIENT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Memory of clients has changed by so many bytes. */
void client_memory_add(int64_t change);
/* Replies refer to so many bytes more, or less, of values. A value that two replies send counts twice. */
void client_memory_refer(int64_t change);
/* Adds what the calling thread has counted to the account. */
void client_memory_flush(void);

/* Bytes that clients take, and bytes that their replies refer to; right to within 64 KiB for each other thread. */
size_t client_memory_bytes(void);
size_t client_memory_referred(void);

/* As the functions of base/mem, for blocks that count. */
void *client_memory_alloc(size_t size);
void *client_memory_zalloc(size_t size);
void *client_memory_realloc(void *p, size_t size);
void *client_memory_try_alloc(size_t size);
void *client_memory_try_realloc(void *p, size_t size);
void client_memory_free(void *p);
/* Counts a block that base/mem allocated. */
void client_memory_count(const void *p);

#endif
