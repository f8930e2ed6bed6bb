/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/geo/geo_args.h"

#include <math.h>

#include "base/num.h"

/* ---- requests ---- */

bool geo_args_point(struct call *c, int i, struct geo_point *p)
{
    must(i > 0 && i + 1 < c->argc);
    if (!call_double(c, i, &p->longitude) || !call_double(c, i + 1, &p->latitude))
        return false;
    if (geohash_has(*p))
        return true;
    reply_errorf(c->out, "ERR invalid longitude,latitude pair %f,%f", p->longitude, p->latitude);
    return false;
}

bool geo_args_unit(struct call *c, int i, double *metres)
{
    static const struct {
        const char *name;
        double metres;
    } units[] = {{"m", 1}, {"km", 1000}, {"ft", 0.3048}, {"mi", 1609.34}};

    must(i > 0 && i < c->argc);
    for (unsigned k = 0; k < sizeof units / sizeof *units; k++)
        if (call_is(c, i, units[k].name)) {
            *metres = units[k].metres;
            return true;
        }
    reply_error(c->out, "ERR unsupported unit provided. please use M, KM, FT, MI");
    return false;
}

static bool parse_length(struct call *c, int i, double *length, const char *error)
{
    if (num_parse_double(call_arg(c, i), length))
        return true;
    reply_error(c->out, error);
    return false;
}

bool geo_args_radius(struct call *c, int i, double *radius, double *unit)
{
    must(i + 1 < c->argc);
    if (!parse_length(c, i, radius, "ERR need numeric radius"))
        return false;
    if (*radius < 0) {
        reply_error(c->out, "ERR radius cannot be negative");
        return false;
    }
    return geo_args_unit(c, i + 1, unit);
}

bool geo_args_box(struct call *c, int i, double *width, double *height, double *unit)
{
    must(i + 2 < c->argc);
    if (!parse_length(c, i, width, "ERR need numeric width") ||
        !parse_length(c, i + 1, height, "ERR need numeric height"))
        return false;
    if (*width < 0 || *height < 0) {
        reply_error(c->out, "ERR height or width cannot be negative");
        return false;
    }
    return geo_args_unit(c, i + 2, unit);
}

/* ---- replies ---- */

#define DECIMALS 4
#define SCALE    10000

void geo_reply_distance(struct call *c, double length)
{
    uint64_t scaled = (uint64_t)llrint(length * SCALE);
    char text[2 * NUM_I64_MAX];
    int n = num_format_u64(text, scaled / SCALE);

    must(length >= 0);
    /* The added SCALE puts a digit before the decimals, so that leading zeros are written; the point replaces it. */
    num_format_u64(text + n, SCALE + scaled % SCALE);
    text[n] = '.';
    reply_bulk(c->out, slice_of(text, (size_t)n + 1 + DECIMALS));
}

void geo_reply_point(struct call *c, struct geo_point p)
{
    reply_array(c->out, 2);
    reply_fixed(c->out, p.longitude);
    reply_fixed(c->out, p.latitude);
}
