/* SPDX-License-Identifier: BSD-3-Clause */
/* geohash: locations on the globe as numbers. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "checks.h"
#include "seed.h"
#include "types/geohash.h"

#define PALERMO ((struct geo_point){13.361389, 38.115556})
#define CATANIA ((struct geo_point){15.087269, 37.502669})

static double random_between(double from, double to)
{
    return from + (to - from) * ((double)(seed_u64() >> 11) / 0x1p53);
}

/* Sometimes on an edge of the map. */
static struct geo_point random_point(void)
{
    struct geo_point p = {random_between(-180, 180), random_between(-GEOHASH_LATITUDE_MAX, GEOHASH_LATITUDE_MAX)};

    if (seed_below(50) == 0)
        p.longitude = copysign(180, p.longitude);
    if (seed_below(50) == 0)
        p.latitude = copysign(GEOHASH_LATITUDE_MAX, p.latitude);
    return p;
}

START_TEST(the_documented_locations_have_the_documented_numbers)
{
    struct geo_point p;

    ck_assert_double_eq(geohash_score(PALERMO), 3479099956230698);
    ck_assert_double_eq(geohash_score(CATANIA), 3479447370796909);
    p = geohash_point(3479099956230698);
    ck_assert_double_eq(p.longitude, 13.36138933897018433);
    ck_assert_double_eq(p.latitude, 38.11555639549629859);
}
END_TEST

START_TEST(public_geohashes_extend_from_pole_to_pole)
{
    char text[GEOHASH_TEXT_BYTES];

    geohash_text(geohash_point(geohash_score(PALERMO)), text);
    ck_assert_mem_eq(text, "sqc8b49rny0", sizeof text);
    geohash_text(geohash_point(geohash_score(CATANIA)), text);
    ck_assert_mem_eq(text, "sqdtr74hyu0", sizeof text);
    geohash_text((struct geo_point){-180, -90}, text);
    ck_assert_mem_eq(text, "00000000000", sizeof text);
}
END_TEST

START_TEST(only_coordinates_within_the_edges_are_on_the_map)
{
    ck_assert(geohash_has((struct geo_point){180, GEOHASH_LATITUDE_MAX}));
    ck_assert(geohash_has((struct geo_point){-180, -GEOHASH_LATITUDE_MAX}));
    ck_assert(!geohash_has((struct geo_point){nextafter(180, 200), 0}));
    ck_assert(!geohash_has((struct geo_point){0, 85.051128781}));
    ck_assert(!geohash_has((struct geo_point){-INFINITY, 0}));
    ck_assert(!geohash_has((struct geo_point){0, NAN}));
}
END_TEST

START_TEST(the_first_cell_is_in_the_south_west_and_the_edges_have_their_own)
{
    struct geo_point corner;

    ck_assert_double_eq(geohash_score((struct geo_point){-180, -GEOHASH_LATITUDE_MAX}), 0);
    ck_assert_double_eq(geohash_score((struct geo_point){180, GEOHASH_LATITUDE_MAX}), 3 * 0x1p52);
    corner = geohash_point(3 * 0x1p52);
    ck_assert_double_eq(corner.longitude, 180);
    ck_assert_double_eq(corner.latitude, GEOHASH_LATITUDE_MAX);
}
END_TEST

START_TEST(a_number_converts_back_to_the_centre_of_its_cell)
{
    seed_start(__func__);
    for (int i = 0; i < 200000; i++) {
        struct geo_point p = random_point(), q = geohash_point(geohash_score(p));

        /* On the eastern edge a double is slightly too small. */
        double cells = p.longitude == 180 ? 2.2 : 0.5001;

        ck_assert_double_le(fabs(p.longitude - q.longitude), 360 / 0x1p26 * cells);
        ck_assert_double_le(fabs(p.latitude - q.latitude), 2 * GEOHASH_LATITUDE_MAX / 0x1p26 * cells);
        if (fabs(p.longitude) < 180 && fabs(p.latitude) < GEOHASH_LATITUDE_MAX)
            ck_assert_double_eq(geohash_score(q), geohash_score(p));
    }
}
END_TEST

