/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "base/reserve.h"
#include "proto/client_memory.h"

#define CHUNK_BYTES  (16 * 1024 - sizeof(struct chunk))
#define POOL_MAX     64
#define HEADER_BYTES 24  /* type, up to 20 digits, CR LF */
#define TAIL_BYTES   256 /* of the chunk behind a blob: enough for a line end and a few short replies */
#define BY_REFERENCE (16 * 1024)
#define GUARD_FROM   (1024 * 1024) /* bytes of memory that an output may take without asking the guard */

static bool (*may_grow)(size_t bytes); /* NULL: always */

void out_set_guard(bool (*guard)(size_t bytes))
{
    may_grow = guard;
}

/* The blocks of Redis that out_weight reproduces. OUT_UNCOUNTED is the buffer of each client, in use while no block is.
 */
#define BLOCK_BYTES  ((size_t)16 * 1024) /* of a block, unless a string needs more */
#define BLOCK_HEADER 16
#define BLOCK_NODE   24 /* of the list of blocks */

/* Free chunks of CHUNK_BYTES of this thread, how many there are, and the least that there were since out_thread_tidy.
 */
static _Thread_local struct chunk *pool;
static _Thread_local unsigned pooled, unused;

/* Makes the block at c an empty chunk. It counts as memory of clients until free_chunk. */
static struct chunk *chunk_init(struct chunk *c, size_t cap)
{
    *c = (struct chunk){.p = c->data, .cap = cap, .memory = mem_usable(c)};
    client_memory_add((int64_t)c->memory);
    return c;
}

static void free_chunk(struct chunk *c)
{
    client_memory_add(-(int64_t)c->memory);
    mem_free(c);
}

/* Takes a chunk of CHUNK_BYTES from the pool, or makes one. */
static struct chunk *chunk_new(void)
{
    struct chunk *c = pool;

    if (c == NULL)
        return chunk_init(mem_alloc(sizeof *c + CHUNK_BYTES), CHUNK_BYTES);
    must(pooled > 0 && c->cap == CHUNK_BYTES);
    pool = c->next;
    pooled--;
    if (pooled < unused)
        unused = pooled;
    c->next = NULL;
    c->blob = NULL;
    c->p = c->data;
    c->len = 0;
    return c;
}

/* A chunk for a text longer than CHUNK_BYTES. NULL: no memory. */
static struct chunk *chunk_large(size_t cap)
{
    struct chunk *c;

    must(cap > CHUNK_BYTES && cap < SIZE_MAX / 2);
    c = mem_try_alloc(sizeof *c + cap);
    return c != NULL ? chunk_init(c, cap) : NULL;
}

/* A chunk of another capacity than CHUNK_BYTES, which does not go to the pool. */
static struct chunk *chunk_small(size_t cap)
{
    must(cap < CHUNK_BYTES);
    return chunk_init(mem_alloc(sizeof(struct chunk) + cap), cap);
}

size_t chunk_referred(const struct chunk *c)
{
    return c->blob != NULL ? blob_bytes(c->blob) : 0;
}

void chunk_free(struct chunk *c)
{
    must(c->blob != NULL || (c->p == c->data && c->len <= c->cap));
    if (c->blob != NULL) {
        client_memory_refer(-(int64_t)chunk_referred(c));
        blob_unref(c->blob);
    }
    if (c->cap == CHUNK_BYTES && pooled < POOL_MAX) {
        c->next = pool;
        pool = c;
        pooled++;
    } else {
        free_chunk(c);
    }
}

static void shrink_pool(unsigned n)
{
    must(n <= pooled);
    for (pooled -= n; n > 0; n--) {
        struct chunk *next = pool->next;

        free_chunk(pool);
        pool = next;
    }
}

void out_thread_tidy(void)
{
    shrink_pool(unused);
    unused = pooled;
}

void out_thread_done(void)
{
    shrink_pool(pooled);
    unused = 0;
}

