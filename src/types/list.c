/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/list.h"

#include "base/mem.h"
#include "base/must.h"
#include "types/list_large.h"

#define SAFE_BYTES  8192 /* of a chunk whose elements are counted */
#define LEAST_BYTES 4096 /* of list-max-listpack-size -1; each further one doubles it */
#define LOWEST_FILL (-5)

static struct list_limit limit_of(const struct value *v)
{
    int32_t fill = v->limits.fill;

    if (fill >= 0)
        return (struct list_limit){SAFE_BYTES, fill > 0 ? (size_t)fill : 1};
    if (fill < LOWEST_FILL)
        fill = LOWEST_FILL;
    return (struct list_limit){(size_t)LEAST_BYTES << (-fill - 1), SIZE_MAX};
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

/* Before n elements of so many bytes in all are added: becomes large if they are too much for one listpack. As in Redis
 * only the bytes of the elements themselves are reckoned. */
static void expect(struct value *v, size_t n, size_t bytes, const struct list_limit *most)
{
    size_t have;

    if (v->form == VALUE_LARGE)
        return;
    have = v->flat.n == 0 ? LISTPACK_EMPTY : v->flat.n;
    if (have + bytes > most->bytes || list_count(v) + n > most->count)
        enlarge(v);
}

/* After removals: a large list of one chunk that holds at most half of what it may becomes small again. */
static void shrink(struct value *v)
{
    struct list_limit most = limit_of(v);
    struct list_large *l;
    struct flat f;

    if (v->form != VALUE_LARGE)
        return;
    l = large_of(v);
    if (l->row.used != 1 || l->count > most.count / 2)
        return;
    f = list_chunk_flat(list_large_chunk(l, 0));
    if (v->limits.fill < 0 && f.n > most.bytes / 2)
        return;
    must(f.n > LISTPACK_EMPTY);
    v->form = VALUE_LISTPACK;
    v->flat.resize(&v->flat, f.n);
    memcpy(v->flat.p, f.p, f.n);
    v->large = NULL;
    list_large_free(l);
}

/* The last element has gone. */
static void clear(struct value *v)
{
    must(!value_is_empty(v));
    if (v->form == VALUE_LARGE)
        list_large_free(v->large);
    value_clear(v);
}

/* ---- adding ---- */

static void push(struct value *v, bool front, struct slice s, const struct list_limit *most)
{
    struct listpack_word w = listpack_word(s);

    must(s.n <= LIST_ELEMENT_MOST);
    if (v->form == VALUE_LARGE) {
        list_large_push(large_of(v), front, &w, most);
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
    struct list_limit most = limit_of(v);
    size_t bytes = 0;

    for (size_t i = 0; i < n; i++)
        bytes += s[i].n;
    expect(v, n, bytes, &most);
    for (size_t i = 0; i < n; i++)
        push(v, front, s[i], &most);
}

/* An index from either end as one from the front. False: there is no such element. */
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
    struct list_limit most = limit_of(v);

    must(s.n <= LIST_ELEMENT_MOST);
    expect(v, 1, s.n, &most);
    if (!resolve(v, &index))
        return false;
    if (v->form == VALUE_LARGE)
        list_large_replace(large_of(v), list_large_find(large_of(v), (size_t)index), &w, &most);
    else
        listpack_replace(&v->flat, listpack_at(&v->flat, index), &w);
    shrink(v);
    return true;
}

/* Puts w before the element with this index, or behind it. */
static void insert_at(struct value *v, size_t index, bool behind, const struct listpack_word *w,
                      const struct list_limit *most)
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
    if (behind) {
        p.at = listpack_next(&f, p.at);
        p.index++;
    }
    if (v->form == VALUE_LARGE)
        list_large_insert(large_of(v), p, w, most);
    else
        listpack_insert(&v->flat, p.at, w);
}

bool list_insert(struct value *v, bool behind, struct slice pivot, struct slice s)
{
    struct listpack_word w = listpack_word(s), sought = listpack_word(pivot);
    struct list_limit most = limit_of(v);
    uint64_t left = UINT64_MAX;
    struct list_walk walk;
    int64_t index;

    must(s.n <= LIST_ELEMENT_MOST);
    expect(v, 1, s.n, &most);
    list_walk_begin(&walk, v, 0);
    if (!list_walk_find(&walk, false, &sought, &left, &index))
        return false;
    insert_at(v, (size_t)index, behind, &w, &most);
    return true;
}

/* ---- removing ---- */

/* Without becoming small again. */
static void take(struct value *v, size_t start, size_t n)
{
    struct list_limit most = limit_of(v);

    must(n > 0);
    if (n == list_count(v))
        clear(v);
    else if (v->form == VALUE_LARGE)
        list_large_remove(large_of(v), start, n, &most);
    else
        listpack_remove(&v->flat, listpack_at(&v->flat, (int64_t)start), n);
}

void list_remove(struct value *v, size_t start, size_t n)
{
    if (n == 0)
        return;
    must(start <= list_count(v) && n <= list_count(v) - start);
    take(v, start, n);
    shrink(v);
}

size_t list_remove_equal(struct value *v, struct slice s, size_t n, bool last)
{
    struct listpack_word w = listpack_word(s);
    struct list_limit most = limit_of(v);
    size_t all, removed;

    if (v->form == VALUE_LARGE) {
        removed = list_large_remove_equal(large_of(v), &w, n, last, &most);
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

/* ---- moving ---- */

#define ON_STACK 512 /* bytes of an element that is moved without asking for memory */

void list_rotate(struct value *v, bool from_front, bool to_front)
{
    struct list_limit most = limit_of(v);
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
    take(v, from_front ? 0 : n - 1, 1);
    expect(v, 1, s.n, &most);
    push(v, to_front, s, &most);
    shrink(v);
    if (copy != small)
        mem_free(copy);
}

/* ---- walking ---- */

/* Enters a chunk at its first element, or its last; there may be none such. */
static void enter(struct list_walk *w, size_t chunk, bool back)
{
    must(w->large != NULL);
    w->at = 0;
    if (chunk >= w->large->row.used)
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
        enter(w, back ? w->chunk - 1 : w->chunk + 1, back); /* before the first: SIZE_MAX, which is no chunk either */
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
    for (size_t i = 0; i < l->row.used; i++)
        shape.bytes += list_large_chunk(l, i)->bytes;
    shape.chunks = l->row.used;
    return shape;
}