/* By its definition: each bit selects a half of the rest, beginning with the longitude. */
static uint64_t twin_bits(struct geo_point p, unsigned step)
{
    struct geohash_bounds b = {-180, 180, -GEOHASH_LATITUDE_MAX, GEOHASH_LATITUDE_MAX};
    uint64_t bits = 0;

    for (unsigned i = 0; i < 2 * step; i++) {
        double *from = i % 2 == 0 ? &b.west : &b.south, *to = i % 2 == 0 ? &b.east : &b.north;
        double v = i % 2 == 0 ? p.longitude : p.latitude, half = (*from + *to) / 2;

        bits = bits << 1 | (v >= half);
        *(v >= half ? from : to) = half;
    }
    return bits;
}

START_TEST(cells_are_halves_of_halves)
{
    seed_start(__func__);
    for (int i = 0; i < 50000; i++) {
        struct geo_point p = geohash_point((double)seed_below((uint64_t)1 << 52));
        unsigned step = 1 + (unsigned)seed_below(GEOHASH_STEP_MAX);
        struct geohash_cell c = geohash_cell(p, step);
        struct geohash_bounds b = geohash_bounds(c);

        ck_assert_uint_eq(c.bits, twin_bits(p, step));
        ck_assert(b.west <= p.longitude && p.longitude <= b.east && b.south <= p.latitude && p.latitude <= b.north);
    }
}
END_TEST

START_TEST(the_scores_of_a_cell_are_those_of_the_locations_in_it)
{
    seed_start(__func__);
    for (int i = 0; i < 50000; i++) {
        unsigned step = 1 + (unsigned)seed_below(GEOHASH_STEP_MAX);
        struct geo_point p = geohash_point((double)seed_below((uint64_t)1 << 52)), q = random_point();
        struct geohash_scores s = geohash_scores(geohash_cell(p, step));
        double score;

        if (q.longitude == 180 || seed_below(2) == 0) /* near p */
            q = geohash_point(geohash_score(p) + (double)seed_below((uint64_t)1 << (52 - 2 * step)));
        score = geohash_score(q);
        ck_assert_int_eq(score >= s.min && score < s.end,
                         geohash_cell(p, step).bits == geohash_cell(q, step).bits);
    }
}
END_TEST

START_TEST(neighbours_wrap_around_the_edges_of_the_map)
{
    seed_start(__func__);
    for (int i = 0; i < 50000; i++) {
        unsigned step = 1 + (unsigned)seed_below(GEOHASH_STEP_MAX);
        uint32_t last = (uint32_t)((uint64_t)1 << step) - 1;
        int east = (int)seed_below(3) - 1, north = (int)seed_below(3) - 1;
        struct geohash_cell c = geohash_cell(geohash_point((double)seed_below((uint64_t)1 << 52)), step);
        struct geohash_place from, to;

        if (seed_below(4) == 0)
            c = geohash_cell((struct geo_point){-180, GEOHASH_LATITUDE_MAX - 1e-6}, step);
        from = geohash_place(c.bits);
        to = geohash_place(geohash_neighbour(c, east, north).bits);
        ck_assert_uint_eq(to.column, (from.column + (uint32_t)east) & last);
        ck_assert_uint_eq(to.row, (from.row + (uint32_t)north) & last);
    }
}
END_TEST

START_TEST(scores_that_are_no_geohashes_are_locations_on_the_map_too)
{
    static const double scores[] = {-1, -0.5, 0.5, INFINITY, -INFINITY, 1e300, -1e300, 0x1p63, 0x1p64, -0x1p63};

    for (unsigned i = 0; i < sizeof scores / sizeof *scores; i++)
        ck_assert(geohash_has(geohash_point(scores[i])));
    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = seed_u64();
        double score;

        memcpy(&score, &bits, sizeof score);
        ck_assert(isnan(score) || geohash_has(geohash_point(score)));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geohash");
    TCase *tests = tcase_create("geohash");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, the_documented_locations_have_the_documented_numbers);
    tcase_add_test(tests, public_geohashes_extend_from_pole_to_pole);
    tcase_add_test(tests, only_coordinates_within_the_edges_are_on_the_map);
    tcase_add_test(tests, the_first_cell_is_in_the_south_west_and_the_edges_have_their_own);
    tcase_add_test(tests, a_number_converts_back_to_the_centre_of_its_cell);
    tcase_add_test(tests, cells_are_halves_of_halves);
    tcase_add_test(tests, the_scores_of_a_cell_are_those_of_the_locations_in_it);
    tcase_add_test(tests, neighbours_wrap_around_the_edges_of_the_map);
    tcase_add_test(tests, scores_that_are_no_geohashes_are_locations_on_the_map_too);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
