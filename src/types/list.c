/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/list.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/list_large.h"

#define SAFE_BYTES 8192 /* of a chunk with a limit on the number of elements */
#define MIN_BYTES  4096 /* of list-max-listpack-size -1; -2 is twice as much, and so on */
#define MIN_FILL   (-5)

/* The limit for this list-max-listpack-size. */
static struct list_limit limit_for(const struct value *v, int32_t fill)
{
    struct list_limit limit = {.bytes = SAFE_BYTES, .count = fill > 0 ? (size_t)fill : 1};

    if (fill < 0) {
        limit.bytes = (size_t)MIN_BYTES << (-(fill < MIN_FILL ? MIN_FILL : fill) - 1);
        limit.count = SIZE_MAX;
    }
    limit.large = v->limits.bytes != 0 ? v->limits.bytes : limit.bytes + 1;
    return limit;
}

static inline struct list_large *large_of(const struct value *v)
{
    struct list_large *l = v->large;

    must_be(l, LIST_LARGE_MAGIC);
    return l;
}

/* The limit of a chunk of a large list. */
static struct list_limit chunk_limit(const struct value *v)
{
    return limit_for(v, large_of(v)->fill);
}

size_t list_count(const struct value *v)
{
    if (v->form == VALUE_LARGE)
        return large_of(v)->count;
    return v->flat.n == 0 ? 0 : listpack_count(&v->flat);
}

/* ---- forms ---- */

static void enlarge(struct value *v)
{
    value_enlarge(v, list_large_new(&v->flat, v->limits.fill));
}

/* Makes the list large if n more elements of `bytes` bytes in total exceed the limit. As in Redis, only the bytes of
 * the elements themselves count. */
static void enlarge_for(struct value *v, size_t n, size_t bytes)
{
    struct list_limit limit = limit_for(v, v->limits.fill);
    size_t used;

    if (v->form == VALUE_LARGE)
        return;
    used = v->flat.n == 0 ? LISTPACK_EMPTY : v->flat.n;
    if (used + bytes > limit.bytes || list_count(v) + n > limit.count)
        enlarge(v);
}

/* Makes a large list small if it has one chunk that fills at most the n-th part of the limit. As in Redis, a limit on
 * the number of elements does not limit their bytes here. */
static void make_small(struct value *v, size_t n)
{
    struct list_limit limit = limit_for(v, v->limits.fill);
    struct list_large *l;
    struct flat f;

    if (v->form != VALUE_LARGE)
        return;
    l = large_of(v);
    if (l->chunks.used != 1 || list_large_chunk(l, 0)->plain || l->count > limit.count / n)
        return;
    f = list_chunk_flat(list_large_chunk(l, 0));
    if (v->limits.fill < 0 && f.n > limit.bytes / n)
        return;
    must(f.n > LISTPACK_EMPTY);
    v->form = VALUE_LISTPACK;
    v->flat.resize(&v->flat, f.n);
    memcpy(v->flat.p, f.p, f.n);
    v->large = NULL;
    list_large_free(l);
}

/* After a removal. */
static void shrink(struct value *v)
{
    make_small(v, 2);
}

void list_begin_large(struct value *v)
{
    must(value_is_empty(v));
    enlarge(v);
}

void list_choose_form(struct value *v)
{
    must(list_count(v) > 0);
    enlarge_for(v, 0, 0);
    make_small(v, 1);
}

/* Frees an empty list. */
static void clear(struct value *v)
{
    must(!value_is_empty(v));
    if (v->form == VALUE_LARGE)
        list_large_free(v->large);
    value_clear(v);
}

/* ---- insertion ---- */

static void push(struct value *v, bool front, const struct listpack_word *w)
{
    struct list_limit limit;

    must(w->s.n <= LIST_ELEMENT_MAX);
    if (v->form == VALUE_LARGE) {
        limit = chunk_limit(v);
        list_large_push(large_of(v), front, w, &limit);
        return;
    }
    if (v->flat.n == 0)
        listpack_init(&v->flat);
    listpack_insert(&v->flat, front ? listpack_first(&v->flat) : 0, w);
}

