/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * words: splits configuration lines into words, and quotes words.
 *
 * Role:    the rules of redis.conf: words are separated by white space; in "..." the escapes are \n \r \t \a \b \xHH,
 *          and \ makes any other character literal; in '...' the only escape is \'; a closing quote must be followed
 *          by white space or the end of the line.
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

/* Adds the words of a line. NULL: no error. Otherwise returns the error, and `w` may have some of the words. */
const char *words_split(struct words *w, struct slice line);
/* Splits at single spaces, without quotes: how CONFIG SET reads lists. */
void words_split_plain(struct words *w, struct slice text);
/* Adds a copy of one word, which has no zero byte. */
void words_add(struct words *w, struct slice word);
/* The same for any bytes: if a zero byte is among them, the copy is encoded. words_split adds words so. */
void words_add_bytes(struct words *w, struct slice word);
bool words_is_encoded(const char *word);
/* Appends the bytes of a word, encoded or not. */
void words_decode(struct buf *b, const char *word);
void words_fini(struct words *w);
/* Appends the words, with one space between them. */
void words_join(struct buf *b, const struct words *w);
/* Appends a word such that words_split reads it back; quotes it only if necessary. */
void words_quote(struct buf *b, struct slice word);

#endif
