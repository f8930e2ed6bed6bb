/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hash_flat.h"

#include "base/buf.h"
#include "base/must.h"

/* Elements of the listpack per field. */
static inline unsigned stride(const struct value *v)
{
    sane(v->form == VALUE_LISTPACK || v->form == VALUE_LISTPACK_EX);
    return v->form == VALUE_LISTPACK_EX ? 3 : 2;
}

/* ---- reading ---- */

int64_t hash_flat_expiry(const struct value *v, size_t at)
{
    const struct flat *f = &v->flat;
    int64_t expire = 0;

    if (v->form == VALUE_LISTPACK_EX)
        listpack_get_number(f, listpack_next(f, listpack_next(f, at)), &expire);
    return expire;
}

bool hash_flat_is_due(const struct value *v, size_t at)
{
    int64_t expire = hash_flat_expiry(v, at);

    return expire != 0 && expire <= v->now;
}

size_t hash_flat_next(const struct value *v, size_t at)
{
    for (unsigned i = 0; i < stride(v); i++)
        at = listpack_next(&v->flat, at);
    return at;
}

size_t hash_flat_first(const struct value *v)
{
    size_t at = listpack_first(&v->flat);

    while (at != 0 && hash_flat_is_due(v, at))
        at = hash_flat_next(v, at);
    return at;
}

size_t hash_flat_due(const struct value *v)
{
    size_t n = 0;

    if (v->form == VALUE_LISTPACK)
        return 0;
    for (size_t at = listpack_first(&v->flat); at != 0 && hash_flat_is_due(v, at); at = hash_flat_next(v, at))
        n++;
    return n;
}

size_t hash_flat_count(const struct value *v)
{
    must(v->flat.n >= LISTPACK_EMPTY);
    return listpack_count(&v->flat) / stride(v) - hash_flat_due(v);
}

size_t hash_flat_nth(const struct value *v, size_t n)
{
    return listpack_at(&v->flat, (int64_t)((hash_flat_due(v) + n) * stride(v)));
}

size_t hash_flat_find(const struct value *v, struct slice field)
{
    struct listpack_word w = listpack_word(field);

    must(v->flat.n >= LISTPACK_EMPTY);
    return listpack_find(&v->flat, listpack_first(&v->flat), &w, stride(v) - 1);
}

struct slice hash_flat_value(const struct value *v, size_t at, struct listpack_digits *d)
{
    must(at != 0);
    return listpack_get(&v->flat, listpack_next(&v->flat, at), d);
}

/* ---- changes ---- */

static void append_number(struct flat *f, int64_t n)
{
    listpack_insert(f, 0, &(struct listpack_word){.number = n, .is_number = true});
}

/* Converts pairs to triples. */
static void make_triples(struct value *v)
{
    struct flat triples = FLAT_EMPTY, *f = &v->flat;
    struct listpack_digits d;

    must(v->form == VALUE_LISTPACK);
    listpack_init(&triples);
    for (size_t at = listpack_first(f), i = 0; at != 0; at = listpack_next(f, at), i++) {
        listpack_append(&triples, listpack_get(f, at, &d));
        if (i % 2 == 1)
            append_number(&triples, 0);
    }
    must(listpack_count(&triples) % 3 == 0);
    f->resize(f, triples.n);
    memcpy(f->p, triples.p, triples.n);
    flat_fini(&triples);
    v->form = VALUE_LISTPACK_EX;
}

/* Whether the triples are sorted by expiry, those without one last. */
__attribute__((unused)) static bool is_sorted(const struct value *v)
{
    int64_t before = INT64_MIN;

    for (size_t at = listpack_first(&v->flat); v->form == VALUE_LISTPACK_EX && at != 0; at = hash_flat_next(v, at)) {
        int64_t expire = hash_flat_expiry(v, at);

        if (expire == 0 ? false : before == 0 || expire < before)
            return false;
        before = expire;
    }
    return true;
}

/* The first triple that has to follow one with this expiry; 0: none. */
static size_t position_for(const struct value *v, int64_t expire)
{
    size_t at = expire != 0 ? listpack_first(&v->flat) : 0;

    while (at != 0) {
        int64_t other = hash_flat_expiry(v, at);

        if (other == 0 || other > expire)
            break;
        at = hash_flat_next(v, at);
    }
    return at;
}

static void insert_triple(struct value *v, struct slice field, struct slice value, int64_t expire)
{
    size_t at = position_for(v, expire);
    struct flat *f = &v->flat;
    struct listpack_word words[] = {listpack_word(field), listpack_word(value), {.number = expire, .is_number = true}};

    must(v->form == VALUE_LISTPACK_EX);
    if (at == 0)
        for (int i = 0; i < 3; i++)
            listpack_insert(f, 0, &words[i]);
    else
        for (int i = 3; i-- > 0;) /* each is inserted before the previous one */
            listpack_insert(f, at, &words[i]);
    sane(is_sorted(v));
}

static void replace_value(struct value *v, size_t at, struct slice value)
{
    struct listpack_word w = listpack_word(value);

    must(at != 0);
    listpack_replace(&v->flat, listpack_next(&v->flat, at), &w);
}

void hash_flat_set(struct value *v, size_t at, struct slice field, struct slice value, int64_t expire)
{
    if (expire == HASH_KEEP)
        expire = at != 0 ? hash_flat_expiry(v, at) : 0;
    if (expire != 0 && v->form == VALUE_LISTPACK) {
        make_triples(v);
        at = at != 0 ? hash_flat_find(v, field) : 0;
    }
    if (at != 0 && hash_flat_expiry(v, at) == expire) {
        replace_value(v, at, value);
        return;
    }
    if (at != 0)
        listpack_remove(&v->flat, at, stride(v));
    if (v->form == VALUE_LISTPACK_EX) {
        insert_triple(v, field, value, expire);
        return;
    }
    listpack_append(&v->flat, field);
    listpack_append(&v->flat, value);
}

void hash_flat_set_expiry(struct value *v, size_t at, struct slice field, int64_t expire)
{
    struct buf copy = BUF_EMPTY; /* the value is part of the bytes that are about to change */
    struct listpack_digits d;

    must(at != 0);
    if (hash_flat_expiry(v, at) == expire)
        return;
    buf_add_slice(&copy, hash_flat_value(v, at, &d));
    hash_flat_set(v, at, field, buf_slice(&copy), expire);
    buf_fini(&copy);
}

void hash_flat_remove(struct value *v, size_t at)
{
    must(at != 0);
    listpack_remove(&v->flat, at, stride(v));
}

void hash_flat_remove_first(struct value *v, size_t n)
{
    must(n * stride(v) <= listpack_count(&v->flat));
    listpack_remove(&v->flat, listpack_first(&v->flat), n * stride(v));
}
