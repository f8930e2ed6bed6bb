/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: fields, each with a value and perhaps an expiry of its own.
 *
 * Role:    the value of a hash in all its forms.
 * Owns:    nothing of a struct value; of a large one, what hash_large_free frees.
 * Threads: under the lock of its key.
 * Used by: the hash commands, SORT, persist, store (the expiry of fields).
 * Why:     a flat hash is one listpack, of pairs (field, value) or, once a field had an expiry, of triples (field,
 *          value, expiry in ms since 1970, or 0), earliest expiry first and those without one behind all others: as
 *          Redis 7.4 has it, so that a dump is a copy, and what is due next stands in front. A large one is a dict, and
 *          beside it an agenda of the elements with an expiry.
 *
 * Fields that are due at v->now are not there for any of these functions but hash_purge, which frees them. Slices from
 * a hash are borrowed until its next change; a number in a flat one is turned into digits, and these are borrowed as
 * long as the struct that was given for them. Slices given to a function may not lie in the hash.
 */
#ifndef LARDER_TYPES_HASH_H
#define LARDER_TYPES_HASH_H

#include "types/dict.h"
#include "types/listpack.h"
#include "types/value.h"

/* The largest field or value, bytes. */
#define HASH_WORD_MAX (UINT32_MAX - 64)

size_t hash_count(const struct value *v);
bool hash_has(const struct value *v, struct slice field);
bool hash_get(const struct value *v, struct slice field, struct slice *value, struct listpack_digits *d);
/* Sets a field, which has no expiry from here on. True: it is new. */
bool hash_set(struct value *v, struct slice field, struct slice value);
bool hash_remove(struct value *v, struct slice field);

/* ---- expiry; ms since 1970, 0: none ---- */

/* As hash_set, and the field expires then, or, with HASH_KEEP, when it did before. */
#define HASH_KEEP INT64_MIN
bool hash_set_until(struct value *v, struct slice field, struct slice value, int64_t expire);
/* When a field expires. False: there is no such field. */
bool hash_expiry(const struct value *v, struct slice field, int64_t *expire);
/* Gives a field that is there another expiry. */
void hash_set_expiry(struct value *v, struct slice field, int64_t expire);
/* When the first of them is due; 0: no field has an expiry. At once. */
int64_t hash_next_due(const struct value *v);
/* Removes fields that are due at `now`, at most so many. Returns how many it removed. */
size_t hash_purge(struct value *v, int64_t now, size_t most);

/* ---- walks ---- */

/* Over all fields, each once; nothing may change meanwhile. What it gives is borrowed until the next step. */
struct hash_walk {
    const struct value *v;
    size_t at; /* flat: the next field */
    struct dict_walk elements;
    int64_t expire; /* of the field that was given last */
    struct listpack_digits digits[2];
};
void hash_walk_begin(struct hash_walk *w, const struct value *v);
bool hash_walk_next(struct hash_walk *w, struct slice *field, struct slice *value);

/* Visits the fields in the part of a large hash that `at` begins and returns where the next part begins, 0 at the end:
 * see dict_scan. */
typedef void hash_visit(void *arg, struct slice field, struct slice value);
uint64_t hash_scan(const struct value *v, uint64_t at, hash_visit *visit, void *arg);

/* Visits n fields drawn at random, each as likely as any other: with `distinct` each at most once, in any order (all,
 * if there are not so many); else independently of each other. Ends when visit returns false. Not for an empty hash. */
typedef bool hash_visit_drawn(void *arg, struct slice field, struct slice value);
void hash_draw(const struct value *v, uint64_t n, bool distinct, hash_visit_drawn *visit, void *arg);

/* ---- large ones, as the store sees them ---- */

void hash_large_free(void *large);
void *hash_large_copy(const void *large);
size_t hash_large_count(const void *large);
size_t hash_large_bytes(const void *large);

#endif
