/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hash.h"

#include "base/must.h"
#include "base/rand.h"
#include "types/hash_flat.h"
#include "types/hash_large.h"

/* the maximum that a listpack adds to the bytes of a field and its value: two heads, two lengths, an expiry */
#define FLAT_OVERHEAD 32

static inline bool is_large(const struct value *v)
{
    return v->form == VALUE_LARGE;
}

/* ---- reading ---- */

size_t hash_count(const struct value *v)
{
    if (is_large(v))
        return hash_large_count(v->large) - hash_large_due(v->large, v->now);
    return value_is_empty(v) ? 0 : hash_flat_count(v);
}

/* The position of a field; 0: there is no such field. */
static size_t find_flat(const struct value *v, struct slice field)
{
    size_t at = value_is_empty(v) ? 0 : hash_flat_find(v, field);

    return at != 0 && !hash_flat_is_due(v, at) ? at : 0;
}

bool hash_has(const struct value *v, struct slice field)
{
    return is_large(v) ? hash_large_find(v->large, field, v->now) != NULL : find_flat(v, field) != 0;
}

bool hash_get(const struct value *v, struct slice field, struct slice *value, struct listpack_digits *d)
{
    if (is_large(v)) {
        struct element *e = hash_large_find(v->large, field, v->now);

        if (e != NULL)
            *value = hash_large_value(e);
        return e != NULL;
    } else {
        size_t at = find_flat(v, field);

        if (at != 0)
            *value = hash_flat_value(v, at, d);
        return at != 0;
    }
}

bool hash_expiry(const struct value *v, struct slice field, int64_t *expire)
{
    if (is_large(v)) {
        struct element *e = hash_large_find(v->large, field, v->now);

        if (e != NULL)
            *expire = hash_large_expiry(v->large, e);
        return e != NULL;
    } else {
        size_t at = find_flat(v, field);

        if (at != 0)
            *expire = hash_flat_expiry(v, at);
        return at != 0;
    }
}

int64_t hash_next_due(const struct value *v)
{
    if (is_large(v))
        return hash_large_next_due(v->large);
    return v->form == VALUE_LISTPACK_EX ? hash_flat_expiry(v, listpack_first(&v->flat)) : 0;
}

/* ---- changes ---- */

/* Whether a flat hash has no room for one more field, or another value, of this size. */
static bool outgrows(const struct value *v, struct slice field, struct slice value)
{
    return field.n > v->limits.bytes || value.n > v->limits.bytes ||
           v->flat.n + field.n + value.n + FLAT_OVERHEAD > FLAT_MAX;
}

static void enlarge(struct value *v)
{
    struct hash_large *h = hash_large_new();
    struct hash_walk w;
    struct slice field, value;
    int64_t now = v->now;

    v->now = 0; /* expired fields are moved too, to be purged later */
    if (!value_is_empty(v))
        for (hash_walk_begin(&w, v); hash_walk_next(&w, &field, &value);)
            hash_large_set(h, field, value, w.expire, 0);
    v->now = now;
    value_enlarge(v, h);
}

static bool set_flat(struct value *v, struct slice field, struct slice value, int64_t expire)
{
    size_t at;
    bool is_new;

    if (value_is_empty(v))
        listpack_init(&v->flat);
    must(v->form == VALUE_LISTPACK || v->form == VALUE_LISTPACK_EX);
    at = hash_flat_find(v, field);
    is_new = at == 0 || hash_flat_is_due(v, at);
    hash_flat_set(v, at, field, value, is_new && expire == HASH_KEEP ? 0 : expire);
    if (UNLIKELY(hash_flat_count(v) > v->limits.entries))
        enlarge(v);
    return is_new;
}

bool hash_set_until(struct value *v, struct slice field, struct slice value, int64_t expire)
{
    must(field.n <= HASH_WORD_MAX && value.n <= HASH_WORD_MAX);
    if (!is_large(v) && outgrows(v, field, value))
        enlarge(v);
    return is_large(v) ? hash_large_set(v->large, field, value, expire, v->now) : set_flat(v, field, value, expire);
}

bool hash_set(struct value *v, struct slice field, struct slice value)
{
    return hash_set_until(v, field, value, 0);
}

void hash_set_expiry(struct value *v, struct slice field, int64_t expire)
{
    if (is_large(v)) {
        struct element *e = hash_large_find(v->large, field, v->now);

        must(e != NULL);
        hash_large_set_expiry(v->large, e, expire);
    } else {
        size_t at = find_flat(v, field);

        must(at != 0);
        hash_flat_set_expiry(v, at, field, expire);
    }
}

/* Frees a hash without fields. */
static void clear_if_empty(struct value *v)
{
    must(is_large(v) || v->flat.n >= LISTPACK_EMPTY);
    if (is_large(v)) {
        if (hash_large_count(v->large) != 0)
            return;
        hash_large_free(v->large);
    } else if (listpack_count(&v->flat) != 0) {
        return;
    }
    value_clear(v);
}

