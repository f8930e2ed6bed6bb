/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flat: a run of bytes that can be changed in place, wherever it is stored.
 *
 * Role:    what a flat encoding (listpack, intset) works on: bytes after a key in its entry, or in a block of their
 *          own.
 * Owns:    nothing; its maker knows where the bytes are and how to resize them.
 * Threads: those of its owner.
 * Used by: listpack, intset and the types built on them.
 *
 */
#ifndef LARDER_TYPES_FLAT_H
#define LARDER_TYPES_FLAT_H

#include <stddef.h>
#include <string.h>

#include "base/slice.h"

struct flat {
    char *p;
    size_t n;
    /* Resizes to n bytes: the first ones keep their content, new ones are uninitialized. Sets p, since the bytes may
     * move, and n. Never fails. */
    void (*resize)(struct flat *f, size_t n);
    void *owner; /* for resize */
};

/* The most bytes of a flat value that options may allow: what is longer is stored in the large form. A block of this
 * size can be allocated when memory is out (base/reserve.h). */
#define FLAT_MAX (2u << 20)

/* For reading only. */
static inline struct flat flat_of(struct slice s)
{
    return (struct flat){.p = (char *)s.p, .n = s.n};
}

static inline struct slice flat_slice(const struct flat *f)
{
    return slice_of(f->p, f->n);
}

/* Replaces `removed` bytes at `at` by `added` uninitialized bytes and moves what follows. Returns where they begin.
 * Resizes at most once. */
char *flat_splice(struct flat *f, size_t at, size_t removed, size_t added);

/* Bytes in a block of their own: at first p is NULL and n is 0; flat_fini frees them. For large structures and
 * tests. */
#define FLAT_EMPTY ((struct flat){.resize = flat_resize_heap})
void flat_resize_heap(struct flat *f, size_t n);
void flat_fini(struct flat *f);

#endif
