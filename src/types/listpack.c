/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/listpack.h"

#include "base/must.h"

#define END         0xff
#define COUNT_MAX   UINT16_MAX
#define HEAD_MAX    5 /* bytes before the content of a string */
#define BACKLEN_MAX 5

/*
 * The first byte of an element:
 *   0xxxxxxx  the number 0 .. 127
 *   10xxxxxx  a string of up to 63 bytes
 *   110xxxxx  a number of 13 bits, with the next byte
 *   1110xxxx  a string of up to 4095 bytes, with the next byte
 *   11110000  a string with its length in the next four bytes
 *   11110001  a number of 16 bits in the next bytes; f2, f3, f4: 24, 32, 64 bits
 */
enum {
    HEAD_6BIT = 0x80,
    HEAD_13BIT = 0xc0,
    HEAD_12BIT = 0xe0,
    HEAD_STRING32 = 0xf0,
    HEAD_INT16 = 0xf1,
    HEAD_INT24 = 0xf2,
    HEAD_INT32 = 0xf3,
    HEAD_INT64 = 0xf4,
};

static inline uint32_t load32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint8_t byte_at(const struct flat *f, size_t at)
{
    return (uint8_t)f->p[at];
}

/* Whether `at` is within the elements. */
static inline bool is_position(const struct flat *f, size_t at)
{
    return at >= LISTPACK_HEADER && at < f->n - 1;
}

/* ---- the header ---- */

static void set_header(struct flat *f, size_t count)
{
    must(f->n >= LISTPACK_EMPTY && f->n <= UINT32_MAX);
    memcpy(f->p, &(uint32_t){f->n}, 4);
    memcpy(f->p + 4, &(uint16_t){count < COUNT_MAX ? count : COUNT_MAX}, 2);
}

static size_t stored_count(const struct flat *f)
{
    uint16_t n;

    memcpy(&n, f->p + 4, 2);
    return n;
}

/* Updates the header after the number of elements has changed. A count that does not fit the header is not stored. */
static void note_change(struct flat *f, ptrdiff_t by)
{
    size_t n = stored_count(f);

    must(n >= COUNT_MAX || (ptrdiff_t)n + by >= 0);
    set_header(f, n < COUNT_MAX ? n + by : n);
}

void listpack_init(struct flat *f)
{
    f->resize(f, LISTPACK_EMPTY);
    f->p[LISTPACK_HEADER] = (char)END;
    set_header(f, 0);
}

size_t listpack_count(const struct flat *f)
{
    size_t n = stored_count(f);

    must(f->n >= LISTPACK_EMPTY);
    if (LIKELY(n < COUNT_MAX))
        return n;
    n = 0;
    for (size_t at = listpack_first(f); at != 0; at = listpack_next(f, at))
        n++;
    return n;
}

/* ---- elements ---- */

/* What the first bytes of an element contain. */
struct head {
    size_t head;    /* bytes before the content */
    size_t content; /* bytes of the content */
    bool is_number;
};

static inline struct head read_head(const char *p)
{
    uint8_t b = (uint8_t)p[0];

    if (b < HEAD_6BIT)
        return (struct head){1, 0, true};
    if (b < HEAD_13BIT)
        return (struct head){1, b & 0x3f, false};
    if (b < HEAD_12BIT)
        return (struct head){2, 0, true};
    if (b < HEAD_STRING32)
        return (struct head){2, (size_t)(b & 0x0f) << 8 | (uint8_t)p[1], false};
    if (b == HEAD_STRING32)
        return (struct head){5, load32(p + 1), false};
    return (struct head){1, b == HEAD_INT64 ? 8 : (size_t)b - HEAD_INT16 + 2, true};
}

static inline size_t backlen_bytes(size_t n)
{
    return n < 1 << 7 ? 1 : n < 1 << 14 ? 2 : n < 1 << 21 ? 3 : n < 1 << 28 ? 4 : 5;
}

/* Seven bits per byte, the highest first. All bytes but the first have the top bit set: a backward reader goes on. */
static void write_backlen(char *p, size_t n)
{
    size_t bytes = backlen_bytes(n);

    for (size_t i = bytes; i-- > 0; n >>= 7)
        p[i] = (char)((n & 127) | (i > 0 ? 128 : 0));
}

