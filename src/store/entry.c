/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/entry.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/slab.h"
#include "store/freer.h"
#include "types/hash.h"
#include "types/list_large.h"
#include "types/set.h"
#include "types/stream.h"
#include "types/zset.h"

bool entry_is_int(struct slice v, int64_t *out)
{
    return v.n > 0 && v.n < NUM_I64_MAX && (v.p[0] == '-' || (v.p[0] >= '0' && v.p[0] <= '9')) && num_parse_i64(v, out);
}

/* Bytes of an entry with these lengths. */
static size_t layout_size(size_t klen, size_t vlen, bool expires)
{
    return sizeof(struct entry) + (expires ? 8 : 0) + (klen >= ENTRY_LONG ? 4 : 0) + (vlen >= ENTRY_LONG ? 4 : 0) +
           klen + vlen;
}

static inline size_t allocated(const struct entry *e)
{
    return layout_size(entry_key(e).n, entry_field(e).n, e->flags & ENTRY_EXPIRES);
}

/* A new entry with its key and an uninitialized value field of vlen bytes. */
static struct entry *frame(struct slice key, size_t vlen, int64_t expire, uint8_t kind, uint8_t flags)
{
    struct entry *e;
    char *p;

    must(key.n <= ENTRY_KEY_MAX && vlen <= UINT32_MAX);
    must((kind & 15) < ENTRY_TYPES && kind >> 4 <= ENCODING_FORM + VALUE_LISTPACK_EX);
    e = slab_alloc(layout_size(key.n, vlen, expire != 0));
    p = e->rest;
    e->stamp = 0;
    e->kind = kind;
    e->flags = expire ? flags | ENTRY_EXPIRES : flags & ~ENTRY_EXPIRES;
    e->klen = key.n < ENTRY_LONG ? key.n : ENTRY_LONG;
    e->vlen = vlen < ENTRY_LONG ? vlen : ENTRY_LONG;
    if (expire) {
        memcpy(p, &expire, 8);
        p += 8;
    }
    if (e->klen == ENTRY_LONG) {
        memcpy(p, &(uint32_t){key.n}, 4);
        p += 4;
    }
    if (e->vlen == ENTRY_LONG) {
        memcpy(p, &(uint32_t){vlen}, 4);
        p += 4;
    }
    if (key.n != 0)
        memcpy(p, key.p, key.n);
    return e;
}

static uint8_t string_kind(enum entry_encoding encoding)
{
    return TYPE_STRING | encoding << 4;
}

struct entry *entry_new(const struct entry_spec *s)
{
    uint8_t flags = s->raw ? ENTRY_RAW : 0;
    struct entry *e;

    if (s->is_int) {
        e = frame(s->key, sizeof s->integer, s->expire, string_kind(ENCODING_INT), flags);
        memcpy((char *)entry_field(e).p, &s->integer, sizeof s->integer);
    } else if (s->blob != NULL) {
        e = frame(s->key, sizeof s->blob, s->expire, string_kind(ENCODING_BLOB), flags);
        blob_own(s->blob);
        memcpy((char *)entry_field(e).p, &s->blob, sizeof s->blob);
    } else {
        e = frame(s->key, s->value.n, s->expire, string_kind(ENCODING_INLINE), flags);
        if (s->value.n != 0)
            memcpy((char *)entry_field(e).p, s->value.p, s->value.n);
    }
    return e;
}

/* ---- large structures ---- */

/* Up to this number of elements are freed at once, in about ten microseconds: as much as the background thread costs.
 */
#define FREE_AT_ONCE 256

/* A type: its name for clients, and the operations on its large structure. Strings have none. */
struct type_ops {
    const char *name;
    const char *encoding; /* the name of the large structure */
    freer_part *free;
    void *(*copy)(const void *large);
    size_t (*count)(const void *large); /* elements */
    size_t (*bytes)(const void *large);
    uint64_t (*compact)(void *large, uint64_t at, struct slab_work *w); /* see entry_compact */
};

