/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * digest: a digest of a dataset, 20 bytes.
 *
 * Role:    DEBUG DIGEST and DIGEST-VALUE: equal data gives equal digests, here and in Redis, whatever the order of keys
 *          and the encodings of values.
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

/* The digest of a value, and of whether it has an expiry. now: ms since 1970; expired fields of a hash do not count. */
struct digest digest_value(const struct entry *e, int64_t now);
/* The digest of all databases. Every shard is locked. */
struct digest digest_keyspace(struct keyspace *ks, int64_t now);

#endif
