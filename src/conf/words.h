/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words: a configuration line taken apart, and put together again.
 *
 * Role:    splits at white space; "..." with \n \r \t \a \b \xHH and \ before anything else, '...' with \' only; a
 *          closing quote is followed by white space or the end. The rules are those of redis.conf.
 * Owns:    struct words owns its strings.
 * Threads: one at a time.
 * Used by: load, rewrite, kind.
 */
#ifndef LARDER_CONF_WORDS_H
#define LARDER_CONF_WORDS_H

#include "base/buf.h"
#include "base/slice.h"

struct words {
    char **word;
    int n;
};

#define WORDS_EMPTY ((struct words){NULL, 0})

/* Adds the words of a line. NULL, or what is wrong with it; then `w` may hold some of the words. */
const char *words_split(struct words *w, struct slice line);
/* Adds what stands between single spaces, quotes meaning nothing: how CONFIG SET reads lists. */
void words_split_plain(struct words *w, struct slice text);
/* Adds one word, copied as it is. */
void words_add(struct words *w, struct slice word);
void words_fini(struct words *w);
/* The words with one space between them. */
void words_join(struct buf *b, const struct words *w);
/* Appends a word so that words_split reads it back; quoted only where it must be. */
void words_quote(struct buf *b, struct slice word);

#endif
