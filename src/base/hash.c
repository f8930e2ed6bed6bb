/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/rand.h"

static uint64_t seed;
/* XXH3 would otherwise derive this from the seed again for each input above 240 bytes. */
static unsigned char secret[XXH3_SECRET_DEFAULT_SIZE] __attribute__((aligned(64)));

void hash_init(void)
{
    rand_bytes(&seed, sizeof(seed));
    XXH3_generateSecret_fromSeed(secret, seed);
}

uint64_t hash_bytes(struct slice s)
{
    return XXH3_64bits_withSecretandSeed(s.p, s.n, secret, sizeof(secret), seed);
}
