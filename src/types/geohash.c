/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/geohash.h"

#include "base/must.h"

#define LONGITUDE_SPAN (GEOHASH_LONGITUDE_MAX - -GEOHASH_LONGITUDE_MAX)
#define LATITUDE_SPAN  (GEOHASH_LATITUDE_MAX - -GEOHASH_LATITUDE_MAX)

#define COLUMN_BITS 0xaaaaaaaaaaaaaaaau
#define ROW_BITS    0x5555555555555555u

/* ---- interleaved bits: Knuth, "The Art of Computer Programming", 7.1.3 ---- */

/* Inserts a zero before each bit. */
static inline uint64_t spread(uint32_t v)
{
    uint64_t x = v;

    x = (x | x << 16) & 0x0000ffff0000ffffu;
    x = (x | x << 8) & 0x00ff00ff00ff00ffu;
    x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
    x = (x | x << 2) & 0x3333333333333333u;
    return (x | x << 1) & ROW_BITS;
}

/* Every second bit, beginning with the lowest. */
static inline uint32_t gather(uint64_t x)
{
    x &= ROW_BITS;
    x = (x | x >> 1) & 0x3333333333333333u;
    x = (x | x >> 2) & 0x0f0f0f0f0f0f0f0fu;
    x = (x | x >> 4) & 0x00ff00ff00ff00ffu;
    x = (x | x >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t)(x | x >> 16);
}

static inline uint64_t weave(uint32_t column, uint32_t row)
{
    return spread(column) << 1 | spread(row);
}

struct geohash_place geohash_place(uint64_t bits)
{
    return (struct geohash_place){gather(bits >> 1), gather(bits)};
}

/* ---- locations to cells ---- */

bool geohash_has(struct geo_point p)
{
    return p.longitude >= -GEOHASH_LONGITUDE_MAX && p.longitude <= GEOHASH_LONGITUDE_MAX &&
           p.latitude >= -GEOHASH_LATITUDE_MAX && p.latitude <= GEOHASH_LATITUDE_MAX;
}

/* For a map that ends at this latitude, north and south. */
static uint64_t bits_on_map(struct geo_point p, double latitude_max, unsigned step)
{
    double cells = (double)((uint64_t)1 << step);
    double column = (p.longitude - -GEOHASH_LONGITUDE_MAX) / LONGITUDE_SPAN * cells;
    double row = (p.latitude - -latitude_max) / (latitude_max - -latitude_max) * cells;

    return weave((uint32_t)column, (uint32_t)row);
}

struct geohash_cell geohash_cell(struct geo_point p, unsigned step)
{
    must(geohash_has(p) && step >= 1 && step <= GEOHASH_STEP_MAX);
    return (struct geohash_cell){bits_on_map(p, GEOHASH_LATITUDE_MAX, step), step};
}

double geohash_score(struct geo_point p)
{
    return (double)geohash_cell(p, GEOHASH_STEP_MAX).bits;
}

/* ---- cells to locations ---- */

/* Scores out of range convert as on x86-64. */
uint64_t geohash_bits(double score)
{
    if (score >= 0x1p64)
        return 0;
    if (score >= 0)
        return (uint64_t)score;
    return score >= -0x1p63 ? (uint64_t)(int64_t)score : (uint64_t)1 << 63;
}

/* The lower edge of this column or row, of the 2^step that share the span. */
static inline double edge(double from, double span, uint32_t i, unsigned step)
{
    return from + (double)i / (double)((uint64_t)1 << step) * span;
}

static struct geohash_bounds bounds_of(struct geohash_place place, unsigned step)
{
    return (struct geohash_bounds){
        .west = edge(-GEOHASH_LONGITUDE_MAX, LONGITUDE_SPAN, place.column, step),
        .east = edge(-GEOHASH_LONGITUDE_MAX, LONGITUDE_SPAN, place.column + 1, step),
        .south = edge(-GEOHASH_LATITUDE_MAX, LATITUDE_SPAN, place.row, step),
        .north = edge(-GEOHASH_LATITUDE_MAX, LATITUDE_SPAN, place.row + 1, step),
    };
}

struct geohash_bounds geohash_bounds(struct geohash_cell c)
{
    must(c.step <= GEOHASH_STEP_MAX);
    return bounds_of(geohash_place(c.bits), c.step);
}

static inline double within(double v, double max)
{
    return v > max ? max : v < -max ? -max : v;
}

struct geo_point geohash_middle(struct geohash_place place)
{
    struct geohash_bounds b = bounds_of(place, GEOHASH_STEP_MAX);

    return (struct geo_point){
        .longitude = within((b.west + b.east) / 2, GEOHASH_LONGITUDE_MAX),
        .latitude = within((b.south + b.north) / 2, GEOHASH_LATITUDE_MAX),
    };
}

struct geo_point geohash_point(double score)
{
    return geohash_middle(geohash_place(geohash_bits(score)));
}

/* ---- cells ---- */

/* Adds `by`, -1, 0 or 1, to the number formed by the bits of the mask. The bits between are set so that the carry
 * passes over them. */
static uint64_t neighbour_bits(uint64_t bits, uint64_t mask, uint64_t ones, int by)
{
    uint64_t own = bits & mask, between = ones & ~mask;

    if (by == 0)
        return own;
    own = by > 0 ? own + (between + 1) : (own | between) - (between + 1);
    return own & ones & mask;
}

struct geohash_cell geohash_neighbour(struct geohash_cell c, int east, int north)
{
    uint64_t ones = UINT64_MAX >> (64 - 2 * c.step);

    must(c.step >= 1 && c.step <= GEOHASH_STEP_MAX && east >= -1 && east <= 1 && north >= -1 && north <= 1);
    c.bits = neighbour_bits(c.bits, COLUMN_BITS, ones, east) | neighbour_bits(c.bits, ROW_BITS, ones, north);
    return c;
}

struct geohash_scores geohash_scores(struct geohash_cell c)
{
    unsigned finer = 2 * (GEOHASH_STEP_MAX - c.step);

    must(c.step <= GEOHASH_STEP_MAX);
    return (struct geohash_scores){(double)(c.bits << finer), (double)((c.bits + 1) << finer)};
}

void geohash_text(struct geo_point p, char text[GEOHASH_TEXT_BYTES])
{
    static const char alphabet[] = "0123456789bcdefghjkmnpqrstuvwxyz";
    uint64_t bits = bits_on_map(p, 90, GEOHASH_STEP_MAX);

    must(p.longitude >= -180 && p.longitude <= 180 && p.latitude >= -90 && p.latitude <= 90);
    for (unsigned i = 0; i + 1 < GEOHASH_TEXT_BYTES; i++)
        text[i] = alphabet[bits >> (2 * GEOHASH_STEP_MAX - 5 * (i + 1)) & 31];
    text[GEOHASH_TEXT_BYTES - 1] = alphabet[0];
}
