/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_read.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "persist/rdb_format.h"
#include "persist/ziplist.h"
#include "persist/zipmap.h"
#include "store/limits.h"
#include "types/intset.h"
#include "types/set.h"

#define WORD_MOST (UINT32_MAX - 64) /* bytes of an element; Redis's own are shorter by far */

/* A collection that is being read. */
struct reader {
    struct rdb_source *from;
    struct value value; /* what has been read so far */
    bool is_lent;       /* its flat bytes are those of `first` */
    struct rdb_string first, second;
};

/* ---- strings ---- */

static struct blob *blob_of(struct slice s)
{
    struct blob *b = blob_new(s.n);

    if (b != NULL) {
        memcpy(b->p, s.p, s.n);
        b->len = s.n;
    }
    return b;
}

static struct entry *read_string(struct rdb_source *from, const struct rdb_target *to)
{
    struct entry_spec spec = {.key = to->key, .expire = to->expire};
    struct rdb_string s = {0};
    struct entry *e = NULL;

    if (rdb_get_string(from, &s)) {
        spec.value = s.s;
        spec.is_int = entry_is_int(s.s, &spec.integer);
        if (s.s.n > ENTRY_INLINE_MAX)
            spec.blob = blob_of(s.s);
        if (s.s.n <= ENTRY_INLINE_MAX || spec.blob != NULL)
            e = entry_new(&spec);
    }
    rdb_string_fini(&s);
    return e;
}

/* ---- flat forms ---- */

/* A listpack that is read, and how many elements make up one of the value's. */
struct pack {
    struct flat flat;
    size_t count;
    unsigned stride;
};

/* The string that comes next as a listpack of whole groups. */
static bool get_pack(struct reader *r, unsigned stride, struct pack *p)
{
    if (!rdb_get_string(r->from, &r->first) || !listpack_is_valid(r->first.s, &p->count))
        return false;
    p->flat = (struct flat){(char *)r->first.s.p, r->first.s.n, NULL};
    p->stride = stride;
    return p->count % stride == 0;
}

/* An old flat form, which `append` turns into one. */
static bool get_old_pack(struct reader *r, unsigned stride, bool (*append)(struct flat *listpack, struct slice old),
                         struct pack *p)
{
    *p = (struct pack){.flat = FLAT_EMPTY, .stride = stride};
    listpack_init(&p->flat);
    if (rdb_get_string(r->from, &r->second) && append(&p->flat, r->second.s)) {
        p->count = listpack_count(&p->flat);
        if (p->count % stride == 0)
            return true;
    }
    flat_fini(&p->flat);
    return false;
}

static size_t end_of(const struct flat *f, size_t at)
{
    size_t next = listpack_next(f, at);

    return next ? next : f->n - 1;
}

/* Whether an element takes as many bytes as we would give it: then it is kept in the same way. */
static bool is_as_ours(const struct flat *f, size_t at)
{
    struct listpack_digits d;
    struct listpack_word w = listpack_word(listpack_get(f, at, &d));

    return listpack_bytes_of(&w) == end_of(f, at) - at;
}

#define HASHES_ON_STACK 512

/* Whether no two of the elements that begin a group are equal, as far as their hashes tell: true is certain. */
static bool are_distinct(const struct pack *p)
{
    size_t groups = p->count / p->stride, slots = 4;
    uint64_t on_stack[HASHES_ON_STACK], *table = on_stack;
    bool distinct = true;
    struct listpack_digits d;

    while (slots < 2 * groups)
        slots *= 2;
    if (slots > HASHES_ON_STACK)
        table = mem_alloc(slots * sizeof *table);
    memset(table, 0, slots * sizeof *table);
    for (size_t at = listpack_first(&p->flat), n = 0; at != 0 && distinct; at = listpack_next(&p->flat, at), n++) {
        uint64_t hash;
        size_t i;

        if (n % p->stride != 0)
            continue;
        hash = hash_bytes(listpack_get(&p->flat, at, &d)) | 1; /* 0: the slot is free */
        for (i = hash >> 32 & (slots - 1); table[i] != 0 && table[i] != hash; i = (i + 1) & (slots - 1))
            ;
        distinct = table[i] == 0;
        table[i] = hash;
    }
    if (table != on_stack)
        mem_free(table);
    return distinct;
}

