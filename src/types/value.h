/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * value: a list, hash, set, sorted set or stream as the code of its type sees it.
 *
 * Role:    a value in one of its encodings, to be read and changed independently of keys and entries.
 * Owns:    nothing; whoever made it stores the result of a change: flat.p and flat.n, or form and large.
 * Threads: under the lock of its key.
 * Used by: the types; run/collection makes values from entries.
 * Why:     a small value is one run of bytes after its key and changes in place. A large value is a structure of its
 *          own. A type converts a flat value to large when it exceeds a limit.
 *
 * An empty value is flat with n 0, whatever it was before: it has no encoding. A stream without entries, however, is a
 * value, and large.
 */
#ifndef LARDER_TYPES_VALUE_H
#define LARDER_TYPES_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "types/flat.h"

enum value_form {
    VALUE_LISTPACK,
    VALUE_INTSET,      /* sets only */
    VALUE_LARGE,       /* a structure of the type */
    VALUE_LISTPACK_EX, /* hashes only: a listpack whose fields have an expiry */
};

/* The limits of flat values, and of the pieces of large ones. */
struct value_limits {
    uint64_t entries; /* elements; fields of a hash, members of a sorted set; stream: of a node, 0: no limit */
    uint64_t bytes;   /* of the longest element; stream: of a node, 0: no limit */
    uint64_t ints;    /* set: elements of an intset */
    int32_t fill;     /* list: list-max-listpack-size */
};

struct value {
    struct flat flat;
    void *large;
    enum value_form form;
    struct value_limits limits;
    int64_t now; /* ms since 1970: fields of a hash that expire by then do not exist; 0: all exist */
};

static inline bool value_is_empty(const struct value *v)
{
    return v->form != VALUE_LARGE && v->flat.n == 0;
}

/* An empty value in a block of its own, for values that are made outside of the keyspace and stored later. */
static inline struct value value_new(struct value_limits limits)
{
    return (struct value){.flat = FLAT_EMPTY, .limits = limits};
}

/* Makes the value large; its flat bytes are unused afterwards. */
static inline void value_enlarge(struct value *v, void *large)
{
    must(large != NULL && v->form != VALUE_LARGE);
    v->large = large;
    v->form = VALUE_LARGE;
    v->flat.n = 0; /* or the bytes would be the value again when it is cleared */
}

/* Makes the value empty. Its content was freed before. */
static inline void value_clear(struct value *v)
{
    if (v->form != VALUE_LARGE && v->flat.n != 0)
        v->flat.resize(&v->flat, 0);
    v->form = VALUE_LISTPACK;
    v->large = NULL;
}

#endif
