/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_large: a hash of many or long fields.
 *
 * Role:    the large form of types/hash.
 * Owns:    a dict of elements, and an expiry heap of those with an expiry, made when the first one gets it.
 * Threads: under the lock of its key.
 * Used by: hash.
 * Why:     a million fields of 12 bytes with values of 16 take 45 bytes each. The expiry is stored in the heap only;
 *          the element stores its position there in 4 bytes. This takes 20 bytes per field with an expiry and none for
 *          others.
 *
 * What an element holds after its field:
 *
 *   0      1          then, where they apply
 *   +------+----------+-------+------------+
 *   | head | length32 | value | position32 |
 *   +------+----------+-------+------------+
 *
 * head: the length of the value, or 127 with the length in the 32-bit field. The top bit means that position32, the
 * position in the heap, follows. Nothing is aligned.
 */
#ifndef LARDER_TYPES_HASH_LARGE_H
#define LARDER_TYPES_HASH_LARGE_H

#include "types/dict.h"
#include "types/hash.h"

struct hash_large;

struct hash_large *hash_large_new(void);
struct dict *hash_large_fields(const struct hash_large *h);

/* The element of a field, or NULL if there is none or it has expired at `now`. Borrowed until the hash changes. */
struct element *hash_large_find(const struct hash_large *h, struct slice field, int64_t now);
struct slice hash_large_value(const struct element *e);
/* ms since 1970; 0: never. */
int64_t hash_large_expiry(const struct hash_large *h, const struct element *e);
/* See hash_set_until. */
bool hash_large_set(struct hash_large *h, struct slice field, struct slice value, int64_t expire, int64_t now);
/* Sets the expiry of an element; the element may move. */
void hash_large_set_expiry(struct hash_large *h, struct element *e, int64_t expire);
/* Removes and frees an element. */
void hash_large_drop(struct hash_large *h, struct element *e);

/* See hash_purge. */
size_t hash_large_purge(struct hash_large *h, int64_t now, size_t max);
/* The earliest expiry; 0: no field has one. */
int64_t hash_large_next_due(const struct hash_large *h);
/* How many fields have expired at `now`. */
size_t hash_large_due(const struct hash_large *h, int64_t now);

static inline bool hash_large_is_due(const struct hash_large *h, const struct element *e, int64_t now)
{
    int64_t expire = hash_large_expiry(h, e);

    return expire != 0 && expire <= now;
}

#endif
