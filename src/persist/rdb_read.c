/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_read.h"

#include <math.h>

#include "base/must.h"
#include "persist/rdb_format.h"
#include "persist/rdb_pack.h"
#include "persist/rdb_stream_read.h"
#include "persist/ziplist.h"
#include "persist/zipmap.h"
#include "store/limits.h"
#include "types/hash.h"
#include "types/intset.h"
#include "types/list.h"
#include "types/set.h"
#include "types/zset.h"

#define WORD_MAX (UINT32_MAX - 64) /* bytes of an element; those of Redis are much shorter */

/* A collection that is being read. */
struct reader {
    struct rdb_source *from;
    struct value value; /* the elements read so far */
    bool is_borrowed;   /* the flat bytes of `value` are those of `first` */
    struct rdb_string first, second;
    uint64_t first_expire; /* the earliest expiry of a field, ms since 1970 */
};

/* ---- strings ---- */

static struct entry *read_string(struct rdb_source *from, const struct rdb_target *to)
{
    struct entry_spec spec = {.key = to->key, .expire = to->expire};
    struct rdb_string s = {0};
    struct entry *e = NULL;

    if (rdb_get_string(from, &s)) {
        spec.value = s.s;
        spec.is_int = entry_is_int(s.s, &spec.integer);
        if (s.s.n > ENTRY_INLINE_MAX)
            spec.blob = blob_copy(s.s);
        if (s.s.n <= ENTRY_INLINE_MAX || spec.blob != NULL)
            e = entry_new(&spec);
    }
    rdb_string_fini(&s);
    return e;
}

/* ---- collections ---- */

/* Whether a flat form can be the value unchanged: it is within the limits, and canonical. */
static bool can_keep(const struct reader *r, const struct rdb_pack *p)
{
    return p->count > 0 && p->count / p->stride <= r->value.limits.entries && rdb_pack_is_canonical(p);
}

/* Makes the bytes of a flat form, which are those of `first`, the value. */
static bool keep(struct reader *r, const struct flat *f, enum value_form form)
{
    must(!r->is_borrowed && f->p == r->first.s.p && f->n == r->first.s.n && form != VALUE_LARGE);
    r->value.flat = *f;
    r->value.form = form;
    r->is_borrowed = true;
    return true;
}

static bool get_word(struct reader *r, struct rdb_string *s)
{
    return rdb_get_string(r->from, s) && s->s.n <= WORD_MAX;
}

/* Reads a length, and as many elements, pairs or nodes. */
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

/* As in Redis: a set of more members than an intset may have is large at once, another one begins as an intset. */
static bool read_set(struct reader *r)
{
    struct rdb_source start = *r->from;
    uint64_t n;

    if (!rdb_get_length(r->from, &n) || n == 0)
        return false;
    *r->from = start;
    if (n > r->value.limits.ints)
        set_begin_large(&r->value);
    else
        set_begin_intset(&r->value);
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
    struct flat f;

    if (!rdb_get_string(r->from, &r->first) || !intset_is_valid(r->first.s))
        return false;
    f = flat_of(r->first.s);
    if (intset_count(&f) <= r->value.limits.ints)
        return keep(r, &f, VALUE_INTSET);
    set_begin_large(&r->value);
    return add_integers(r, &f);
}

static bool read_set_listpack(struct reader *r)
{
    struct listpack_digits d;
    struct rdb_pack p;

    if (!rdb_pack_get(r->from, &r->first, 1, &p))
        return false;
    if (can_keep(r, &p))
        return keep(r, &p.flat, VALUE_LISTPACK);
    if (p.count == 0)
        return false;
    if (p.count > r->value.limits.entries)
        set_begin_large(&r->value);
    else
        set_begin_listpack(&r->value);
    for (size_t at = listpack_first(&p.flat); at != 0; at = listpack_next(&p.flat, at))
        if (!set_add(&r->value, listpack_get(&p.flat, at, &d)))
            return false;
    return true;
}

/* ---- hashes ---- */

static bool read_field(struct reader *r)
{
    return get_word(r, &r->first) && get_word(r, &r->second) && hash_set(&r->value, r->first.s, r->second.s);
}

static bool read_hash(struct reader *r)
{
    return each(r, read_field);
}

/* The element at *at, which is advanced to the next one. Borrowed as long as d, or until the listpack changes. */
static struct slice next_of(const struct flat *f, size_t *at, struct listpack_digits *d)
{
    struct slice s;