void out_init(struct out *o)
{
    *o = (struct out){.resp = 2, .block_room = OUT_UNCOUNTED};
}

/* ---- the weight ---- */

/* A new block with room for `cap` bytes at least. */
static void add_block(struct out *o, size_t cap)
{
    size_t usable = mem_room(BLOCK_HEADER + cap);

    o->weight += BLOCK_NODE + usable;
    o->block_room = usable - BLOCK_HEADER;
}

/* n bytes more, in short pieces. */
static void weigh_pieces(struct out *o, size_t n)
{
    for (o->weighed += n; n > o->block_room; add_block(o, BLOCK_BYTES))
        n -= o->block_room;
    o->block_room -= n;
}

/* One long string: what the last block has no room for is in one block. */
static void weigh_string(struct out *o, size_t n)
{
    size_t rest = n > o->block_room ? n - o->block_room : 0;

    if (UNLIKELY(o->cut != NULL))
        return;
    if (rest > 0) {
        add_block(o, rest > BLOCK_BYTES ? rest : BLOCK_BYTES);
        o->block_room -= rest;
    } else {
        o->block_room -= n;
    }
    o->weighed += n;
}

/* Weighs what was written since it was last called. */
static void weigh(struct out *o)
{
    size_t size = out_size(o);

    if (LIKELY(o->cut == NULL) && size > o->weighed)
        weigh_pieces(o, size - o->weighed);
}

size_t out_weight(struct out *o)
{
    weigh(o);
    return o->sending + o->weight;
}

bool out_is_over(struct out *o)
{
    return UNLIKELY(o->cut != NULL) || (UNLIKELY(o->limit != 0) && out_weight(o) >= o->limit);
}

void out_sent(struct out *o)
{
    o->sending = 0;
    if (out_size(o) == 0)
        o->block_room = OUT_UNCOUNTED;
}

static void free_from(struct chunk *c)
{
    while (c != NULL) {
        struct chunk *next = c->next;

        chunk_free(c);
        c = next;
    }
}

void out_fini(struct out *o)
{
    free_from(out_take(o));
}

/* Sets the length of the last chunk. */
static void close_last(struct out *o)
{
    if (o->last == NULL)
        return;
    must(o->cur >= o->last->data && o->cur <= o->end);
    if (o->last->blob == NULL)
        o->last->len = o->cur - o->last->data;
    o->closed += o->last->len;
}

/* Adds a chunk to the counters of memory. */
static void count_chunk(struct out *o, const struct chunk *c)
{
    o->memory += c->memory;
    o->referred += chunk_referred(c);
}

static void write_to(struct out *o, struct chunk *c)
{
    o->last = c;
    o->cur = c->data;
    o->end = c->data + c->cap;
}

/* Whether clients may take so much more memory for this output. */
static bool is_granted(const struct out *o, size_t more)
{
    if (LIKELY(o->memory + more < GUARD_FROM))
        return true;
    return !reserve_is_short() && (may_grow == NULL || may_grow(more));
}

static void append(struct out *o, struct chunk *c)
{
    must(c->next == NULL);
    if (UNLIKELY(o->cut != NULL)) {
        free_from(o->cut->next);
        o->cut->next = c;
        write_to(o, c);
        return;
    }
    if (UNLIKELY(!is_granted(o, c->memory)))
        o->starved = true;
    if (UNLIKELY(o->last != NULL && (o->starved || out_is_over(o))))
        o->cut = o->last;
    close_last(o);
    if (o->last != NULL)
        o->last->next = c;
    else
        o->first = c;
    count_chunk(o, c);
    write_to(o, c);
}

struct chunk *out_take(struct out *o)
{
    struct chunk *c = o->first;

    o->sending = out_weight(o);
    close_last(o);
    o->weight = o->weighed = 0;
    o->first = o->last = o->cut = NULL;
    o->cur = o->end = NULL;
    o->closed = o->memory = o->referred = 0;
    o->starved = false;
    return c;
}

