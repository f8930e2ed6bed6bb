/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: XXH3-64 with a seed drawn at start, so that nobody can aim keys at one bucket.
 *
 * Threads: any; the seed is set once by hash_init before the first thread starts.
 */
#ifndef LARDER_BASE_HASH_H
#define LARDER_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

void hash_init(void);
uint64_t hash_bytes(struct slice s);

#endif
