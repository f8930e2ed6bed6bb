/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: fields, each with a value and optionally an expiry of its own.
 *
 * Role:    the value of a hash in all its forms.
 * Owns:    nothing of a struct value; of a large one, what hash_large_free frees.
 * Threads: under the lock of its key.
 * Used by: the hash commands, SORT, persist, store (the expiry of fields).
 * Why:     a flat hash is one listpack of pairs (field, value) or, once a field has had an expiry, of triples (field,
 *          value, expiry in ms since 1970, or 0). Triples are sorted by expiry, those without one last, as in Redis
 *          7.4: a dump is a copy, and the first triple expires first. A large hash is a dict, with an expiry heap of
 *          the elements that have an expiry.
 *
 * Fields that have expired at v->now do not exist for these functions, except for hash_purge, which removes them.
 * Slices from a hash are borrowed until its next change. A number in a flat hash is formatted into the given struct of
 * digits and borrowed as long as that. Slices passed to a function may not point into the hash.
 */
#ifndef LARDER_TYPES_HASH_H
#define LARDER_TYPES_HASH_H

#include "types/dict.h"
#include "types/listpack.h"
#include "types/value.h"

/* The maximum size of a field or value in bytes. */
#define HASH_WORD_MAX (UINT32_MAX - 64)

size_t hash_count(const struct value *v);
bool hash_has(const struct value *v, struct slice field);
bool hash_get(const struct value *v, struct slice field, struct slice *value, struct listpack_digits *d);
/* Sets a field and clears its expiry. True: the field is new. */
bool hash_set(struct value *v, struct slice field, struct slice value);
bool hash_remove(struct value *v, struct slice field);

/* ---- expiry; ms since 1970, 0: none ---- */

/* As hash_set, with an expiry, or with HASH_KEEP, which keeps the current one. */
#define HASH_KEEP INT64_MIN
bool hash_set_until(struct value *v, struct slice field, struct slice value, int64_t expire);
/* The expiry of a field. False: there is no such field. */
bool hash_expiry(const struct value *v, struct slice field, int64_t *expire);
/* Sets the expiry of a field, which exists. */
void hash_set_expiry(struct value *v, struct slice field, int64_t expire);
/* The earliest expiry; 0: no field has one. O(1). */
int64_t hash_next_due(const struct value *v);
/* Removes at most `max` fields that have expired at `now`. Returns how many it removed. */
size_t hash_purge(struct value *v, int64_t now, size_t max);

/* ---- walks ---- */

/* A walk over all fields, each once; the hash may not change meanwhile. Field and value are borrowed until the next
 * step. */
struct hash_walk {
    const struct value *v;
    size_t at; /* flat: the next field */
    struct dict_walk elements;
    int64_t expire; /* of the current field */
    struct listpack_digits digits[2];
};
void hash_walk_begin(struct hash_walk *w, const struct value *v);
bool hash_walk_next(struct hash_walk *w, struct slice *field, struct slice *value);

/* Visits the fields in the part of a large hash that begins at `at`. Returns where the next part begins, 0 at the end
 * (dict_scan). */
typedef void hash_visit(void *arg, struct slice field, struct slice value);
uint64_t hash_scan(const struct value *v, uint64_t at, hash_visit *visit, void *arg);

/* Visits n random fields, each equally likely. With `distinct`, each at most once in any order, and all of them if
 * there are no more than n; else independently of each other. Ends when visit returns false. Not for an empty hash. */
typedef bool hash_visit_drawn(void *arg, struct slice field, struct slice value);
void hash_draw(const struct value *v, uint64_t n, bool distinct, hash_visit_drawn *visit, void *arg);

/* ---- large hashes, for store/entry ---- */

void hash_large_free(void *large);
void *hash_large_copy(const void *large);
uint64_t hash_large_compact(void *large, uint64_t at, struct slab_work *w);
size_t hash_large_count(const void *large);
size_t hash_large_bytes(const void *large);

#endif
