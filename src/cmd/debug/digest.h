/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * digest: what a dataset holds, as 20 bytes.
 *
 * Role:    DEBUG DIGEST and DIGEST-VALUE: equal data give equal digests, here and in Redis, whatever the order of keys
 *          and however values are kept.
 * Threads: the entries' shards are locked by the caller.
 * Used by: debug_cmds.
 */
#ifndef LARDER_CMD_DEBUG_DIGEST_H
#define LARDER_CMD_DEBUG_DIGEST_H

#include "base/sha1.h"
#include "store/keyspace.h"

struct digest {
    uint8_t bytes[SHA1_BYTES];
};

/* Of a value, and whether it has an expiry (not which). now: ms since 1970; fields of a hash that are due by then do not
 * count. */
struct digest digest_value(const struct entry *e, int64_t now);
/* Of all databases. Every shard is locked. */
struct digest digest_keyspace(struct keyspace *ks, int64_t now);

#endif
