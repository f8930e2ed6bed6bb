/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/bitmap.h"

#include "base/must.h"
#include "types/string.h"

#define WORD_BITS 64

/* Bytes combined at a time: the output stays in the L1 cache while all sources are applied to it. */
#define COMBINE_BLOCK 8192

static inline uint64_t load_word(const void *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

static inline void store_word(void *p, uint64_t w)
{
    memcpy(p, &w, sizeof(w));
}

/* Eight bytes as a big-endian number. */
static inline uint64_t load_bits(const void *p)
{
    uint64_t w = load_word(p);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

bool bitmap_get(struct slice s, uint64_t bit)
{
    return bit >> 3 < s.n && (unsigned char)s.p[bit >> 3] >> (7 - (bit & 7)) & 1;
}

bool bitmap_put(char *p, uint64_t bit, bool value)
{
    unsigned char *byte = (unsigned char *)p + (bit >> 3);
    unsigned shift = 7 - (bit & 7);
    bool old = *byte >> shift & 1;

    *byte = (unsigned char)((*byte & ~(1u << shift)) | (unsigned)value << shift);
    return old;
}

static inline __attribute__((always_inline)) uint64_t count_bytes(const unsigned char *p, size_t n)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;

    for (; n >= 32; p += 32, n -= 32) {
        a += (uint64_t)__builtin_popcountll(load_word(p));
        b += (uint64_t)__builtin_popcountll(load_word(p + 8));
        c += (uint64_t)__builtin_popcountll(load_word(p + 16));
        d += (uint64_t)__builtin_popcountll(load_word(p + 24));
    }
    for (; n >= 8; p += 8, n -= 8)
        a += (uint64_t)__builtin_popcountll(load_word(p));
    for (; n > 0; p++, n--)
        b += (uint64_t)__builtin_popcount(*p);
    return a + b + c + d;
}

#ifdef __x86_64__
__attribute__((target("popcnt"))) static uint64_t count_with_popcnt(const unsigned char *p, size_t n)
{
    return count_bytes(p, n);
}
#endif

/* Only the oldest 64-bit processors lack the instruction, but the compiler may not assume it. */
static uint64_t count_set(const char *p, size_t n)
{
#ifdef __x86_64__
    if (LIKELY(__builtin_cpu_supports("popcnt")))
        return count_with_popcnt((const unsigned char *)p, n);
#endif
    return count_bytes((const unsigned char *)p, n);
}

uint64_t bitmap_count(struct slice s)
{
    return count_set(s.p, s.n);
}

/* Counts bits first .. last, both within s. */
static uint64_t count_bits(struct slice s, uint64_t first, uint64_t last)
{
    size_t from = first >> 3;
    size_t to = last >> 3;
    uint64_t n = count_set(s.p + from, to - from + 1);

    must(first <= last && to < s.n);
    /* Subtracts the bits of the first and last byte that are outside the range. */
    n -= (uint64_t)__builtin_popcount((unsigned char)s.p[from] & (0xff00u >> (first & 7)) & 0xff);
    n -= (uint64_t)__builtin_popcount((unsigned char)s.p[to] & (0x7fu >> (last & 7)));
    return n;
}

uint64_t bitmap_count_range(struct slice s, int64_t start, int64_t end, enum bitmap_unit unit)
{
    must(unit == BITMAP_BYTES || unit == BITMAP_BITS);
    if (!string_clamp(unit == BITMAP_BITS ? s.n * 8 : s.n, &start, &end))
        return 0;
    if (unit == BITMAP_BITS)
        return count_bits(s, (uint64_t)start, (uint64_t)end);
    return count_set(s.p + start, (size_t)(end - start + 1));
}

/* Advances the byte-aligned `from` by four words at a time while they equal `flip`. */
static uint64_t skip_words(const char *p, uint64_t from, uint64_t to, uint64_t flip)
{
    for (; to - from >= 4 * WORD_BITS; from += 4 * WORD_BITS) {
        const char *at = p + from / 8;

        if ((load_word(at) ^ flip) | (load_word(at + 8) ^ flip) | (load_word(at + 16) ^ flip) |
            (load_word(at + 24) ^ flip))
            break;
    }
    return from;
}

/* The first bit equal to `value` in from .. to - 1, all within p; -1: there is none. */
static int64_t find_bit(const char *p, uint64_t from, uint64_t to, bool value)
{
    uint64_t flip = value ? 0 : UINT64_MAX;

    while (from < to) {
        uint64_t w;

        if (from % 8 == 0)
            from = skip_words(p, from, to, flip);
        if (from == to)
            break;
        if (from % 8 == 0 && to - from >= WORD_BITS) {
            w = load_bits(p + from / 8) ^ flip;
            if (w != 0)
                return (int64_t)(from + (uint64_t)__builtin_clzll(w));
            from += WORD_BITS;
        } else {
            /* The rest of this byte, shifted to the top. */
            w = ((uint64_t)(unsigned char)p[from / 8] << 56 ^ flip) << from % 8 & UINT64_MAX << (56 + from % 8);
            if (w != 0) {
                from += (uint64_t)__builtin_clzll(w);
                return from < to ? (int64_t)from : -1;
            }
            from = (from | 7) + 1;
        }
    }
    return -1;
}

int64_t bitmap_find(struct slice s, bool value, int64_t start)
{
    int64_t found;

    if (start < 0)
        start = start + (int64_t)s.n > 0 ? start + (int64_t)s.n : 0;
    if (start >= (int64_t)s.n)
        return -1;
    found = find_bit(s.p, (uint64_t)start * 8, (uint64_t)s.n * 8, value);
    return found < 0 && !value ? (int64_t)s.n * 8 : found;
}

int64_t bitmap_find_range(struct slice s, bool value, int64_t start, int64_t end, enum bitmap_unit unit)
{
    int64_t n = (int64_t)s.n * (unit == BITMAP_BITS ? 8 : 1);
    uint64_t scale = unit == BITMAP_BITS ? 1 : 8;

    /* Beyond this their order no longer matters. */
    if (start < -n)
        start = -n;
    if (end < -n)
        end = -n;
    if (!string_clamp((size_t)n, &start, &end))
        return -1;
    return find_bit(s.p, (uint64_t)start * scale, ((uint64_t)end + 1) * scale, value);
}

size_t bitmap_longest(const struct slice *sources, size_t n)
{
    size_t longest = 0;

    for (size_t i = 0; i < n; i++) {
        if (sources[i].n > longest)
            longest = sources[i].n;
    }
    return longest;
}

/* The part of s within the n bytes at `at`. */
static struct slice part_of(struct slice s, size_t at, size_t n)
{
    if (at >= s.n)
        return SLICE("");
    return slice_of(s.p + at, s.n - at < n ? s.n - at : n);
}

static inline uint64_t combine_word(enum bitmap_op op, uint64_t a, uint64_t b)
{
    return op == BITMAP_AND ? a & b : op == BITMAP_OR ? a | b : a ^ b;
}

static inline __attribute__((always_inline)) void combine_with(enum bitmap_op op, char *out, struct slice s)
{
    size_t i = 0;

    for (; i + 8 <= s.n; i += 8)
        store_word(out + i, combine_word(op, load_word(out + i), load_word(s.p + i)));
    for (; i < s.n; i++)
        out[i] = (char)combine_word(op, (unsigned char)out[i], (unsigned char)s.p[i]);
}

/* A loop per operation, so that the switch is outside of the loop. */
static void combine_block(enum bitmap_op op, char *out, size_t n, struct slice s)
{
    must(s.n <= n);
    switch (op) {
    case BITMAP_AND:
        combine_with(BITMAP_AND, out, s);
        memset(out + s.n, 0, n - s.n);
        break;
    case BITMAP_OR:
        combine_with(BITMAP_OR, out, s);
        break;
    default:
        combine_with(BITMAP_XOR, out, s);
        break;
    }
}

static void invert(char *out, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        store_word(out + i, ~load_word(out + i));
    for (; i < n; i++)
        out[i] = (char)~out[i];
}

void bitmap_combine(enum bitmap_op op, char *out, const struct slice *sources, size_t n)
{
    size_t longest = bitmap_longest(sources, n);

    must(n > 0 && (op != BITMAP_NOT || n == 1));
    for (size_t at = 0; at < longest; at += COMBINE_BLOCK) {
        size_t size = longest - at < COMBINE_BLOCK ? longest - at : COMBINE_BLOCK;
        struct slice first = part_of(sources[0], at, size);

        memcpy(out + at, first.p, first.n);
        memset(out + at + first.n, 0, size - first.n);
        if (op == BITMAP_NOT)
            invert(out + at, size);
        for (size_t i = 1; i < n; i++)
            combine_block(op, out + at, size, part_of(sources[i], at, size));
    }
}

/* A mask of the low `bits` bits; 1 .. 64. */
static inline uint64_t low_mask(unsigned bits)
{
    return UINT64_MAX >> (64 - bits);
}

/* The low f.bits bits of v as a value of the field. */
static inline int64_t value_of(struct bitmap_field f, uint64_t v)
{
    unsigned spare = 64u - f.bits;

    return f.is_signed ? (int64_t)(v << spare) >> spare : (int64_t)(v & low_mask(f.bits));
}

static inline bool is_field(struct bitmap_field f)
{
    return f.bits >= 1 && f.bits <= (f.is_signed ? 64 : 63);
}

int64_t bitmap_field_get(struct slice s, struct bitmap_field f)
{
    uint64_t last = f.offset + f.bits - 1;
    unsigned __int128 v = 0;

    must(is_field(f));
    for (uint64_t i = f.offset >> 3; i <= last >> 3; i++)
        v = v << 8 | (i < s.n ? (unsigned char)s.p[i] : 0);
    return value_of(f, (uint64_t)(v >> (7 - (last & 7))));
}

void bitmap_field_put(char *p, struct bitmap_field f, int64_t v)
{
    uint64_t last = f.offset + f.bits - 1;
    unsigned shift = 7 - (last & 7);
    unsigned __int128 mask = (unsigned __int128)low_mask(f.bits) << shift;
    unsigned __int128 bits = (unsigned __int128)(uint64_t)v << shift & mask;

    must(is_field(f));
    /* From the last byte to the first. */
    for (uint64_t i = last >> 3; mask != 0; i--) {
        p[i] = (char)(((unsigned char)p[i] & ~(unsigned)mask) | (unsigned)bits);
        mask >>= 8;
        bits >>= 8;
    }
}

/* Converts the exact value v to the range of the field. */
static bool fit(struct bitmap_field f, __int128 v, enum bitmap_overflow how, int64_t *out)
{
    __int128 high = low_mask(f.is_signed ? f.bits : f.bits + 1u) >> 1;
    __int128 low = f.is_signed ? -high - 1 : 0;

    must(is_field(f));
    if (v >= low && v <= high)
        *out = (int64_t)v;
    else if (how == BITMAP_WRAP)
        *out = value_of(f, (uint64_t)v);
    else if (how == BITMAP_SAT)
        *out = (int64_t)(v > high ? high : low);
    else
        return false;
    return true;
}

bool bitmap_field_fit(struct bitmap_field f, int64_t v, enum bitmap_overflow how, int64_t *out)
{
    return fit(f, f.is_signed ? (__int128)v : (__int128)(uint64_t)v, how, out);
}

bool bitmap_field_add(struct bitmap_field f, int64_t old, int64_t increment, enum bitmap_overflow how, int64_t *out)
{
    return fit(f, (__int128)old + increment, how, out);
}
