/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/blob.h"

#include "base/mem.h"

struct blob *blob_new(size_t cap)
{
    struct blob *b;

    must(cap <= SIZE_MAX - sizeof *b);
    b = mem_try_alloc(sizeof *b + cap);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->magic = BLOB_MAGIC;
    b->len = 0;
    b->cap = cap;
    return b;
}

struct blob *blob_copy(struct slice s)
{
    struct blob *b = blob_new(s.n);

    if (b == NULL)
        return NULL;
    if (s.n != 0)
        memcpy(b->p, s.p, s.n);
    b->len = s.n;
    return b;
}

void blob_unref(struct blob *b)
{
    uint32_t before;

    must_be(b, BLOB_MAGIC);
    before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    must(before > 0);
    if (before != 1)
        return;
    must(b->len <= b->cap);
    b->magic = 0;
    mem_free(b);
}
