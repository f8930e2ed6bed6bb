/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/set.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/rand.h"
#include "types/intset.h"

#define INTSET_MAX (FLAT_MAX / sizeof(int64_t)) /* elements of an intset, whatever the limits are */
#define FEW        3          /* a sample of less than a third of a set is drawn, a larger one is selected on a walk */
#define NEARLY_ALL                                                                      \
    5 /* if at most a fifth of the popped members remains, the remaining ones are drawn \
       * instead */

static inline struct dict *dict_of(const struct value *v)
{
    return v->large;
}

size_t set_count(const struct value *v)
{
    if (v->form == VALUE_LARGE)
        return dict_count(dict_of(v));
    if (value_is_empty(v))
        return 0;
    return v->form == VALUE_INTSET ? intset_count(&v->flat) : listpack_count(&v->flat);
}

/* The position of a member of a listpack; 0: it is not there. */
static inline size_t position_of(const struct value *v, const struct listpack_word *w)
{
    return listpack_find(&v->flat, listpack_first(&v->flat), w, 0);
}

bool set_has(const struct value *v, struct slice member)
{
    struct listpack_word w;
    int64_t number;
    size_t i;

    if (v->form == VALUE_LARGE)
        return dict_find(dict_of(v), member) != NULL;
    if (value_is_empty(v))
        return false;
    if (v->form == VALUE_INTSET)
        return num_parse_i64(member, &number) && intset_find(&v->flat, number, &i);
    w = listpack_word(member);
    return position_of(v, &w) != 0;
}

/* ---- walks ---- */

void set_walk_begin(struct set_walk *w, const struct value *v)
{
    w->v = v;
    w->at = 0;
    w->dict = (struct dict_walk){0};
}

static struct slice integer(const struct flat *f, size_t i, struct listpack_digits *d)
{
    return slice_of(d->p, num_format_i64(d->p, intset_at(f, i)));
}

bool set_walk_next(struct set_walk *w, struct slice *member)
{
    const struct flat *f = &w->v->flat;
    struct element *e;

    if (w->v->form == VALUE_LARGE) {
        e = dict_next(dict_of(w->v), &w->dict);
        if (e != NULL)
            *member = element_key(e);
        return e != NULL;
    }
    if (value_is_empty(w->v))
        return false;
    if (w->v->form == VALUE_INTSET) {
        if (w->at == intset_count(f))
            return false;
        *member = integer(f, w->at++, &w->digits);
        return true;
    }
    w->at = w->at == 0 ? listpack_first(f) : listpack_next(f, w->at);
    if (w->at != 0)
        *member = listpack_get(f, w->at, &w->digits);
    return w->at != 0;
}

static void visit_all(const struct value *v, set_visit *visit, void *arg)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        visit(arg, member);
}

/* The argument of dict_scan's callback. */
struct scan {
    set_visit *visit;
    void *arg;
};

static void visit_element(void *arg, struct element *e)
{
    const struct scan *s = arg;

    s->visit(s->arg, element_key(e));
}

uint64_t set_scan(const struct value *v, uint64_t at, set_visit *visit, void *arg)
{
    struct scan s = {visit, arg};

    if (v->form == VALUE_LARGE)
        return dict_scan(dict_of(v), at, visit_element, &s);
    visit_all(v, visit, arg);
    return 0;
}

/* ---- conversions ---- */

void set_clear(struct value *v)
{
    if (v->form == VALUE_LARGE)
        set_large_free(v->large);
    value_clear(v);
}

void set_begin_intset(struct value *v)
{
    must(value_is_empty(v));
    intset_init(&v->flat);
    v->form = VALUE_INTSET;
}

void set_begin_listpack(struct value *v)
{
    must(value_is_empty(v));
    listpack_init(&v->flat);
    v->form = VALUE_LISTPACK;
}

void set_begin_large(struct value *v)
{
    must(value_is_empty(v));
    value_enlarge(v, dict_new());
}

static void enlarge(struct value *v)
{
    struct dict *d = dict_new();
    struct set_walk w;
    struct slice member;

    dict_reserve(d, set_count(v));
    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        dict_insert(d, element_new(member, 0), 0);
    value_enlarge(v, d);
}

