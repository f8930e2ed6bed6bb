/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/blob.h"

#include "base/mem.h"
#include "base/reserve.h"

static _Atomic size_t pinned;

struct blob *blob_new(size_t cap)
{
    struct blob *b;

    must(cap <= SIZE_MAX - sizeof *b);
    b = mem_try_alloc(sizeof *b + cap);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->magic = BLOB_MAGIC;
    b->state = BLOB_LOOSE;
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

struct blob *blob_copy_surely(struct slice s)
{
    struct blob *b = blob_copy(s);

    while (b == NULL) {
        if (!reserve_release())
            mem_exhausted(s.n);
        b = blob_copy(s);
    }
    return b;
}

struct blob *blob_resize(struct blob *b, size_t cap)
{
    struct blob *resized;

    must(blob_is_sole(b) && cap >= b->len && cap <= SIZE_MAX - sizeof *b);
    resized = mem_try_realloc(b, sizeof *b + cap);
    if (resized != NULL)
        resized->cap = cap;
    return resized;
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
    if (UNLIKELY(b->state == BLOB_PINNED))
        must(atomic_fetch_sub_explicit(&pinned, blob_bytes(b), memory_order_relaxed) >= blob_bytes(b));
    b->magic = 0;
    mem_free(b);
}

void blob_own(struct blob *b)
{
    must_be(b, BLOB_MAGIC);
    must(b->state == BLOB_LOOSE);
    b->state = BLOB_OWNED;
}

bool blob_disown(struct blob *b)
{
    bool pins;

    must_be(b, BLOB_MAGIC);
    must(b->state != BLOB_PINNED);
    pins = !blob_is_sole(b);
    if (pins) {
        atomic_fetch_add_explicit(&pinned, blob_bytes(b), memory_order_relaxed);
        b->state = BLOB_PINNED;
    }
    blob_unref(b);
    return pins;
}

size_t blob_pinned(void)
{
    return atomic_load_explicit(&pinned, memory_order_relaxed);
}

size_t blob_size(size_t cap)
{
    return mem_usable_size(sizeof(struct blob) + cap);
}

size_t blob_bytes(const struct blob *b)
{
    return blob_size(b->cap);
}
