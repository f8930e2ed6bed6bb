/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * must: assertions that stay on in release builds.
 *
 * Role:    must(x) stops the process where one of our own promises is broken; sane(x) is the same for
 *          checks that are too costly for release and is compiled only with --enable-debug.
 * Threads: any.
 * Used by: everything.
 * Why:     a cache that goes on after its own state is wrong answers with somebody else's data.
 */
#ifndef LARDER_BASE_MUST_H
#define LARDER_BASE_MUST_H

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Prints what failed and where on stderr, then aborts. */
__attribute__((noreturn, cold)) void must_fail(const char *what, const char *file, int line);

#define must(x) (LIKELY(x) ? (void)0 : must_fail(#x, __FILE__, __LINE__))

/* What crosses a thread or a void pointer carries a magic number as its member `magic`, set when it is made and
 * cleared when it is freed. Checked where such a pointer comes in. */
#define must_be(p, number) must((p) != NULL && (p)->magic == (number))

#ifdef LARDER_DEBUG
#define sane(x) must(x)
#else
#define sane(x) ((void)sizeof(x))
#endif

#endif
