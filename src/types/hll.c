/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hll.h"

#include <math.h>

#include "base/must.h"
#include "types/hll_dense.h"
#include "types/hll_sparse.h"

#define MAGIC       "HYLL"
#define AT_ENCODING 4
#define AT_COUNT    8
#define UNKNOWN     0x80 /* in the last byte of the count */

#define INDEX_BITS 14
#define RANK_BITS  (64 - INDEX_BITS)
#define RANK_MAX   (RANK_BITS + 1)
#define SLOTS      64 /* of a histogram: a dense register can hold any 6 bits */

_Static_assert(HLL_REGISTERS == 1 << INDEX_BITS, "the index is so many bits of the hash");
_Static_assert(AT_COUNT + 8 == HLL_HEADER, "the registers follow the count");

/* ---- header ---- */

bool hll_is(struct slice s)
{
    if (s.n < HLL_HEADER || memcmp(s.p, MAGIC, AT_ENCODING) != 0)
        return false;
    return s.p[AT_ENCODING] == HLL_SPARSE || (s.p[AT_ENCODING] == HLL_DENSE && s.n == HLL_HEADER + HLL_DENSE_BYTES);
}

enum hll_encoding hll_encoding(struct slice s)
{
    return (enum hll_encoding)s.p[AT_ENCODING];
}

static struct slice runs_of(struct slice s)
{
    return slice_of(s.p + HLL_HEADER, s.n - HLL_HEADER);
}

static void forget_count(struct flat *f)
{
    f->p[HLL_HEADER - 1] |= (char)UNKNOWN;
}

bool hll_known_count(struct slice s, uint64_t *count)
{
    must(s.n >= HLL_HEADER);
    *count = 0;
    for (int i = 7; i >= 0; i--)
        *count = *count << 8 | (unsigned char)s.p[AT_COUNT + i];
    return !(s.p[HLL_HEADER - 1] & UNKNOWN);
}

void hll_keep_count(char *p, uint64_t count)
{
    for (int i = 0; i < 8; i++)
        p[AT_COUNT + i] = (char)(count >> 8 * i);
}

void hll_init(struct flat *f)
{
    f->resize(f, HLL_HEADER + HLL_SPARSE_EMPTY);
    memset(f->p, 0, HLL_HEADER);
    memcpy(f->p, MAGIC, AT_ENCODING);
    f->p[AT_ENCODING] = HLL_SPARSE;
    forget_count(f);
    hll_sparse_init(f->p + HLL_HEADER);
}

/* ---- insertion ---- */

