/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/client_memory.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "base/must.h"

#define FLUSH_AT    ((int64_t)64 * 1024)
#define THREADS_MAX 4096

/* A counter without what threads have pending: it may be negative by that. */
struct counter {
    _Alignas(64) _Atomic int64_t total;
};

static struct counter taken, referred;
static _Thread_local int64_t pending_taken, pending_referred;

static void flush(struct counter *c, int64_t *pending)
{
    int64_t before = atomic_fetch_add_explicit(&c->total, *pending, memory_order_relaxed);

    must(before + *pending >= -FLUSH_AT * THREADS_MAX);
    *pending = 0;
}

static inline void add(struct counter *c, int64_t *pending, int64_t change)
{
    *pending += change;
    if (UNLIKELY(*pending >= FLUSH_AT || *pending <= -FLUSH_AT))
        flush(c, pending);
}

static size_t read_counter(struct counter *c, int64_t pending)
{
    int64_t bytes = atomic_load_explicit(&c->total, memory_order_relaxed) + pending;

    return bytes > 0 ? (size_t)bytes : 0;
}

void client_memory_add(int64_t change)
{
    add(&taken, &pending_taken, change);
}

void client_memory_refer(int64_t change)
{
    add(&referred, &pending_referred, change);
}

void client_memory_flush(void)
{
    if (pending_taken != 0)
        flush(&taken, &pending_taken);
    if (pending_referred != 0)
        flush(&referred, &pending_referred);
}

size_t client_memory_bytes(void)
{
    return read_counter(&taken, pending_taken);
}

size_t client_memory_referred(void)
{
    return read_counter(&referred, pending_referred);
}

void client_memory_count(const void *p)
{
    client_memory_add((int64_t)mem_usable(p));
}

void *client_memory_alloc(size_t size)
{
    void *p = mem_alloc(size);

    client_memory_count(p);
    return p;
}

void *client_memory_zalloc(size_t size)
{
    void *p = mem_zalloc(size);

    client_memory_count(p);
    return p;
}

static void discount(const void *p)
{
    if (p != NULL)
        client_memory_add(-(int64_t)mem_usable(p));
}

void *client_memory_realloc(void *p, size_t size)
{
    discount(p);
    p = mem_realloc(p, size);
    client_memory_count(p);
    return p;
}

void *client_memory_try_alloc(size_t size)
{
    void *p = mem_try_alloc(size);

    if (p != NULL)
        client_memory_count(p);
    return p;
}

void *client_memory_try_realloc(void *p, size_t size)
{
    size_t before = p != NULL ? mem_usable(p) : 0;
    void *q = mem_try_realloc(p, size);

    if (q != NULL)
        client_memory_add((int64_t)mem_usable(q) - (int64_t)before);
    return q;
}

void client_memory_free(void *p)
{
    discount(p);
    mem_free(p);
}