    must(*at != 0); /* groups are complete */
    s = listpack_get(f, *at, d);
    *at = listpack_next(f, *at);
    return s;
}

static bool add_fields(struct reader *r, const struct rdb_pack *p)
{
    struct listpack_digits d[2];
    struct slice field, value;

    for (size_t at = listpack_first(&p->flat); at != 0;) {
        field = next_of(&p->flat, &at, &d[0]);
        value = next_of(&p->flat, &at, &d[1]);
        if (!hash_set(&r->value, field, value))
            return false;
    }
    return true;
}

static bool read_hash_listpack(struct reader *r)
{
    struct rdb_pack p;

    if (!rdb_pack_get(r->from, &r->first, 2, &p))
        return false;
    return can_keep(r, &p) ? keep(r, &p.flat, VALUE_LISTPACK) : add_fields(r, &p);
}

static bool read_old_hash(struct reader *r, rdb_append *append)
{
    struct rdb_pack p;
    bool done;

    if (!rdb_pack_convert(r->from, 2, append, &p))
        return false;
    done = add_fields(r, &p);
    rdb_pack_fini(&p);
    return done;
}

static bool read_hash_ziplist(struct reader *r)
{
    return read_old_hash(r, ziplist_append_to);
}

static bool read_hash_zipmap(struct reader *r)
{
    return read_old_hash(r, zipmap_append_to);
}

/* ---- hashes with fields that expire ---- */

static bool is_valid_expire(uint64_t expire)
{
    return expire <= RDB_EXPIRE_MAX;
}

static bool read_expiring_field(struct reader *r)
{
    uint64_t expire;

    if (!rdb_get_length(r->from, &expire) || (expire != 0 && !is_valid_expire(expire)))
        return false;
    if (expire != 0)
        expire += r->first_expire - 1;
    return is_valid_expire(expire) && get_word(r, &r->first) && get_word(r, &r->second) &&
           hash_set_until(&r->value, r->first.s, r->second.s, (int64_t)expire);
}

static bool read_hash_expiring(struct reader *r)
{
    return rdb_get_u64(r->from, &r->first_expire) && is_valid_expire(r->first_expire) && each(r, read_expiring_field);
}

/* The expiry in a triplet; 0: none. False: it is invalid. */
static bool get_expire(const struct flat *f, size_t at, int64_t *expire)
{
    return listpack_get_number(f, at, expire) && *expire >= 0 && is_valid_expire((uint64_t)*expire);
}

/* Whether the triplets are in the order of their expiry, with those without an expiry last, and at least one has one.
 */
static bool are_in_order(const struct rdb_pack *p)
{
    int64_t before = 1, expire;
    size_t n = 0;

    for (size_t at = listpack_first(&p->flat); at != 0; at = listpack_next(&p->flat, at), n++) {
        if (n % 3 != 2)
            continue;
        if (!get_expire(&p->flat, at, &expire) || (n == 2 && expire == 0) ||
            (expire != 0 && (before == 0 || expire < before)))
            return false;
        before = expire;
    }
    return true;
}

static bool add_expiring_fields(struct reader *r, const struct rdb_pack *p)
{
    struct listpack_digits d[2];
    struct slice field, value;
    int64_t expire;

    for (size_t at = listpack_first(&p->flat); at != 0; at = listpack_next(&p->flat, at)) {
        field = next_of(&p->flat, &at, &d[0]);
        value = next_of(&p->flat, &at, &d[1]);
        if (!get_expire(&p->flat, at, &expire) || !hash_set_until(&r->value, field, value, expire))
            return false;
    }
    return true;
}

static bool read_hash_listpack_ex(struct reader *r)
{
    struct rdb_pack p;

    if (!rdb_get_u64(r->from, &r->first_expire) || !rdb_pack_get(r->from, &r->first, 3, &p))
        return false;
    return can_keep(r, &p) && are_in_order(&p) ? keep(r, &p.flat, VALUE_LISTPACK_EX) : add_expiring_fields(r, &p);
}

/* ---- sorted sets ---- */

static bool put_member(struct reader *r, struct slice member, double score)
{
    return !isnan(score) && zset_put(&r->value, member, score);
}

static bool read_scored(struct reader *r)
{
    double score;

    return get_word(r, &r->first) && rdb_get_double(r->from, &score) && put_member(r, r->first.s, score);
}