static const struct type_ops types[ENTRY_TYPES] = {
    [TYPE_STRING] = {.name = "string"},
    [TYPE_LIST] = {"list", "quicklist", list_large_free_part, list_large_copy, list_large_count, list_large_bytes,
                   list_large_compact},
    [TYPE_SET] = {"set", "hashtable", set_large_free_part, set_large_copy, set_large_count, set_large_bytes,
                  set_large_compact},
    [TYPE_ZSET] = {"zset", "skiplist", zset_large_free_part, zset_large_copy, zset_large_count, zset_large_bytes,
                   zset_large_compact},
    [TYPE_HASH] = {"hash", "hashtable", hash_large_free_part, hash_large_copy, hash_large_count, hash_large_bytes,
                   hash_large_compact},
    [TYPE_STREAM] = {"stream", "stream", stream_free_part, stream_copy, stream_large_count, stream_large_bytes,
                     stream_compact},
};

static void *large_of(const struct entry *e)
{
    void *large;

    must(entry_is_large(e) && entry_field(e).n == sizeof large);
    memcpy(&large, entry_field(e).p, sizeof large);
    return large;
}

static const struct type_ops *type_ops(enum entry_type type)
{
    must(type < ENTRY_TYPES);
    return &types[type];
}

void entry_free_large(enum entry_type type, void *large)
{
    const struct type_ops *ops = type_ops(type);

    must(type != TYPE_STRING && large != NULL);
    if (ops->count(large) <= FREE_AT_ONCE)
        while (!ops->free(large, SIZE_MAX))
            ;
    else
        freer_hand(large, ops->free, 1, ops->bytes(large)); /* INFO counts values, as Redis does */
}

/* If replies hold references, the bytes are pinned from now on, and the freer, if it is freeing the entry, frees that
 * much less. */
static void let_go(struct blob *b)
{
    size_t bytes = blob_bytes(b);

    if (blob_disown(b))
        freer_spare(bytes);
}

void entry_free(struct entry *e)
{
    if (entry_encoding(e) == ENCODING_BLOB)
        let_go(entry_blob(e));
    else if (entry_is_large(e))
        entry_free_large(entry_type(e), large_of(e));
    slab_free(e, allocated(e));
}

/* The same entry under another key, with the value field cut or extended to n bytes. */
static struct entry *reframe_field(const struct entry *e, struct slice key, size_t n, int64_t expire)
{
    struct slice v = entry_field(e);
    struct entry *copy = frame(key, n, expire, e->kind, e->flags);

    copy->stamp = e->stamp;
    if (v.n != 0 && n != 0)
        memcpy((char *)entry_field(copy).p, v.p, n < v.n ? n : v.n);
    return copy;
}

/* The same entry under another key. The caller decides which of the two owns what the value field refers to. */
static struct entry *reframe(const struct entry *e, struct slice key, int64_t expire)
{
    return reframe_field(e, key, entry_field(e).n, expire);
}

struct entry *entry_copy(const struct entry *e, struct slice key)
{
    struct entry *copy;
    void *own = NULL;

    if (entry_encoding(e) == ENCODING_BLOB) {
        struct blob *b = blob_copy(blob_slice(entry_blob(e)));

        if (b == NULL)
            return NULL;
        blob_own(b);
        own = b;
    } else if (entry_is_large(e)) {
        own = type_ops(entry_type(e))->copy(large_of(e));
    }
    copy = reframe(e, key, entry_expire(e));
    if (own != NULL)
        memcpy((char *)entry_field(copy).p, &own, sizeof own);
    return copy;
}

struct entry *entry_rename(struct entry *e, struct slice key)
{
    struct entry *renamed = reframe(e, key, entry_expire(e));

    slab_free(e, allocated(e)); /* not entry_free: the new entry owns the value */
    return renamed;
}