void list_push(struct value *v, bool front, struct slice s)
{
    struct listpack_word w = listpack_word(s);

    enlarge_for(v, 1, w.is_number ? 0 : s.n);
    push(v, front, &w);
}

void list_push_all(struct value *v, bool front, const struct slice *s, size_t n)
{
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += s[i].n;
    enlarge_for(v, n, bytes);
    for (size_t i = 0; i < n; i++) {
        struct listpack_word w = listpack_word(s[i]);

        push(v, front, &w);
    }
}

/* ---- nodes of a dump ---- */

void list_append_node(struct value *v, const struct flat *f)
{
    struct list_limit limit = chunk_limit(v);
    struct listpack_digits d;

    must(f->n > LISTPACK_EMPTY);
    if (f->n <= LIST_OVERFULL * limit.bytes) {
        list_large_append(large_of(v), f);
        return;
    }
    for (size_t at = listpack_first(f); at != 0; at = listpack_next(f, at))
        list_push(v, false, listpack_get(f, at, &d));
}

void list_append_plain(struct value *v, struct slice s)
{
    struct listpack_word w = listpack_word(s);

    must(s.n > 0 && s.n <= LIST_ELEMENT_MAX);
    list_large_append_plain(large_of(v), &w);
}

/* Converts an index from either end to one from the front. False: there is no such element. */
static bool resolve(const struct value *v, int64_t *index)
{
    size_t n = list_count(v);

    if (*index < 0)
        *index += (int64_t)n;
    return *index >= 0 && *index < (int64_t)n;
}

bool list_set(struct value *v, int64_t index, struct slice s)
{
    struct listpack_word w = listpack_word(s);
    struct list_limit limit;

    must(s.n <= LIST_ELEMENT_MAX);
    enlarge_for(v, 1, s.n);
    if (!resolve(v, &index))
        return false;
    if (v->form == VALUE_LARGE) {
        limit = chunk_limit(v);
        list_large_replace(large_of(v), list_large_find(large_of(v), (size_t)index), &w, &limit);
    } else {
        listpack_replace(&v->flat, listpack_at(&v->flat, index), &w);
    }
    shrink(v);
    return true;
}

/* Inserts w before or after the element with this index. */
static void insert_at(struct value *v, size_t index, bool after, const struct listpack_word *w)
{
    struct list_limit limit;
    size_t at;

    must(index < list_count(v));
    if (v->form == VALUE_LARGE) {
        limit = chunk_limit(v);
        list_large_insert(large_of(v), list_large_find(large_of(v), index), after, w, &limit);
        return;
    }
    at = listpack_at(&v->flat, (int64_t)index);
    listpack_insert(&v->flat, after ? listpack_next(&v->flat, at) : at, w);
}

bool list_insert(struct value *v, bool after, struct slice pivot, struct slice s)
{
    struct listpack_word w = listpack_word(s), wanted = listpack_word(pivot);
    uint64_t left = UINT64_MAX;
    struct list_walk walk;
    int64_t index;

    must(s.n <= LIST_ELEMENT_MAX);
    enlarge_for(v, 1, s.n);
    list_walk_begin(&walk, v, 0);
    if (!list_walk_find(&walk, false, &wanted, &left, &index))
        return false;
    insert_at(v, (size_t)index, after, &w);
    return true;
}

/* ---- removal ---- */

/* The list does not become small again. */
static void remove_elements(struct value *v, size_t start, size_t n)
{
    must(n > 0);
    if (n == list_count(v))
        clear(v);
    else if (v->form == VALUE_LARGE)
        list_large_remove(large_of(v), start, n);
    else
        listpack_remove(&v->flat, listpack_at(&v->flat, (int64_t)start), n);
}

void list_remove(struct value *v, size_t start, size_t n)
{
    if (n == 0)
        return;
    must(start <= list_count(v) && n <= list_count(v) - start);
    remove_elements(v, start, n);
    shrink(v);
}

