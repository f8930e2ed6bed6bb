/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * fields: fields of hashes that expire, as the keyspace sees them.
 *
 * Role:    says when an entry is due, be it itself or a field of it; purges the fields.
 * Owns:    nothing; works on entries.
 * Threads: under the shard's lock.
 * Used by: shard, keyspace.
 * Why:     ENTRY_FIELDS_EXPIRE in an entry's flags tells that its value has such fields: all others are passed by at no
 *          cost. A look-up purges before a command sees the hash, so that no command but those that work with more
 *          fields than FIELDS_AT_ONCE ever meets one that is due; for these, types/hash passes over it. No command
 *          purges more, lest a second look-up changed, or even freed, what it has got from the first.
 */
#ifndef LARDER_STORE_FIELDS_H
#define LARDER_STORE_FIELDS_H

#include "store/entry.h"

#define FIELDS_AT_ONCE 1000 /* that the look-ups of one command purge: some 200 microseconds */

/* When the entry, or the first of its fields, is due; ms since 1970, 0: never. */
int64_t fields_entry_due(const struct entry *e);
/* Whether a field is due at `now`. */
bool fields_are_due(const struct entry *e, int64_t now);
/* Removes fields that are due at `now`, at most so many, and adds their number to *gone. The entry may move, or have
 * other flags: the result is the one to use, `e` is gone if it differs. *is_empty: nothing is left, the entry is only
 * good to be freed. */
struct entry *fields_purge(struct entry *e, int64_t now, size_t most, size_t *gone, bool *is_empty);

#endif
