/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * set: distinct strings in no order.
 *
 * Role:    what the set commands do to a value, in each of its forms: an intset (integers only), a listpack or, if
 *          large, a dict whose elements consist of their key only.
 * Owns:    the dict of a large set, until the value is freed or cleared.
 * Threads: under the lock of its key.
 * Used by: the set commands, SORT, digest, persist.
 * Why:     a set has the smallest form that Redis would give it, by the same limits, so that OBJECT ENCODING agrees:
 *          set-max-intset-entries for integers, set-max-listpack-entries and -value for others. It changes to a larger
 *          form by itself, and to a smaller one only when nearly all members are popped.
 *
 * All functions accept an empty value as a set without members. Members are borrowed until the next change of the
 * value.
 */
#ifndef LARDER_TYPES_SET_H
#define LARDER_TYPES_SET_H

#include "types/dict.h"
#include "types/listpack.h"
#include "types/value.h"

size_t set_count(const struct value *v);
bool set_has(const struct value *v, struct slice member);
/* False: it is there already. The member may not point into v. */
bool set_add(struct value *v, struct slice member);
/* The same for a member that is not in the set, without a search. */
void set_add_new(struct value *v, struct slice member);
/* False: it is not there. */
bool set_remove(struct value *v, struct slice member);

/* Chooses the form for n members that are about to be added, `first` among them: large at once if they would not fit a
 * small form. */
void set_reserve(struct value *v, struct slice first, size_t n);

/* Begin an empty value in this form, whatever the limits are. A set that remains without members must be cleared. */
void set_begin_intset(struct value *v);
void set_begin_listpack(struct value *v);
void set_begin_large(struct value *v);
void set_clear(struct value *v);
/* Makes a set whose members are all integers an intset, if they are not too many. */
void set_make_intset(struct value *v);

/* A walk over all members, each once. The set may not change meanwhile. */
struct set_walk {
    const struct value *v;
    size_t at; /* intset: the next index; listpack: the position of the last member, 0 before the first */
    struct dict_walk dict;
    struct listpack_digits digits;
};
void set_walk_begin(struct set_walk *w, const struct value *v);
/* False at the end. The member is borrowed until the next call. */
bool set_walk_next(struct set_walk *w, struct slice *member);

typedef void set_visit(void *arg, struct slice member);
/* Visits the members in the part of a large set that begins at `at`, all members of a small one. Returns where the next
 * part begins, 0 at the end (dict_scan). visit may not change the set. */
uint64_t set_scan(const struct value *v, uint64_t at, set_visit *visit, void *arg);

/* ---- random members, each equally likely ---- */

/* Draws random members of a set that is not empty, with repetition. The set may not change between begin and end. */
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

/* A random member of a set that is not empty. Borrowed; an integer, as long as d. */
struct slice set_random(const struct value *v, struct listpack_digits *d);

/* Visits n distinct random members in no particular order. n is at most the number of members. */
void set_sample(const struct value *v, size_t n, set_visit *visit, void *arg);
/* The same, and removes them. */
void set_pop(struct value *v, size_t n, set_visit *visit, void *arg);

/* ---- the large form ---- */

void set_large_free(void *large);
void *set_large_copy(const void *large);
uint64_t set_large_compact(void *large, uint64_t at, struct slab_work *w);
size_t set_large_count(const void *large);
size_t set_large_bytes(const void *large);

#endif
