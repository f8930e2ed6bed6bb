/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * input: received bytes of a connection that cannot run yet.
 *
 * Role:    keeps an incomplete request with its parser, or requests that have to wait. A long argument is received
 *          straight into the blob that it will be stored as.
 * Owns:    the bytes, the parser, a reference to each blob.
 * Threads: the connection's worker.
 * Used by: batch, conn.
 * Why:     most connections have nothing left between two packets, so none of this is part of struct conn.
 */
#ifndef LARDER_NET_INPUT_H
#define LARDER_NET_INPUT_H

#include "base/buf.h"
#include "proto/blob.h"
#include "proto/parser.h"

#define INPUT_MAGIC 0x696e7075u /* "inpu" */

struct input {
    uint32_t magic;
    bool is_partial;  /* `bytes` begins with a request that `parser` is inside of */
    bool is_starved;  /* there was no memory for what came: some of it is lost, and the connection has to be closed */
    struct buf bytes; /* without those that went into blobs */
    struct parser parser;
    struct blob *filling; /* the argument being received, of `want` bytes; NULL: none */
    size_t want;
    unsigned skip;       /* bytes to drop before more goes to `bytes`: the line end behind a blob */
    struct blob **blobs; /* complete arguments that are in blobs */
    unsigned blob_count, blob_cap;
    size_t blob_memory; /* bytes that they and `filling` take */
    size_t counted;     /* bytes in the account of clients: all but those of the parser, which counts its own */
    size_t peak;        /* the most that has waited since input_take_peak */
};

struct input *input_new(void);
/* in may be NULL. */
void input_free(struct input *in);
/* Bytes received that are no arguments yet: requests that wait, or the part of a request behind its last complete
 * argument. */
size_t input_waiting(const struct input *in);
/* The most that has waited at one time since the last call; a long argument waits together with its line end. */
size_t input_take_peak(struct input *in);
/* Bytes of memory that the arguments of the incomplete request take, and of memory that is free for more. */
size_t input_args(const struct input *in);
size_t input_room(const struct input *in);
/* Appends received bytes. This, input_keep, input_trim and input_parse may set is_starved; after that, only
 * input_waiting, input_args, input_room and input_free may follow. */
void input_add(struct input *in, const char *p, size_t n);
/* Reads on in the incomplete request. PARSE_REQUEST: it is complete, and the parser has all of its arguments. Further
 * calls return the same until input_done. */
enum parse_result input_parse(struct input *in, const struct parser_limits *limits);
/* The request has run: what remains of `bytes` begins the next one. */
void input_done(struct input *in);
/* Copies begin .. end into an empty input. `partial`: the parser that is inside of the request there; NULL: none. */
void input_keep(struct input *in, const char *begin, const char *end, struct parser *partial);
/* Drops what is before `begin`, which points into `bytes`; `partial` as for input_keep. */
void input_trim(struct input *in, const char *begin, struct parser *partial);

#endif
