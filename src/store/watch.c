/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/watch.h"

#include "base/mem.h"

#define BUCKETS_LEAST 8

static struct watch **bucket_of(const struct watch_list *l, uint64_t hash)
{
    return &l->buckets[hash & (l->cap - 1)];
}

static void put_first(struct watch **bucket, struct watch *w)
{
    w->prev = NULL;
    w->next = *bucket;
    if (w->next != NULL)
        w->next->prev = w;
    *bucket = w;
}

/* Twice the buckets. */
static void grow(struct watch_list *l)
{
    struct watch_list bigger = {.n = l->n, .cap = l->cap ? 2 * l->cap : BUCKETS_LEAST};

    bigger.buckets = mem_zalloc(bigger.cap * sizeof *bigger.buckets);
    for (size_t i = 0; i < l->cap; i++)
        for (struct watch *w = l->buckets[i], *next; w != NULL; w = next) {
            next = w->next;
            put_first(bucket_of(&bigger, w->hash), w);
        }
    mem_free(l->buckets);
    *l = bigger;
}

void watch_add(struct watch_list *l, struct watch *w)
{
    if (l->n == l->cap)
        grow(l);
    put_first(bucket_of(l, w->hash), w);
    l->n++;
}

void watch_remove(struct watch_list *l, struct watch *w)
{
    if (w->prev != NULL)
        w->prev->next = w->next;
    else
        *bucket_of(l, w->hash) = w->next;
    if (w->next != NULL)
        w->next->prev = w->prev;
    if (--l->n > 0)
        return;
    mem_free(l->buckets);
    *l = (struct watch_list){0};
}

static struct watch *bucket_first(const struct watch_list *l, uint64_t hash)
{
    return l->n > 0 ? *bucket_of(l, hash) : NULL;
}

/* The next watch of the key from w on, w included. */
static struct watch *watch_of(struct watch *w, unsigned db, uint64_t hash, struct slice key)
{
    while (w != NULL && (w->hash != hash || w->db != db || !slice_eq(w->key, key)))
        w = w->next;
    return w;
}

bool watch_has(const struct watch_list *l, unsigned db, uint64_t hash, struct slice key, const void *owner)
{
    for (struct watch *w = bucket_first(l, hash); (w = watch_of(w, db, hash, key)) != NULL; w = w->next)
        if (w->owner == owner)
            return true;
    return false;
}

struct watch *watch_next(const struct watch_list *l, const struct watch *w)
{
    size_t i = w != NULL ? (size_t)(bucket_of(l, w->hash) - l->buckets) + 1 : 0;

    if (w != NULL && w->next != NULL)
        return w->next;
    while (i < l->cap && l->buckets[i] == NULL)
        i++;
    return i < l->cap ? l->buckets[i] : NULL;
}

void watch_mark(struct watch_list *l, unsigned db, uint64_t hash, struct slice key)
{
    for (struct watch *w = bucket_first(l, hash); (w = watch_of(w, db, hash, key)) != NULL; w = w->next)
        w->changed = true;
}

void watch_expired(struct watch_list *l, unsigned db, uint64_t hash, struct slice key)
{
    for (struct watch *w = bucket_first(l, hash); (w = watch_of(w, db, hash, key)) != NULL; w = w->next) {
        w->changed |= !w->was_expired;
        w->was_expired = false;
    }
}
