/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slice: a byte string that somebody else owns.
 *
 * Role:    how keys, values and arguments are passed: pointer and length, any byte allowed, no terminator.
 * Owns:    nothing; a slice borrows, and the function that returns one says for how long.
 * Threads: any.
 * Used by: everything.
 */
#ifndef LARDER_BASE_SLICE_H
#define LARDER_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *p;
    size_t n;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){p, n};
}

/* A slice of a C string, without its terminator. */
static inline struct slice slice_str(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Compares with a C string, ignoring ASCII case, as for options and subcommands. */
static inline bool slice_is(struct slice a, const char *word)
{
    return strlen(word) == a.n && strncasecmp(a.p, word, a.n) == 0;
}

/* memcmp of the common length; if that is equal, the shorter slice comes first. */
static inline int slice_cmp(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : (a.n > b.n) - (a.n < b.n);
}

#endif