bool hash_remove(struct value *v, struct slice field)
{
    if (is_large(v)) {
        struct element *e = hash_large_find(v->large, field, v->now);

        if (e == NULL)
            return false;
        hash_large_drop(v->large, e);
    } else {
        size_t at = find_flat(v, field);

        if (at == 0)
            return false;
        hash_flat_remove(v, at);
    }
    clear_if_empty(v);
    return true;
}

size_t hash_purge(struct value *v, int64_t now, size_t max)
{
    size_t n;

    if (is_large(v)) {
        n = hash_large_purge(v->large, now, max);
    } else {
        v->now = now;
        n = hash_flat_due(v);
        n = n < max ? n : max;
        if (n != 0)
            hash_flat_remove_first(v, n);
    }
    if (n != 0)
        clear_if_empty(v);
    return n;
}

/* ---- walks ---- */

void hash_walk_begin(struct hash_walk *w, const struct value *v)
{
    w->v = v;
    w->elements = (struct dict_walk){0};
    w->at = is_large(v) || value_is_empty(v) ? 0 : hash_flat_first(v);
}

static bool next_large(struct hash_walk *w, struct slice *field, struct slice *value)
{
    const struct hash_large *h = w->v->large;
    struct element *e;

    do
        e = dict_next(hash_large_fields(h), &w->elements);
    while (e != NULL && hash_large_is_due(h, e, w->v->now));
    if (e == NULL)
        return false;
    w->expire = hash_large_expiry(h, e);
    *field = element_key(e);
    *value = hash_large_value(e);
    return true;
}

bool hash_walk_next(struct hash_walk *w, struct slice *field, struct slice *value)
{
    const struct value *v = w->v;

    if (is_large(v))
        return next_large(w, field, value);
    if (w->at == 0)
        return false;
    w->expire = hash_flat_expiry(v, w->at);
    *field = listpack_get(&v->flat, w->at, &w->digits[0]);
    *value = hash_flat_value(v, w->at, &w->digits[1]);
    w->at = hash_flat_next(v, w->at);
    return true;
}

struct scan {
    const struct value *v;
    hash_visit *visit;
    void *arg;
};

static void scan_element(void *arg, struct element *e)
{
    struct scan *s = arg;

    if (!hash_large_is_due(s->v->large, e, s->v->now))
        s->visit(s->arg, element_key(e), hash_large_value(e));
}

uint64_t hash_scan(const struct value *v, uint64_t at, hash_visit *visit, void *arg)
{
    struct scan s = {v, visit, arg};

    must(is_large(v));
    return dict_scan(hash_large_fields(v->large), at, scan_element, &s);
}

/* ---- drawing ---- */

/* Visits n of the `count` fields, each equally likely. */
static void draw_walking(const struct value *v, uint64_t n, uint64_t count, hash_visit_drawn *visit, void *arg)
{
    struct slice field, value;
    struct hash_walk w;

    must(n <= count);
    for (hash_walk_begin(&w, v); n > 0 && hash_walk_next(&w, &field, &value); count--) {
        if (!rand_picks(n, count))
            continue;
        if (!visit(arg, field, value))
            return;
        n--;
    }
}

static struct element *random_element(const struct value *v)
{
    struct element *e;

    sane(hash_count(v) > 0);
    do
        e = dict_random(hash_large_fields(v->large));
    while (hash_large_is_due(v->large, e, v->now));
    return e;
}

static bool visit_random(const struct value *v, uint64_t count, hash_visit_drawn *visit, void *arg)
{
    struct listpack_digits digits[2];

    if (is_large(v)) {
        struct element *e = random_element(v);

        return visit(arg, element_key(e), hash_large_value(e));
    } else {
        size_t at = hash_flat_nth(v, rand_below(count));

        return visit(arg, listpack_get(&v->flat, at, &digits[0]), hash_flat_value(v, at, &digits[1]));
    }
}

static void release_drawn(void *element)
{
    element_free(element, 0);
}

/* Draws from many fields, and draws again if a field was drawn before. */
static void draw_few(const struct value *v, uint64_t n, hash_visit_drawn *visit, void *arg)
{
    struct dict *drawn = dict_new();

    while (n > 0) {
        struct element *e = random_element(v);

        if (dict_find(drawn, element_key(e)) != NULL)
            continue;
        dict_insert(drawn, element_new(element_key(e), 0), 0);
        if (!visit(arg, element_key(e), hash_large_value(e)))
            break;
        n--;
    }
    dict_free(drawn, release_drawn);
}

#define FEW 8 /* draws are faster than a walk for up to 1 of so many fields */

void hash_draw(const struct value *v, uint64_t n, bool distinct, hash_visit_drawn *visit, void *arg)
{
    uint64_t count = hash_count(v);

    must(count > 0 || n == 0);
    if (n == 1 || !distinct)
        while (n-- > 0 && visit_random(v, count, visit, arg))
            ;
    else if (is_large(v) && n < count / FEW)
        draw_few(v, n, visit, arg);
    else
        draw_walking(v, n < count ? n : count, count, visit, arg);
}
