/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * reply: writes replies directly into the buffers that will be sent.
 *
 * Role:    the types of RESP2 and RESP3, in the version that the connection chose with HELLO.
 * Owns:    nothing.
 * Threads: the worker of the connection.
 * Used by: cmd.
 * Why:     no object exists per reply.
 *          Specification: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef LARDER_PROTO_REPLY_H
#define LARDER_PROTO_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/error.h"
#include "proto/out.h"

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
