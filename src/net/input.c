/* SPDX-License-Identifier: BSD-3-Clause */
#include "net/input.h"

#include "base/mem.h"
#include "base/must.h"
#include "proto/client_memory.h"

#define BLOB_MIN ((size_t)64 * 1024) /* arguments of at least so many bytes are received into a blob */
/* The capacity of a blob is BLOB_MIN at first, then BLOB_SECOND, then it doubles: it grows with what is received, not
 * with the length that the client announces. */
#define BLOB_SECOND ((size_t)1024 * 1024)
#define LINE_END 2 /* CR LF */

/* Brings the account of clients up to date. */
static void count_memory(struct input *in)
{
    size_t bytes = mem_usable_size(sizeof *in) + in->bytes.cap + in->blob_memory + in->blob_cap * sizeof *in->blobs;

    client_memory_add((int64_t)(bytes - in->counted));
    in->counted = bytes;
}

struct input *input_new(void)
{
    struct input *in = mem_zalloc(sizeof *in);

    in->magic = INPUT_MAGIC;
    parser_init(&in->parser);
    count_memory(in);
    return in;
}

static void drop_blobs(struct input *in)
{
    for (unsigned i = 0; i < in->blob_count; i++)
        blob_unref(in->blobs[i]);
    mem_free(in->blobs);
    in->blobs = NULL;
    in->blob_count = in->blob_cap = 0;
    in->blob_memory = in->filling ? blob_bytes(in->filling) : 0;
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
    client_memory_add(-(int64_t)in->counted);
    in->magic = 0;
    mem_free(in);
}

size_t input_waiting(const struct input *in)
{
    if (!in->is_partial)
        return in->bytes.len;
    if (in->filling != NULL)
        return in->filling->len;
    return (size_t)(in->bytes.p + in->bytes.len - in->parser.at);
}

/* Notes that so many bytes wait. */
static void note_waiting(struct input *in, size_t n)
{
    if (n > in->peak)
        in->peak = n;
}

size_t input_take_peak(struct input *in)
{
    size_t peak = in->peak;

    must_be(in, INPUT_MAGIC);
    in->peak = 0;
    return peak;
}

size_t input_args(const struct input *in)
{
    size_t arrays = in->parser.cap * (sizeof *in->parser.args + sizeof *in->parser.hashes);
    size_t parsed = in->filling == NULL ? in->bytes.len - input_waiting(in) : in->bytes.len;
    size_t blobs = in->blob_memory - (in->filling ? blob_bytes(in->filling) : 0);

    return arrays + parsed + blobs + in->blob_cap * sizeof *in->blobs;
}

size_t input_room(const struct input *in)
{
    must(in->bytes.cap >= in->bytes.len);
    return in->bytes.cap - in->bytes.len + (in->filling ? blob_bytes(in->filling) - in->filling->len : 0);
}

/* ---- long arguments ---- */

static size_t larger(size_t cap)
{
    return cap < BLOB_SECOND ? BLOB_SECOND : cap * 2;
}

/* Makes room for n bytes more in the blob that is filled. False: memory is out. */
static bool make_room(struct input *in, size_t n)
{
    struct blob *b = in->filling, *grown;
    size_t cap = larger(b->cap), before = blob_bytes(b);

    must(b->len + n <= in->want);
    if (b->len + n <= b->cap)
        return true;
    if (cap < b->len + n)
        cap = b->len + n;
    if (cap > in->want)
        cap = in->want;
    grown = mem_try_realloc(b, sizeof *b + cap);
    if (grown == NULL)
        return false;
    in->blob_memory -= before;
    grown->cap = cap;
    in->blob_memory += blob_bytes(grown);
    in->filling = grown;
    return true;
}

/* Makes room for one more blob. False: memory is out. */
static bool has_blob_room(struct input *in)
{
    unsigned cap = in->blob_cap ? in->blob_cap * 2 : 1;
    struct blob **blobs;

    if (in->blob_count < in->blob_cap)
        return true;
    blobs = mem_try_realloc(in->blobs, cap * sizeof *in->blobs);
    if (blobs == NULL)
        return false;
    in->blobs = blobs;
    in->blob_cap = cap;
    return true;
}

