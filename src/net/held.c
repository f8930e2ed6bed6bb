/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/held.h"

#include "base/mem.h"
#include "base/must.h"

#define BLOB_FROM  (64 * 1024)   /* arguments of so many bytes are received into a blob */
#define BLOB_FIRST (1024 * 1024) /* room at first: it grows with what really comes, not with what was announced */

struct held *held_new(void)
{
    struct held *h = mem_zalloc(sizeof *h);

    parser_init(&h->parser);
    return h;
}

static void drop_blobs(struct held *h)
{
    for (unsigned i = 0; i < h->blob_count; i++)
        blob_unref(h->blobs[i]);
    mem_free(h->blobs);
    h->blobs = NULL;
    h->blob_count = 0;
}

void held_free(struct held *h)
{
    if (h == NULL)
        return;
    drop_blobs(h);
    if (h->filling != NULL)
        blob_unref(h->filling);
    buf_fini(&h->in);
    parser_fini(&h->parser);
    mem_free(h);
}

size_t held_bytes(const struct held *h)
{
    size_t n = h->in.len + h->parser.cap * (sizeof *h->parser.args + sizeof *h->parser.hashes);

    for (unsigned i = 0; i < h->blob_count; i++)
        n += h->blobs[i]->len;
    return n + (h->filling ? h->filling->len : 0);
}

static size_t blob_room(const struct blob *b)
{
    return mem_usable(b) - b->len;
}

size_t held_room(const struct held *h)
{
    size_t n = h->in.cap - h->in.len;

    for (unsigned i = 0; i < h->blob_count; i++)
        n += blob_room(h->blobs[i]);
    return n + (h->filling ? blob_room(h->filling) : 0);
}

/* ---- long arguments ---- */

/* A blob with room for n bytes more, up to `want` in all. */
static struct blob *with_room(struct blob *b, size_t n, size_t want)
{
    size_t cap = b->cap * 2;
    struct blob *grown;

    if (b->len + n <= b->cap)
        return b;
    if (cap < b->len + n)
        cap = b->len + n;
    grown = mem_realloc(b, sizeof *b + (cap < want ? cap : want));
    grown->cap = cap < want ? cap : want;
    return grown;
}

/* The argument has come whole: it is the parser's, and a line end follows. */
static void blob_complete(struct held *h)
{
    parser_add(&h->parser, blob_slice(h->filling));
    h->blobs = mem_realloc(h->blobs, (h->blob_count + 1) * sizeof *h->blobs);
    h->blobs[h->blob_count++] = h->filling;
    h->filling = NULL;
    h->skip = 2;
}

/* Takes what belongs to the blob; returns how many bytes that was. */
static size_t fill(struct held *h, const char *p, size_t n)
{
    size_t left = h->want - h->filling->len;

    if (n > left)
        n = left;
    h->filling = with_room(h->filling, n, h->want);
    memcpy(h->filling->p + h->filling->len, p, n);
    h->filling->len += n;
    if (n == left)
        blob_complete(h);
    return n;
}

/* The parser waits for the rest of a long argument: from here on it goes into a blob. */
static void begin_blob(struct held *h)
{
    size_t have = h->in.p + h->in.len - h->parser.at;
    struct blob *b = blob_new(h->parser.bulk < BLOB_FIRST ? h->parser.bulk : BLOB_FIRST);

    must(b != NULL);
    h->filling = b;
    h->want = h->parser.bulk;
    h->in.len -= have;
    fill(h, h->parser.at, have);
}

/* ---- bytes ---- */

static void append(struct held *h, const char *p, size_t n)
{
    struct slice old = buf_slice(&h->in);

    buf_add(&h->in, p, n);
    if (h->is_half && h->in.p != old.p)
        parser_rebase(&h->parser, old, h->in.p);
}

void held_add(struct held *h, const char *p, size_t n)
{
    size_t used = h->filling ? fill(h, p, n) : 0;

    while (h->skip > 0 && used < n) {
        h->skip--;
        used++;
    }
    if (used < n)
        append(h, p + used, n - used);
}

enum parse_result held_parse(struct held *h, const struct parser_limits *limits)
{
    enum parse_result r;

    must(h->is_half);
    if (h->filling != NULL || h->skip > 0)
        return PARSE_MORE;
    if (h->parser.left == 0)
        return PARSE_REQUEST;
    r = parser_next(&h->parser, h->in.p + h->in.len, limits);
    if (r == PARSE_MORE && h->parser.bulk >= BLOB_FROM && h->in.p + h->in.len - h->parser.at < h->parser.bulk)
        begin_blob(h);
    return r;
}

void held_done(struct held *h)
{
    buf_consume(&h->in, h->parser.at - h->in.p);
    parser_fini(&h->parser);
    drop_blobs(h);
    h->is_half = false;
}

void held_keep(struct held *h, const char *begin, const char *end, struct parser *half)
{
    must(h->in.len == 0);
    buf_add(&h->in, begin, end - begin);
    h->is_half = half != NULL;
    if (half != NULL) {
        parser_move(&h->parser, half);
        parser_rebase(&h->parser, slice_of(begin, end - begin), h->in.p);
    }
}

void held_trim(struct held *h, const char *begin, struct parser *half)
{
    size_t left = h->in.p + h->in.len - begin;

    h->is_half = half != NULL;
    if (half != NULL) {
        parser_move(&h->parser, half);
        parser_rebase(&h->parser, slice_of(begin, left), h->in.p);
    }
    buf_consume(&h->in, h->in.len - left);
}
