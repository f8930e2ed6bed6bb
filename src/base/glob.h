/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * glob: the patterns of KEYS, SCAN MATCH, CONFIG GET and PSUBSCRIBE.
 *
 * Role:    * ? [abc] [^a] [a-z] and backslash, over bytes, as the documentation of KEYS has them.
 * Threads: any.
 * Why:     no recursion, and at most O(pattern x text) steps however the stars are nested, so that a hostile
 *          pattern cannot stall a shard.
 */
#ifndef LARDER_BASE_GLOB_H
#define LARDER_BASE_GLOB_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * Whether the whole text matches. As in Redis, to the letter: an empty text is matched by the empty pattern only, not
 * by stars (KEYS and SCAN take the pattern `*` for no pattern at all, and so find the empty key); a class that is not
 * closed ends with the pattern; [] holds nothing and [^] everything; ranges may be given backwards; a backslash in a
 * class takes the next byte as it is, case and all; one at the end of the pattern stands for itself.
 */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case);

#endif
