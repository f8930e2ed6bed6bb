/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * out: the replies of a connection that are not sent yet.
 *
 * Role:    a chain of chunks; `cur` to `end` is the free room of the last one. The chain refers to large strings
 *          without a copy. Says what client-output-buffer-limit counts, and cuts an output that passes its limit.
 * Owns:    the chunks, and references to blobs. Each thread has a small pool of free chunks.
 * Threads: the worker of the connection.
 * Used by: reply (writes), net (sends).
 * Why:     bytes are copied once, from the entry to the buffer that the kernel reads. An idle connection has no chunk.
 */
#ifndef LARDER_PROTO_OUT_H
#define LARDER_PROTO_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "proto/blob.h"

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
    size_t closed;     /* bytes in all chunks but the last */
    size_t memory;     /* bytes of the chunks, without the blobs in the chain */
    size_t referred;   /* bytes of the blobs in the chain */
    size_t limit;      /* of out_weight: beyond it, output is discarded, since the connection will be closed; 0: none */
    size_t sending;    /* the weight of what was taken and is not sent yet */
    size_t weight;     /* of what was weighed: out_weight */
    size_t weighed;    /* bytes of the chain that are included in `weight` */
    size_t block_room; /* bytes that still fit the last block */
    struct chunk *cut; /* the last chunk kept when the output passed the limit or memory was out; NULL: it has not */
    bool starved;      /* it is cut because memory was out, or clients may not take more */
    uint8_t resp;      /* 2 or 3 */
    uint32_t errors;   /* error replies written so far */
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

/* ---- for reply ---- */

/* The capacity of a chunk of the pool. With its header it fills a block of 14 KiB: the allocator's next size takes a
 * page more than the block. */
#define OUT_CHUNK_BYTES (14 * 1024 - sizeof(struct chunk))
/* The blocks that out_weight counts, unless a string needs more. */
#define OUT_BLOCK_BYTES ((size_t)16 * 1024)

/* Appends a chunk with room for n bytes. NULL: n is more than OUT_CHUNK_BYTES, and the output is cut, or is from now on
 * because there is no memory for them. */
char *out_extend(struct out *o, size_t n);

/* Returns room for at least n contiguous bytes. Never NULL if n is at most OUT_CHUNK_BYTES. */
static inline char *out_room(struct out *o, size_t n)
{
    sane(o->cur <= o->end);
    if (UNLIKELY((size_t)(o->end - o->cur) < n))
        return out_extend(o, n);
    return o->cur;
}

/* Weighs what was written since this was last called. */
void out_weigh(struct out *o);
/* Weighs one long string that was just written: what the last block has no room for is in one block. */
void out_weigh_string(struct out *o, size_t n);
/* Whether to send n bytes of the blob by reference. A small part is copied, since a reference keeps all of the blob in
 * memory. */
bool out_refers(const struct blob *b, size_t n);
/* Appends n bytes of the blob by reference. */
void out_append_blob(struct out *o, struct blob *b, size_t at, size_t n);

#endif
