/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hash_large.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/expiry_heap.h"

#define LONG_VALUE     127
#define HAS_POSITION   0x80
#define POSITION_BYTES sizeof(uint32_t)

#define HASH_LARGE_MAGIC 0x68617368u /* "hash" */

struct hash_large {
    uint32_t magic;
    struct dict *fields;
    struct expiry_heap *expiries; /* NULL: no field has had an expiry */
};

/* ---- elements ---- */

static inline bool has_position(const struct element *e)
{
    return *element_rest(e) & HAS_POSITION;
}

static size_t rest_for(size_t n, bool position)
{
    return 1 + (n < LONG_VALUE ? 0 : sizeof(uint32_t)) + n + (position ? POSITION_BYTES : 0);
}

struct slice hash_large_value(const struct element *e)
{
    const char *rest = element_rest(e);
    size_t n = (uint8_t)*rest++ & ~HAS_POSITION;
    uint32_t length;

    if (n < LONG_VALUE)
        return slice_of(rest, n);
    memcpy(&length, rest, sizeof length);
    return slice_of(rest + sizeof length, length);
}

static size_t rest_of(const struct element *e)
{
    return rest_for(hash_large_value(e).n, has_position(e));
}

static uint32_t position_of(const struct element *e)
{
    struct slice value = hash_large_value(e);
    uint32_t position;

    must(has_position(e));
    memcpy(&position, value.p + value.n, sizeof position);
    return position;
}

static void set_position(void *element, uint32_t position)
{
    struct slice value = hash_large_value(element);

    must(has_position(element));
    memcpy((char *)value.p + value.n, &position, sizeof position);
}

static void write_value(struct element *e, struct slice value, bool position)
{
    char *rest = element_rest(e);

    must(value.n <= UINT32_MAX);
    *rest++ = (char)((value.n < LONG_VALUE ? value.n : LONG_VALUE) | (position ? HAS_POSITION : 0));
    if (value.n >= LONG_VALUE) {
        memcpy(rest, &(uint32_t){value.n}, sizeof(uint32_t));
        rest += sizeof(uint32_t);
    }
    if (value.n != 0)
        memcpy(rest, value.p, value.n);
}

static void release(void *element)
{
    element_free(element, rest_of(element));
}

/* ---- the hash ---- */

struct hash_large *hash_large_new(void)
{
    struct hash_large *h = mem_zalloc(sizeof *h);

    h->magic = HASH_LARGE_MAGIC;
    h->fields = dict_new();
    return h;
}

void hash_large_free(void *large)
{
    struct hash_large *h = large;

    must_be(h, HASH_LARGE_MAGIC);
    dict_free(h->fields, release);
    if (h->expiries != NULL)
        expiry_heap_free(h->expiries);
    h->magic = 0;
    mem_free(h);
}

void *hash_large_copy(const void *large)
{
    const struct hash_large *h = large;
    struct hash_large *copy = hash_large_new();
    struct dict_walk w = {0};
    struct element *e;

    while ((e = dict_next(h->fields, &w)) != NULL)
        hash_large_set(copy, element_key(e), hash_large_value(e), hash_large_expiry(h, e), 0);
    return copy;
}

size_t hash_large_count(const void *large)
{
    const struct hash_large *h = large;

    must_be(h, HASH_LARGE_MAGIC);
    return dict_count(h->fields);
}

size_t hash_large_bytes(const void *large)
{
    const struct hash_large *h = large;

    must_be(h, HASH_LARGE_MAGIC);
    return mem_usable_size(sizeof *h) + dict_bytes(h->fields) + (h->expiries ? expiry_heap_bytes(h->expiries) : 0);
}

struct dict *hash_large_fields(const struct hash_large *h)
{
    must_be(h, HASH_LARGE_MAGIC);
    return h->fields;
}

/* ---- fields ---- */

int64_t hash_large_expiry(const struct hash_large *h, const struct element *e)
{
    return has_position(e) ? expiry_heap_time(h->expiries, position_of(e)) : 0;
}

struct element *hash_large_find(const struct hash_large *h, struct slice field, int64_t now)
{
    struct element *e = dict_find(h->fields, field);

    must_be(h, HASH_LARGE_MAGIC);
    return e != NULL && !hash_large_is_due(h, e, now) ? e : NULL;
}