struct out_mark out_mark(const struct out *o)
{
    must(o->cut == NULL); /* the chunk behind the cut may be freed */
    return (struct out_mark){o->last, o->cur, o->closed};
}

void out_rewind(struct out *o, struct out_mark m)
{
    if (m.last == NULL) {
        free_from(out_take(o));
        return;
    }
    must(m.closed <= o->closed && m.cur >= m.last->data && m.cur <= m.last->data + m.last->cap);
    free_from(m.last->next);
    m.last->next = NULL;
    write_to(o, m.last);
    o->cur = m.cur;
    o->closed = m.closed;
    o->cut = NULL;
    o->starved = false;
    o->weight = o->weighed = 0;
    o->block_room = o->sending > 0 ? 0 : OUT_UNCOUNTED;
    o->memory = o->referred = 0;
    for (const struct chunk *c = o->first; c != NULL; c = c->next)
        count_chunk(o, c);
}

/* Room for n contiguous bytes, which are more than a chunk of the pool has. NULL: the output is cut, or is from now on
 * because there is no memory for them. */
static char *room_for_long(struct out *o, size_t n)
{
    struct chunk *c;

    if (o->cut != NULL)
        return NULL;
    c = is_granted(o, n) ? chunk_large(n) : NULL;
    if (c != NULL) {
        append(o, c);
        return o->cur;
    }
    if (o->last == NULL)
        append(o, chunk_new());
    o->starved = true;
    append(o, chunk_new());
    must(o->cut != NULL);
    return NULL;
}

/* Returns room for at least n contiguous bytes. Never NULL if n is at most CHUNK_BYTES. */
static inline char *room(struct out *o, size_t n)
{
    sane(o->cur <= o->end);
    if (UNLIKELY((size_t)(o->end - o->cur) < n)) {
        if (UNLIKELY(n > CHUNK_BYTES))
            return room_for_long(o, n);
        append(o, chunk_new());
    }
    return o->cur;
}

void out_add(struct out *o, const void *p, size_t n)
{
    char *to = n != 0 ? room(o, n) : NULL;

    if (UNLIKELY(to == NULL))
        return;
    memcpy(to, p, n);
    o->cur += n;
}

/* Type, number, CR LF: the beginning of most replies. */
static inline void header(struct out *o, char type, int64_t v)
{
    char *p = room(o, HEADER_BYTES);
    unsigned n = 1;

    p[0] = type;
    if (LIKELY(v >= 0 && v < 10))
        p[n++] = '0' + v;
    else
        n += num_format_i64(p + 1, v);
    p[n++] = '\r';
    p[n++] = '\n';
    sane(n <= HEADER_BYTES);
    o->cur += n;
}

/* ---- simple types ---- */

/* Records the first word, which is the key of INFO errorstats. */
static void note_error(struct out *o, struct slice text)
{
    size_t n = 0;

    must(text.n > 0 && text.p[0] != ' '); /* the text begins with a code */
    while (n < text.n && n < sizeof o->error_code - 1 && text.p[n] != ' ')
        n++;
    memcpy(o->error_code, text.p, n);
    o->error_code[n] = 0;
    o->errors++;
}

static void error_slice(struct out *o, struct slice text)
{
    sane(memchr(text.p, '\r', text.n) == NULL && memchr(text.p, '\n', text.n) == NULL);
    note_error(o, text);
    out_add(o, "-", 1);
    out_add(o, text.p, text.n);
    out_add(o, "\r\n", 2);
}

void reply_error(struct out *o, const char *text)
{
    error_slice(o, slice_str(text));
}

void reply_errorf(struct out *o, const char *format, ...)
{
    char text[1024];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    must(n >= 0);
    if ((size_t)n >= sizeof text)
        n = sizeof text - 1;
    for (int i = 0; i < n; i++)
        if (text[i] == '\r' || text[i] == '\n')
            text[i] = ' ';
    error_slice(o, slice_of(text, n));
}

