/* SPDX-License-Identifier: BSD-3-Clause */
/* geo_shape: a circle or a box on the globe. */
#include <math.h>
#include <stdlib.h>

#include "checks.h"
#include "seed.h"
#include "types/geo_shape.h"

#define PALERMO ((struct geo_point){13.361389, 38.115556})
#define HALF_WAY_ROUND (M_PI * GEO_EARTH_RADIUS)

static double random_between(double from, double to)
{
    return from + (to - from) * ((double)(seed_u64() >> 11) / 0x1p53);
}

/* A location as a score gives it; often near the edges of the map, and near others. */
static struct geo_point random_point(void)
{
    struct geo_point p = {random_between(-180, 180), random_between(-GEOHASH_LATITUDE_MAX, GEOHASH_LATITUDE_MAX)};

    if (seed_below(4) == 0)
        p.longitude = copysign(180 - random_between(0, 0.01), p.longitude);
    if (seed_below(4) == 0)
        p.latitude = copysign(GEOHASH_LATITUDE_MAX - random_between(0, 0.01), p.latitude);
    return geohash_point(geohash_score(p));
}

/* From 1 mm to more than around the world. */
static double random_length(void)
{
    return pow(10, random_between(-3, 7.7));
}

START_TEST(distances_are_as_documented)
{
    struct geo_point palermo = geohash_point(3479099956230698), catania = geohash_point(3479447370796909);

    ck_assert_double_eq_tol(geo_distance(palermo, catania), 166274.1516, 0.00005);
    ck_assert_double_eq(geo_distance(palermo, palermo), 0);
}
END_TEST

START_TEST(antipodes_are_half_way_around_the_earth)
{
    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        struct geo_point a = random_point(), b = {a.longitude > 0 ? a.longitude - 180 : a.longitude + 180, -a.latitude};

        ck_assert_double_eq_tol(geo_distance(a, b), HALF_WAY_ROUND, 1);
        ck_assert_double_eq(geo_distance(b, a), geo_distance(a, b));
    }
}
END_TEST

/* Whether a location is within a shape, by its definition. */
static bool twin_has(const struct geo_shape *s, struct geo_point p)
{
    struct geo_point aside = {s->middle.longitude, p.latitude}, below = {p.longitude, s->middle.latitude};

    if (!s->is_box)
        return geo_distance(s->middle, p) <= s->radius;
    return geo_distance(p, below) <= s->height / 2 && geo_distance(p, aside) <= s->width / 2;
}

static struct geo_shape random_shape(void)
{
    if (seed_below(2) == 0)
        return geo_circle(random_point(), random_length(), 1);
    return geo_box(random_point(), random_length(), random_length(), 1);
}

/* A location about as distant as the edge of the shape. */
static struct geo_point point_near_edge(const struct geo_shape *s)
{
    double angle = random_between(0, 2 * M_PI), scale = 180 / M_PI / GEO_EARTH_RADIUS * random_between(0.9, 1.1);
    struct geo_point p = s->middle;

    p.latitude += sin(angle) * s->north * scale;
    p.longitude += cos(angle) * s->east * scale / cos(s->latitude);
    p.longitude = remainder(p.longitude, 360);
    p.latitude = fmin(fmax(p.latitude, -GEOHASH_LATITUDE_MAX), GEOHASH_LATITUDE_MAX);
    return p;
}

START_TEST(no_location_of_a_shape_is_outside_of_its_window)
{
    seed_start(__func__);
    for (int i = 0; i < 400000; i++) {
        struct geo_shape s = random_shape();
        double score = geohash_score(i % 4 == 0 ? random_point() : point_near_edge(&s)), distance;
        struct geo_point p = geohash_point(score);

        ck_assert_int_eq(geo_shape_has(&s, score, &distance), twin_has(&s, p));
        if (twin_has(&s, p))
            ck_assert_double_eq(distance, geo_distance(s.middle, p));
    }
}
END_TEST

static bool is_in_cells(const struct geohash_cell *cells, unsigned n, double score)
{
    for (unsigned i = 0; i < n; i++) {
        struct geohash_scores s = geohash_scores(cells[i]);

        if (score >= s.min && score < s.end)
            return true;
    }
    return false;
}

