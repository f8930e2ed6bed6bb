/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bucket: one cache line of a hash table, and the chain of overflow buckets behind it.
 *
 * Role:    holds tags and references of nine items; one comparison looks at all tags.
 * Owns:    the overflow buckets of its chain.
 * Threads: under the lock of the table's owner. bucket_match and bucket_ref may also be called without the lock, as
 *          hints, on the first bucket of a chain.
 * Used by: store/table, types/dict.
 * Why:     six bytes hold any user-space address of today's 64-bit machines, so nine references and their tags fit in
 *          the space of eight pointers.
 */
#ifndef LARDER_BASE_BUCKET_H
#define LARDER_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "base/must.h"

#define BUCKET_SLOTS 9
#define BUCKET_LINK  (BUCKET_SLOTS - 1) /* in a chained bucket, the slot that refers to the next one */

/*
 *   0        9       10       16                    58       64
 *   +--------+-------+--------+--------+-- ... --+--------+
 *   | 9 tags | chain | ref 0  | ref 1  |         | ref 8  |
 *   +--------+-------+--------+--------+-- ... --+--------+
 *
 * tag: 8 bits of the hash, never 0; 0 marks a free slot. chain: 1 if ref 8 is the next bucket instead of an item.
 * Reference i is in bytes 10+6i .. 15+6i: the upper 48 bits of the 64-bit word that begins at 8+6i.
 */
struct bucket {
    _Alignas(64) unsigned char bytes[64];
};

_Static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");
_Static_assert(10 + 6 * BUCKET_SLOTS == 64, "nine references end with the line");

static inline uint8_t bucket_tag(uint64_t hash)
{
    uint8_t tag = hash >> 40;

    return tag | (tag == 0);
}

static inline bool bucket_is_chained(const struct bucket *b)
{
    return b->bytes[BUCKET_SLOTS] != 0;
}

static inline void *bucket_ref(const struct bucket *b, unsigned i)
{
    uint64_t word;

    memcpy(&word, b->bytes + 8 + 6 * i, sizeof word);
    return (void *)(uintptr_t)(word >> 16);
}

static inline void bucket_set_ref(struct bucket *b, unsigned i, const void *p)
{
    uint64_t word = (uintptr_t)p;

    must(word >> 48 == 0);
    memcpy(b->bytes + 10 + 6 * i, &word, 6);
}

/* NULL at the end of the chain. */
static inline struct bucket *bucket_next(const struct bucket *b)
{
    return bucket_is_chained(b) ? bucket_ref(b, BUCKET_LINK) : NULL;
}

/* A bit for each slot whose tag is `tag`. */
static inline unsigned bucket_match(const struct bucket *b, uint8_t tag)
{
    sane((uintptr_t)b % sizeof *b == 0);
#if defined(__SSE2__)
    __m128i line = _mm_load_si128((const __m128i *)b->bytes);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8(tag))) & ((1u << BUCKET_SLOTS) - 1);
#elif defined(__ARM_NEON) && defined(__aarch64__)
    static const uint8_t bit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    uint8x8_t same = vceq_u8(vld1_u8(b->bytes), vdup_n_u8(tag));

    return vaddv_u8(vand_u8(same, vld1_u8(bit))) | (unsigned)(b->bytes[8] == tag) << 8;
#else
    unsigned bits = 0;

    for (unsigned i = 0; i < BUCKET_SLOTS; i++)
        bits |= (unsigned)(b->bytes[i] == tag) << i;
    return bits;
#endif
}

/* A bit for each slot that holds an item. */
static inline unsigned bucket_used(const struct bucket *b)
{
    return ~bucket_match(b, 0) & ((1u << (BUCKET_SLOTS - bucket_is_chained(b))) - 1);
}

/* An item as bucket_take returns it. */
struct bucket_taken {
    uint64_t hash;
    void *p;
};

/* The functions below work on the whole chain that begins with b. */

/* Puts p into a free slot. Returns the number of buckets added to the chain: 0 or 1. */
unsigned bucket_put(struct bucket *b, uint8_t tag, void *p);
/* The slot of p, which must be in the chain; *b is set to its bucket. */
unsigned bucket_find(struct bucket **b, uint64_t hash, const void *p);
/* The number of items. */
unsigned bucket_length(const struct bucket *b);
/* Copies all bucket_length(b) items and their hashes to `out`; the bucket keeps them. */
void bucket_take(const struct bucket *b, uint64_t (*hash)(const void *p), struct bucket_taken *out);
/* Empties the first bucket and calls `release` for each overflow bucket. Returns the number of overflow buckets. */
unsigned bucket_clear(struct bucket *b, void (*release)(void *bucket));
/* Calls `release` for each item, and frees the overflow buckets. */
void bucket_free_all(struct bucket *b, void (*release)(void *p));
/* The nth item, n below bucket_length(b). */
void *bucket_pick(const struct bucket *b, unsigned n);

#endif
