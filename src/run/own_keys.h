/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * own_keys: the keys of a transaction, which are not evicted while it runs.
 *
 * Role:    says whether a key is one of those that the queued commands name.
 * Owns:    a sorted array of hashes, which is client memory. It is made when it is first needed.
 * Threads: the runner's.
 * Used by: EXEC, reclaim.
 * Why:     a transaction that needs memory may evict from the shards that it holds, but none of its commands may miss a
 *          key that another one has written.
 */
#ifndef LARDER_RUN_OWN_KEYS_H
#define LARDER_RUN_OWN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

struct own_keys {
    uint64_t *hashes; /* NULL: not gathered yet, or none */
    size_t n;
};

#define OWN_KEYS_NONE ((struct own_keys){NULL, 0})

/* Gathers the keys of the queued commands, unless that was done before. Their hashes are known: EXEC holds their
 * shards. False: memory is out. */
bool own_keys_gather(struct own_keys *k, const struct session *s);
/* Whether a key with this hash is one of them, in any database. */
bool own_keys_has(const struct own_keys *k, uint64_t hash);
void own_keys_fini(struct own_keys *k);

#endif
