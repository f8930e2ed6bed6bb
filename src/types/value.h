/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value: a list, hash, set, sorted set or stream as the code of its type sees it.
 *
 * Role:    one value in one of its encodings, to be looked at and changed without knowing of keys and entries.
 * Owns:    nothing; whoever made it puts back what became of it: flat.p and flat.n, or form and large.
 * Threads: under the lock of its key.
 * Used by: the types; cmd/collection makes them from entries.
 * Why:     small values are one run of bytes behind their key and change in place; large ones are a structure of their
 *          own. A type goes from flat to large by itself when the value passes a limit, and never back.
 *
 * An empty value is flat with n 0, whatever it was before: what is empty has no encoding. But a stream without entries
 * is a value, and large.
 */
#ifndef LARDER_TYPES_VALUE_H
#define LARDER_TYPES_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "types/flat.h"

enum value_form {
    VALUE_LISTPACK,
    VALUE_INTSET,   /* sets only */
    VALUE_LARGE,    /* a structure of the type's own */
    VALUE_LISTPACK_EX, /* hashes only: a listpack in which fields have an expiry */
};

/* Up to where a value stays flat, and how large the pieces of a large one are. */
struct value_limits {
    uint64_t entries; /* elements; fields of a hash, members of a sorted set; stream: of a node, 0: any number */
    uint64_t bytes;   /* of the longest element; stream: of a node, 0: any number */
    uint64_t ints;    /* set: elements of an intset */
    int32_t fill;     /* list: list-max-listpack-size */
};

struct value {
    struct flat flat;
    void *large;
    enum value_form form;
    struct value_limits limits;
    int64_t now; /* ms since 1970: fields of a hash that are due by then are as good as gone; 0: none is */
};

static inline bool value_is_empty(const struct value *v)
{
    return v->form != VALUE_LARGE && v->flat.n == 0;
}

/* An empty value in memory of its own, for those that are made beside the keyspace and put there afterwards. */
static inline struct value value_new(struct value_limits limits)
{
    return (struct value){.flat = FLAT_EMPTY, .limits = limits};
}

/* The value is in `large` from here on, and no longer in the flat bytes. */
static inline void value_enlarge(struct value *v, void *large)
{
    must(large != NULL && v->form != VALUE_LARGE);
    v->large = large;
    v->form = VALUE_LARGE;
    v->flat.n = 0; /* or they were the value again once it is cleared */
}

/* The value is empty from here on; what it was has been freed. */
static inline void value_clear(struct value *v)
{
    if (v->form != VALUE_LARGE && v->flat.n != 0)
        v->flat.resize(&v->flat, 0);
    v->form = VALUE_LISTPACK;
    v->large = NULL;
}

#endif
