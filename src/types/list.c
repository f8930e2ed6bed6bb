/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/list.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/list_large.h"

#define SAFE_BYTES 8192 /* of a chunk with a limit on the number of elements */
#define MIN_BYTES  4096 /* of list-max-listpack-size -1; -2 is twice as much, and so on */
#define MIN_FILL   (-5)

static struct list_limit limit_of(const struct value *v)
{
    int32_t fill = v->limits.fill;

    if (fill >= 0)
        return (struct list_limit){SAFE_BYTES, fill > 0 ? (size_t)fill : 1};
    if (fill < MIN_FILL)
        fill = MIN_FILL;
    return (struct list_limit){(size_t)MIN_BYTES << (-fill - 1), SIZE_MAX};
}

static inline struct list_large *large_of(const struct value *v)
{
    struct list_large *l = v->large;

    must_be(l, LIST_LARGE_MAGIC);
    return l;
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
    value_enlarge(v, list_large_new(&v->flat));
}

/* Makes the list large if n more elements of `bytes` bytes in total exceed the limit. As in Redis, only the bytes of
 * the elements themselves count. */
static void enlarge_for(struct value *v, size_t n, size_t bytes, const struct list_limit *limit)
{
    size_t used;

    if (v->form == VALUE_LARGE)
        return;
    used = v->flat.n == 0 ? LISTPACK_EMPTY : v->flat.n;
    if (used + bytes > limit->bytes || list_count(v) + n > limit->count)
        enlarge(v);
}

/* After a removal: a large list of one chunk that is filled to half of the limit becomes small again. */
static void shrink(struct value *v)
{
    struct list_limit limit = limit_of(v);
    struct list_large *l;
    struct flat f;

    if (v->form != VALUE_LARGE)
        return;
    l = large_of(v);
    if (l->chunks.used != 1 || l->count > limit.count / 2)
        return;
    f = list_chunk_flat(list_large_chunk(l, 0));
    if (v->limits.fill < 0 && f.n > limit.bytes / 2)
        return;
    must(f.n > LISTPACK_EMPTY);
    v->form = VALUE_LISTPACK;
    v->flat.resize(&v->flat, f.n);
    memcpy(v->flat.p, f.p, f.n);
    v->large = NULL;
    list_large_free(l);
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

static void push(struct value *v, bool front, struct slice s, const struct list_limit *limit)
{
    struct listpack_word w = listpack_word(s);

    must(s.n <= LIST_ELEMENT_MAX);
    if (v->form == VALUE_LARGE) {
        list_large_push(large_of(v), front, &w, limit);
        return;
    }
    if (v->flat.n == 0)
        listpack_init(&v->flat);
    listpack_insert(&v->flat, front ? listpack_first(&v->flat) : 0, &w);
}

void list_push(struct value *v, bool front, struct slice s)
{
    list_push_all(v, front, &s, 1);
}

void list_push_all(struct value *v, bool front, const struct slice *s, size_t n)
{
    struct list_limit limit = limit_of(v);
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += s[i].n;
    enlarge_for(v, n, bytes, &limit);
    for (size_t i = 0; i < n; i++)
        push(v, front, s[i], &limit);
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
    struct list_limit limit = limit_of(v);

    must(s.n <= LIST_ELEMENT_MAX);
    enlarge_for(v, 1, s.n, &limit);
    if (!resolve(v, &index))
        return false;
    if (v->form == VALUE_LARGE)
        list_large_replace(large_of(v), list_large_find(large_of(v), (size_t)index), &w, &limit);
    else
        listpack_replace(&v->flat, listpack_at(&v->flat, index), &w);
    shrink(v);
    return true;
}

/* Inserts w before or after the element with this index. */
static void insert_at(struct value *v, size_t index, bool after, const struct listpack_word *w,
                      const struct list_limit *limit)
{
    struct list_place p = {.index = index};
    struct flat f = v->flat;

    must(index < list_count(v));
    if (v->form == VALUE_LARGE) {
        p = list_large_find(large_of(v), index);
        f = list_chunk_flat(list_large_chunk(large_of(v), p.chunk));
    } else {
        p.at = listpack_at(&f, (int64_t)index);
    }
    if (after) {
        p.at = listpack_next(&f, p.at);
        p.index++;
    }
    if (v->form == VALUE_LARGE)
        list_large_insert(large_of(v), p, w, limit);
    else
        listpack_insert(&v->flat, p.at, w);
}

bool list_insert(struct value *v, bool after, struct slice pivot, struct slice s)
{
    struct listpack_word w = listpack_word(s), wanted = listpack_word(pivot);
    struct list_limit limit = limit_of(v);
    uint64_t left = UINT64_MAX;
    struct list_walk walk;
    int64_t index;

    must(s.n <= LIST_ELEMENT_MAX);
    enlarge_for(v, 1, s.n, &limit);
    list_walk_begin(&walk, v, 0);
    if (!list_walk_find(&walk, false, &wanted, &left, &index))
        return false;
    insert_at(v, (size_t)index, after, &w, &limit);
    return true;
}

/* ---- removal ---- */

/* The list does not become small again. */
static void remove_elements(struct value *v, size_t start, size_t n)
{
    struct list_limit limit = limit_of(v);

    must(n > 0);
    if (n == list_count(v))
        clear(v);
    else if (v->form == VALUE_LARGE)
        list_large_remove(large_of(v), start, n, &limit);
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
    struct list_limit limit = limit_of(v);
    size_t all, removed;

    if (v->form == VALUE_LARGE) {
        removed = list_large_remove_equal(large_of(v), &w, n, last, &limit);
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
    struct list_limit limit = limit_of(v);
    size_t n = list_count(v);
    char small[ON_STACK], *copy;
    struct list_walk w;
    struct slice s;

    must(n > 0);
    if (n == 1 || from_front == to_front)
        return;
    list_walk_begin(&w, v, from_front ? 0 : -1);
    must(list_walk_next(&w, &s));
    copy = s.n <= sizeof small ? small : mem_alloc(s.n);
    memcpy(copy, s.p, s.n);
    s.p = copy;
    remove_elements(v, from_front ? 0 : n - 1, 1);
    enlarge_for(v, 1, s.n, &limit);
    push(v, to_front, s, &limit);
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
