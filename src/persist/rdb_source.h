/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rdb_source: what values in Redis's format are made of, read from bytes that nobody has checked.
 *
 * Role:    lengths, strings and numbers, one after the other.
 * Owns:    nothing; a string that was read owns the bytes that had to be unpacked for it.
 * Threads: one at a time.
 * Used by: rdb_read.
 * Why:     nothing is believed: a length is compared with what there is before room is made for it, and compressed
 *          bytes with what they can come to at most.
 */
#ifndef LARDER_PERSIST_RDB_SOURCE_H
#define LARDER_PERSIST_RDB_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/num.h"
#include "base/slice.h"

/* The bytes that are still to be read. Borrowed. */
struct rdb_source {
    const char *at;
    const char *end;
};

static inline struct rdb_source rdb_source_of(struct slice s)
{
    return (struct rdb_source){s.p, s.p + s.n};
}

static inline size_t rdb_left(const struct rdb_source *from)
{
    return from->end - from->at;
}

/* A string that was read, for any number of them one after the other: {0} at first, in the end rdb_string_fini. */
struct rdb_string {
    struct slice s;  /* borrowed from the source or from here, until the next is read into the same */
    char *unpacked;
    size_t room;     /* bytes of it */
    char digits[NUM_I64_MAX];
};

/* False, here and below: the source ends too early, or is wrong. What was read so far is then undefined. */
bool rdb_get_length(struct rdb_source *from, uint64_t *n);
bool rdb_get_string(struct rdb_source *from, struct rdb_string *s);
void rdb_string_fini(struct rdb_string *s);
/* 8 bytes, little endian. */
bool rdb_get_u64(struct rdb_source *from, uint64_t *v);
bool rdb_get_double(struct rdb_source *from, double *v);
/* As text, with the length in a byte: the old form. */
bool rdb_get_text_double(struct rdb_source *from, double *v);

#endif
