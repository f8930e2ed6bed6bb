/* SPDX-License-Identifier: BSD-3-Clause */
/* geo_search: the members of a sorted set that are located within a shape. */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "checks.h"
#include "seed.h"
#include "types/geo_search.h"

#define MAX 600

static struct value value;
static double scores[MAX]; /* of the members, whose names are their numbers */
static size_t members;

static void set_up(void)
{
    value = value_new((struct value_limits){.entries = 128, .bytes = 64});
    members = 0;
}

static void tear_down(void)
{
    if (value.form == VALUE_LARGE)
        zset_large_free(value.large);
    flat_fini(&value.flat);
}

static double random_between(double from, double to)
{
    return from + (to - from) * ((double)(seed_u64() >> 11) / 0x1p53);
}

/* Some members are texts, some integers; several have the same location. */
static struct slice member(size_t i, char *room)
{
    return slice_of(room, (size_t)sprintf(room, i % 2 == 0 ? "%zu" : "place %zu", i));
}

static size_t number_of(struct slice m)
{
    size_t text = m.p[0] == 'p' ? strlen("place ") : 0;
    uint64_t number;

    ck_assert(num_parse_u64(slice_of(m.p + text, m.n - text), &number));
    return number;
}

static void put(struct geo_point p)
{
    char room[32];

    scores[members] = geohash_score(p);
    zset_put(&value, member(members, room), scores[members]);
    members++;
}

/* n locations around a centre, within so many degrees; none on the northern edge of the map, which no cell covers. */
static void put_random(size_t n, struct geo_point middle, double spread)
{
    while (members < n) {
        struct geo_point p = {remainder(middle.longitude + random_between(-spread, spread), 360),
                              middle.latitude + random_between(-spread, spread)};

        p.latitude = fmin(fmax(p.latitude, -GEOHASH_LATITUDE_MAX), GEOHASH_LATITUDE_MAX - 1e-5);
        put(p);
        if (members < n && seed_below(10) == 0)
            put(p);
    }
}

/* ---- the twin: every place against the shape, cell after cell ---- */

static size_t twin[MAX];
static size_t twins;

static double twin_distance(const struct geo_query *q, size_t i)
{
    return geo_distance(q->shape.middle, geohash_point(scores[i]));
}

static int by_score(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    char p[32], q[32];

    if (scores[x] != scores[y])
        return scores[x] < scores[y] ? -1 : 1;
    return slice_cmp(member(x, p), member(y, q));
}

static void twin_add_cell(const struct geo_query *q, struct geohash_cell cell)
{
    struct geohash_scores s = geohash_scores(cell);
    size_t from = twins;
    double distance;

    for (size_t i = 0; i < members; i++)
        if (scores[i] >= s.min && scores[i] < s.end && geo_shape_has(&q->shape, scores[i], &distance))
            twin[twins++] = i;
    qsort(twin + from, twins - from, sizeof *twin, by_score);
}

/* A simple stable sort. */
static void twin_sort(const struct geo_query *q)
{
    double sign = q->order == GEO_NEAREST ? 1 : -1;

    for (size_t i = 1; i < twins; i++)
        for (size_t k = i; k > 0; k--) {
            size_t before = twin[k - 1];

            if (sign * twin_distance(q, before) <= sign * twin_distance(q, twin[k]))
                break;
            twin[k - 1] = twin[k];
            twin[k] = before;
        }
}

static void twin_search(const struct geo_query *q)
{
    struct geohash_cell cells[GEO_CELLS_MAX];
    unsigned n = geo_shape_cells(&q->shape, cells);

    twins = 0;
    for (unsigned i = 0; i < n; i++)
        twin_add_cell(q, cells[i]);
    if (q->any && q->count > 0 && twins > q->count)
        twins = q->count;
    if (q->order != GEO_AS_FOUND)
        twin_sort(q);
    if (q->count > 0 && twins > q->count)
        twins = q->count;
}

/* Of equally distant members any may be in the result, but each only once, if the query limits their number. */
static void assert_agrees(const struct geo_query *q)
{
    bool has_choice = q->order != GEO_AS_FOUND && q->count > 0 && !q->any;
    bool seen[MAX] = {false};
    struct geo_hits hits;

    twin_search(q);
    geo_search(&value, q, &hits);
    ck_assert_uint_eq(hits.n, twins);
    for (size_t i = 0; i < twins; i++) {
        size_t number = number_of(hits.v[i].member);

        ck_assert(has_choice || number == twin[i]);
        ck_assert(!seen[number]);
        seen[number] = true;
        ck_assert_double_eq(hits.v[i].score, scores[number]);
        ck_assert_double_eq(hits.v[i].distance, twin_distance(q, twin[i]));
        ck_assert_double_eq(hits.v[i].distance, twin_distance(q, number));
    }
    geo_hits_free(&hits);
}

static struct geo_query random_query(struct geo_point middle, double spread)
{
    struct geo_query q = {.order = (enum geo_order)seed_below(3)};
    double metres = spread * M_PI / 180 * GEO_EARTH_RADIUS;

