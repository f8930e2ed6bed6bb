/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/geo_shape.h"

#include <math.h>

#include "base/must.h"

#define RADIANS       (M_PI / 180.0)
#define MERCATOR_HALF 20037726.37 /* metres: half the width of the map at the equator */
#define COLUMNS       ((uint32_t)1 << GEOHASH_STEP_MAX)

/* Radians by which a window exceeds its shape on each side, about six metres: more than the rounding error of any
 * distance. The error is largest at the antipode. */
#define SLACK 1e-6

static inline double radians(double degrees)
{
    return degrees * RADIANS;
}

static inline double degrees(double radians)
{
    return radians / RADIANS;
}

/* ---- distances: https://en.wikipedia.org/wiki/Haversine_formula ---- */

/* The distance for a haversine, which rounding may make larger than 1. */
static inline double arc(double haversine)
{
    return 2.0 * GEO_EARTH_RADIUS * asin(sqrt(haversine > 1.0 ? 1.0 : haversine));
}

static inline double along_meridian(double latitude_a, double latitude_b)
{
    return GEO_EARTH_RADIUS * fabs(latitude_b - latitude_a);
}

/* latitudes in radians; cosines: the product of their cosines; east: the sine of half the difference of the longitudes,
 * not 0. */
static inline double across(double latitude_a, double latitude_b, double cosines, double east)
{
    double north = sin((latitude_b - latitude_a) / 2);

    return arc(north * north + cosines * east * east);
}

double geo_distance(struct geo_point a, struct geo_point b)
{
    double latitude_a = radians(a.latitude), latitude_b = radians(b.latitude);
    double east = sin((radians(b.longitude) - radians(a.longitude)) / 2);

    if (east == 0.0)
        return along_meridian(latitude_a, latitude_b);
    return across(latitude_a, latitude_b, cos(latitude_a) * cos(latitude_b), east);
}

/* ---- windows ---- */

/* The column or row at `at` degrees from the edge of the map, rounded down by a little, not below 0; and rounded up by
 * a little. */
static inline uint32_t cells_down(double at, double width)
{
    double cells = floor(at / width) - 1;

    return cells < 0 ? 0 : (uint32_t)fmin(cells, 0x1p31);
}

static inline uint32_t cells_up(double at, double width)
{
    return cells_down(at, width) + 2;
}

/* north, east: radians from the centre to the northern and southern, and to the eastern and western edge. */
static struct geo_window window_of(struct geo_point middle, double north, double east)
{
    double width = 2 * GEOHASH_LONGITUDE_MAX / COLUMNS, height = 2 * GEOHASH_LATITUDE_MAX / COLUMNS;
    double above = middle.latitude + GEOHASH_LATITUDE_MAX, right = middle.longitude + GEOHASH_LONGITUDE_MAX;
    struct geo_window w = {.columns = COLUMNS};

    w.row = cells_down(above - degrees(north), height);
    w.row_last = cells_up(above + degrees(north), height);
    if (east < M_PI - 2 * SLACK) {
        w.column = cells_down(right - degrees(east) + 2 * GEOHASH_LONGITUDE_MAX, width);
        w.columns = cells_up(right + degrees(east) + 2 * GEOHASH_LONGITUDE_MAX, width) - w.column + 1;
    }
    return w;
}

/* Columns wrap around the globe. */
static inline bool window_has(const struct geo_window *w, struct geohash_place p)
{
    return ((p.column - w->column) & (COLUMNS - 1)) < w->columns && p.row >= w->row && p.row <= w->row_last;
}

/* The extent of a circle to the east in radians of longitude: up to the meridian that touches it, unless it contains a
 * pole. */
static double circle_east(double latitude, double angle)
{
    if (!(fabs(latitude) + angle < M_PI_2))
        return M_PI;
    return asin(fmin(sin(angle) / cos(latitude), 1));
}

/* A box has the same width in metres at each of its latitudes. In degrees it is widest where the parallel is
 * shortest. */
static double box_east(double latitude, double north, double east)
{
    double farthest = fmin(fabs(latitude) + north, radians(GEOHASH_LATITUDE_MAX));

    if (!(east < M_PI))
        return M_PI;
    return 2 * asin(fmin(sin(east / 2) / cos(farthest), 1));
}

/* ---- shapes ---- */

static struct geo_shape shape(struct geo_point middle)
{
    struct geo_shape s = {.middle = middle};

    s.longitude = radians(middle.longitude);
    s.latitude = radians(middle.latitude);
    s.cosine = cos(s.latitude);
    return s;
}

struct geo_shape geo_circle(struct geo_point middle, double radius, double unit)
{
    struct geo_shape s = shape(middle);
    double angle;

    must(radius >= 0 && unit > 0 && geohash_has(middle));
    s.radius = s.reach = s.east = s.north = radius * unit;
    angle = s.radius / GEO_EARTH_RADIUS + SLACK;
    s.window = window_of(middle, angle, circle_east(s.latitude, angle));
    return s;
}

struct geo_shape geo_box(struct geo_point middle, double width, double height, double unit)
{
    struct geo_shape s = shape(middle);
    double north, east;