size_t entry_size_of_others(const struct entry *e)
{
    size_t n = slab_usable_size(allocated(e));

    if (entry_encoding(e) == ENCODING_BLOB)
        n += blob_bytes(entry_blob(e));
    else if (entry_is_large(e))
        n += type_ops(entry_type(e))->bytes(large_of(e));
    return n;
}

const char *entry_type_name(enum entry_type type)
{
    return type_ops(type)->name;
}

const char *entry_encoding_name(const struct entry *e)
{
    switch ((int)entry_encoding(e)) {
    case ENCODING_INT:
        return "int";
    case ENCODING_FORM + VALUE_LISTPACK:
        return "listpack";
    case ENCODING_FORM + VALUE_LISTPACK_EX:
        must(entry_type(e) == TYPE_HASH);
        return "listpackex";
    case ENCODING_FORM + VALUE_INTSET:
        must(entry_type(e) == TYPE_SET);
        return "intset";
    case ENCODING_FORM + VALUE_LARGE:
        return type_ops(entry_type(e))->encoding;
    default:
        break;
    }
    return (e->flags & ENTRY_RAW) || entry_strlen(e) > ENTRY_EMBSTR_MAX ? "raw" : "embstr";
}

struct slice entry_string(const struct entry *e, struct entry_digits *d)
{
    must(entry_type(e) == TYPE_STRING);
    switch (entry_encoding(e)) {
    case ENCODING_INT:
        return slice_of(d->p, num_format_i64(d->p, entry_int(e)));
    case ENCODING_BLOB:
        return blob_slice(entry_blob(e));
    default:
        return entry_field(e);
    }
}

size_t entry_strlen(const struct entry *e)
{
    struct entry_digits d;

    return entry_string(e, &d).n;
}

struct entry *entry_with_expire(struct entry *e, int64_t expire)
{
    struct entry *copy;

    if (expire && (e->flags & ENTRY_EXPIRES)) {
        memcpy(e->rest, &expire, 8);
        return e;
    }
    if (!expire && !(e->flags & ENTRY_EXPIRES))
        return e;
    copy = reframe(e, entry_key(e), expire);
    slab_free(e, allocated(e)); /* not entry_free: the copy owns the blob */
    return copy;
}

bool entry_fits(const struct entry *e, size_t n)
{
    size_t have = entry_field(e).n;

    if (entry_encoding(e) == ENCODING_BLOB || (n < ENTRY_LONG) != (have < ENTRY_LONG) || n > ENTRY_INLINE_MAX)
        return false;
    return n == have ||
           slab_usable_size(layout_size(entry_key(e).n, n, e->flags & ENTRY_EXPIRES)) == slab_usable_size(allocated(e));
}

/* Writes the length of the inline value, which needs the same length field as before. */
static void set_field_length(struct entry *e, size_t n)
{
    sane((n >= ENTRY_LONG) == (e->vlen == ENTRY_LONG) && n <= UINT32_MAX);
    if (e->vlen == ENTRY_LONG)
        memcpy((char *)entry_key(e).p - 4, &(uint32_t){n}, 4);
    else
        e->vlen = n;
}

void entry_overwrite(struct entry *e, struct slice value)
{
    sane(entry_fits(e, value.n));
    set_field_length(e, value.n);
    e->kind = string_kind(ENCODING_INLINE);
    e->flags &= ~ENTRY_RAW;
    if (value.n != 0)
        memmove((char *)entry_field(e).p, value.p, value.n);
}

/* Replaces the value by another in a new entry with the same key, expiry and stamp; frees the old one. */
static struct entry *rebuild(struct entry *old, struct slice value, struct blob *blob)
{
    struct entry_spec s = {
        .key = entry_key(old), .value = value, .blob = blob, .expire = entry_expire(old), .raw = true};
    struct entry *e = entry_new(&s);

