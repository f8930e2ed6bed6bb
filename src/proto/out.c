/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/out.h"

#include "base/mem.h"
#include "base/reserve.h"
#include "proto/client_memory.h"

#define POOL_MAX     64
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
#define BLOCK_HEADER 16
#define BLOCK_NODE   24 /* of the list of blocks */

/* Free chunks of OUT_CHUNK_BYTES of this thread, how many there are, and the least that there were since
 * out_thread_tidy.
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

/* Takes a chunk of OUT_CHUNK_BYTES from the pool, or makes one. */
static struct chunk *chunk_new(void)
{
    struct chunk *c = pool;

    if (c == NULL)
        return chunk_init(mem_alloc(sizeof *c + OUT_CHUNK_BYTES), OUT_CHUNK_BYTES);
    must(pooled > 0 && c->cap == OUT_CHUNK_BYTES);
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

/* A chunk for a text longer than OUT_CHUNK_BYTES. NULL: no memory. */
static struct chunk *chunk_large(size_t cap)
{
    struct chunk *c;

    must(cap > OUT_CHUNK_BYTES && cap < SIZE_MAX / 2);
    c = mem_try_alloc(sizeof *c + cap);
    return c != NULL ? chunk_init(c, cap) : NULL;
}

/* A chunk of another capacity than OUT_CHUNK_BYTES, which does not go to the pool. */
static struct chunk *chunk_small(size_t cap)
{
    must(cap < OUT_CHUNK_BYTES);
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
    if (c->cap == OUT_CHUNK_BYTES && pooled < POOL_MAX) {
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
    for (o->weighed += n; n > o->block_room; add_block(o, OUT_BLOCK_BYTES))
        n -= o->block_room;
    o->block_room -= n;
}

void out_weigh_string(struct out *o, size_t n)
{
    size_t rest = n > o->block_room ? n - o->block_room : 0;

    if (UNLIKELY(o->cut != NULL))
        return;
    if (rest > 0) {
        add_block(o, rest > OUT_BLOCK_BYTES ? rest : OUT_BLOCK_BYTES);
        o->block_room -= rest;
    } else {
        o->block_room -= n;
    }
    o->weighed += n;
}

void out_weigh(struct out *o)
{
    size_t size = out_size(o);

    if (LIKELY(o->cut == NULL) && size > o->weighed)
        weigh_pieces(o, size - o->weighed);
}

size_t out_weight(struct out *o)
{
    out_weigh(o);
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

char *out_extend(struct out *o, size_t n)
{
    if (UNLIKELY(n > OUT_CHUNK_BYTES))
        return room_for_long(o, n);
    append(o, chunk_new());
    return o->cur;
}

void out_add(struct out *o, const void *p, size_t n)
{
    char *to = n != 0 ? out_room(o, n) : NULL;

    if (UNLIKELY(to == NULL))
        return;
    memcpy(to, p, n);
    o->cur += n;
}

bool out_refers(const struct blob *b, size_t n)
{
    must(n <= b->len && b->len <= b->cap);
    return n >= BY_REFERENCE && n >= b->cap - n;
}

void out_append_blob(struct out *o, struct blob *b, size_t at, size_t n)
{
    struct chunk *c = chunk_small(0);

    must(at <= b->len && n <= b->len - at);
    c->blob = blob_ref(b);
    c->p = b->p + at;
    c->len = n;
    client_memory_refer((int64_t)chunk_referred(c));
    out_weigh(o);
    append(o, c);
    out_weigh_string(o, n);
    append(o, chunk_small(TAIL_BYTES));
}

void out_add_blob(struct out *o, struct blob *b)
{
    if (out_refers(b, b->len))
        out_append_blob(o, b, 0, b->len);
    else
        out_add(o, b->p, b->len);
}