static bool read_zset(struct reader *r)
{
    return each(r, read_scored);
}

static bool read_text_scored(struct reader *r)
{
    double score;

    return get_word(r, &r->first) && rdb_get_text_double(r->from, &score) && put_member(r, r->first.s, score);
}

static bool read_zset_text(struct reader *r)
{
    return each(r, read_text_scored);
}

/* The score at `at` in a listpack. False: it is invalid. */
static bool get_score(const struct flat *f, size_t at, double *score)
{
    struct listpack_digits d;
    int64_t number;

    if (!listpack_get_number(f, at, &number))
        return num_parse_double(listpack_get(f, at, &d), score);
    *score = (double)number;
    return true;
}

/* Whether members are in the order of a sorted set. */
static bool are_ascending(const struct rdb_pack *p)
{
    struct listpack_digits d[2];
    struct slice member, before = SLICE("");
    double score, score_before = -INFINITY;
    unsigned n = 0;

    for (size_t at = listpack_first(&p->flat); at != 0; at = listpack_next(&p->flat, at), n++) {
        member = next_of(&p->flat, &at, &d[n % 2]);
        if (!get_score(&p->flat, at, &score) || score < score_before ||
            (score == score_before && n > 0 && slice_cmp(before, member) >= 0))
            return false;
        before = member;
        score_before = score;
    }
    return true;
}

static bool add_scored(struct reader *r, const struct rdb_pack *p)
{
    struct listpack_digits d;
    struct slice member;
    double score;

    for (size_t at = listpack_first(&p->flat); at != 0; at = listpack_next(&p->flat, at)) {
        member = next_of(&p->flat, &at, &d);
        if (!get_score(&p->flat, at, &score) || !put_member(r, member, score))
            return false;
    }
    return true;
}

static bool read_zset_listpack(struct reader *r)
{
    struct rdb_pack p;

    if (!rdb_pack_get(r->from, &r->first, 2, &p))
        return false;
    return can_keep(r, &p) && are_ascending(&p) ? keep(r, &p.flat, VALUE_LISTPACK) : add_scored(r, &p);
}

static bool read_zset_ziplist(struct reader *r)
{
    struct rdb_pack p;
    bool done;

    if (!rdb_pack_convert(r->from, 2, ziplist_append_to, &p))
        return false;
    done = add_scored(r, &p);
    rdb_pack_fini(&p);
    return done;
}

/* ---- lists ---- */

static bool push(struct reader *r, struct slice s)
{
    if (s.n > LIST_ELEMENT_MAX)
        return false;
    list_push(&r->value, false, s);
    return true;
}

static bool read_element(struct reader *r)
{
    return rdb_get_string(r->from, &r->first) && push(r, r->first.s);
}

/* Reads the parts of a list, and chooses the form of the whole list. */
static bool read_parts(struct reader *r, bool (*read_part)(struct reader *r))
{
    list_begin_large(&r->value);
    if (!each(r, read_part) || list_count(&r->value) == 0)
        return false;
    list_choose_form(&r->value);
    return true;
}

static bool read_list(struct reader *r)
{
    return read_parts(r, read_element);
}

/* Appends the elements, encoded anew, as a node of the list. */
static bool append_node(struct reader *r, const struct rdb_pack *p)
{
    struct flat node = FLAT_EMPTY;
    struct listpack_digits d;
    bool is_good = true;
    struct slice s;

    listpack_init(&node);
    for (size_t at = listpack_first(&p->flat); at != 0 && is_good;) {
        s = next_of(&p->flat, &at, &d);
        is_good = s.n <= LIST_ELEMENT_MAX;
        if (is_good)
            listpack_append(&node, s);
    }
    if (is_good && p->count > 0)
        list_append_node(&r->value, &node);
    flat_fini(&node);
    return is_good;
}

static bool read_plain_node(struct reader *r)
{
    if (!rdb_get_string(r->from, &r->first) || r->first.s.n == 0 || r->first.s.n > LIST_ELEMENT_MAX)
        return false;
    list_append_plain(&r->value, r->first.s);
    return true;
}

static bool read_node(struct reader *r)
{
    uint64_t kind;
    struct rdb_pack p;

    if (!rdb_get_length(r->from, &kind))
        return false;
    if (kind == RDB_NODE_PLAIN)
        return read_plain_node(r);
    return kind == RDB_NODE_PACKED && rdb_pack_get(r->from, &r->first, 1, &p) && append_node(r, &p);
}

