/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * entry: one key with its value, in one allocation.
 *
 * Role:    the layout of the objects that tables refer to; no other code knows it.
 * Owns:    its key, its inline value, its reference to a blob, its large structure.
 * Threads: under the shard's lock.
 * Used by: store, run, cmd, persist.
 * Why:     the header is 8 bytes and there are no links: a 16-byte key with an 8-byte value takes 32 bytes. The stamp
 *          gives the order for eviction. Strings over ENTRY_INLINE_MAX live in a counted blob of their own, so that a
 *          reply can send them without a copy.
 */
#ifndef LARDER_STORE_ENTRY_H
#define LARDER_STORE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slab.h"
#include "base/slice.h"
#include "proto/blob.h"
#include "types/value.h"

enum entry_type {
    TYPE_STRING,
    TYPE_LIST,
    TYPE_SET,
    TYPE_ZSET,
    TYPE_HASH,
    TYPE_STREAM,
    ENTRY_TYPES,
};

enum entry_encoding {
    ENCODING_INLINE, /* bytes behind the key */
    ENCODING_INT,    /* a signed 64-bit integer, shown as its decimal digits */
    ENCODING_BLOB,   /* a pointer to a struct blob */
    ENCODING_FORM,   /* the other types: ENCODING_FORM + enum value_form */
};

#define ENTRY_STAMP_KIND_SHIFT 4
#define ENTRY_EPOCH_SHIFT      6

/* The meaning of an entry's stamp, in the two bits ENTRY_STAMP_KIND of its flags. A policy interprets stamps of a kind
 * that it does not write as well as it can. */
enum stamp_kind {
    STAMP_MOMENT,    /* the time of its last use, or of its creation: stamp.h */
    STAMP_COUNT,     /* the number of uses: policy_lfu.c */
    STAMP_KINDS = 4, /* two are unused */
};

/*
 *     7   6   5      4      3         2      1       0
 *   +-------+------------+--------+---------+-----+---------+
 *   | epoch | stamp kind | fields | (spare) | raw | expires |
 *   +-------+------------+--------+---------+-----+---------+
 */
enum {
    ENTRY_EXPIRES = 1 << 0,       /* an expiry follows the header */
    ENTRY_RAW = 1 << 1,           /* the value was modified in place: OBJECT ENCODING says raw, whatever its length */
    ENTRY_SPARE = 1 << 2,         /* always 0 */
    ENTRY_FIELDS_EXPIRE = 1 << 3, /* a hash with fields that have an expiry: fields.h */
    ENTRY_STAMP_KIND = 3 << ENTRY_STAMP_KIND_SHIFT, /* enum stamp_kind */
    ENTRY_EPOCH = 3 << ENTRY_EPOCH_SHIFT,           /* the snapshot epoch in which it was last written, modulo 4 */
    /* The entries that the expiry sweep examines. */
    ENTRY_VOLATILE = ENTRY_EXPIRES | ENTRY_FIELDS_EXPIRE,
};

_Static_assert(ENTRY_EXPIRES + ENTRY_RAW + ENTRY_SPARE + ENTRY_FIELDS_EXPIRE + ENTRY_STAMP_KIND + ENTRY_EPOCH == 255,
               "the flags fill one byte, each bit once");

/*
 *   0       4      5       6      7      8            then, if present
 *   +-------+------+-------+------+------+---------+--------+--------+-----+-------+
 *   | stamp | kind | flags | klen | vlen | expiry8 | klen32 | vlen32 | key | value |
 *   +-------+------+-------+------+------+---------+--------+--------+-----+-------+
 *
 * kind: type in the low four bits, encoding in the high four. klen, vlen: the length, or ENTRY_LONG and the length
 * in the 32-bit field. The fields behind the header are not aligned.
 */
struct entry {
    uint32_t stamp;
    uint8_t kind;
    uint8_t flags;
    uint8_t klen;
    uint8_t vlen;
    char rest[];
};

_Static_assert(sizeof(struct entry) == 8, "the header of an entry is 8 bytes");

#define ENTRY_LONG       255
#define ENTRY_INLINE_MAX (16 * 1024)
#define ENTRY_EMBSTR_MAX 44 /* a longer string is shown as raw; Redis's limit, which clients and tests know */
#define ENTRY_KEY_MAX    UINT32_MAX

/* The content of a new entry. */
struct entry_spec {
    struct slice key;
    struct slice value; /* the bytes, unless .blob or .is_int is set */
    struct blob *blob;  /* takes this reference */
    int64_t integer;
    int64_t expire; /* ms since 1970; 0: never */
    bool is_int;
    bool raw;
};

