/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hll_dense.h"

#include "base/must.h"

#define BITS 6
#define MASK 63

/* Eight registers are six bytes. */
#define GROUP       8
#define GROUP_BYTES 6

_Static_assert(HLL_REGISTERS % GROUP == 0, "registers come in whole groups");

/* The first byte that contains a part of a register, and the bit at which the register begins there. */
static inline unsigned byte_of(unsigned index)
{
    return index * BITS / 8;
}

static inline unsigned shift_of(unsigned index)
{
    return index * BITS % 8;
}

bool hll_dense_raise(char *p, unsigned index, uint8_t rank)
{
    unsigned char *at = (unsigned char *)p + byte_of(index);
    unsigned shift = shift_of(index);
    bool two = shift + BITS > 8;
    unsigned pair = at[0] | (two ? (unsigned)at[1] << 8 : 0);

    must(index < HLL_REGISTERS && rank <= MASK);
    if ((pair >> shift & MASK) >= rank)
        return false;
    pair = (pair & ~((unsigned)MASK << shift)) | (unsigned)rank << shift;
    at[0] = (unsigned char)pair;
    if (two)
        at[1] = (unsigned char)(pair >> 8);
    return true;
}

/* The 48 bits of a group, its first register lowest. */
static inline uint64_t load_group(const char *p)
{
    uint32_t low;
    uint16_t high;

    memcpy(&low, p, sizeof low);
    memcpy(&high, p + sizeof low, sizeof high);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    low = __builtin_bswap32(low);
    high = __builtin_bswap16(high);
#endif
    return low | (uint64_t)high << 32;
}

static inline void store_group(char *p, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    uint16_t high = (uint16_t)(bits >> 32);

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    low = __builtin_bswap32(low);
    high = __builtin_bswap16(high);
#endif
    memcpy(p, &low, sizeof low);
    memcpy(p + sizeof low, &high, sizeof high);
}

/* Spreads eight times 6 bits to eight bytes, and back, by moving the upper half of each part. */
static inline uint64_t spread(uint64_t v)
{
    v = (v & 0x0000000000ffffffu) | (v & 0x0000ffffff000000u) << 8;
    v = (v & 0x00000fff00000fffu) | (v & 0x00fff00000fff000u) << 4;
    return (v & 0x003f003f003f003fu) | (v & 0x0fc00fc00fc00fc0u) << 2;
}

static inline uint64_t gather(uint64_t v)
{
    v = (v & 0x003f003f003f003fu) | (v & 0x3f003f003f003f00u) >> 2;
    v = (v & 0x00000fff00000fffu) | (v & 0x0fff00000fff0000u) >> 4;
    return (v & 0x0000000000ffffffu) | (v & 0x00ffffff00000000u) >> 8;
}

/* Eight bytes of an array of registers as a little-endian number. */
static inline uint64_t load_bytes(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void store_bytes(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

/* Two loops, one that unpacks and one that raises, so that the compiler vectorizes the second. */
void hll_dense_merge(uint8_t *registers, const char *p)
{
    uint8_t unpacked[HLL_REGISTERS];

    for (unsigned i = 0; i < HLL_REGISTERS / GROUP; i++)
        store_bytes(unpacked + i * GROUP, spread(load_group(p + i * GROUP_BYTES)));
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        registers[i] = registers[i] > unpacked[i] ? registers[i] : unpacked[i];
}

void hll_dense_pack(char *p, const uint8_t *registers)
{
    for (unsigned i = 0; i < HLL_REGISTERS / GROUP; i++)
        store_group(p + i * GROUP_BYTES, gather(load_bytes(registers + i * GROUP)));
}

/* Counting pairs of registers halves the number of increments, and equal neighbours, which are frequent, do not wait
 * for each other's increment. */
struct pairs {
    uint16_t count[(MASK + 1) * (MASK + 1)]; /* the second register of the pair selects the row */
};

_Static_assert(HLL_REGISTERS / 2 <= UINT16_MAX, "all pairs may be the same");

static inline void count_group(struct pairs *pairs, uint64_t bits)
{
    for (unsigned k = 0; k < GROUP; k += 2)
        pairs->count[bits >> k * BITS & (MASK << BITS | MASK)]++;
}

static void add_pairs(uint32_t *histogram, const struct pairs *pairs)
{
    for (unsigned second = 0; second <= MASK; second++) {
        const uint16_t *row = pairs->count + second * (MASK + 1);
        uint32_t sum = 0;

        for (unsigned first = 0; first <= MASK; first++) {
            histogram[first] += row[first];
            sum += row[first];
        }
        histogram[second] += sum;
    }
}

void hll_dense_histogram(const char *p, uint32_t *histogram)
{
    struct pairs pairs = {0};

    for (unsigned i = 0; i < HLL_REGISTERS / GROUP; i++)
        count_group(&pairs, load_group(p + i * GROUP_BYTES));
    add_pairs(histogram, &pairs);
}

/* The union of sparse ones is mostly zeros. Groups of zeros are counted at once, to avoid a chain of dependent
 * increments. */
void hll_dense_histogram_unpacked(const uint8_t *registers, uint32_t *histogram)
{
    struct pairs pairs = {0};

    for (unsigned i = 0; i < HLL_REGISTERS / GROUP; i++) {
        uint64_t group = load_bytes(registers + i * GROUP);

        if (group == 0)
            histogram[0] += GROUP;
        else
            count_group(&pairs, gather(group));
    }
    add_pairs(histogram, &pairs);
}