static bool read_list_nodes(struct reader *r)
{
    return read_parts(r, read_node);
}

static bool read_ziplist_node(struct reader *r)
{
    struct rdb_pack p;
    bool done;

    if (!rdb_pack_convert(r->from, 1, ziplist_append_to, &p))
        return false;
    done = append_node(r, &p);
    rdb_pack_fini(&p);
    return done;
}

static bool read_list_ziplists(struct reader *r)
{
    return read_parts(r, read_ziplist_node);
}

static bool read_list_ziplist(struct reader *r)
{
    list_begin_large(&r->value);
    if (!read_ziplist_node(r) || list_count(&r->value) == 0)
        return false;
    list_choose_form(&r->value);
    return true;
}

/* ---- streams ---- */

static bool read_stream(struct reader *r)
{
    return rdb_get_stream(r->from, RDB_STREAM, stream_make(&r->value));
}

static bool read_stream_2(struct reader *r)
{
    return rdb_get_stream(r->from, RDB_STREAM_2, stream_make(&r->value));
}

static bool read_stream_3(struct reader *r)
{
    return rdb_get_stream(r->from, RDB_STREAM_3, stream_make(&r->value));
}

/* ---- all together ---- */

static const struct {
    enum entry_type type;
    bool (*read)(struct reader *r);
} kinds[] = {
    [RDB_LIST] = {TYPE_LIST, read_list},
    [RDB_SET] = {TYPE_SET, read_set},
    [RDB_ZSET_TEXT] = {TYPE_ZSET, read_zset_text},
    [RDB_HASH] = {TYPE_HASH, read_hash},
    [RDB_ZSET] = {TYPE_ZSET, read_zset},
    [RDB_HASH_ZIPMAP] = {TYPE_HASH, read_hash_zipmap},
    [RDB_LIST_ZIPLIST] = {TYPE_LIST, read_list_ziplist},
    [RDB_SET_INTSET] = {TYPE_SET, read_set_intset},
    [RDB_ZSET_ZIPLIST] = {TYPE_ZSET, read_zset_ziplist},
    [RDB_HASH_ZIPLIST] = {TYPE_HASH, read_hash_ziplist},
    [RDB_LIST_ZIPLISTS] = {TYPE_LIST, read_list_ziplists},
    [RDB_STREAM] = {TYPE_STREAM, read_stream},
    [RDB_HASH_LISTPACK] = {TYPE_HASH, read_hash_listpack},
    [RDB_ZSET_LISTPACK] = {TYPE_ZSET, read_zset_listpack},
    [RDB_LIST_NODES] = {TYPE_LIST, read_list_nodes},
    [RDB_STREAM_2] = {TYPE_STREAM, read_stream_2},
    [RDB_SET_LISTPACK] = {TYPE_SET, read_set_listpack},
    [RDB_STREAM_3] = {TYPE_STREAM, read_stream_3},
    [RDB_HASH_EXPIRING] = {TYPE_HASH, read_hash_expiring},
    [RDB_HASH_LISTPACK_EX] = {TYPE_HASH, read_hash_listpack_ex},
};

static struct entry *read_collection(struct rdb_source *from, unsigned type, const struct rdb_target *to)
{
    enum entry_type kind = kinds[type].type;
    struct reader r = {.from = from, .value = value_new(limits_of(to->options, kind))};
    struct entry *e = NULL;

    must(kind != TYPE_STRING);
    if (kinds[type].read(&r) && !value_is_empty(&r.value)) {
        e = entry_new_value(to->key, kind, &r.value, to->expire);
        must(e == NULL || entry_type(e) == kind);
        r.value.large = NULL; /* the entry owns it */
        r.value.form = VALUE_LISTPACK;
    }
    if (!r.is_borrowed)
        entry_free_value(kind, &r.value);
    rdb_string_fini(&r.first);
    rdb_string_fini(&r.second);
    return e;
}

struct entry *rdb_read_value(struct rdb_source *from, unsigned type, const struct rdb_target *to)
{
    must(to->options != NULL && to->expire >= 0);
    if (type == RDB_STRING)
        return read_string(from, to);
    if (type < sizeof kinds / sizeof *kinds && kinds[type].read != NULL)
        return read_collection(from, type, to);
    return NULL;
}