    middle.longitude = remainder(middle.longitude + random_between(-spread, spread) / 2, 360);
    if (seed_below(2) == 0)
        q.shape = geo_circle(middle, random_between(0, metres), 1);
    else
        q.shape = geo_box(middle, random_between(0, metres), random_between(0, metres), 1);
    if (seed_below(2) == 0) {
        q.count = 1 + seed_below(seed_below(2) ? 10 : MAX);
        q.any = seed_below(2);
    }
    return q;
}

/* A random part of the map, from a street to all of it. */
static void search_round(size_t n)
{
    struct geo_point middle = {random_between(-180, 180), random_between(-85, 85)};
    double spread = pow(10, random_between(-3, 2.2));

    set_up();
    put_random(n, middle, spread);
    for (int i = 0; i < 20; i++) {
        struct geo_query q = random_query(middle, spread);

        assert_agrees(&q);
    }
    tear_down();
}

START_TEST(random_searches_agree_with_a_check_of_every_location)
{
    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(600); round < rounds; round++)
        search_round(round % 2 == 0 ? 1 + seed_below(128) : 129 + seed_below(MAX - 129));
}
END_TEST

START_TEST(a_search_finds_all_locations_in_range)
{
    struct geo_query q = {.order = GEO_NEAREST};
    struct geo_hits hits;

    seed_start(__func__);
    for (unsigned round = 0, rounds = seed_rounds(300); round < rounds; round++) {
        struct geo_point middle = {random_between(-180, 180), random_between(-60, 60)};
        double spread = pow(10, random_between(-3, 1));
        size_t near = 0;

        set_up();
        put_random(MAX, middle, spread);
        q.shape = geo_circle(middle, random_between(0, spread) * M_PI / 180 * GEO_EARTH_RADIUS, 1);
        for (size_t i = 0; i < members; i++)
            near += twin_distance(&q, i) <= q.shape.radius;
        geo_search(&value, &q, &hits);
        ck_assert_uint_eq(hits.n, near);
        geo_hits_free(&hits);
        tear_down();
    }
}
END_TEST

/* Distances that are slow for a quicksort whose pivot is a median of few, and random ones. */
START_TEST(distances_in_an_adverse_order_are_sorted_too)
{
    struct geo_query q = {.order = GEO_NEAREST, .shape = geo_circle((struct geo_point){0, 0}, 3000, 1000)};

    seed_start(__func__);
    for (int i = 0; i < MAX; i++) /* up, then down from the middle; two of each */
        put((struct geo_point){0.01, (i / 2 < MAX / 4 ? i / 2 : MAX / 2 - i / 2) * 0.01});
    for (q.count = 1; q.count < MAX; q.count += 29)
        assert_agrees(&q);
}
END_TEST

START_TEST(a_radius_larger_than_the_earth_finds_all_locations)
{
    struct geo_query q = {.shape = geo_circle((struct geo_point){179.9, -80}, 6000000, 1609.34)};
    struct geo_hits hits;

    seed_start(__func__);
    put_random(MAX, (struct geo_point){0, 0}, 179);
    geo_search(&value, &q, &hits);
    ck_assert_uint_eq(hits.n, MAX);
    geo_hits_free(&hits);
}
END_TEST

START_TEST(locations_on_both_sides_of_the_date_line_are_near)
{
    struct geo_query q = {.shape = geo_circle((struct geo_point){179.999, 10}, 1000, 1), .order = GEO_NEAREST};
    struct geo_hits hits;

    put((struct geo_point){-179.999, 10});
    put((struct geo_point){179.998, 10});
    put((struct geo_point){0, 10});
    geo_search(&value, &q, &hits);
    ck_assert_uint_eq(hits.n, 2);
    ck_assert_uint_eq(number_of(hits.v[0].member), 1);
    ck_assert_uint_eq(number_of(hits.v[1].member), 0);
    geo_hits_free(&hits);
}
END_TEST

START_TEST(empty_sets_and_scores_that_are_no_geohashes_can_be_searched)
{
    struct geo_query q = {.shape = geo_circle((struct geo_point){0, 0}, INFINITY, 1)};
    struct geo_hits hits;

    geo_search(&value, &q, &hits);
    ck_assert_uint_eq(hits.n, 0);
    geo_hits_free(&hits);
    zset_put(&value, SLICE("infinite"), INFINITY);
    zset_put(&value, SLICE("negative"), -5);
    zset_put(&value, SLICE("half"), 0.5);
    geo_search(&value, &q, &hits);
    ck_assert_uint_eq(hits.n, 1);
    ck_assert(slice_eq(hits.v[0].member, SLICE("half")));
    geo_hits_free(&hits);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("geo_search");
    TCase *own = tcase_create("rounds"), *tests = tcase_create("geo_search");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(own, random_searches_agree_with_a_check_of_every_location);
    tcase_add_test(own, a_search_finds_all_locations_in_range);
    tcase_set_timeout(own, 120);
    suite_add_tcase(suite, own);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, distances_in_an_adverse_order_are_sorted_too);
    tcase_add_test(tests, a_radius_larger_than_the_earth_finds_all_locations);
    tcase_add_test(tests, locations_on_both_sides_of_the_date_line_are_near);
    tcase_add_test(tests, empty_sets_and_scores_that_are_no_geohashes_can_be_searched);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
