/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_source: reads the primitives of Redis's format from untrusted input.
 *
 * Role:    lengths, strings and numbers.
 * Owns:    nothing; an rdb_string owns the bytes of a decompressed string.
 * Threads: one at a time.
 * Used by: rdb_read.
 * Why:     the input is not trusted: before memory is allocated, a length is compared with the bytes that are left, and
 *          the length of compressed bytes with the maximum that they can expand to.
 */
#ifndef LARDER_PERSIST_RDB_SOURCE_H
#define LARDER_PERSIST_RDB_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/num.h"
#include "base/slice.h"

/* The rest of the input. Borrowed. */
struct rdb_source {
    const char *at;
    const char *end;
    struct rdb_bounds *bounds; /* NULL: none */
};

/* Bounds on what comes out of the input, which may be a hundred times as large as the input. */
struct rdb_bounds {
    size_t longest;   /* bytes of a string */
    size_t room;      /* bytes of all strings with their overhead, and of decompression */
    size_t used;      /* of these; more than `room`: reading failed for that */
    bool is_too_long; /* reading failed for that */
};

static inline struct rdb_source rdb_source_of(struct slice s)
{
    return (struct rdb_source){.at = s.p, .end = s.p + s.n};
}

static inline size_t rdb_left(const struct rdb_source *from)
{
    must(from->at <= from->end);
    return from->end - from->at;
}

/* A string that was read; may be reused for the next one. Initialize with {0}, free with rdb_string_fini. */
struct rdb_string {
    struct slice s; /* borrowed from the source, or from this struct until it is reused */
    char *unpacked;
    size_t room; /* bytes of `unpacked` */
    char digits[NUM_I64_MAX];
};

/* All of these return false if the source ends too early or is corrupt; the results are then undefined. */
bool rdb_get_length(struct rdb_source *from, uint64_t *n);
bool rdb_get_string(struct rdb_source *from, struct rdb_string *s);
void rdb_string_fini(struct rdb_string *s);
/* 8 bytes, little endian. */
bool rdb_get_u64(struct rdb_source *from, uint64_t *v);
bool rdb_get_double(struct rdb_source *from, double *v);
/* The old form: text with a length byte. */
bool rdb_get_text_double(struct rdb_source *from, double *v);

#endif
