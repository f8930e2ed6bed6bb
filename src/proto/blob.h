/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * blob: large bytes with a count of those who hold them.
 *
 * Role:    a string value that is stored, received and sent without being copied.
 * Owns:    its bytes; freed with the last reference.
 * Threads: the count is atomic. The bytes may be written only by a holder of the single reference.
 * Used by: proto (replies by reference, large bulks received in place), store.
 */
#ifndef LARDER_PROTO_BLOB_H
#define LARDER_PROTO_BLOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct blob {
    _Atomic uint32_t refs;
    size_t len;
    size_t cap;
    char p[];
};

/* One reference, owned by the caller; len 0. NULL if there is no memory. */
struct blob *blob_new(size_t cap);
/* The same with a copy of these bytes. */
struct blob *blob_copy(struct slice s);
void blob_unref(struct blob *b);

static inline struct blob *blob_ref(struct blob *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

static inline bool blob_is_sole(struct blob *b)
{
    return atomic_load_explicit(&b->refs, memory_order_acquire) == 1;
}

static inline struct slice blob_slice(const struct blob *b)
{
    return slice_of(b->p, b->len);
}

#endif
