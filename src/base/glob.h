/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glob: the patterns of KEYS, SCAN MATCH, CONFIG GET and PSUBSCRIBE.
 *
 * Role:    matches bytes against * ? [abc] [^a] [a-z] and backslash, as the documentation of KEYS describes them.
 * Threads: any.
 * Why:     no recursion, and at most O(pattern x text) steps for any number of stars, so that a hostile pattern cannot
 *          stall a shard.
 */
#ifndef LARDER_BASE_GLOB_H
#define LARDER_BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Whether the whole text matches. The corner cases are those of Redis: only the empty pattern matches an empty text,
 * not a star (KEYS and SCAN treat the pattern `*` as no pattern, and so find the empty key); an unclosed class ends
 * with the pattern; [] matches no byte and [^] every byte; a range may be reversed; a backslash in a class makes the
 * next byte literal, and case-sensitive; a backslash at the end of the pattern stands for itself.
 */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case);

#endif
