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
    _Atomic size_t reserved;
} accounts;

static struct {
    _Atomic size_t clients, used;
} ceilings = {SIZE_MAX, SIZE_MAX};

static _Thread_local size_t reserved; /* of accounts.reserved, what this thread has reserved */

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

void quota_set_ceilings(size_t clients, size_t used)
{
    atomic_store_explicit(&ceilings.clients, clients, memory_order_relaxed);
    atomic_store_explicit(&ceilings.used, used, memory_order_relaxed);
}

bool quota_clients_may_take(size_t bytes)
{
    size_t clients = load(&ceilings.clients), used = load(&ceilings.used);

    return bytes <= clients && quota_clients() <= clients - bytes && bytes <= used && mem_used() <= used - bytes;
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

static void take_back(size_t bytes)
{
    size_t before = atomic_fetch_sub_explicit(&accounts.reserved, bytes, memory_order_relaxed);

    must(before >= bytes && reserved >= bytes);
    reserved -= bytes;
}

/* Called when the thread's memory in use has changed. */
static void see_used(int64_t change)
{
    if (change > 0)
        take_back((size_t)change < reserved ? (size_t)change : reserved);
}

void quota_reserve(size_t bytes)
{
    mem_flush();
    atomic_fetch_add_explicit(&accounts.reserved, bytes, memory_order_relaxed);
    reserved += bytes;
    mem_observe(see_used);
}

void quota_unreserve(void)
{
    if (LIKELY(reserved == 0))
        return;
    mem_observe(NULL);
    take_back(reserved);
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

size_t quota_bounded(void)
{
    return above(mem_used(), fixed()) + load(&accounts.reserved) - reserved;
}
