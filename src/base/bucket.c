/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/bucket.h"

#include "base/mem.h"

static unsigned free_slots(const struct bucket *b)
{
    return bucket_match(b, 0) & ((1u << (BUCKET_SLOTS - bucket_is_chained(b))) - 1);
}

/* Adds a bucket behind a full one: the item of the last slot moves there, and the slot becomes the link. */
static struct bucket *add_bucket(struct bucket *b)
{
    struct bucket *more = mem_aligned_zero(sizeof *more, sizeof *more);

    must(!bucket_is_chained(b) && b->bytes[BUCKET_LINK] != 0);
    more->bytes[0] = b->bytes[BUCKET_LINK];
    bucket_set_ref(more, 0, bucket_ref(b, BUCKET_LINK));
    b->bytes[BUCKET_LINK] = 0;
    bucket_set_ref(b, BUCKET_LINK, more);
    b->bytes[BUCKET_SLOTS] = 1;
    return more;
}

unsigned bucket_put(struct bucket *b, uint8_t tag, void *p)
{
    unsigned added = 0, room, i;

    must(tag != 0);
    while ((room = free_slots(b)) == 0) {
        if (bucket_is_chained(b)) {
            b = bucket_next(b);
        } else {
            b = add_bucket(b);
            added = 1;
        }
    }
    i = __builtin_ctz(room);
    b->bytes[i] = tag;
    bucket_set_ref(b, i, p);
    return added;
}

unsigned bucket_find(struct bucket **b, uint64_t hash, const void *p)
{
    uint8_t tag = bucket_tag(hash);

    for (; *b != NULL; *b = bucket_next(*b))
        for (unsigned bits = bucket_match(*b, tag); bits != 0; bits &= bits - 1)
            if (bucket_ref(*b, __builtin_ctz(bits)) == p)
                return __builtin_ctz(bits);
    must(!"the item is in the chain");
    return 0;
}

unsigned bucket_length(const struct bucket *b)
{
    unsigned n = 0;

    for (; b != NULL; b = bucket_next(b))
        n += __builtin_popcount(bucket_used(b));
    return n;
}

/* Each item is a cache miss of its own, so all of them are prefetched together. */
void bucket_take(const struct bucket *b, uint64_t (*hash)(const void *p), struct bucket_taken *out)
{
    unsigned n = 0;

    for (; b != NULL; b = bucket_next(b))
        for (unsigned bits = bucket_used(b); bits != 0; bits &= bits - 1) {
            out[n].p = bucket_ref(b, __builtin_ctz(bits));
            __builtin_prefetch(out[n].p);
            n++;
        }
    for (unsigned i = 0; i < n; i++)
        out[i].hash = hash(out[i].p);
}

unsigned bucket_clear(struct bucket *b, void (*release)(void *bucket))
{
    unsigned released = 0;

    for (struct bucket *chain = bucket_next(b), *after; chain != NULL; chain = after) {
        after = bucket_next(chain);
        release(chain);
        released++;
    }
    memset(b, 0, sizeof *b);
    return released;
}

void bucket_free_all(struct bucket *b, void (*release)(void *p))
{
    for (const struct bucket *chain = b; chain != NULL; chain = bucket_next(chain))
        for (unsigned bits = bucket_used(chain); bits != 0; bits &= bits - 1)
            release(bucket_ref(chain, __builtin_ctz(bits)));
    for (struct bucket *chain = bucket_next(b), *after; chain != NULL; chain = after) {
        after = bucket_next(chain);
        mem_free(chain);
    }
}

void *bucket_pick(const struct bucket *b, unsigned n)
{
    unsigned bits = bucket_used(b);

    for (; n >= (unsigned)__builtin_popcount(bits); bits = bucket_used(b)) {
        n -= __builtin_popcount(bits);
        b = bucket_next(b);
        must(b != NULL); /* n is below the length */
    }
    while (n-- > 0)
        bits &= bits - 1;
    return bucket_ref(b, __builtin_ctz(bits));
}
