/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hash_large.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/agenda.h"

#define LONG_VALUE  127
#define HAS_PLACE   0x80
#define PLACE_BYTES sizeof(uint32_t)

#define HASH_LARGE_MAGIC 0x68617368u /* "hash" */

struct hash_large {
    uint32_t magic;
    struct dict *fields;
    struct agenda *agenda; /* NULL: no field has had an expiry */
};

/* ---- elements ---- */

static inline bool has_place(const struct element *e)
{
    return *element_rest(e) & HAS_PLACE;
}

static size_t rest_for(size_t n, bool place)
{
    return 1 + (n < LONG_VALUE ? 0 : sizeof(uint32_t)) + n + (place ? PLACE_BYTES : 0);
}

struct slice hash_large_value(const struct element *e)
{
    const char *rest = element_rest(e);
    size_t n = (uint8_t)*rest++ & ~HAS_PLACE;
    uint32_t length;

    if (n < LONG_VALUE)
        return slice_of(rest, n);
    memcpy(&length, rest, sizeof length);
    return slice_of(rest + sizeof length, length);
}

static size_t rest_of(const struct element *e)
{
    return rest_for(hash_large_value(e).n, has_place(e));
}

static uint32_t place_of(const struct element *e)
{
    struct slice value = hash_large_value(e);
    uint32_t place;

    must(has_place(e));
    memcpy(&place, value.p + value.n, sizeof place);
    return place;
}

static void set_place(void *element, uint32_t place)
{
    struct slice value = hash_large_value(element);

    must(has_place(element));
    memcpy((char *)value.p + value.n, &place, sizeof place);
}

static void write_value(struct element *e, struct slice value, bool place)
{
    char *rest = element_rest(e);

    must(value.n <= UINT32_MAX);
    *rest++ = (char)((value.n < LONG_VALUE ? value.n : LONG_VALUE) | (place ? HAS_PLACE : 0));
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

/* ---- the whole ---- */

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
    if (h->agenda != NULL)
        agenda_free(h->agenda);
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
    return mem_usable_size(sizeof *h) + dict_bytes(h->fields) + (h->agenda ? agenda_bytes(h->agenda) : 0);
}

struct dict *hash_large_fields(const struct hash_large *h)
{
    must_be(h, HASH_LARGE_MAGIC);
    return h->fields;
}

/* ---- fields ---- */

int64_t hash_large_expiry(const struct hash_large *h, const struct element *e)
{
    return has_place(e) ? agenda_moment(h->agenda, place_of(e)) : 0;
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

/* Puts a value in the place of another one; the expiry stays. */
static struct element *replace(struct hash_large *h, struct element *e, struct slice value)
{
    bool place = has_place(e);
    uint32_t at = place ? place_of(e) : 0;

    e = dict_resize(h->fields, e, rest_of(e), rest_for(value.n, place));
    write_value(e, value, place);
    if (place) {
        set_place(e, at);
        agenda_renew(h->agenda, at, e);
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

    must(!has_place(e) && expire != 0);
    if (h->agenda == NULL)
        h->agenda = agenda_new(set_place);
    e = dict_resize(h->fields, e, rest_for(n, false), rest_for(n, true));
    *element_rest(e) |= (char)HAS_PLACE;
    agenda_add(h->agenda, expire, e);
}

static void end_expiry(struct hash_large *h, struct element *e)
{
    size_t n = hash_large_value(e).n;

    must(has_place(e) && h->agenda != NULL);
    agenda_remove(h->agenda, place_of(e));
    e = dict_resize(h->fields, e, rest_for(n, true), rest_for(n, false));
    *element_rest(e) &= (char)~HAS_PLACE;
}

void hash_large_set_expiry(struct hash_large *h, struct element *e, int64_t expire)
{
    must_be(h, HASH_LARGE_MAGIC);
    if (!has_place(e)) {
        if (expire != 0)
            begin_expiry(h, e, expire);
    } else if (expire != 0) {
        agenda_change(h->agenda, place_of(e), expire);
    } else {
        end_expiry(h, e);
    }
}

void hash_large_drop(struct hash_large *h, struct element *e)
{
    must_be(h, HASH_LARGE_MAGIC);
    if (has_place(e))
        agenda_remove(h->agenda, place_of(e));
    dict_remove(h->fields, e, rest_of(e));
    release(e);
}

/* ---- what is due ---- */

int64_t hash_large_next_due(const struct hash_large *h)
{
    int64_t moment;

    must_be(h, HASH_LARGE_MAGIC);
    return h->agenda != NULL && agenda_first(h->agenda, &moment) != NULL ? moment : 0;
}

size_t hash_large_due(const struct hash_large *h, int64_t now)
{
    must_be(h, HASH_LARGE_MAGIC);
    return h->agenda != NULL ? agenda_due(h->agenda, now) : 0;
}

size_t hash_large_purge(struct hash_large *h, int64_t now, size_t most)
{
    size_t n = 0;
    int64_t moment;
    struct element *e;

    must_be(h, HASH_LARGE_MAGIC);
    for (; n < most && h->agenda != NULL; n++) {
        e = agenda_first(h->agenda, &moment);
        if (e == NULL || moment > now)
            break;
        hash_large_drop(h, e);
    }
    return n;
}
