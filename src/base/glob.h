/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glob: the patterns of KEYS, SCAN MATCH, CONFIG GET and PSUBSCRIBE.
 *
 * Role:    matches bytes against * ? [abc] [^a] [a-z] and backslash, as the documentation of KEYS describes them.
 * Owns:    a copy of the pattern if its normal form differs.
 * Threads: any.
 * Why:     no recursion and no backtracking beyond the last star. A pattern is brought into its normal form once. To
 *          match a text then takes a number of steps that is linear in the text, whatever the length of the pattern;
 *          only where ? or a class stands between two stars it is at most the product of the text and the items there.
 *          So a hostile pattern cannot stall a shard.
 */
#ifndef LARDER_BASE_GLOB_H
#define LARDER_BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/* A pattern that many texts are matched against. */
struct glob {
    struct slice pattern; /* the normal form */
    size_t min;           /* bytes of the shortest text that matches; SIZE_MAX: none does */
    bool ignore_case;
    char *owned; /* the memory of the normal form; NULL: that is the pattern itself, which is borrowed */
};

/* Prepares a pattern, which has to stay until glob_fini. */
void glob_init(struct glob *g, struct slice pattern, bool ignore_case);
void glob_fini(struct glob *g);
/*
 * Whether the whole text matches. The corner cases are those of Redis: only the empty pattern matches an empty text,
 * not a star (KEYS and SCAN treat the pattern `*` as no pattern, and so find the empty key); an unclosed class ends
 * with the pattern; [] matches no byte and [^] every byte; a range may be reversed; a backslash in a class makes the
 * next byte literal, and case-sensitive; a backslash at the end of the pattern stands for itself.
 */
bool glob_matches(const struct glob *g, struct slice text);

/* The same for a single text. */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case);

#endif