static struct element *insert(struct hash_large *h, struct slice field, struct slice value)
{
    size_t rest = rest_for(value.n, false);
    struct element *e = element_new(field, rest);

    write_value(e, value, false);
    dict_insert(h->fields, e, rest);
    return e;
}

/* Replaces the value of an element; its expiry stays. */
static struct element *replace(struct hash_large *h, struct element *e, struct slice value)
{
    bool position = has_position(e);
    uint32_t at = position ? position_of(e) : 0;

    e = dict_resize(h->fields, e, rest_of(e), rest_for(value.n, position));
    write_value(e, value, position);
    if (position) {
        set_position(e, at);
        expiry_heap_set_item(h->expiries, at, e);
    }
    return e;
}

bool hash_large_set(struct hash_large *h, struct slice field, struct slice value, int64_t expire, int64_t now)
{
    struct element *e = dict_find(h->fields, field);
    bool is_new = e == NULL || hash_large_is_due(h, e, now);

    must_be(h, HASH_LARGE_MAGIC);
    if (expire == HASH_KEEP)
        expire = is_new ? 0 : hash_large_expiry(h, e);
    e = e != NULL ? replace(h, e, value) : insert(h, field, value);
    hash_large_set_expiry(h, e, expire);
    return is_new;
}

static void begin_expiry(struct hash_large *h, struct element *e, int64_t expire)
{
    size_t n = hash_large_value(e).n;

    must(!has_position(e) && expire != 0);
    if (h->expiries == NULL)
        h->expiries = expiry_heap_new(set_position);
    e = dict_resize(h->fields, e, rest_for(n, false), rest_for(n, true));
    *element_rest(e) |= (char)HAS_POSITION;
    expiry_heap_add(h->expiries, expire, e);
}

static void end_expiry(struct hash_large *h, struct element *e)
{
    size_t n = hash_large_value(e).n;

    must(has_position(e) && h->expiries != NULL);
    expiry_heap_remove(h->expiries, position_of(e));
    e = dict_resize(h->fields, e, rest_for(n, true), rest_for(n, false));
    *element_rest(e) &= (char)~HAS_POSITION;
}

void hash_large_set_expiry(struct hash_large *h, struct element *e, int64_t expire)
{
    must_be(h, HASH_LARGE_MAGIC);
    if (!has_position(e)) {
        if (expire != 0)
            begin_expiry(h, e, expire);
    } else if (expire != 0) {
        expiry_heap_update(h->expiries, position_of(e), expire);
    } else {
        end_expiry(h, e);
    }
}

void hash_large_drop(struct hash_large *h, struct element *e)
{
    must_be(h, HASH_LARGE_MAGIC);
    if (has_position(e))
        expiry_heap_remove(h->expiries, position_of(e));
    dict_remove(h->fields, e, rest_of(e));
    release(e);
}

/* ---- expired fields ---- */

int64_t hash_large_next_due(const struct hash_large *h)
{
    int64_t due;

    must_be(h, HASH_LARGE_MAGIC);
    return h->expiries != NULL && expiry_heap_first(h->expiries, &due) != NULL ? due : 0;
}

size_t hash_large_due(const struct hash_large *h, int64_t now)
{
    must_be(h, HASH_LARGE_MAGIC);
    return h->expiries != NULL ? expiry_heap_count_due(h->expiries, now) : 0;
}

size_t hash_large_purge(struct hash_large *h, int64_t now, size_t max)
{
    size_t n = 0;
    int64_t due;
    struct element *e;

    must_be(h, HASH_LARGE_MAGIC);
    for (; n < max && h->expiries != NULL; n++) {
        e = expiry_heap_first(h->expiries, &due);
        if (e == NULL || due > now)
            break;
        hash_large_drop(h, e);
    }
    return n;
}

/* ---- compaction ---- */

static void moved(void *arg, const struct element *old, struct element *e)
{
    struct hash_large *h = arg;

    (void)old;
    if (has_position(e))
        expiry_heap_set_item(h->expiries, position_of(e), e);
}

uint64_t hash_large_compact(void *large, uint64_t at, struct slab_work *w)
{
    struct hash_large *h = large;

    must_be(h, HASH_LARGE_MAGIC);
    return dict_compact(h->fields, (uint32_t)at, w, &(struct dict_mover){rest_of, moved, h});
}