    entry_set_usage(e, entry_usage(old));
    entry_free(old);
    return e;
}

#define SPARE_MAX ((size_t)1024 * 1024)

/* The capacity of a blob that has grown to n bytes: half as much again, but at most 1 MiB more. */
static size_t grown_capacity(size_t n)
{
    return n + (n / 2 < SPARE_MAX ? n / 2 : SPARE_MAX);
}

size_t entry_growth(const struct entry *e, size_t n)
{
    size_t before = e != NULL ? entry_size(e) : 0;
    size_t length = e != NULL ? entry_strlen(e) : 0;
    size_t after = layout_size(0, n, false);

    if (e != NULL && entry_encoding(e) == ENCODING_BLOB && n <= entry_blob(e)->cap)
        return 0;
    if (n > ENTRY_INLINE_MAX)
        after += blob_size(n > length ? grown_capacity(n) : n) - n;
    return after > before ? after - before : 0;
}

/* A new blob with the old bytes, filled with zeros up to n. */
static struct blob *grown_blob(struct slice old, size_t n)
{
    size_t keep = old.n < n ? old.n : n;
    struct blob *b = blob_new(n > old.n ? grown_capacity(n) : n);

    if (b == NULL)
        return NULL;
    memcpy(b->p, old.p, keep);
    memset(b->p + keep, 0, n - keep);
    b->len = n;
    return b;
}

/* A blob that only the entry refers to grows where it is, if the allocator finds room there. */
static struct entry *resize_blob(struct entry *e, size_t n)
{
    struct blob *b = entry_blob(e);
    struct blob *grown;

    must(b->len <= b->cap);
    if (!blob_is_sole(b) || n <= ENTRY_INLINE_MAX) {
        grown = grown_blob(blob_slice(b), n);
        return grown ? rebuild(e, SLICE(""), grown) : NULL;
    }
    if (n > b->cap) {
        b = blob_resize(b, grown_capacity(n));
        if (b == NULL)
            return NULL;
        memcpy((char *)entry_field(e).p, &b, sizeof b);
    }
    if (n > b->len)
        memset(b->p + b->len, 0, n - b->len);
    b->len = n;
    e->flags |= ENTRY_RAW;
    return e;
}

struct entry *entry_resize(struct entry *old, size_t n)
{
    struct entry_digits d;
    struct slice v;
    struct blob *b;
    char small[ENTRY_INLINE_MAX];

    if (entry_encoding(old) == ENCODING_BLOB)
        return resize_blob(old, n);
    v = entry_string(old, &d);
    if (n > ENTRY_INLINE_MAX) {
        b = grown_blob(v, n);
        return b ? rebuild(old, SLICE(""), b) : NULL;
    }
    if (entry_encoding(old) == ENCODING_INLINE && entry_fits(old, n)) {
        set_field_length(old, n);
        if (n > v.n)
            memset((char *)v.p + v.n, 0, n - v.n);
        old->flags |= ENTRY_RAW;
        return old;
    }
    memcpy(small, v.p, v.n < n ? v.n : n);
    if (n > v.n)
        memset(small + v.n, 0, n - v.n);
    return rebuild(old, slice_of(small, n), NULL);
}

char *entry_bytes(struct entry *e)
{
    return (char *)(entry_encoding(e) == ENCODING_BLOB ? entry_blob(e)->p : entry_field(e).p);
}

/* ---- lists, hashes, sets, sorted sets ---- */

static uint8_t form_kind(enum entry_type type, enum value_form form)
{
    must(type != TYPE_STRING && type < ENTRY_TYPES);
    must(form != VALUE_INTSET || type == TYPE_SET);
    must(form != VALUE_LISTPACK_EX || type == TYPE_HASH);
    return type | (ENCODING_FORM + form) << 4;
}

