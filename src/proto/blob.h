/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * blob: a large byte string with a reference count.
 *
 * Role:    a string value that is stored, received and sent without a copy. Counts the pinned bytes: those of blobs
 *          whose owner has let go while replies still refer to them.
 * Owns:    its bytes; freed with the last reference.
 * Threads: the count is atomic. Only the holder of the sole reference may write the bytes.
 * Used by: proto (replies by reference, large bulk strings received in place), store.
 */
#ifndef LARDER_PROTO_BLOB_H
#define LARDER_PROTO_BLOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

#define BLOB_MAGIC 0x424cu

/* Which account a blob's bytes are in. */
enum blob_state {
    BLOB_LOOSE,  /* of whoever made it: an argument that is received is client memory */
    BLOB_OWNED,  /* it is the value of one entry: data */
    BLOB_PINNED, /* its owner has let go, and others still hold references */
};

struct blob {
    _Atomic uint32_t refs;
    uint16_t magic;
    uint8_t state; /* enum blob_state; written by the owner, and read with the last reference */
    size_t len;
    size_t cap;
    char p[];
};

/* A blob of length 0 with one reference, owned by the caller. NULL if there is no memory. */
struct blob *blob_new(size_t cap);
/* The same with a copy of the bytes of s. The second uses the reserve, and ends the process if that is not enough. */
struct blob *blob_copy(struct slice s);
struct blob *blob_copy_surely(struct slice s);
/* Gives a blob, whose only reference the caller has, another capacity, at least its length. Returns the blob, which may
 * have moved. NULL: there is no memory, and nothing has changed. While it moves, both copies take memory, but only one
 * is counted. */
struct blob *blob_resize(struct blob *b, size_t cap);
void blob_unref(struct blob *b);
/* The caller's reference becomes that of an entry. A blob is the value of one entry at most. */
void blob_own(struct blob *b);
/* As blob_unref, for the entry, or for whoever made the blob for a reply. True: others still hold references, and the
 * blob is pinned until they let go. */
bool blob_disown(struct blob *b);
/* Bytes of all pinned blobs. Any thread. */
size_t blob_pinned(void);
/* Bytes that the blob takes, and that one of this capacity would. */
size_t blob_bytes(const struct blob *b);
size_t blob_size(size_t cap);

static inline struct blob *blob_ref(struct blob *b)
{
    uint32_t before;

    must_be(b, BLOB_MAGIC);
    before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    must(before > 0 && before < UINT32_MAX);
    return b;
}

/* Whether the caller's reference is the only one. */
static inline bool blob_is_sole(struct blob *b)
{
    must_be(b, BLOB_MAGIC);
    return atomic_load_explicit(&b->refs, memory_order_acquire) == 1;
}

static inline struct slice blob_slice(const struct blob *b)
{
    must(b->magic == BLOB_MAGIC && b->len <= b->cap);
    return slice_of(b->p, b->len);
}

#endif