/* The argument is complete: hands it to the parser. A line end follows it. */
static void blob_complete(struct input *in)
{
    must(in->filling->len == in->want && in->skip == 0);
    if (!parser_add(&in->parser, blob_slice(in->filling)) || !has_blob_room(in)) {
        in->is_starved = true;
        return;
    }
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
    if (!make_room(in, n)) {
        in->is_starved = true;
        return n;
    }
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
    struct blob *b = blob_new(BLOB_MIN);

    must(in->filling == NULL && have <= in->bytes.len);
    if (b == NULL) {
        in->is_starved = true;
        return;
    }
    in->filling = b;
    in->blob_memory += blob_bytes(b);
    in->want = in->parser.bulk;
    in->bytes.len -= have;
    fill(in, in->parser.at, have);
}

/* ---- bytes ---- */

static void append(struct input *in, const char *p, size_t n)
{
    struct slice old = buf_slice(&in->bytes);

    if (!buf_try_reserve(&in->bytes, n)) {
        in->is_starved = true;
        return;
    }
    buf_add(&in->bytes, p, n);
    if (in->is_partial && in->bytes.p != old.p)
        parser_rebase(&in->parser, old, in->bytes.p);
}

void input_add(struct input *in, const char *p, size_t n)
{
    size_t used;

    must_be(in, INPUT_MAGIC);
    if (in->is_starved)
        return;
    used = in->filling ? fill(in, p, n) : 0;
    while (in->skip > 0 && used < n) {
        used++;
        if (--in->skip == 0)
            note_waiting(in, in->want + LINE_END);
    }
    if (used < n)
        append(in, p + used, n - used);
    note_waiting(in, input_waiting(in));
    count_memory(in);
}

enum parse_result input_parse(struct input *in, const struct parser_limits *limits)
{
    enum parse_result r;

    must_be(in, INPUT_MAGIC);
    must(in->is_partial && !in->is_starved);
    if (in->filling != NULL || in->skip > 0)
        return PARSE_MORE;
    if (in->parser.left == 0)
        return PARSE_REQUEST;
    r = parser_next(&in->parser, in->bytes.p + in->bytes.len, limits);
    if (r == PARSE_MORE && in->parser.bulk >= (int64_t)BLOB_MIN &&
        in->bytes.p + in->bytes.len - in->parser.at < in->parser.bulk)
        begin_blob(in);
    count_memory(in);
    return r;
}

void input_done(struct input *in)
{
    must(in->is_partial && in->filling == NULL && in->skip == 0);
    buf_consume(&in->bytes, in->parser.at - in->bytes.p);
    parser_fini(&in->parser);
    drop_blobs(in);
    in->is_partial = false;
    count_memory(in);
}

/* Takes over the state of the parser, whose bytes are `old`, which become the beginning of in->bytes. */
static void keep_parser(struct input *in, struct parser *partial, struct slice old)
{
    in->is_partial = partial != NULL;
    if (partial == NULL)
        return;
    must(partial->left > 0);
    if (!parser_move(&in->parser, partial)) {
        in->is_starved = true;
        return;
    }
    parser_rebase(&in->parser, old, in->bytes.p);
}

void input_keep(struct input *in, const char *begin, const char *end, struct parser *partial)
{
    must(in->bytes.len == 0 && begin <= end);
    if (!buf_try_reserve(&in->bytes, end - begin)) {
        in->is_starved = true;
        return;
    }
    buf_add(&in->bytes, begin, end - begin);
    keep_parser(in, partial, slice_of(begin, end - begin));
    count_memory(in);
}

void input_trim(struct input *in, const char *begin, struct parser *partial)
{
    size_t left = in->bytes.p + in->bytes.len - begin;

    must(left <= in->bytes.len);
    keep_parser(in, partial, slice_of(begin, left));
    buf_consume(&in->bytes, in->bytes.len - left);
    count_memory(in);
}