/* Replaces v by the bytes of f, which are freed. */
static void take_flat(struct value *v, enum value_form form, struct flat *f)
{
    must(f->n > 0 && form != VALUE_LARGE);
    v->flat.resize(&v->flat, f->n);
    memcpy(v->flat.p, f->p, f->n);
    v->form = form;
    v->large = NULL;
    flat_fini(f);
}

/* Converts an intset to a listpack. */
static void intset_to_listpack(struct value *v)
{
    struct flat pack = FLAT_EMPTY;
    struct listpack_digits d;

    must(v->form == VALUE_INTSET);
    listpack_init(&pack);
    for (size_t i = 0, n = intset_count(&v->flat); i < n; i++)
        listpack_append(&pack, integer(&v->flat, i, &d));
    take_flat(v, VALUE_LISTPACK, &pack);
}

void set_make_intset(struct value *v)
{
    struct flat ints = FLAT_EMPTY;
    struct set_walk w;
    struct slice member;
    int64_t number;

    if (v->form == VALUE_INTSET || set_count(v) > v->limits.ints || set_count(v) > INTSET_MAX)
        return;
    intset_init(&ints);
    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member)) {
        must(num_parse_i64(member, &number));
        intset_add(&ints, number);
    }
    set_clear(v);
    take_flat(v, VALUE_INTSET, &ints);
}

/* Whether a listpack of n elements and so many bytes has room for another member. */
static bool has_room(const struct value *v, size_t n, size_t bytes, struct slice member)
{
    return n < v->limits.entries && member.n <= v->limits.bytes && bytes + member.n <= FLAT_MAX;
}

