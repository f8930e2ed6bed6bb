/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields: expiry of hash fields, seen from the keyspace.
 *
 * Role:    tells when an entry or one of its fields is due; purges the fields.
 * Owns:    nothing; works on entries.
 * Threads: under the shard's lock.
 * Used by: shard, keyspace.
 * Why:     the flag ENTRY_FIELDS_EXPIRE marks entries whose value has such fields; all others cost nothing. A look-up
 *          purges expired fields before a command sees the hash. If more than FIELDS_AT_ONCE fields have expired, the
 *          rest stays, and types/hash treats it as absent. The limit holds for all look-ups of a command together, so
 *          that a second look-up of a key never changes or frees the entry that the first one returned.
 */
#ifndef LARDER_STORE_FIELDS_H
#define LARDER_STORE_FIELDS_H

#include "store/entry.h"

#define FIELDS_AT_ONCE 1000 /* fields that the look-ups of one command purge: about 200 microseconds */

/* When the entry or the earliest of its fields is due; ms since 1970, 0: never. */
int64_t fields_entry_due(const struct entry *e);
/* Whether a field is due at `now`. */
bool fields_are_due(const struct entry *e, int64_t now);
/* Removes at most `max` fields that are due at `now`, and adds their number to *removed. The entry may move, or its
 * flags may change: use the result; `e` is freed if it differs. *is_empty: no field is left, and the entry may only be
 * freed. */
struct entry *fields_purge(struct entry *e, int64_t now, size_t max, size_t *removed, bool *is_empty);

#endif
