/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_large: a hash of many or long fields.
 *
 * Role:    the large form of types/hash, which alone uses it.
 * Owns:    a dict of elements, and an agenda of those with an expiry, once there is one.
 * Threads: under the lock of its key.
 * Used by: hash.
 * Why:     a million fields of 12 bytes with values of 16 take 45 bytes each. An expiry is in the agenda alone, with 4
 *          bytes in the element that tell where: 20 bytes for each field that has one, none for the others.
 *
 * What an element holds behind its field:
 *
 *   0      1          then, where they apply
 *   +------+---------+-------+---------+
 *   | head | length32 | value | place32 |
 *   +------+---------+-------+---------+
 *
 * head: the length of the value, or 127 and the length in the 32-bit field; the top bit says that place32 follows, the
 * place in the agenda. Nothing is aligned.
 */
#ifndef LARDER_TYPES_HASH_LARGE_H
#define LARDER_TYPES_HASH_LARGE_H

#include "types/dict.h"
#include "types/hash.h"

struct hash_large;

struct hash_large *hash_large_new(void);
struct dict *hash_large_fields(const struct hash_large *h);

/* The element of a field, or NULL; one that is due at `now` counts as absent. Borrowed until the hash changes. */
struct element *hash_large_find(const struct hash_large *h, struct slice field, int64_t now);
struct slice hash_large_value(const struct element *e);
/* ms since 1970; 0: never. */
int64_t hash_large_expiry(const struct hash_large *h, const struct element *e);
/* See hash_set_until. */
bool hash_large_set(struct hash_large *h, struct slice field, struct slice value, int64_t expire, int64_t now);
/* Gives an element another expiry; it may move. */
void hash_large_set_expiry(struct hash_large *h, struct element *e, int64_t expire);
/* Removes and frees it. */
void hash_large_drop(struct hash_large *h, struct element *e);

/* See hash_purge. */
size_t hash_large_purge(struct hash_large *h, int64_t now, size_t most);
/* When the first is due; 0: none ever is. */
int64_t hash_large_next_due(const struct hash_large *h);
/* How many are due at `now`. */
size_t hash_large_due(const struct hash_large *h, int64_t now);

static inline bool hash_large_is_due(const struct hash_large *h, const struct element *e, int64_t now)
{
    int64_t expire = hash_large_expiry(h, e);

    return expire != 0 && expire <= now;
}

#endif
