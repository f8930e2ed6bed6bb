/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flat: a run of bytes that is changed in place, wherever it lies.
 *
 * Role:    what a flat encoding (listpack, intset) works on: behind a key in its entry, or in memory of its own.
 * Owns:    nothing; whoever made it knows where the bytes are and how to make them more or fewer.
 * Threads: those of its owner.
 * Used by: listpack, intset, the types built on them.
 */
#ifndef LARDER_TYPES_FLAT_H
#define LARDER_TYPES_FLAT_H

#include <stddef.h>
#include <string.h>

#include "base/slice.h"

struct flat {
    char *p;
    size_t n;
    /* Makes the bytes `n` in number: the first of them keep their content, what is new is undefined. Sets p (they may
     * move) and n. Never fails. */
    void (*resize)(struct flat *f, size_t n);
    void *owner; /* what resize needs to know of where the bytes are */
};

/* Bytes to look at, not to be changed. */
static inline struct flat flat_of(struct slice s)
{
    return (struct flat){.p = (char *)s.p, .n = s.n};
}

static inline struct slice flat_slice(const struct flat *f)
{
    return slice_of(f->p, f->n);
}

/* Puts room for `come` bytes in the place of the `gone` ones at `at`; what is behind them moves. Returns where they
 * begin. Resizes once at most. */
char *flat_splice(struct flat *f, size_t at, size_t gone, size_t come);

/* Bytes in memory of their own: p NULL and n 0 at first, in the end flat_fini. For large structures, and tests. */
#define FLAT_EMPTY ((struct flat){.resize = flat_resize_heap})
void flat_resize_heap(struct flat *f, size_t n);
void flat_fini(struct flat *f);

#endif
