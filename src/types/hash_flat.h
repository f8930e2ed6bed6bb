/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash_flat: a hash of few short fields.
 *
 * Role:    the flat forms of types/hash: VALUE_LISTPACK holds pairs, VALUE_LISTPACK_EX triples.
 * Owns:    nothing; works on the listpack of a value, which is not empty.
 * Threads: under the lock of its key.
 * Used by: hash.
 *
 * A position is that of a field in the listpack; 0: none. Triples are sorted by expiry, so that expired ones come
 * first.
 */
#ifndef LARDER_TYPES_HASH_FLAT_H
#define LARDER_TYPES_HASH_FLAT_H

#include "types/hash.h"

/* The number of fields that have not expired at v->now, and of those that have. */
size_t hash_flat_count(const struct value *v);
size_t hash_flat_due(const struct value *v);
/* The first field that has not expired; the one after `at`; the nth, from 0. */
size_t hash_flat_first(const struct value *v);
size_t hash_flat_next(const struct value *v, size_t at);
size_t hash_flat_nth(const struct value *v, size_t n);
/* The position of a field, expired or not. */
size_t hash_flat_find(const struct value *v, struct slice field);
bool hash_flat_is_due(const struct value *v, size_t at);
struct slice hash_flat_value(const struct value *v, size_t at, struct listpack_digits *d);
/* ms since 1970; 0: never. */
int64_t hash_flat_expiry(const struct value *v, size_t at);

/* See hash_set_until. at: the position of the field, 0 if it is new. */
void hash_flat_set(struct value *v, size_t at, struct slice field, struct slice value, int64_t expire);
void hash_flat_set_expiry(struct value *v, size_t at, struct slice field, int64_t expire);
void hash_flat_remove(struct value *v, size_t at);
/* Removes the first n fields. */
void hash_flat_remove_first(struct value *v, size_t n);

#endif
