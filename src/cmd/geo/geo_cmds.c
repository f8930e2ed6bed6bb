/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands on single points: members of a sorted set whose score is a geohash. Searches are in geo_search_cmds.c.
 * https://redis.io/docs/latest/commands/?group=geo
 */
#include "base/mem.h"
#include "cmd/geo/geo_args.h"
#include "cmd/zset/zset_args.h"
#include "types/geo_shape.h"

#define READ_KEY CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS)

/* ---- GEOADD ---- */

/* False: the error was replied. */
static bool parse_addition(struct call *c, struct zset_addition *a)
{
    int left;

    zset_addition_options(c, a, ZSET_NX | ZSET_XX);
    must(a->first >= 2 && a->first <= c->argc);
    left = c->argc - a->first;
    if (left == 0 || left % a->stride != 0 || ((a->rules & ZSET_NX) && (a->rules & ZSET_XX))) {
        call_error_syntax(c);
        return false;
    }
    a->n = (size_t)(left / a->stride);
    return true;
}

/* Parses all points before one is added. False: a point is invalid, and the error was replied. */
static bool parse_points(struct call *c, const struct zset_addition *a)
{
    struct geo_point p;

    must(a->n > 0 && a->first + a->stride * (int)a->n == c->argc);
    for (size_t i = 0; i < a->n; i++) {
        if (!geo_args_point(c, a->first + a->stride * (int)i, &p))
            return false;
        a->scores[i] = geohash_score(p);
    }
    return true;
}

CMD(geoadd,
    .name = "GEOADD", .arity = -5, .group = "geo", .since = "3.2.0",
    .cost = "O(log(N)) for each member, where N is the number of members of the sorted set.",
    .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Adds members with their coordinates to a geospatial index, or updates coordinates.",
    .syntax = "key [NX | XX] [CH] longitude:double latitude:double member [longitude:double latitude:double member "
              "...]",
    .history = "6.2.0: Added `CH`, `NX` and `XX`.")
{
    struct zset_addition a = {.first = 2, .stride = 3}; /* longitude, latitude, member */
    double few[ZSET_ADDITION_FEW];

    if (!parse_addition(c, &a))
        return;
    a.scores = a.n <= ZSET_ADDITION_FEW ? few : mem_alloc(a.n * sizeof *a.scores);
    if (parse_points(c, &a))
        zset_add_members(c, &a);
    if (a.scores != few)
        mem_free(a.scores);
}

/* ---- reading ---- */

/* The point of the member in argument i. False: there is no such member. */
static bool find_point(struct call *c, const struct value *v, int i, struct geo_point *p)
{
    double score;

    must(i < c->argc);
    if (!zset_score(v, call_arg(c, i), &score))
        return false;
    *p = geohash_point(score);
    return true;
}

CMD(geodist,
    .name = "GEODIST", .arity = -4, .group = "geo", .since = "3.2.0", .cost = "O(1)", .flags = CMD_READONLY,
    .keys = READ_KEY, .summary = "Returns the distance between two members of a geospatial index.",
    .syntax = "key member1 member2 [M | KM | FT | MI]")
{
    struct collection o;
    struct geo_point a, b;
    double unit = 1;

    if (c->argc > 5) {
        call_error_syntax(c);
        return;
    }
    if ((c->argc == 5 && !geo_args_unit(c, 4, &unit)) || !collection_read(&o, c, 1, TYPE_ZSET))
        return;
    if (find_point(c, &o.value, 2, &a) && find_point(c, &o.value, 3, &b))
        geo_reply_distance(c, geo_distance(a, b) / unit);
    else
        reply_null(c->out);
}

CMD(geopos,
    .name = "GEOPOS", .arity = -2, .group = "geo", .since = "3.2.0",
    .cost = "O(N) where N is the number of requested members.", .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns the longitudes and latitudes of members of a geospatial index.",
    .syntax = "key [member [member ...]]")
{
    struct collection o;
    struct geo_point p;

    if (!collection_read(&o, c, 1, TYPE_ZSET))
        return;
    reply_array(c->out, (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++)
        if (find_point(c, &o.value, i, &p))
            geo_reply_point(c, p);
        else
            reply_null_array(c->out);
}

CMD(geohash,
    .name = "GEOHASH", .arity = -2, .group = "geo", .since = "3.2.0",
    .cost = "O(N) where N is the number of requested members.", .flags = CMD_READONLY, .keys = READ_KEY,
    .summary = "Returns members of a geospatial index as standard geohash strings.",
    .syntax = "key [member [member ...]]")
{
    struct collection o;
    struct geo_point p;
    char text[GEOHASH_TEXT_BYTES];

    if (!collection_read(&o, c, 1, TYPE_ZSET))
        return;
    reply_array(c->out, (size_t)c->argc - 2);
    for (int i = 2; i < c->argc; i++) {
        if (!find_point(c, &o.value, i, &p)) {
            reply_null(c->out);
            continue;
        }
        geohash_text(p, text);
        reply_bulk(c->out, slice_of(text, sizeof text));
    }
}
