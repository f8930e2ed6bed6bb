/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply: writes replies directly into the buffers that will be sent.
 *
 * Role:    the types of RESP2 and RESP3, in the version that the connection chose with HELLO.
 * Owns:    a chain of chunks; `cur` to `end` is the free room of the last one. The chain refers to large strings
 *          without a copy.
 * Threads: the worker of the connection.
 * Used by: cmd (writes), net (sends).
 * Why:     bytes are copied once, from the entry to the buffer that the kernel reads, and no object exists per reply.
 *          Chunks come from a small pool per thread; an idle connection has none.
 *          Specification: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef LARDER_PROTO_REPLY_H
#define LARDER_PROTO_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/blob.h"
#include "proto/error.h"

struct chunk {
    struct chunk *next;
    struct blob *blob; /* the blob that owns the bytes; NULL: they are in data */
    const char *p;
    size_t len; /* not valid in the last chunk until out_take */
    size_t cap;
    size_t memory; /* bytes that the chunk takes, without the blob */
    char data[];
};

struct out {
    char *cur; /* where the next byte goes in the last chunk */
    char *end;
    struct chunk *first;
    struct chunk *last;
    size_t closed;       /* bytes in all chunks but the last */
    size_t memory;       /* bytes of the chunks, without the blobs in the chain */
    size_t referred;     /* bytes of the blobs in the chain */
    size_t limit;      /* of out_weight: beyond it, output is discarded, since the connection will be closed; 0: none */
    size_t sending;    /* the weight of what was taken and is not sent yet */
    size_t weight;     /* of what was weighed: out_weight */
    size_t weighed;    /* bytes of the chain that are included in `weight` */
    size_t block_room; /* bytes that still fit the last block */
    struct chunk *cut;   /* the last chunk kept when the output passed the limit or memory was out; NULL: it has not */
    bool starved;        /* it is cut because memory was out, or clients may not take more */
    uint8_t resp;        /* 2 or 3 */
    uint32_t errors;     /* error replies written so far */
    char error_code[24]; /* first word of the last one */
};

void out_init(struct out *o);
void out_fini(struct out *o);
/* Bytes in the chain. */
static inline size_t out_size(const struct out *o)
{
    sane(o->cur <= o->end && (o->last != NULL || o->closed == 0));
    return o->closed + (o->last ? (size_t)(o->cur - o->last->data) : 0);
}
/* Bytes that fit the buffer that out_weight does not count. */
#define OUT_UNCOUNTED ((size_t)16 * 1024)
/* Whether enough waits that limits on it may be reached. */
static inline bool out_is_large(const struct out *o)
{
    return out_size(o) > OUT_UNCOUNTED;
}
/* Takes the whole chain: the caller sends the chunks and passes each to chunk_free. NULL if it is empty. Its weight
 * counts as `sending` until out_sent. */
struct chunk *out_take(struct out *o);
/* All that was taken is sent. */
void out_sent(struct out *o);
void chunk_free(struct chunk *c);
/* Bytes of the chunk's blob that count as the client's: all of it, since the reference keeps it in memory. 0: none. */
size_t chunk_referred(const struct chunk *c);

/* What client-output-buffer-limit counts, as in Redis: of the replies that wait, the first 16 KiB are in a buffer that
 * does not count. What follows is in blocks of 16 KiB, or of the length of a longer string, as large as the allocator
 * makes them. A chain that is being sent counts until it is sent. */
size_t out_weight(struct out *o);
/* Whether the limit is reached. */
bool out_is_over(struct out *o);

/* Frees those chunks of the calling thread's pool that were not used since the last call. Call now and then. */
void out_thread_tidy(void);
/* From now on asks `guard` before an output of 1 MiB and more grows: whether clients may take so many bytes more. If
 * not, the output is cut. NULL: always. Call before threads begin. */
void out_set_guard(bool (*guard)(size_t bytes));
/* Frees the calling thread's pool of chunks. Call before the thread ends. */
void out_thread_done(void);
/* A position in the output. out_rewind discards what was written after it. Not while the output is cut. */
struct out_mark {
    struct chunk *last;
    char *cur;
    size_t closed;
};
struct out_mark out_mark(const struct out *o);
void out_rewind(struct out *o, struct out_mark m);
/* Appends bytes that are valid protocol already. */
void out_add(struct out *o, const void *p, size_t n);
/* The same with the bytes of a blob, which does not change any more. Long ones are not copied: the chain holds a
 * reference. */
void out_add_blob(struct out *o, struct blob *b);

/* Error texts begin with their code: "ERR ...", "WRONGTYPE ...". reply_errorf replaces CR and LF by spaces. */
void reply_error(struct out *o, const char *text);
__attribute__((format(printf, 2, 3))) void reply_errorf(struct out *o, const char *format, ...);
void reply_ok(struct out *o);
void reply_simple(struct out *o, const char *text);
void reply_int(struct out *o, int64_t v);
void reply_bulk(struct out *o, struct slice s);
static inline void reply_bulk_str(struct out *o, const char *s)
{
    reply_bulk(o, slice_str(s));
}
/* An integer as a bulk string. */
void reply_bulk_int(struct out *o, int64_t v);
/* n bytes of a blob from `at` on. From 16 KiB and half of the blob up they are not copied: the chain takes its own
 * reference. */
void reply_blob(struct out *o, struct blob *b, size_t at, size_t n);
/* RESP2: $-1. RESP3: _ */
void reply_null(struct out *o);
/* RESP2: *-1. RESP3: _ */
void reply_null_array(struct out *o);
/* RESP2: 1 or 0. RESP3: #t or #f */
void reply_bool(struct out *o, bool v);
/* RESP2: a bulk string. RESP3: , */
void reply_double(struct out *o, double v);
/* The same for a finite number, with up to 17 decimals and without an exponent. */
void reply_fixed(struct out *o, double v);
/* RESP2: a bulk string. RESP3: ( */
void reply_big_number(struct out *o, struct slice digits);
/* RESP2: a bulk string. RESP3: =, with a format of three letters ("txt", "mkd"). */
void reply_verbatim(struct out *o, const char *format, struct slice s);

/* Headers; n elements follow, 2n for a map or an attribute. RESP2: a map is an array of 2n elements, a set or a push an
 * array of n; an attribute is not allowed. */
void reply_array(struct out *o, size_t n);
void reply_map(struct out *o, size_t n);
void reply_set(struct out *o, size_t n);
void reply_push(struct out *o, size_t n);
void reply_attribute(struct out *o, size_t n);

/* The same if n is not known in advance: begin, write the elements, end with the count. Can be nested. */
struct reply_later {
    struct chunk *chunk; /* the chunk with the room for the header; NULL: it is behind the cut */
    size_t at;
};
struct reply_later reply_later_begin(struct out *o);
void reply_array_end(struct out *o, struct reply_later l, size_t n);
void reply_map_end(struct out *o, struct reply_later l, size_t n);
void reply_set_end(struct out *o, struct reply_later l, size_t n);

#endif
