/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/string.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

bool string_clamp(size_t n, int64_t *start, int64_t *end)
{
    int64_t length = (int64_t)n;

    if (*start < 0 && *end < 0 && *start > *end)
        return false;
    if (*start < 0)
        *start = *start + length > 0 ? *start + length : 0;
    if (*end < 0)
        *end = *end + length > 0 ? *end + length : 0;
    if (*end >= length)
        *end = length - 1;
    return *start <= *end;
}

struct slice string_range(struct slice s, int64_t start, int64_t end)
{
    if (!string_clamp(s.n, &start, &end))
        return SLICE("");
    return slice_of(s.p + start, (size_t)(end - start + 1));
}

bool string_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t result;

    if (__builtin_add_overflow(a, b, &result))
        return false;
    *sum = result;
    return true;
}

void string_digest(struct slice s, char digest[STRING_DIGEST_LEN])
{
    uint64_t hash = XXH3_64bits(s.p, s.n);

    for (int i = STRING_DIGEST_LEN - 1; i >= 0; i--) {
        digest[i] = "0123456789abcdef"[hash & 15];
        hash >>= 4;
    }
}
