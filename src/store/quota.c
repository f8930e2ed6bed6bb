/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/quota.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/must.h"
#include "proto/blob.h"
#include "proto/client_memory.h"

static struct {
    _Alignas(64) _Atomic size_t start;
    _Atomic size_t freeing;
} accounts;

static size_t load(_Atomic size_t *account)
{
    return atomic_load_explicit(account, memory_order_relaxed);
}

static size_t above(size_t used, size_t others)
{
    return used > others ? used - others : 0;
}

void quota_start(void)
{
    atomic_store_explicit(&accounts.start, above(mem_used(), quota_clients()), memory_order_relaxed);
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
    return client_memory_bytes();
}

size_t quota_clients_total(void)
{
    return client_memory_bytes() + client_memory_referred();
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
