/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * held: bytes of a connection that did not make a request yet, or whose request has to wait.
 *
 * Role:    the half request and its parser; a long argument is received straight into the blob it will be stored as.
 * Owns:    the bytes, the parser, a reference to each blob.
 * Threads: the connection's worker.
 * Used by: conn.
 * Why:     most connections hold nothing between two packets, so none of this is part of them.
 */
#ifndef LARDER_NET_HELD_H
#define LARDER_NET_HELD_H

#include "base/buf.h"
#include "proto/blob.h"
#include "proto/parser.h"

struct held {
    struct buf in;         /* what was not used up, without what went into blobs */
    struct parser parser;  /* inside the request that `in` begins with, if is_half */
    bool is_half;
    struct blob *filling;  /* the argument being received, of `want` bytes; NULL: none */
    size_t want;
    unsigned skip;         /* bytes to drop before more goes to `in`: the line end behind a blob */
    struct blob **blobs;   /* arguments that lie in blobs, whole */
    unsigned blob_count;
};

struct held *held_new(void);
/* h may be NULL. */
void held_free(struct held *h);
/* Bytes kept. */
size_t held_bytes(const struct held *h);
/* Bytes of memory taken beyond those: room for more, and what the allocator rounds up to. */
size_t held_room(const struct held *h);
/* More bytes came. */
void held_add(struct held *h, const char *p, size_t n);
/* Reads on in the half request. PARSE_REQUEST: the parser's arguments, from the first on, are a whole one; asked again,
 * it says so again until held_done. */
enum parse_result held_parse(struct held *h, const struct parser_limits *limits);
/* The request was used up: what is left of `in` begins the next one. */
void held_done(struct held *h);
/* Keeps begin .. end, which h does not hold yet, with the state of the parser inside it (NULL: none). */
void held_keep(struct held *h, const char *begin, const char *end, struct parser *half);
/* Keeps only what is in h from `begin` on; the rest as held_keep. */
void held_trim(struct held *h, const char *begin, struct parser *half);

#endif