/* Never NULL: values that a client can make large are in the blob. Owned by the caller until a table takes it. */
struct entry *entry_new(const struct entry_spec *spec);
void entry_free(struct entry *e);
/* An entry under another key with the same value, expiry and stamp. entry_copy leaves e unchanged; NULL: not enough
 * memory for a second blob. entry_rename takes e and frees it. */
struct entry *entry_copy(const struct entry *e, struct slice key);
struct entry *entry_rename(struct entry *e, struct slice key);
/* "string", "list" ...: what TYPE replies. Static. */
const char *entry_type_name(enum entry_type type);
/* "int", "embstr", "raw" ...: what OBJECT ENCODING replies. Static. */
const char *entry_encoding_name(const struct entry *e);

static inline unsigned entry_epoch(const struct entry *e)
{
    return (e->flags & ENTRY_EPOCH) >> ENTRY_EPOCH_SHIFT;
}

static inline void entry_set_epoch(struct entry *e, unsigned epoch)
{
    sane(epoch < 4);
    e->flags = (uint8_t)((e->flags & ~ENTRY_EPOCH) | epoch << ENTRY_EPOCH_SHIFT);
}

static inline enum stamp_kind entry_stamp_kind(const struct entry *e)
{
    return (e->flags & ENTRY_STAMP_KIND) >> ENTRY_STAMP_KIND_SHIFT;
}

/* Writes only if something changes, because other threads read this cache line. */
static inline void entry_set_stamp(struct entry *e, enum stamp_kind kind, uint32_t stamp)
{
    uint8_t flags = (uint8_t)((e->flags & ~ENTRY_STAMP_KIND) | kind << ENTRY_STAMP_KIND_SHIFT);

    sane(kind < STAMP_KINDS);
    if (e->stamp != stamp)
        e->stamp = stamp;
    if (UNLIKELY(e->flags != flags))
        e->flags = flags;
}

/* How an entry was used: its stamp and the kind of it. */
struct entry_usage {
    uint32_t stamp;
    enum stamp_kind kind;
};

static inline struct entry_usage entry_usage(const struct entry *e)
{
    return (struct entry_usage){e->stamp, entry_stamp_kind(e)};
}

static inline void entry_set_usage(struct entry *e, struct entry_usage u)
{
    entry_set_stamp(e, u.kind, u.stamp);
}

static inline enum entry_type entry_type(const struct entry *e)
{
    return e->kind & 15;
}

static inline enum entry_encoding entry_encoding(const struct entry *e)
{
    return e->kind >> 4;
}

/* Whether the value is a large structure. Any other value moves the entry when its size in bytes changes. */
static inline bool entry_is_large(const struct entry *e)
{
    return entry_encoding(e) == (enum entry_encoding)(ENCODING_FORM + VALUE_LARGE);
}

static inline uint32_t entry_load32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline size_t entry_expiry_bytes(const struct entry *e)
{
    return e->flags & ENTRY_EXPIRES ? 8 : 0;
}

/* entry_size of an entry with a long key, a blob or a large structure. */
size_t entry_size_of_others(const struct entry *e);

/* The memory of the entry in bytes, with its blob or large structure. O(1). */
static inline size_t entry_size(const struct entry *e)
{
    size_t n = sizeof *e + entry_expiry_bytes(e) + e->klen + e->vlen;

    if (UNLIKELY(e->klen == ENTRY_LONG || entry_encoding(e) == ENCODING_BLOB || entry_is_large(e)))
        return entry_size_of_others(e);
    if (e->vlen == ENTRY_LONG)
        n += 4 + entry_load32(e->rest + entry_expiry_bytes(e)) - ENTRY_LONG;
    return slab_usable_size(n);
}

/* What a table counts of an entry. Take it before the entry changes, and give it to the table afterwards. */
struct entry_tally {
    size_t bytes;   /* entry_size */
    unsigned flags; /* ENTRY_VOLATILE */
};

static inline struct entry_tally entry_tally(const struct entry *e)
{
    return (struct entry_tally){entry_size(e), e->flags & ENTRY_VOLATILE};
}

/* ms since 1970; 0: never. */
static inline int64_t entry_expire(const struct entry *e)
{
    int64_t t;

    if (!(e->flags & ENTRY_EXPIRES))
        return 0;
    memcpy(&t, e->rest, sizeof t);
    return t;
}

static inline bool entry_expired(const struct entry *e, int64_t now)
{
    return UNLIKELY(e->flags & ENTRY_EXPIRES) && entry_expire(e) <= now;
}

