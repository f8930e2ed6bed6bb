/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * buf: a growable byte buffer.
 *
 * Role:    collects text piece by piece (INFO, log lines, configuration files, partial requests).
 * Owns:    its bytes; buf_fini frees them.
 * Threads: one at a time.
 * Used by: everything off the hot path; replies have their own writer (proto/reply.h).
 */
#ifndef LARDER_BASE_BUF_H
#define LARDER_BASE_BUF_H

#include "base/slice.h"

struct buf {
    char *p;
    size_t len;
    size_t cap;
};

#define BUF_EMPTY ((struct buf){NULL, 0, 0})

/* Makes room for n more bytes and returns where to write them; ends the process if there is no memory. */
char *buf_reserve(struct buf *b, size_t n);
/* The same for a size that a client chooses. False: there is no memory, and nothing has changed. */
bool buf_try_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_str(struct buf *b, const char *s);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_char(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *format, ...);
/* Removes the first n bytes. */
void buf_consume(struct buf *b, size_t n);
/* Appends a NUL that is not counted in len. Returns the bytes; borrowed until the next change. */
const char *buf_cstr(struct buf *b);
/* Frees the bytes; the buf is empty and may be used again. */
void buf_fini(struct buf *b);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->p, b->len);
}

#endif