static size_t max_of(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Whether an intset may become a listpack with one more member. The first or the last integer is the longest, as text
 * and as an element of a listpack. */
static bool fits_listpack(const struct value *v, struct slice member)
{
    size_t n = intset_count(&v->flat);
    struct listpack_digits first, last;
    struct listpack_word a, b;

    if (n == 0)
        return has_room(v, 0, 0, member);
    a = listpack_word(integer(&v->flat, 0, &first));
    b = listpack_word(integer(&v->flat, n - 1, &last));
    return max_of(a.s.n, b.s.n) <= v->limits.bytes &&
           has_room(v, n, n * max_of(listpack_bytes_of(&a), listpack_bytes_of(&b)), member);
}

void set_reserve(struct value *v, struct slice first, size_t n)
{
    int64_t number;

    if (v->form == VALUE_LARGE)
        return;
    if (!value_is_empty(v)) {
        if (n > (v->form == VALUE_INTSET ? v->limits.ints : v->limits.entries))
            enlarge(v);
    } else if (n <= v->limits.ints && num_parse_i64(first, &number)) {
        set_begin_intset(v);
    } else if (n <= v->limits.entries) {
        set_begin_listpack(v);
    } else {
        set_begin_large(v);
    }
}

/* ---- insertion and removal ---- */

static void insert(struct value *v, struct slice member)
{
    dict_insert(dict_of(v), element_new(member, 0), 0);
}

/* Adds a member, also given as w, that is not in the listpack. */
static void append(struct value *v, struct slice member, const struct listpack_word *w)
{
    must(v->form == VALUE_LISTPACK);
    if (has_room(v, listpack_count(&v->flat), v->flat.n, member)) {
        listpack_insert(&v->flat, 0, w);
        return;
    }
    enlarge(v);
    insert(v, member);
}

static bool add_to_intset(struct value *v, struct slice member)
{
    int64_t number;

    if (num_parse_i64(member, &number)) {
        bool added = intset_add(&v->flat, number);
        size_t n = intset_count(&v->flat);

        if (added && (n > v->limits.ints || n > INTSET_MAX))
            enlarge(v);
        return added;
    }
    if (fits_listpack(v, member)) {
        intset_to_listpack(v);
        listpack_append(&v->flat, member);
        return true;
    }
    enlarge(v);
    insert(v, member);
    return true;
}

bool set_add(struct value *v, struct slice member)
{
    struct listpack_word w;

    if (value_is_empty(v))
        set_reserve(v, member, 1);
    if (v->form == VALUE_INTSET)
        return add_to_intset(v, member);
    if (v->form == VALUE_LARGE) {
        if (dict_find(dict_of(v), member) != NULL)
            return false;
        insert(v, member);
        return true;
    }
    w = listpack_word(member);
    if (position_of(v, &w) != 0)
        return false;
    append(v, member, &w);
    return true;
}

void set_add_new(struct value *v, struct slice member)
{
    struct listpack_word w;

    sane(!set_has(v, member));
    if (value_is_empty(v))
        set_reserve(v, member, 1);
    if (v->form == VALUE_INTSET) {
        add_to_intset(v, member);
    } else if (v->form == VALUE_LARGE) {
        insert(v, member);
    } else {
        w = listpack_word(member);
        append(v, member, &w);
    }
}

static void release(void *element)
{
    element_free(element, 0);
}

static void take_out(struct dict *d, struct element *e)
{
    dict_remove(d, e, 0);
    element_free(e, 0);
}

static bool remove_from_large(struct value *v, struct slice member)
{
    struct element *e = dict_find(dict_of(v), member);

    if (e == NULL)
        return false;
    take_out(dict_of(v), e);
    return true;
}

static bool remove_from_flat(struct value *v, struct slice member)
{
    struct listpack_word w;
    int64_t number;
    size_t at;

    must(v->form == VALUE_LISTPACK || v->form == VALUE_INTSET);
    if (v->form == VALUE_INTSET)
        return num_parse_i64(member, &number) && intset_remove(&v->flat, number);
    w = listpack_word(member);
    at = position_of(v, &w);
    if (at != 0)
        listpack_remove(&v->flat, at, 1);
    return at != 0;
}

bool set_remove(struct value *v, struct slice member)
{
    bool removed;

    if (value_is_empty(v))
        return false;
    removed = v->form == VALUE_LARGE ? remove_from_large(v, member) : remove_from_flat(v, member);
    if (removed && set_count(v) == 0)
        set_clear(v);
    return removed;
}

/* ---- random members ---- */

struct slice set_random(const struct value *v, struct listpack_digits *d)
{
    must(set_count(v) > 0);
    if (v->form == VALUE_LARGE)
        return element_key(dict_random(dict_of(v)));
    if (v->form == VALUE_INTSET)
        return integer(&v->flat, rand_below(intset_count(&v->flat)), d);
    return listpack_get(&v->flat, listpack_at(&v->flat, (int64_t)rand_below(listpack_count(&v->flat))), d);
}

void set_draw_begin(struct set_draw *d, const struct value *v)
{
    *d = (struct set_draw){.v = v};
    if (v->form != VALUE_LISTPACK)
        return;
    d->at = mem_alloc(listpack_count(&v->flat) * sizeof *d->at);
    for (size_t at = listpack_first(&v->flat); at != 0; at = listpack_next(&v->flat, at))
        d->at[d->n++] = at;
}

struct slice set_draw(struct set_draw *d)
{
    must(d->at == NULL || d->n > 0);
    if (d->at == NULL)
        return set_random(d->v, &d->digits);
    return listpack_get(&d->v->flat, d->at[rand_below(d->n)], &d->digits);
}

void set_draw_end(struct set_draw *d)
{
    mem_free(d->at);
}

/* Draws members until n distinct ones have come. */
static void sample_few(const struct value *v, size_t n, set_visit *visit, void *arg)
{
    struct value seen = value_new((struct value_limits){0});
    struct listpack_digits d;

    must(n <= set_count(v));
    while (n > 0) {
        struct slice member = set_random(v, &d);

        if (set_add(&seen, member)) {
            visit(arg, member);
            n--;
        }
    }
    set_large_free(seen.large);
    flat_fini(&seen.flat);
}

void set_sample(const struct value *v, size_t n, set_visit *visit, void *arg)
{
    size_t left = set_count(v);
    struct set_walk w;
    struct slice member;

    must(n <= left);
    if (v->form == VALUE_LARGE && n > 0 && n < left / FEW) {
        sample_few(v, n, visit, arg);
        return;
    }
    set_walk_begin(&w, v);
    for (; n > 0 && set_walk_next(&w, &member); left--)
        if (rand_picks(n, left)) {
            visit(arg, member);
            n--;
        }
}

static void pop_one_from_flat(struct value *v, set_visit *visit, void *arg)
{
    size_t i = rand_below(set_count(v)), at;
    struct listpack_digits d;

    if (v->form == VALUE_INTSET) {
        visit(arg, integer(&v->flat, i, &d));
        intset_remove_at(&v->flat, i);
    } else {
        at = listpack_at(&v->flat, (int64_t)i);
        visit(arg, listpack_get(&v->flat, at, &d));
        listpack_remove(&v->flat, at, 1);
    }
}

/* Pops fewer than all members and rewrites the others. */
static void pop_from_flat(struct value *v, size_t n, set_visit *visit, void *arg)
{
    struct value rest = value_new(v->limits);
    size_t left = set_count(v);
    struct set_walk w;
    struct slice member;

    must(n < left);
    if (v->form == VALUE_INTSET)
        set_begin_intset(&rest);
    else
        set_begin_listpack(&rest);
    set_walk_begin(&w, v);
    for (; set_walk_next(&w, &member); left--) {
        if (rand_picks(n, left)) {
            visit(arg, member);
            n--;
        } else if (v->form == VALUE_INTSET) {
            intset_add(&rest.flat, intset_at(&v->flat, w.at - 1));
        } else {
            listpack_append(&rest.flat, member);
        }
    }
    take_flat(v, v->form, &rest.flat);
}

static void pop_from_large(struct value *v, size_t n, set_visit *visit, void *arg)
{
    struct dict *d = dict_of(v);

    must(n < dict_count(d));
    for (; n > 0; n--) {
        struct element *e = dict_random(d);

        visit(arg, element_key(e));
        take_out(d, e);
    }
}

/* Pops all but n members of a large set. The remaining ones begin as a listpack, as in Redis, and never as an
 * intset. */
static void pop_all_but(struct value *v, size_t n, set_visit *visit, void *arg)
{
    struct value rest = value_new(v->limits);
    struct dict *d = dict_of(v);
    struct dict_walk w = {0};
    struct element *e;

    set_begin_listpack(&rest);
    for (; n > 0; n--) {
        e = dict_random(d);
        set_add_new(&rest, element_key(e));
        take_out(d, e);
    }
    while ((e = dict_next(d, &w)) != NULL)
        visit(arg, element_key(e));
    set_large_free(d);
    if (rest.form == VALUE_LARGE) {
        v->large = rest.large;
        flat_fini(&rest.flat);
    } else {
        take_flat(v, rest.form, &rest.flat);
    }
}

void set_pop(struct value *v, size_t n, set_visit *visit, void *arg)
{
    size_t rest = set_count(v) - n;

    must(n <= set_count(v));
    if (rest == 0) {
        visit_all(v, visit, arg);
        set_clear(v);
    } else if (v->form != VALUE_LARGE && n == 1) {
        pop_one_from_flat(v, visit, arg);
    } else if (v->form != VALUE_LARGE) {
        pop_from_flat(v, n, visit, arg);
    } else if (rest * NEARLY_ALL <= n) {
        pop_all_but(v, rest, visit, arg);
    } else {
        pop_from_large(v, n, visit, arg);
    }
}

/* ---- the large form ---- */

bool set_large_free_part(void *large, size_t elements)
{
    return dict_free_part(large, release, elements);
}

void set_large_free(void *large)
{
    dict_free(large, release);
}

void *set_large_copy(const void *large)
{
    struct dict *copy = dict_new();
    struct dict_walk w = {0};
    struct element *e;

    dict_reserve(copy, dict_count(large));
    while ((e = dict_next(large, &w)) != NULL)
        dict_insert(copy, element_new(element_key(e), 0), 0);
    return copy;
}

size_t set_large_count(const void *large)
{
    return dict_count(large);
}

size_t set_large_bytes(const void *large)
{
    return dict_bytes(large);
}

static size_t no_rest(const struct element *e)
{
    (void)e;
    return 0;
}

uint64_t set_large_compact(void *large, uint64_t at, struct slab_work *w)
{
    return dict_compact(large, (uint32_t)at, w, &(struct dict_mover){no_rest, NULL, NULL});
}