/* Borrowed until the entry changes. */
static inline struct slice entry_key(const struct entry *e)
{
    const char *p = e->rest + entry_expiry_bytes(e);
    size_t n = e->klen;

    if (UNLIKELY(n == ENTRY_LONG)) {
        n = entry_load32(p);
        p += 4;
    }
    if (UNLIKELY(e->vlen == ENTRY_LONG))
        p += 4;
    return slice_of(p, n);
}

/* Bytes of the inline value field, whatever the encoding. Borrowed until the entry changes. */
static inline struct slice entry_field(const struct entry *e)
{
    struct slice k = entry_key(e);
    size_t n = e->vlen;

    if (UNLIKELY(n == ENTRY_LONG))
        n = entry_load32(k.p - 4);
    return slice_of(k.p + k.n, n);
}

/* ENCODING_BLOB only. Borrowed: take a reference to keep it beyond the lock. */
static inline struct blob *entry_blob(const struct entry *e)
{
    struct blob *b;

    must(entry_encoding(e) == ENCODING_BLOB);
    memcpy(&b, entry_field(e).p, sizeof b);
    return b;
}

/* ENCODING_INT only. */
static inline int64_t entry_int(const struct entry *e)
{
    int64_t v;

    must(entry_encoding(e) == ENCODING_INT);
    memcpy(&v, entry_field(e).p, sizeof v);
    return v;
}

static inline void entry_set_int(struct entry *e, int64_t v)
{
    must(entry_encoding(e) == ENCODING_INT);
    memcpy((char *)entry_field(e).p, &v, sizeof v);
}

/* Room for the digits of an integer value. */
struct entry_digits {
    char p[24];
};

/* The bytes of a string value. Borrowed until the entry changes; those of an integer are in d. */
struct slice entry_string(const struct entry *e, struct entry_digits *d);
size_t entry_strlen(const struct entry *e);

/* Sets the expiry (0: none), in place if the entry has a field for it. Otherwise frees the entry and returns a copy,
 * which the caller puts in its place. */
struct entry *entry_with_expire(struct entry *e, int64_t expire);
/* Whether a value of n bytes fits in place of the inline one, in a block of the same size. If so, entry_overwrite
 * writes it. */
bool entry_fits(const struct entry *e, size_t n);
void entry_overwrite(struct entry *e, struct slice value);
/* Resizes the string to n writable bytes and marks it raw. Keeps the content up to n and fills the rest with zeros. The
 * entry may move: use the result; `old` is freed if it differs. NULL: not enough memory, nothing changed. */
struct entry *entry_resize(struct entry *old, size_t n);
/* The writable bytes after entry_resize. */
char *entry_bytes(struct entry *e);

/* ---- lists, hashes, sets, sorted sets, streams ---- */

/* An entry that holds a value of such a type: takes v->large, or copies the flat bytes. */
struct entry *entry_new_value(struct slice key, enum entry_type type, const struct value *v, int64_t expire);
/* Frees a large structure that belongs to no entry; one with many elements in the background. */
void entry_free_large(enum entry_type type, void *large);
/* Frees a value that no entry has taken. */
void entry_free_value(enum entry_type type, struct value *v);
/* The value, for reading. Borrowed until the entry changes. */
struct value entry_value(const struct entry *e);
/* The value, for changing. The entry may move meanwhile: entry_close stores the value and returns the entry to use. An
 * entry whose value is empty may only be freed. */
struct value entry_open(struct entry *e);
struct entry *entry_close(const struct value *v);
/* Resizes the value field to n bytes and keeps its content. The entry may move: use the result; `old` is freed if it
 * differs. */
struct entry *entry_resize_field(struct entry *old, size_t n);
/* Sets the form of the value field; for VALUE_LARGE, stores `large` in it. The entry may move, as above. */
struct entry *entry_set_form(struct entry *old, enum value_form form, void *large);

/* ---- compaction: see slab_move ---- */

/* A copy of the entry's block in a fuller slab, which owns its value from now on; the caller lets the table refer to
 * it, then passes the old block to entry_moved. NULL: the entry stays. */
struct entry *entry_move(const struct entry *e, struct slab_work *w);
void entry_moved(struct entry *old);
/* Moves the blocks of a large structure out of sparse slabs, from position `at` on (begin with 0), until the work is
 * done. Returns where to continue, 0 at the end. Any position is valid: the value may be another one by now. */
uint64_t entry_compact(struct entry *e, uint64_t at, struct slab_work *w);

/* Whether v is an integer in Redis's int encoding: a canonical decimal that fits 64 bits signed. */
bool entry_is_int(struct slice v, int64_t *out);

#endif