void reply_ok(struct out *o)
{
    memcpy(room(o, 5), "+OK\r\n", 5);
    o->cur += 5;
}

void reply_simple(struct out *o, const char *text)
{
    sane(strpbrk(text, "\r\n") == NULL);
    out_add(o, "+", 1);
    out_add(o, text, strlen(text));
    out_add(o, "\r\n", 2);
}

void reply_int(struct out *o, int64_t v)
{
    header(o, ':', v);
}

/* A string of at least BLOCK_BYTES. */
static void long_bulk(struct out *o, struct slice s)
{
    char *p;

    header(o, '$', (int64_t)s.n);
    weigh(o);
    p = room(o, s.n + 2);
    if (UNLIKELY(p == NULL))
        return;
    memcpy(p, s.p, s.n);
    o->cur += s.n;
    weigh_string(o, s.n);
    out_add(o, "\r\n", 2);
}

void reply_bulk(struct out *o, struct slice s)
{
    char *p;
    size_t n = 1;

    if (UNLIKELY(s.n >= BLOCK_BYTES)) {
        long_bulk(o, s);
        return;
    }
    p = room(o, HEADER_BYTES + s.n + 2);
    if (UNLIKELY(p == NULL))
        return;
    p[0] = '$';
    if (s.n < 10)
        p[n++] = '0' + s.n;
    else
        n += num_format_u64(p + 1, s.n);
    p[n++] = '\r';
    p[n++] = '\n';
    if (s.n != 0)
        memcpy(p + n, s.p, s.n);
    n += s.n;
    p[n++] = '\r';
    p[n++] = '\n';
    o->cur += n;
}

void reply_bulk_int(struct out *o, int64_t v)
{
    char digits[NUM_I64_MAX];

    reply_bulk(o, slice_of(digits, num_format_i64(digits, v)));
}

/* Whether to send n bytes of the blob by reference. A small part is copied, since a reference keeps all of the blob in
 * memory. */
static bool by_reference(const struct blob *b, size_t n)
{
    must(n <= b->len && b->len <= b->cap);
    return n >= BY_REFERENCE && n >= b->cap - n;
}

/* Appends n bytes of the blob by reference. */
static void append_blob(struct out *o, struct blob *b, size_t at, size_t n)
{
    struct chunk *c = chunk_small(0);

    must(at <= b->len && n <= b->len - at);
    c->blob = blob_ref(b);
    c->p = b->p + at;
    c->len = n;
    client_memory_refer((int64_t)chunk_referred(c));
    weigh(o);
    append(o, c);
    weigh_string(o, n);
    append(o, chunk_small(TAIL_BYTES));
}

void out_add_blob(struct out *o, struct blob *b)
{
    if (by_reference(b, b->len))
        append_blob(o, b, 0, b->len);
    else
        out_add(o, b->p, b->len);
}

void reply_blob(struct out *o, struct blob *b, size_t at, size_t n)
{
    if (!by_reference(b, n)) {
        reply_bulk(o, slice_of(b->p + at, n));
        return;
    }
    header(o, '$', n);
    append_blob(o, b, at, n);
    out_add(o, "\r\n", 2);
}

void reply_null(struct out *o)
{
    if (o->resp == 2)
        out_add(o, "$-1\r\n", 5);
    else
        out_add(o, "_\r\n", 3);
}

void reply_null_array(struct out *o)
{
    if (o->resp == 2)
        out_add(o, "*-1\r\n", 5);
    else
        out_add(o, "_\r\n", 3);
}

void reply_bool(struct out *o, bool v)
{
    if (o->resp == 2)
        reply_int(o, v);
    else
        out_add(o, v ? "#t\r\n" : "#f\r\n", 4);
}

