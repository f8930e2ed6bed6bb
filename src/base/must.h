/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * must: assertions that stay on in release builds.
 *
 * Role:    must(x) stops the process when one of our own invariants does not hold; sane(x) does the same for checks
 *          that are too costly for release builds and is compiled in with --enable-debug only.
 * Threads: any.
 * Used by: everything.
 * Why:     a cache that keeps running on corrupt state may answer a client with another client's data.
 */
#ifndef LARDER_BASE_MUST_H
#define LARDER_BASE_MUST_H

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Prints the failed expression and its place on stderr, then aborts. */
__attribute__((noreturn, cold)) void must_fail(const char *what, const char *file, int line);

/* The place and the expression that has failed, for the report of the crash; NULL: none. */
const char *must_failed(void);

#define must(x) (LIKELY(x) ? (void)0 : must_fail(#x, __FILE__, __LINE__))

/* An object that crosses a thread or a void pointer has a magic number as its member `magic`, which is set when it is
 * created and cleared when it is freed. must_be checks it where such a pointer is received. */
#define must_be(p, number) must((p) != NULL && (p)->magic == (number))

#ifdef LARDER_DEBUG
#define sane(x) must(x)
#else
#define sane(x) ((void)sizeof(x))
#endif

#endif