    must(width >= 0 && height >= 0 && unit > 0 && geohash_has(middle));
    s.is_box = true;
    s.width = width * unit;
    s.height = height * unit;
    s.east = unit * (width / 2);
    s.north = unit * (height / 2);
    s.reach = sqrt((width / 2) * (width / 2) + (height / 2) * (height / 2)) * unit;
    north = s.north / GEO_EARTH_RADIUS + SLACK;
    east = s.east / GEO_EARTH_RADIUS + SLACK;
    s.window = window_of(middle, north, box_east(s.latitude, north, east));
    return s;
}

/* ---- locations within a shape ---- */

static bool circle_has(const struct geo_shape *s, struct geo_point p, double *distance)
{
    double latitude = radians(p.latitude), east = sin((radians(p.longitude) - s->longitude) / 2);

    if (east == 0.0)
        *distance = along_meridian(s->latitude, latitude);
    else
        *distance = across(s->latitude, latitude, s->cosine * cos(latitude), east);
    return *distance <= s->radius;
}

static bool box_has(const struct geo_shape *s, struct geo_point p, double *distance)
{
    double latitude = radians(p.latitude), east, cosine;

    *distance = along_meridian(latitude, s->latitude);
    if (*distance > s->height / 2)
        return false;
    east = sin((radians(p.longitude) - s->longitude) / 2);
    if (east == 0.0)
        return true;
    cosine = cos(latitude);
    if (arc(cosine * cosine * east * east) > s->width / 2)
        return false;
    *distance = across(s->latitude, latitude, s->cosine * cosine, east);
    return true;
}

bool geo_shape_has(const struct geo_shape *s, double score, double *distance)
{
    struct geohash_place place = geohash_place(geohash_bits(score));

    if (!window_has(&s->window, place))
        return false;
    return s->is_box ? box_has(s, geohash_middle(place), distance) : circle_has(s, geohash_middle(place), distance);
}

/* ---- cells ---- */

/* The step of a grid whose cells, with their neighbours, are a few times as large as the shape; coarser near the poles,
 * where columns are narrow. */
static unsigned step_for(double reach, double latitude)
{
    int step = -1;

    if (reach == 0)
        return GEOHASH_STEP_MAX;
    for (; reach < MERCATOR_HALF; reach *= 2)
        step++;
    step -= (fabs(latitude) > 66) + (fabs(latitude) > 80);
    return step < 1 ? 1 : step > GEOHASH_STEP_MAX ? GEOHASH_STEP_MAX : (unsigned)step;
}

/* Redis's estimate of the edges of a shape. Its width comes from the northern edge, which is nearer to the pole in the
 * north and farther from it in the south, and may exceed the map. Redis does not find what this leaves out. */
static struct geohash_bounds edges_of(const struct geo_shape *s)
{
    double north = degrees(s->north / GEO_EARTH_RADIUS);
    double parallel = s->middle.latitude < 0 ? s->middle.latitude - north : s->middle.latitude + north;
    double east = degrees(s->east / GEO_EARTH_RADIUS / cos(radians(parallel)));

    return (struct geohash_bounds){
        .west = s->middle.longitude - east,
        .east = s->middle.longitude + east,
        .south = s->middle.latitude - north,
        .north = s->middle.latitude + north,
    };
}

/* Whether a cell and its four neighbours do not cover the shape. */
static bool is_too_small(struct geohash_cell cell, const struct geohash_bounds *edges)
{
    return geohash_bounds(geohash_neighbour(cell, 0, 1)).north < edges->north ||
           geohash_bounds(geohash_neighbour(cell, 0, -1)).south > edges->south ||
           geohash_bounds(geohash_neighbour(cell, 1, 0)).east < edges->east ||
           geohash_bounds(geohash_neighbour(cell, -1, 0)).west > edges->west;
}

/* Whether the shape does not extend beyond the edge of its cell in the direction of this neighbour. */
static bool is_free(const struct geohash_bounds *cell, const struct geohash_bounds *edges, int east, int north)
{
    return (north < 0 && cell->south < edges->south) || (north > 0 && cell->north > edges->north) ||
           (east < 0 && cell->west < edges->west) || (east > 0 && cell->east > edges->east);
}

static struct geohash_cell middle_cell(const struct geo_shape *s, const struct geohash_bounds *edges)
{
    unsigned step = step_for(s->reach, s->middle.latitude);
    struct geohash_cell cell = geohash_cell(s->middle, step);

    if (step > 1 && is_too_small(cell, edges))
        cell = geohash_cell(s->middle, step - 1);
    return cell;
}

unsigned geo_shape_cells(const struct geo_shape *s, struct geohash_cell cells[GEO_CELLS_MAX])
{
    static const struct {
        int8_t east, north;
    } around[] = {{0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
    struct geohash_bounds edges = edges_of(s), bounds;
    unsigned n = 0;

    cells[n++] = middle_cell(s, &edges);
    bounds = geohash_bounds(cells[0]);
    for (unsigned i = 0; i < sizeof around / sizeof *around; i++) {
        struct geohash_cell cell = geohash_neighbour(cells[0], around[i].east, around[i].north);

        if (cells[0].step > 1 && is_free(&bounds, &edges, around[i].east, around[i].north))
            continue;
        /* On a grid of two columns, the eastern and the western neighbour are the same. */
        if (n > 1 && cell.bits == cells[n - 1].bits)
            continue;
        cells[n++] = cell;
    }
    return n;
}
