/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * quota: what the memory in use is used for, in bytes.
 *
 * Role:    keeps the accounts, and says from them how much of the memory in use maxmemory bounds.
 * Owns:    the accounts of the start and of what is being freed. Memory in use is counted by base/mem, that of clients
 *          by proto/client_memory, pinned blobs by proto/blob.
 * Threads: any.
 * Used by: freer, keyspace, run (reclaim), INFO and MEMORY.
 * Why:     eviction asks before each command that may add: the answer has to be a few loads, whatever the number of
 *          threads.
 *
 *      used = start + clients + pinned + freeing + dataset
 *
 *      used      all blocks in use, by their usable size (mem_used)
 *      start     what the server had in use when it was ready to serve
 *      clients   connections, requests, replies, transactions, watches and names of clients, from the moment at which
 *                they are allocated; and the reply buffers that workers keep at hand
 *      pinned    strings over 16 KiB that were deleted or overwritten while a reply still sends them
 *      freeing   what was flushed, deleted or evicted and waits for the freer, from the moment at which no command can
 *                find it any more
 *      dataset   the rest: entries, values, tables, and what the policies note of them
 *
 * maxmemory bounds the dataset and freeing together. Whoever is about to add more than fits frees what waits first, a
 * part of an object at a time; keys are evicted only if that is not enough (run/reclaim). What large commands are about
 * to add is reserved, so that two threads do not take the same room. docs/TUNING.md says by how much memory may exceed
 * maxmemory. Start, clients and pinned are not bounded by maxmemory, since to evict keys
 * would not make them smaller. Clients have limits of their own: maxmemory-clients, client-query-buffer-limit,
 * client-output-buffer-limit. Beyond these there is a ceiling for all clients together (client-memory-ceiling), so that
 * no reply takes the whole machine: an output that would pass it is cut, and its client disconnected.
 */
#ifndef LARDER_STORE_QUOTA_H
#define LARDER_STORE_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The memory in use now is that of the start. */
void quota_start(void);

/* The ceilings of client memory and of the memory in use, in bytes: no reply may grow beyond either. */
void quota_set_ceilings(size_t clients, size_t used);
/* Whether clients may take so many bytes more. */
bool quota_clients_may_take(size_t bytes);

/* So many bytes will be freed by the freer, or, the second, are freed. */
void quota_free_later(size_t bytes);
void quota_freed(size_t bytes);

/* The calling thread is going to add so many bytes of data: they count as bounded from now on. Its memory in use takes
 * their place as it grows; quota_unreserve ends what is left of it. */
void quota_reserve(size_t bytes);
void quota_unreserve(void);

/* The accounts, in bytes. Those of the clients and the dataset are right to within 64 KiB for each thread. */
size_t quota_started(void);
size_t quota_clients(void);
/* All that clients hold: their account, and the values that their replies refer to, data or pinned, once for each
 * reply. maxmemory-clients bounds it. */
size_t quota_clients_total(void);
size_t quota_pinned(void);
size_t quota_freeing(void);
/* What maxmemory bounds: the dataset, what is being freed, and what other threads have reserved. */
size_t quota_bounded(void);
/* All that is in use and is not data. */
size_t quota_overhead(void);

#endif