/* The length whose last byte is p[-1]. *bytes: how many bytes it takes, 0 if it is invalid. */
static size_t read_backlen(const char *p, const char *start, size_t *bytes)
{
    size_t n = 0;

    for (*bytes = 1; *bytes <= BACKLEN_MAX && p - *bytes >= start; ++*bytes) {
        uint8_t b = (uint8_t)p[-(ptrdiff_t)*bytes];

        n |= (size_t)(b & 127) << 7 * (*bytes - 1);
        if (!(b & 128))
            return n;
    }
    *bytes = 0;
    return 0;
}

static inline size_t size_at(const struct flat *f, size_t at)
{
    uint8_t b = byte_at(f, at);
    struct head h;

    if (LIKELY((b & 0xc0) == HEAD_6BIT))
        return 2 + (b & 0x3f);
    h = read_head(f->p + at);
    return h.head + h.content + backlen_bytes(h.head + h.content);
}

static int64_t read_number(const char *p)
{
    uint8_t b = (uint8_t)p[0];
    int64_t v = 0;

    if (b < HEAD_6BIT)
        return b;
    if (b < HEAD_12BIT) {
        v = (b & 0x1f) << 8 | (uint8_t)p[1];
        return v >= 1 << 12 ? v - (1 << 13) : v;
    }
    switch (b) {
    case HEAD_INT16:
        return (int16_t)((uint8_t)p[1] | (uint8_t)p[2] << 8);
    case HEAD_INT24:
        return (int32_t)((uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16 |
                         (uint32_t)(uint8_t)p[3] << 24) >>
               8;
    case HEAD_INT32:
        return (int32_t)load32(p + 1);
    default:
        must(b == HEAD_INT64);
        memcpy(&v, p + 1, 8);
        return v;
    }
}

struct listpack_word listpack_word(struct slice s)
{
    struct listpack_word w = {.s = s};

    w.is_number = s.n > 0 && s.n < NUM_I64_MAX && (uint8_t)(s.p[0] - '-') <= '9' - '-' && num_parse_i64(s, &w.number);
    return w;
}

/* Writes what precedes the content; for a number, this is all. Returns the bytes. */
static size_t write_head(char *p, const struct listpack_word *w)
{
    int64_t v = w->number;
    size_t n = w->s.n;

    if (!w->is_number) {
        if (n < 1 << 6) {
            p[0] = (char)(HEAD_6BIT | n);
            return 1;
        }
        if (n < 1 << 12) {
            p[0] = (char)(HEAD_12BIT | n >> 8);
            p[1] = (char)n;
            return 2;
        }
        p[0] = (char)HEAD_STRING32;
        memcpy(p + 1, &(uint32_t){n}, 4);
        return 5;
    }
    if (v >= 0 && v < 1 << 7) {
        p[0] = (char)v;
        return 1;
    }
    if (v >= -(1 << 12) && v < 1 << 12) {
        p[0] = (char)(HEAD_13BIT | (v >> 8 & 0x1f));
        p[1] = (char)v;
        return 2;
    }
    memcpy(p + 1, &v, 8);
    n = v == (int16_t)v ? 2 : v >= -(1 << 23) && v < 1 << 23 ? 3 : v == (int32_t)v ? 4 : 8;
    p[0] = (char)(n == 8 ? HEAD_INT64 : HEAD_INT16 + n - 2);
    return 1 + n;
}

size_t listpack_bytes_of(const struct listpack_word *w)
{
    char head[HEAD_MAX + 8];
    size_t n = write_head(head, w) + (w->is_number ? 0 : w->s.n);

    return n + backlen_bytes(n);
}

/* ---- reading ---- */

static inline size_t or_none(const struct flat *f, size_t at)
{
    return byte_at(f, at) == END ? 0 : at;
}

size_t listpack_first(const struct flat *f)
{
    must(f->n >= LISTPACK_EMPTY);
    return or_none(f, LISTPACK_HEADER);
}

static inline size_t after(const struct flat *f, size_t at)
{
    return or_none(f, at + size_at(f, at));
}

size_t listpack_next(const struct flat *f, size_t at)
{
    sane(is_position(f, at));
    return after(f, at);
}

/* The element that ends at `end`; 0: the header does. */
static inline size_t before(const struct flat *f, size_t end)
{
    size_t bytes = 1, n;

    if (end == LISTPACK_HEADER)
        return 0;
    n = byte_at(f, end - 1);
    if (UNLIKELY(n & 128))
        n = read_backlen(f->p + end, f->p + LISTPACK_HEADER, &bytes);
    must(bytes + n - 1 < end - LISTPACK_HEADER); /* not 0, and not beyond the header */
    return end - bytes - n;
}

size_t listpack_last(const struct flat *f)
{
    must(f->n >= LISTPACK_EMPTY);
    return before(f, f->n - 1);
}

size_t listpack_prev(const struct flat *f, size_t at)
{
    sane(is_position(f, at));
    return before(f, at);
}

size_t listpack_at(const struct flat *f, int64_t index)
{
    size_t count = stored_count(f), at;

    if (count < COUNT_MAX) { /* from the nearer end */
        if (index < 0)
            index += count;
        if (index < 0 || index >= (int64_t)count)
            return 0;
        if (index > (int64_t)count / 2)
            index -= count;
    }
    if (index >= 0) {
        for (at = or_none(f, LISTPACK_HEADER); at != 0 && index > 0; index--)
            at = after(f, at);
    } else {
        for (at = before(f, f->n - 1); at != 0 && index < -1; index++)
            at = before(f, at);
    }
    return at;
}

struct slice listpack_get(const struct flat *f, size_t at, struct listpack_digits *d)
{
    struct head h = read_head(f->p + at);

    sane(is_position(f, at));
    if (h.is_number)
        return slice_of(d->p, num_format_i64(d->p, read_number(f->p + at)));
    return slice_of(f->p + at + h.head, h.content);
}

bool listpack_get_number(const struct flat *f, size_t at, int64_t *v)
{
    sane(is_position(f, at));
    if (!read_head(f->p + at).is_number)
        return false;
    *v = read_number(f->p + at);
    return true;
}

bool listpack_is(const struct flat *f, size_t at, const struct listpack_word *w)
{
    struct head h = read_head(f->p + at);

    sane(is_position(f, at));
    if (h.is_number != w->is_number)
        return false;
    if (h.is_number)
        return read_number(f->p + at) == w->number;
    return h.content == w->s.n && memcmp(f->p + at + h.head, w->s.p, h.content) == 0;
}

/* As listpack_is, without a call for short strings, which are the most frequent. Those of equal length often differ in
 * the last byte. */
static inline bool is_word(const struct flat *f, size_t at, const struct listpack_word *w)
{
    const char *content = f->p + at + 1;
    size_t n = byte_at(f, at) & 0x3f;

    if ((byte_at(f, at) & 0xc0) != HEAD_6BIT)
        return listpack_is(f, at, w);
    return n == w->s.n && !w->is_number &&
           (n == 0 || (content[n - 1] == w->s.p[n - 1] && memcmp(content, w->s.p, n) == 0));
}

size_t listpack_find(const struct flat *f, size_t at, const struct listpack_word *w, unsigned skip)
{
    while (at != 0 && !is_word(f, at, w))
        for (unsigned i = 0; i <= skip && at != 0; i++)
            at = after(f, at);
    return at;
}

/* ---- changes ---- */

/* An element in encoded form: what precedes the content, and the lengths. */
struct written {
    char head[HEAD_MAX + 8];
    size_t head_bytes;
    size_t content;
};

static size_t prepare(struct written *e, const struct listpack_word *w)
{
    size_t n;

    must(w->is_number || w->s.n <= UINT32_MAX);
    e->head_bytes = write_head(e->head, w);
    e->content = w->is_number ? 0 : w->s.n;
    n = e->head_bytes + e->content;
    return n + backlen_bytes(n);
}

static void write_element(char *p, const struct written *e, const struct listpack_word *w)
{
    memcpy(p, e->head, e->head_bytes);
    p += e->head_bytes;
    if (e->content != 0)
        memcpy(p, w->s.p, e->content);
    write_backlen(p + e->content, e->head_bytes + e->content);
}

/* Replaces `removed` bytes at `at` by w. */
static void put(struct flat *f, size_t at, size_t removed, const struct listpack_word *w)
{
    struct written e;
    size_t n = prepare(&e, w);

    write_element(flat_splice(f, at, removed, n), &e, w);
}

size_t listpack_insert(struct flat *f, size_t at, const struct listpack_word *w)
{
    must(at == 0 || is_position(f, at));
    if (at == 0)
        at = f->n - 1;
    put(f, at, 0, w);
    note_change(f, 1);
    return at;
}

size_t listpack_replace(struct flat *f, size_t at, const struct listpack_word *w)
{
    must(is_position(f, at));
    put(f, at, size_at(f, at), w);
    note_change(f, 0);
    return at;
}

size_t listpack_remove(struct flat *f, size_t at, size_t n)
{
    size_t end = at, removed = 0;

    must(is_position(f, at));
    for (; removed < n && byte_at(f, end) != END; removed++)
        end += size_at(f, end);
    flat_splice(f, at, end - at, 0);
    note_change(f, -(ptrdiff_t)removed);
    return or_none(f, at);
}

size_t listpack_count_equal(const struct flat *f, const struct listpack_word *w)
{
    size_t n = 0;

    for (size_t at = listpack_find(f, listpack_first(f), w, 0); at != 0; n++)
        at = listpack_find(f, listpack_next(f, at), w, 0);
    return n;
}

size_t listpack_remove_equal(struct flat *f, const struct listpack_word *w, size_t skip, size_t max)
{
    size_t removed = 0, kept = LISTPACK_HEADER, run = LISTPACK_HEADER; /* what remains is written to kept and read from
                                                                        * run */
    size_t at = listpack_find(f, listpack_first(f), w, 0);

    for (; at != 0 && removed < max; at = listpack_find(f, or_none(f, at), w, 0)) {
        size_t next = at + size_at(f, at);

        if (skip > 0) {
            skip--;
        } else {
            memmove(f->p + kept, f->p + run, at - run);
            kept += at - run;
            run = next;
            removed++;
        }
        at = next;
    }
    if (removed == 0)
        return 0;
    memmove(f->p + kept, f->p + run, f->n - run);
    f->resize(f, kept + f->n - run);
    note_change(f, -(ptrdiff_t)removed);
    return removed;
}

void listpack_append_tail(struct flat *f, const struct flat *from, size_t at, size_t n)
{
    size_t bytes = from->n - 1 - at;

    must(is_position(from, at));
    memcpy(flat_splice(f, f->n - 1, 0, bytes), from->p + at, bytes);
    note_change(f, (ptrdiff_t)n);
}

void listpack_prepend_in_room(struct flat *f, const struct listpack_word *w)
{
    struct written e;
    size_t n = prepare(&e, w), count = stored_count(f);

    f->p -= n;
    f->n += n;
    set_header(f, count < COUNT_MAX ? count + 1 : count);
    write_element(f->p + LISTPACK_HEADER, &e, w);
}

void listpack_remove_front_in_room(struct flat *f, size_t n)
{
    size_t at = LISTPACK_HEADER, count = stored_count(f);

    for (size_t i = 0; i < n; i++)
        at += size_at(f, at);
    must(at < f->n);
    f->p += at - LISTPACK_HEADER;
    f->n -= at - LISTPACK_HEADER;
    set_header(f, count < COUNT_MAX ? count - n : count);
}

/* ---- validation ---- */

/* Bytes of the element at `at` if it ends before `end` and its lengths agree; else 0. */
static size_t valid_size(const char *p, size_t at, size_t end)
{
    static const char padding[HEAD_MAX] = {0};
    char first[HEAD_MAX];
    size_t n, bytes, left = end - at;
    struct head h;

    memcpy(first, padding, sizeof first);
    memcpy(first, p + at, left < sizeof first ? left : sizeof first);
    if ((uint8_t)first[0] > HEAD_INT64)
        return 0;
    h = read_head(first);
    n = h.head + h.content;
    if (n + backlen_bytes(n) > left)
        return 0;
    return read_backlen(p + at + n + backlen_bytes(n), p + at + n, &bytes) == n && bytes == backlen_bytes(n) ? n + bytes
                                                                                                             : 0;
}

bool listpack_is_valid(struct slice bytes, size_t *count)
{
    struct flat f = flat_of(bytes);
    size_t at = LISTPACK_HEADER, size;

    *count = 0;
    if (bytes.n < LISTPACK_EMPTY || load32(bytes.p) != bytes.n || byte_at(&f, bytes.n - 1) != END)
        return false;
    for (; at < bytes.n - 1; at += size, ++*count) {
        size = valid_size(bytes.p, at, bytes.n - 1);
        if (size == 0)
            return false;
    }
    return stored_count(&f) == COUNT_MAX || stored_count(&f) == *count;
}
