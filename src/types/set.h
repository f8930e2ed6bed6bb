/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set: different strings in no order.
 *
 * Role:    what commands on sets do with their value, in whichever form it is: an intset (integers only), a listpack,
 *          or, large, a dict whose elements hold nothing but their key.
 * Owns:    the dict of a large set, until the value is freed or cleared.
 * Threads: under the lock of its key.
 * Used by: the set commands, SORT, digest, persist.
 * Why:     a set takes the smallest form that Redis would give it, by the same limits, so that what a client sees of
 *          encodings agrees: set-max-intset-entries for integers, set-max-listpack-entries and -value for others. It
 *          goes from one form to a larger one by itself; back only when nearly all of it was popped.
 *
 * Every function takes an empty value too, as the set without members that it is. Members are borrowed until the next
 * change of the value.
 */
#ifndef LARDER_TYPES_SET_H
#define LARDER_TYPES_SET_H

#include "types/dict.h"
#include "types/listpack.h"
#include "types/value.h"

size_t set_count(const struct value *v);
bool set_has(const struct value *v, struct slice member);
/* False: it was there already. The member may not lie in v. */
bool set_add(struct value *v, struct slice member);
/* The same for a member that is known not to be there: spares the search. */
void set_add_new(struct value *v, struct slice member);
/* False: it was not there. */
bool set_remove(struct value *v, struct slice member);

/* Chooses the form for n members that are about to be added, `first` being one of them: large at once if so many would
 * not fit a small one. */
void set_expect(struct value *v, struct slice first, size_t n);

/* A walk over all members, each once; nothing may be added or removed meanwhile. */
struct set_walk {
    const struct value *v;
    size_t at; /* intset: the next index; listpack: the position given last, 0 before the first */
    struct dict_walk dict;
    struct listpack_digits digits;
};
void set_walk_begin(struct set_walk *w, const struct value *v);
/* False at the end. The member is borrowed until the next call. */
bool set_walk_next(struct set_walk *w, struct slice *member);

typedef void set_visit(void *arg, struct slice member);
/* Calls visit for each member under the part of a large set that `at` begins, for all of a small one. Returns where the
 * next part begins, 0 at the end (dict_scan). visit may not change the set. */
uint64_t set_scan(const struct value *v, uint64_t at, set_visit *visit, void *arg);

/* ---- at random: each member as likely as any other ---- */

/* Draws a member of a set that is not empty, again and again. Nothing may change between begin and end. */
struct set_draw {
    const struct value *v;
    size_t *at; /* listpack: the positions of its elements, owned */
    size_t n;
    struct listpack_digits digits;
};
void set_draw_begin(struct set_draw *d, const struct value *v);
/* The member is borrowed until the next call. */
struct slice set_draw(struct set_draw *d);
void set_draw_end(struct set_draw *d);

/* A member of a set that is not empty. Borrowed, an integer as long as d. */
struct slice set_random(const struct value *v, struct listpack_digits *d);

/* Calls visit for n different members, n at most their number, in no order to rely on. */
void set_sample(const struct value *v, size_t n, set_visit *visit, void *arg);
/* The same, and removes them. */
void set_pop(struct value *v, size_t n, set_visit *visit, void *arg);

/* ---- the large form ---- */

void set_large_free(void *large);
void *set_large_copy(const void *large);
size_t set_large_count(const void *large);
size_t set_large_bytes(const void *large);

#endif