static void reply_decimal(struct out *o, struct slice s)
{
    if (o->resp == 2) {
        reply_bulk(o, s);
        return;
    }
    out_add(o, ",", 1);
    out_add(o, s.p, s.n);
    out_add(o, "\r\n", 2);
}

void reply_double(struct out *o, double v)
{
    char text[NUM_DOUBLE_MAX];

    reply_decimal(o, slice_of(text, num_format_double(text, v)));
}

void reply_fixed(struct out *o, double v)
{
    char text[NUM_LD_MAX];

    reply_decimal(o, slice_of(text, num_format_ld(text, v)));
}

void reply_big_number(struct out *o, struct slice digits)
{
    if (o->resp == 2) {
        reply_bulk(o, digits);
        return;
    }
    out_add(o, "(", 1);
    out_add(o, digits.p, digits.n);
    out_add(o, "\r\n", 2);
}

void reply_verbatim(struct out *o, const char *format, struct slice s)
{
    must(strlen(format) == 3);
    if (o->resp == 2) {
        reply_bulk(o, s);
        return;
    }
    header(o, '=', s.n + 4);
    out_add(o, format, 3);
    out_add(o, ":", 1);
    out_add(o, s.p, s.n);
    out_add(o, "\r\n", 2);
}

/* ---- aggregates ---- */

/* The type byte and count of an aggregate in the connection's version of the protocol. */
struct aggregate {
    char type;
    size_t n;
};

static struct aggregate as_map(const struct out *o, size_t n)
{
    must(n <= SIZE_MAX / 2);
    return o->resp == 2 ? (struct aggregate){'*', 2 * n} : (struct aggregate){'%', n};
}

static struct aggregate as_set(const struct out *o, size_t n)
{
    return (struct aggregate){o->resp == 2 ? '*' : '~', n};
}

void reply_array(struct out *o, size_t n)
{
    header(o, '*', n);
}

void reply_map(struct out *o, size_t n)
{
    struct aggregate a = as_map(o, n);

    header(o, a.type, a.n);
}

void reply_set(struct out *o, size_t n)
{
    struct aggregate a = as_set(o, n);

    header(o, a.type, a.n);
}

void reply_push(struct out *o, size_t n)
{
    header(o, o->resp == 2 ? '*' : '>', n);
}

void reply_attribute(struct out *o, size_t n)
{
    must(o->resp == 3);
    header(o, '|', n);
}

struct reply_later reply_later_begin(struct out *o)
{
    struct reply_later l = {0};
    char *header = room(o, HEADER_BYTES);

    if (LIKELY(o->cut == NULL))
        l = (struct reply_later){o->last, header - o->last->data};
    o->cur += HEADER_BYTES;
    return l;
}

/* Writes the header into the room that was left for it, and closes the gap behind it. */
static void later_end(struct out *o, struct reply_later l, struct aggregate a)
{
    char text[HEADER_BYTES], *at, *behind, *end;
    struct out just_header = {.resp = o->resp, .cur = text, .end = text + sizeof(text)};
    size_t n;

    if (UNLIKELY(l.chunk == NULL))
        return;
    header(&just_header, a.type, a.n);
    n = just_header.cur - text;
    at = l.chunk->data + l.at;
    behind = at + HEADER_BYTES;
    end = l.chunk == o->last ? o->cur : l.chunk->data + l.chunk->len;
    must(l.chunk->blob == NULL && n <= HEADER_BYTES && behind <= end);
    memcpy(at, text, n);
    memmove(at + n, behind, end - behind);
    if (l.chunk == o->last) {
        o->cur -= HEADER_BYTES - n;
    } else {
        l.chunk->len -= HEADER_BYTES - n;
        o->closed -= HEADER_BYTES - n;
    }
}

void reply_array_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, (struct aggregate){'*', n});
}

void reply_map_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, as_map(o, n));
}

void reply_set_end(struct out *o, struct reply_later l, size_t n)
{
    later_end(o, l, as_set(o, n));
}