/* Whether the bytes of a listpack may be the value as they are: it is short enough, and such as we would have made. */
static bool may_keep(const struct reader *r, const struct pack *p)
{
    if (p->count == 0 || p->count / p->stride > r->value.limits.entries)
        return false;
    for (size_t at = listpack_first(&p->flat); at != 0; at = listpack_next(&p->flat, at))
        if (!is_as_ours(&p->flat, at))
            return false;
    return are_distinct(p);
}

static bool keep(struct reader *r, const struct pack *p, enum value_form form)
{
    r->value.flat = p->flat;
    r->value.form = form;
    r->is_lent = true;
    return true;
}

/* ---- elements ---- */

static bool get_word(struct reader *r, struct rdb_string *s)
{
    return rdb_get_string(r->from, s) && s->s.n <= WORD_MOST;
}

/* Reads as many elements, pairs or nodes as the length says that comes next. */
static bool each(struct reader *r, bool (*read_one)(struct reader *r))
{
    uint64_t n;

    if (!rdb_get_length(r->from, &n))
        return false;
    while (n-- > 0)
        if (!read_one(r))
            return false;
    return true;
}

/* ---- sets ---- */

static bool read_member(struct reader *r)
{
    return get_word(r, &r->first) && set_add(&r->value, r->first.s);
}

static bool read_set(struct reader *r)
{
    return each(r, read_member);
}

static bool add_integers(struct reader *r, const struct flat *intset)
{
    char digits[NUM_I64_MAX];

    for (size_t i = 0; i < intset_count(intset); i++)
        if (!set_add(&r->value, slice_of(digits, num_format_i64(digits, intset_at(intset, i)))))
            return false;
    return true;
}

static bool read_set_intset(struct reader *r)
{
    struct pack p;

    if (!rdb_get_string(r->from, &r->first) || !intset_is_valid(r->first.s))
        return false;
    p.flat = (struct flat){(char *)r->first.s.p, r->first.s.n, NULL};
    if (intset_count(&p.flat) <= r->value.limits.ints)
        return keep(r, &p, VALUE_INTSET);
    return add_integers(r, &p.flat);
}

static bool read_set_listpack(struct reader *r)
{
    struct listpack_digits d;
    struct pack p;

    if (!get_pack(r, 1, &p))
        return false;
    if (may_keep(r, &p))
        return keep(r, &p, VALUE_LISTPACK);
    for (size_t at = listpack_first(&p.flat); at != 0; at = listpack_next(&p.flat, at))
        if (!set_add(&r->value, listpack_get(&p.flat, at, &d)))
            return false;
    return true;
}

/* ---- all together ---- */

static const struct {
    enum entry_type type;
    bool (*read)(struct reader *r);
} kinds[] = {
    [RDB_SET] = {TYPE_SET, read_set},
    [RDB_SET_INTSET] = {TYPE_SET, read_set_intset},
    [RDB_SET_LISTPACK] = {TYPE_SET, read_set_listpack},
};

static struct entry *read_collection(struct rdb_source *from, unsigned type, const struct rdb_target *to)
{
    enum entry_type kind = kinds[type].type;
    struct reader r = {.from = from, .value = value_new(limits_of(to->options, kind))};
    struct entry *e = NULL;

    if (kinds[type].read(&r) && !value_is_empty(&r.value)) {
        e = entry_new_value(to->key, kind, &r.value, to->expire);
        r.value.large = NULL; /* the entry's */
        r.value.form = VALUE_LISTPACK;
    }
    if (!r.is_lent)
        entry_free_value(kind, &r.value);
    rdb_string_fini(&r.first);
    rdb_string_fini(&r.second);
    return e;
}

struct entry *rdb_read_value(struct rdb_source *from, unsigned type, const struct rdb_target *to)
{
    if (type == RDB_STRING)
        return read_string(from, to);
    if (type < sizeof kinds / sizeof *kinds && kinds[type].read != NULL)
        return read_collection(from, type, to);
    return NULL;
}