/* MurmurHash64A by Austin Appleby, with Redis's seed, on little-endian words. */
static uint64_t hash_element(struct slice s)
{
    const uint64_t factor = 0xc6a4a7935bd1e995u;
    uint64_t h = 0xadc83b19u ^ s.n * factor;
    uint64_t word;

    for (; s.n >= 8; s.p += 8, s.n -= 8) {
        memcpy(&word, s.p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        word *= factor;
        word ^= word >> 47;
        h = (h ^ word * factor) * factor;
    }
    if (s.n > 0) {
        word = 0;
        for (size_t i = 0; i < s.n; i++)
            word |= (uint64_t)(unsigned char)s.p[i] << 8 * i;
        h = (h ^ word) * factor;
    }
    h = (h ^ h >> 47) * factor;
    return h ^ h >> 47;
}

bool hll_make_dense(struct flat *f)
{
    uint8_t registers[HLL_REGISTERS] = {0};

    must(hll_is(flat_slice(f)));
    if (hll_encoding(flat_slice(f)) == HLL_DENSE)
        return true;
    if (!hll_sparse_merge(registers, runs_of(flat_slice(f))))
        return false;
    f->resize(f, HLL_HEADER + HLL_DENSE_BYTES);
    f->p[AT_ENCODING] = HLL_DENSE;
    hll_dense_pack(f->p + HLL_HEADER, registers);
    return true;
}

static enum hll_result raise_sparse(struct flat *f, unsigned index, uint8_t rank, uint64_t sparse_max)
{
    uint64_t max_bytes = sparse_max < HLL_SPARSE_MAX ? sparse_max : HLL_SPARSE_MAX;

    switch (hll_sparse_raise(f, index, rank, max_bytes)) {
    case HLL_SPARSE_SAME:
        return HLL_SAME;
    case HLL_SPARSE_RAISED:
        return HLL_CHANGED;
    case HLL_SPARSE_CORRUPT:
        return HLL_CORRUPT;
    default:
        if (!hll_make_dense(f))
            return HLL_CORRUPT;
        hll_dense_raise(f->p + HLL_HEADER, index, rank);
        return HLL_CHANGED;
    }
}

static enum hll_result raise_register(struct flat *f, unsigned index, uint8_t rank, uint64_t sparse_max)
{
    enum hll_result result;

    must(index < HLL_REGISTERS && rank > 0 && rank < SLOTS);
    if (hll_encoding(flat_slice(f)) == HLL_DENSE)
        result = hll_dense_raise(f->p + HLL_HEADER, index, rank) ? HLL_CHANGED : HLL_SAME;
    else
        result = raise_sparse(f, index, rank, sparse_max);
    if (result == HLL_CHANGED)
        forget_count(f);
    return result;
}

enum hll_result hll_add(struct flat *f, struct slice element, uint64_t sparse_max)
{
    uint64_t hash = hash_element(element);
    uint64_t rest = hash >> INDEX_BITS | 1ull << RANK_BITS; /* with a sentinel bit, in case all bits are zero */

    must(hll_is(flat_slice(f)));
    return raise_register(f, hash & (HLL_REGISTERS - 1), (uint8_t)(__builtin_ctzll(rest) + 1), sparse_max);
}

/* ---- counting ---- */

/* sigma and tau of the paper: series that are summed until a term makes no difference. */
static double sigma(double x)
{
    double power = 1, sum = x, before;

    if (x == 1)
        return INFINITY;
    do {
        x *= x;
        before = sum;
        sum += x * power;
        power += power;
    } while (sum != before);
    return sum;
}

static double tau(double x)
{
    double power = 1, sum = 1 - x, before;

    if (x == 0 || x == 1)
        return 0;
    do {
        x = sqrt(x);
        before = sum;
        power *= 0.5;
        sum -= (1 - x) * (1 - x) * power;
    } while (sum != before);
    return sum / 3;
}

/* The estimate for registers of which histogram[r] have the value r. */
static uint64_t estimate(const uint32_t *histogram)
{
    const double m = HLL_REGISTERS, alpha = 0.721347520444481703680; /* 1 / (2 ln 2) */
    double z = m * tau((m - histogram[RANK_MAX]) / m);

    for (int r = RANK_BITS; r >= 1; r--)
        z = (z + histogram[r]) * 0.5;
    z += m * sigma(histogram[0] / m);
    return (uint64_t)llroundl(alpha * m * m / z);
}

bool hll_count(struct slice s, uint64_t *count)
{
    uint32_t histogram[SLOTS] = {0};

    must(hll_is(s));
    if (hll_encoding(s) == HLL_DENSE)
        hll_dense_histogram(s.p + HLL_HEADER, histogram);
    else if (!hll_sparse_histogram(runs_of(s), histogram))
        return false;
    *count = estimate(histogram);
    return true;
}

/* ---- unions ---- */

bool hll_merge(uint8_t *registers, struct slice s)
{
    must(hll_is(s));
    if (hll_encoding(s) == HLL_SPARSE)
        return hll_sparse_merge(registers, runs_of(s));
    hll_dense_merge(registers, s.p + HLL_HEADER);
    return true;
}

uint64_t hll_count_registers(const uint8_t *registers)
{
    uint32_t histogram[SLOTS] = {0};

    hll_dense_histogram_unpacked(registers, histogram);
    return estimate(histogram);
}

void hll_raise_all(struct flat *f, const uint8_t *registers, uint64_t sparse_max)
{
    must(hll_is(flat_slice(f)));
    /* One after the other, as Redis does: the layout of the runs depends on the order. */
    for (unsigned i = 0; i < HLL_REGISTERS && hll_encoding(flat_slice(f)) == HLL_SPARSE; i++)
        if (registers[i] > 0)
            must(raise_register(f, i, registers[i], sparse_max) != HLL_CORRUPT);
    if (hll_encoding(flat_slice(f)) == HLL_DENSE)
        hll_dense_pack(f->p + HLL_HEADER, registers);
    forget_count(f);
}