size_t list_remove_equal(struct value *v, struct slice s, size_t n, bool last)
{
    struct listpack_word w = listpack_word(s);
    size_t all, removed;

    if (v->form == VALUE_LARGE) {
        removed = list_large_remove_equal(large_of(v), &w, n, last);
    } else {
        all = last ? listpack_count_equal(&v->flat, &w) : 0;
        removed = listpack_remove_equal(&v->flat, &w, all > n ? all - n : 0, n);
    }
    if (list_count(v) == 0)
        clear(v);
    else if (removed != 0)
        shrink(v);
    return removed;
}

/* ---- rotation ---- */

#define ON_STACK 512 /* bytes of an element that is moved without an allocation */

void list_rotate(struct value *v, bool from_front, bool to_front)
{
    size_t n = list_count(v);
    char small[ON_STACK], *copy;
    struct list_walk w;
    struct slice s;

    must(n > 0);
    if (n == 1)
        return;
    list_walk_begin(&w, v, from_front ? 0 : -1);
    must(list_walk_next(&w, &s));
    copy = s.n <= sizeof small ? small : mem_alloc(s.n);
    memcpy(copy, s.p, s.n);
    s.p = copy;
    remove_elements(v, from_front ? 0 : n - 1, 1);
    list_push(v, to_front, s);
    shrink(v);
    if (copy != small)
        mem_free(copy);
}

/* ---- walks ---- */

/* Enters a chunk, if it exists, at its first or last element. */
static void enter(struct list_walk *w, size_t chunk, bool back)
{
    must(w->large != NULL);
    w->at = 0;
    if (chunk >= w->large->chunks.used)
        return;
    w->chunk = chunk;
    w->flat = list_chunk_flat(list_large_chunk(w->large, chunk));
    w->at = back ? listpack_last(&w->flat) : LISTPACK_HEADER;
}

static inline void step(struct list_walk *w, bool back)
{
    w->at = back ? listpack_prev(&w->flat, w->at) : listpack_next(&w->flat, w->at);
    w->index += back ? -1 : 1;
    if (UNLIKELY(w->at == 0) && w->large != NULL)
        enter(w, back ? w->chunk - 1 : w->chunk + 1, back); /* before the first chunk, the number is SIZE_MAX, which is
                                                             * no chunk either */
}

void list_walk_begin(struct list_walk *w, const struct value *v, int64_t index)
{
    struct list_place p;

    *w = (struct list_walk){.large = v->form == VALUE_LARGE ? large_of(v) : NULL, .flat = v->flat};
    if (!resolve(v, &index))
        return;
    w->index = index;
    if (w->large == NULL) {
        w->at = listpack_at(&w->flat, index);
        return;
    }
    p = list_large_find(large_of(v), (size_t)index);
    w->chunk = p.chunk;
    w->flat = list_chunk_flat(list_large_chunk(w->large, p.chunk));
    w->at = p.at;
}

static inline bool give(struct list_walk *w, struct slice *s, bool back)
{
    if (w->at == 0)
        return false;
    *s = listpack_get(&w->flat, w->at, &w->digits);
    step(w, back);
    return true;
}

bool list_walk_next(struct list_walk *w, struct slice *s)
{
    return give(w, s, false);
}

bool list_walk_back(struct list_walk *w, struct slice *s)
{
    return give(w, s, true);
}

bool list_walk_find(struct list_walk *w, bool back, const struct listpack_word *word, uint64_t *left, int64_t *index)
{
    while (w->at != 0 && *left > 0) {
        bool found = listpack_is(&w->flat, w->at, word);

        *index = w->index;
        step(w, back);
        --*left;
        if (found)
            return true;
    }
    return false;
}

/* ---- shape ---- */

struct list_shape list_shape(const struct value *v)
{
    struct list_shape shape = {0};
    const struct list_large *l;

    if (v->form != VALUE_LARGE)
        return (struct list_shape){1, v->flat.n};
    l = large_of(v);
    for (size_t i = 0; i < l->chunks.used; i++)
        shape.bytes += list_large_chunk(l, i)->bytes;
    shape.chunks = l->chunks.used;
    return shape;
}
