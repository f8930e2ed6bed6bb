/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hash: XXH3-64 with a random seed, so that no client can aim keys at one bucket.
 *
 * Threads: any; hash_init sets the seed once, before other threads start.
 */
#ifndef LARDER_BASE_HASH_H
#define LARDER_BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

void hash_init(void);
uint64_t hash_bytes(struct slice s);

#endif