START_TEST(the_cells_cover_a_circle_away_from_the_poles)
{
    seed_start(__func__);
    for (int i = 0; i < 200000; i++) {
        struct geo_point middle = {random_between(-180, 180), random_between(-60, 60)};
        struct geo_shape s = geo_circle(middle, pow(10, random_between(-1, 6.2)), 1);
        double score = geohash_score(point_near_edge(&s)), distance;
        struct geohash_cell cells[GEO_CELLS_MAX];
        unsigned n = geo_shape_cells(&s, cells);

        ck_assert(!geo_shape_has(&s, score, &distance) || is_in_cells(cells, n, score));
    }
}
END_TEST

START_TEST(no_two_cells_are_the_same)
{
    seed_start(__func__);
    for (int i = 0; i < 100000; i++) {
        struct geo_shape s = random_shape();
        struct geohash_cell cells[GEO_CELLS_MAX];
        unsigned n = geo_shape_cells(&s, cells);

        ck_assert_uint_ge(n, 1);
        ck_assert_uint_le(n, GEO_CELLS_MAX);
        for (unsigned k = 1; k < n; k++)
            for (unsigned j = 0; j < k; j++)
                ck_assert_uint_ne(cells[k].bits, cells[j].bits);
    }
}
END_TEST

START_TEST(cells_at_the_edges_of_the_map_are_distinct_too)
{
    static const double longitudes[] = {-180, 0, 180}, latitudes[] = {-GEOHASH_LATITUDE_MAX, 0, GEOHASH_LATITUDE_MAX};
    static const double lengths[] = {0, 1, 1e5, 1e6, 1e7, INFINITY};

    for (unsigned i = 0; i < 3 * 3 * 6; i++) {
        struct geo_shape s = geo_circle((struct geo_point){longitudes[i % 3], latitudes[i / 3 % 3]}, lengths[i / 9], 1);
        struct geohash_cell cells[GEO_CELLS_MAX];
        unsigned n = geo_shape_cells(&s, cells);

        for (unsigned k = 1; k < n; k++)
            for (unsigned j = 0; j < k; j++)
                ck_assert_uint_ne(cells[k].bits, cells[j].bits);
    }
}
END_TEST

START_TEST(an_infinite_shape_contains_all_locations)
{
    struct geo_shape circle = geo_circle(PALERMO, INFINITY, 1000), box = geo_box(PALERMO, INFINITY, INFINITY, 0.3048);
    struct geohash_cell cells[GEO_CELLS_MAX];
    unsigned n = geo_shape_cells(&circle, cells);

    seed_start(__func__);
    for (int i = 0; i < 20000; i++) {
        double score = geohash_score(random_point()), distance;

        ck_assert(geo_shape_has(&circle, score, &distance));
        ck_assert(geo_shape_has(&box, score, &distance));
        ck_assert(is_in_cells(cells, n, score));
    }
}
END_TEST

START_TEST(a_circle_with_radius_0_contains_only_its_centre)
{
    double score = geohash_score(PALERMO), distance = 1;
    struct geo_shape s = geo_circle(geohash_point(score), 0, 1);

    ck_assert(geo_shape_has(&s, score, &distance));
    ck_assert_double_eq(distance, 0);
    ck_assert(!geo_shape_has(&s, score + 1, &distance));
}
END_TEST

START_TEST(units_are_lengths_in_metres)
{
    struct geo_shape s = geo_circle(PALERMO, 2, 1000), box = geo_box(PALERMO, 6, 8, 1609.34);

    ck_assert_double_eq(s.radius, 2000);
    ck_assert_double_eq(box.width, 6 * 1609.34);
    ck_assert_double_eq(box.reach, 5 * 1609.34);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geo_shape");
    TCase *tests = tcase_create("geo_shape");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, distances_are_as_documented);
    tcase_add_test(tests, antipodes_are_half_way_around_the_earth);
    tcase_add_test(tests, no_location_of_a_shape_is_outside_of_its_window);
    tcase_add_test(tests, the_cells_cover_a_circle_away_from_the_poles);
    tcase_add_test(tests, no_two_cells_are_the_same);
    tcase_add_test(tests, cells_at_the_edges_of_the_map_are_distinct_too);
    tcase_add_test(tests, an_infinite_shape_contains_all_locations);
    tcase_add_test(tests, a_circle_with_radius_0_contains_only_its_centre);
    tcase_add_test(tests, units_are_lengths_in_metres);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
