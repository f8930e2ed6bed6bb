/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/interest.h"

#include <string.h>

#include "base/must.h"
#include "proto/client_memory.h"

#define BUCKETS_MIN 8
#define AHEAD       8 /* buckets whose first interests are fetched ahead while a set grows */

static struct interest **bucket_of(const struct interest_set *set, uint64_t hash)
{
    sane(set->cap != 0 && (set->cap & (set->cap - 1)) == 0);
    return &set->buckets[hash & (set->cap - 1)];
}

static void link_first(struct interest **bucket, struct interest *i)
{
    i->prev = NULL;
    i->next = *bucket;
    if (i->next != NULL)
        i->next->prev = i;
    *bucket = i;
}

/* Doubles the buckets, if there is memory. False: there is none, and no buckets to go on with. */
static bool grow(struct interest_set *set)
{
    struct interest_set bigger = {.n = set->n, .cap = set->cap ? 2 * set->cap : BUCKETS_MIN};

    must(bigger.cap > set->cap);
    bigger.buckets = client_memory_try_alloc(bigger.cap * sizeof *bigger.buckets);
    if (bigger.buckets == NULL)
        return set->cap != 0;
    memset(bigger.buckets, 0, bigger.cap * sizeof *bigger.buckets);
    for (uint32_t b = 0; b < set->cap; b++) {
        if (b + AHEAD < set->cap)
            __builtin_prefetch(set->buckets[b + AHEAD], 1);
        for (struct interest *i = set->buckets[b], *next; i != NULL; i = next) {
            next = i->next;
            link_first(bucket_of(&bigger, i->hash), i);
        }
    }
    client_memory_free(set->buckets);
    *set = bigger;
    return true;
}

void interest_prefetch_bucket(const struct interest_set *set, uint64_t hash)
{
    if (set->n > 0)
        __builtin_prefetch(bucket_of(set, hash), 1);
}

void interest_prefetch_first(const struct interest_set *set, uint64_t hash)
{
    if (set->n > 0)
        __builtin_prefetch(*bucket_of(set, hash), 1);
}

bool interest_add(struct interest_set *set, struct interest *i)
{
    must(i->kind != NULL && i->kind->bit != 0);
    if (set->n >= set->cap && !grow(set))
        return false;
    link_first(bucket_of(set, i->hash), i);
    set->n++;
    return true;
}

void interest_remove(struct interest_set *set, struct interest *i)
{
    must(set->n > 0);
    must(i->prev != NULL || *bucket_of(set, i->hash) == i);
    if (i->prev != NULL)
        i->prev->next = i->next;
    else
        *bucket_of(set, i->hash) = i->next;
    if (i->next != NULL)
        i->next->prev = i->prev;
    if (--set->n > 0)
        return;
    client_memory_free(set->buckets);
    *set = (struct interest_set){0};
}

static struct interest *bucket_first(const struct interest_set *set, uint64_t hash)
{
    return set->n > 0 ? *bucket_of(set, hash) : NULL;
}

/* The first interest in the key from i on, including i. */
static struct interest *next_in_key(struct interest *i, unsigned db, uint64_t hash, struct slice key)
{
    while (i != NULL && (i->hash != hash || i->db != db || !slice_eq(i->key, key)))
        i = i->next;
    return i;
}

bool interest_exists(const struct interest_set *set, const struct interest_kind *kind, unsigned db, uint64_t hash,
                     struct slice key, const void *owner)
{
    struct interest *i = bucket_first(set, hash);

    for (; (i = next_in_key(i, db, hash, key)) != NULL; i = i->next)
        if (i->kind == kind && i->owner == owner)
            return true;
    return false;
}

struct interest *interest_next(const struct interest_set *set, const struct interest *i)
{
    size_t b = i != NULL ? (size_t)(bucket_of(set, i->hash) - set->buckets) + 1 : 0;

    if (i != NULL && i->next != NULL)
        return i->next;
    while (b < set->cap && set->buckets[b] == NULL)
        b++;
    return b < set->cap ? set->buckets[b] : NULL;
}

void interest_report(struct interest_set *set, unsigned db, uint64_t hash, struct slice key, const struct event *event)
{
    struct interest *i = bucket_first(set, hash);

    for (; (i = next_in_key(i, db, hash, key)) != NULL; i = i->next)
        i->kind->changed(i, event);
}