/* Sets the flag that says whether the value has fields that expire. */
static void note_fields(struct entry *e, const struct value *v)
{
    if (entry_type(e) == TYPE_HASH && hash_next_due(v) != 0)
        e->flags |= ENTRY_FIELDS_EXPIRE;
    else
        e->flags &= ~ENTRY_FIELDS_EXPIRE;
}

struct entry *entry_new_value(struct slice key, enum entry_type type, const struct value *v, int64_t expire)
{
    struct slice field = v->form == VALUE_LARGE ? slice_of(&v->large, sizeof v->large) : flat_slice(&v->flat);
    struct entry *e = frame(key, field.n, expire, form_kind(type, v->form), 0);

    memcpy((char *)entry_field(e).p, field.p, field.n);
    note_fields(e, v);
    return e;
}

void entry_free_value(enum entry_type type, struct value *v)
{
    if (v->form == VALUE_LARGE)
        entry_free_large(type, v->large);
    mem_free(v->flat.p);
    v->flat.p = NULL;
}

size_t entry_value_bytes(enum entry_type type, const struct value *v)
{
    return v->form == VALUE_LARGE ? type_ops(type)->bytes(v->large) : v->flat.n;
}

struct value entry_value(const struct entry *e)
{
    struct slice field = entry_field(e);
    struct value v = {.form = entry_encoding(e) - ENCODING_FORM};

    must(entry_type(e) != TYPE_STRING && entry_encoding(e) >= (enum entry_encoding)ENCODING_FORM);
    if (v.form == VALUE_LARGE)
        v.large = large_of(e);
    else
        v.flat = flat_of(field);
    return v;
}

struct entry *entry_resize_field(struct entry *old, size_t n)
{
    struct slice field = entry_field(old);
    bool expires = old->flags & ENTRY_EXPIRES;
    struct entry *e;

    if ((n < ENTRY_LONG) == (field.n < ENTRY_LONG) &&
        slab_usable_size(layout_size(entry_key(old).n, n, expires)) == slab_usable_size(allocated(old))) {
        set_field_length(old, n);
        return old;
    }
    e = reframe_field(old, entry_key(old), n, entry_expire(old));
    slab_free(old, allocated(old)); /* not entry_free: the new entry owns what the field refers to */
    return e;
}

struct entry *entry_set_form(struct entry *old, enum value_form form, void *large)
{
    struct entry *e = form == VALUE_LARGE ? entry_resize_field(old, sizeof large) : old;

    e->kind = form_kind(entry_type(e), form);
    if (form == VALUE_LARGE)
        memcpy((char *)entry_field(e).p, &large, sizeof large);
    return e;
}

/* An empty value keeps its bytes, because its entry is freed next. */
static void resize_in_entry(struct flat *f, size_t n)
{
    f->n = n;
    if (n == 0)
        return;
    f->owner = entry_resize_field(f->owner, n);
    f->p = (char *)entry_field(f->owner).p;
}

struct value entry_open(struct entry *e)
{
    struct value v = entry_value(e);

    v.flat.resize = resize_in_entry;
    v.flat.owner = e;
    return v;
}

struct entry *entry_close(const struct value *v)
{
    struct entry *e = v->flat.owner;

    must(e != NULL && entry_type(e) != TYPE_STRING);
    if (UNLIKELY(entry_encoding(e) != ENCODING_FORM + v->form || (v->form == VALUE_LARGE && large_of(e) != v->large)))
        e = entry_set_form(e, v->form, v->large);
    note_fields(e, v);
    return e;
}

/* ---- compaction ---- */

struct entry *entry_move(const struct entry *e, struct slab_work *w)
{
    return slab_move(w, e, allocated(e));
}

void entry_moved(struct entry *old)
{
    slab_moved(old, allocated(old));
}

uint64_t entry_compact(struct entry *e, uint64_t at, struct slab_work *w)
{
    return entry_is_large(e) ? type_ops(entry_type(e))->compact(large_of(e), at, w) : 0;
}
