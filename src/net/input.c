/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/input.h"

#include "base/mem.h"
#include "base/must.h"

#define BLOB_MIN (64 * 1024) /* arguments of at least so many bytes are received into a blob */
#define BLOB_FIRST                                                                                       \
    (1024 * 1024)  /* initial capacity at most: it grows with what is received, not with the length that \
                      the client announces */
#define LINE_END 2 /* CR LF */

struct input *input_new(void)
{
    struct input *in = mem_zalloc(sizeof *in);

    in->magic = INPUT_MAGIC;
    parser_init(&in->parser);
    return in;
}

static void drop_blobs(struct input *in)
{
    for (unsigned i = 0; i < in->blob_count; i++)
        blob_unref(in->blobs[i]);
    mem_free(in->blobs);
    in->blobs = NULL;
    in->blob_count = 0;
}

void input_free(struct input *in)
{
    if (in == NULL)
        return;
    must_be(in, INPUT_MAGIC);
    drop_blobs(in);
    if (in->filling != NULL)
        blob_unref(in->filling);
    buf_fini(&in->bytes);
    parser_fini(&in->parser);
    in->magic = 0;
    mem_free(in);
}

size_t input_size(const struct input *in)
{
    size_t n = in->bytes.len + in->parser.cap * (sizeof *in->parser.args + sizeof *in->parser.hashes);

    for (unsigned i = 0; i < in->blob_count; i++)
        n += in->blobs[i]->len;
    return n + (in->filling ? in->filling->len : 0);
}

static size_t blob_room(const struct blob *b)
{
    size_t usable = mem_usable(b);

    must(usable >= b->len);
    return usable - b->len;
}

size_t input_room(const struct input *in)
{
    size_t n = in->bytes.cap - in->bytes.len;

    must(in->bytes.cap >= in->bytes.len);
    for (unsigned i = 0; i < in->blob_count; i++)
        n += blob_room(in->blobs[i]);
    return n + (in->filling ? blob_room(in->filling) : 0);
}

/* ---- long arguments ---- */

/* A blob with room for n bytes more, up to `want` in all. */
static struct blob *with_room(struct blob *b, size_t n, size_t want)
{
    size_t cap = b->cap * 2;
    struct blob *grown;

    must(b->len + n <= want);
    if (b->len + n <= b->cap)
        return b;
    if (cap < b->len + n)
        cap = b->len + n;
    grown = mem_realloc(b, sizeof *b + (cap < want ? cap : want));
    grown->cap = cap < want ? cap : want;
    return grown;
}

/* The argument is complete: hands it to the parser. A line end follows it. */
static void blob_complete(struct input *in)
{
    must(in->filling->len == in->want && in->skip == 0);
    parser_add(&in->parser, blob_slice(in->filling));
    in->blobs = mem_realloc(in->blobs, (in->blob_count + 1) * sizeof *in->blobs);
    in->blobs[in->blob_count++] = in->filling;
    in->filling = NULL;
    in->skip = LINE_END;
}

/* Takes the bytes that belong to the blob; returns how many. */
static size_t fill(struct input *in, const char *p, size_t n)
{
    size_t left = in->want - in->filling->len;

    if (n > left)
        n = left;
    in->filling = with_room(in->filling, n, in->want);
    memcpy(in->filling->p + in->filling->len, p, n);
    in->filling->len += n;
    if (n == left)
        blob_complete(in);
    return n;
}

/* The parser waits for the rest of a long argument: moves what there is of it into a blob. */
static void begin_blob(struct input *in)
{
    size_t have = in->bytes.p + in->bytes.len - in->parser.at;
    struct blob *b = blob_new(in->parser.bulk < BLOB_FIRST ? in->parser.bulk : BLOB_FIRST);

    must(b != NULL && in->filling == NULL && have <= in->bytes.len);
    in->filling = b;
    in->want = in->parser.bulk;
    in->bytes.len -= have;
    fill(in, in->parser.at, have);
}

/* ---- bytes ---- */

static void append(struct input *in, const char *p, size_t n)
{
    struct slice old = buf_slice(&in->bytes);

    buf_add(&in->bytes, p, n);
    if (in->is_partial && in->bytes.p != old.p)
        parser_rebase(&in->parser, old, in->bytes.p);
}

void input_add(struct input *in, const char *p, size_t n)
{
    size_t used;

    must_be(in, INPUT_MAGIC);
    used = in->filling ? fill(in, p, n) : 0;
    while (in->skip > 0 && used < n) {
        in->skip--;
        used++;
    }
    if (used < n)
        append(in, p + used, n - used);
}

enum parse_result input_parse(struct input *in, const struct parser_limits *limits)
{
    enum parse_result r;

    must_be(in, INPUT_MAGIC);
    must(in->is_partial);
    if (in->filling != NULL || in->skip > 0)
        return PARSE_MORE;
    if (in->parser.left == 0)
        return PARSE_REQUEST;
    r = parser_next(&in->parser, in->bytes.p + in->bytes.len, limits);
    if (r == PARSE_MORE && in->parser.bulk >= BLOB_MIN && in->bytes.p + in->bytes.len - in->parser.at < in->parser.bulk)
        begin_blob(in);
    return r;
}

void input_done(struct input *in)
{
    must(in->is_partial && in->filling == NULL && in->skip == 0);
    buf_consume(&in->bytes, in->parser.at - in->bytes.p);
    parser_fini(&in->parser);
    drop_blobs(in);
    in->is_partial = false;
}

/* Takes over the state of the parser, whose bytes are `old`, which become the beginning of in->bytes. */
static void keep_parser(struct input *in, struct parser *partial, struct slice old)
{
    in->is_partial = partial != NULL;
    if (partial == NULL)
        return;
    must(partial->left > 0);
    parser_move(&in->parser, partial);
    parser_rebase(&in->parser, old, in->bytes.p);
}

void input_keep(struct input *in, const char *begin, const char *end, struct parser *partial)
{
    must(in->bytes.len == 0 && begin <= end);
    buf_add(&in->bytes, begin, end - begin);
    keep_parser(in, partial, slice_of(begin, end - begin));
}

void input_trim(struct input *in, const char *begin, struct parser *partial)
{
    size_t left = in->bytes.p + in->bytes.len - begin;

    must(left <= in->bytes.len);
    keep_parser(in, partial, slice_of(begin, left));
    buf_consume(&in->bytes, in->bytes.len - left);
}
