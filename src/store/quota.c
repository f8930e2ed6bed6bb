/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/quota.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/must.h"
#include "proto/blob.h"

#define FLUSH_AT    ((int64_t)64 * 1024)
#define THREADS_MAX 4096

static struct {
    _Alignas(64) _Atomic size_t start;
    _Atomic size_t freeing;
    _Atomic int64_t clients; /* without what threads have pending: may be negative by that */
} accounts;

static _Thread_local int64_t pending; /* client memory that this thread has not added to the account yet */

static size_t load(_Atomic size_t *account)
{
    return atomic_load_explicit(account, memory_order_relaxed);
}

void quota_start(void)
{
    atomic_store_explicit(&accounts.start, mem_used(), memory_order_relaxed);
}

void quota_flush(void)
{
    int64_t before;

    if (pending == 0)
        return;
    before = atomic_fetch_add_explicit(&accounts.clients, pending, memory_order_relaxed);
    must(before + pending >= -FLUSH_AT * THREADS_MAX);
    pending = 0;
}

void quota_count_clients(int64_t change)
{
    pending += change;
    if (UNLIKELY(pending >= FLUSH_AT || pending <= -FLUSH_AT))
        quota_flush();
}

void quota_free_later(size_t bytes)
{
    atomic_fetch_add_explicit(&accounts.freeing, bytes, memory_order_relaxed);
}

void quota_freed(size_t bytes)
{
    size_t before = atomic_fetch_sub_explicit(&accounts.freeing, bytes, memory_order_relaxed);

    must(before >= bytes);
}

size_t quota_started(void)
{
    return load(&accounts.start);
}

size_t quota_clients(void)
{
    int64_t bytes = atomic_load_explicit(&accounts.clients, memory_order_relaxed) + pending;

    return bytes > 0 ? (size_t)bytes : 0;
}

size_t quota_pinned(void)
{
    return blob_pinned();
}

size_t quota_freeing(void)
{
    return load(&accounts.freeing);
}

/* What is in use and neither data nor being freed. */
static size_t fixed(void)
{
    return quota_started() + quota_clients() + quota_pinned();
}

static size_t above(size_t used, size_t others)
{
    return used > others ? used - others : 0;
}

size_t quota_overhead(void)
{
    return fixed() + quota_freeing();
}

size_t quota_dataset(void)
{
    return above(mem_used(), quota_overhead());
}

size_t quota_bounded(void)
{
    return above(mem_used(), fixed());
}
