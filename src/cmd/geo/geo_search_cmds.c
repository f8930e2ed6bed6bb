/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Searches for the members within a circle or a box. All six commands share one implementation and differ in the
 * arguments they accept.
 * https://redis.io/docs/latest/commands/geosearch/
 */
#include "cmd/geo/geo_args.h"
#include "cmd/zset/zset_args.h"
#include "types/geo_search.h"
#include "types/zset_gather.h"

/* ---- requests ---- */

/* What a command accepts. */
enum {
    TAKES_POINT = 1 << 0,  /* the center follows the key as coordinates, then the radius */
    TAKES_MEMBER = 1 << 1, /* the center follows the key as a member, then the radius */
    TAKES_STORE = 1 << 2,  /* STORE key, STOREDIST key */
    TAKES_SHAPE = 1 << 3,  /* the center and the shape are options */
    STORES = 1 << 4,       /* argument 1 is the destination, argument 2 the source */
};

struct request {
    struct call *call;
    unsigned takes;
    const struct collection *source;
    bool with_distance, with_hash, with_point;
    bool any;
    int64_t count;     /* 0: all */
    enum geo_order order;
    int store;         /* argument with the destination; 0: reply */
    bool store_distance;
    bool from_member, from_point, by_radius, by_box;
    struct geo_point center;
    double radius, width, height, unit;
};

/* Makes the point of the member in argument i the center; without a source key there is nothing to look up. False: the
 * error was replied. */
static bool parse_member(struct request *r, int i)
{
    double score;

    must(i < r->call->argc);
    if (!collection_exists(r->source))
        return true;
    if (!zset_score(&r->source->value, call_arg(r->call, i), &score)) {
        reply_error(r->call->out, "ERR could not decode requested zset member");
        return false;
    }
    r->center = geohash_point(score);
    return true;
}

static bool parse_count(struct request *r, int i)
{
    if (!call_int(r->call, i, &r->count))
        return false;
    if (r->count > 0)
        return true;
    reply_error(r->call->out, "ERR COUNT must be > 0");
    return false;
}

/* An option without a value. False: it is another word. */
static bool parse_word(struct request *r, int i)
{
    struct call *c = r->call;

    if (call_is(c, i, "WITHDIST"))
        r->with_distance = true;
    else if (call_is(c, i, "WITHHASH"))
        r->with_hash = true;
    else if (call_is(c, i, "WITHCOORD"))
        r->with_point = true;
    else if (call_is(c, i, "ANY"))
        r->any = true;
    else if (call_is(c, i, "ASC"))
        r->order = GEO_NEAREST;
    else if (call_is(c, i, "DESC"))
        r->order = GEO_FARTHEST;
    else if ((r->takes & STORES) && call_is(c, i, "STOREDIST"))
        r->store_distance = true;
    else
        return false;
    return true;
}

/* Both parse the option in argument i, which `left` more arguments follow. They return the number of arguments
 * consumed; 0: another word; -1: the error was replied. */
static int parse_shape(struct request *r, int i, int left)
{
    struct call *c = r->call;

    if (call_is(c, i, "FROMMEMBER") && left >= 1 && !r->from_point) {
        r->from_member = true;
        return parse_member(r, i + 1) ? 2 : -1;
    }
    if (call_is(c, i, "FROMLONLAT") && left >= 2 && !r->from_member) {
        r->from_point = true;
        return geo_args_point(c, i + 1, &r->center) ? 3 : -1;
    }
    if (call_is(c, i, "BYRADIUS") && left >= 2 && !r->by_box) {
        r->by_radius = true;
        return geo_args_radius(c, i + 1, &r->radius, &r->unit) ? 3 : -1;
    }
    if (call_is(c, i, "BYBOX") && left >= 3 && !r->by_radius) {
        r->by_box = true;
        return geo_args_box(c, i + 1, &r->width, &r->height, &r->unit) ? 4 : -1;
    }
    return 0;
}

static int parse_option(struct request *r, int i, int left)
{
    struct call *c = r->call;

    if (parse_word(r, i))
        return 1;
    if (call_is(c, i, "COUNT") && left >= 1)
        return parse_count(r, i + 1) ? 2 : -1;
    if ((r->takes & TAKES_STORE) && left >= 1 && (call_is(c, i, "STORE") || call_is(c, i, "STOREDIST"))) {
        r->store = i + 1;
        r->store_distance = call_is(c, i, "STOREDIST");
        return 2;
    }
    return r->takes & TAKES_SHAPE ? parse_shape(r, i, left) : 0;
}

static bool parse_options(struct request *r, int i)
{
    struct call *c = r->call;
    int taken;

    for (; i < c->argc; i += taken) {
        taken = parse_option(r, i, c->argc - i - 1);
        if (taken == 0)
            call_error_syntax(c);
        if (taken <= 0)
            return false;
    }
    must(i == c->argc);
    return true;
}

/* The arguments before the options; *i: the first option. As in Redis, if the source is missing and the center is a
 * member, the radius is not parsed. */
static bool parse_beginning(struct request *r, int *i)
{
    struct call *c = r->call;

    r->store = r->takes & STORES ? 1 : 0;
    *i = r->takes & STORES ? 3 : 2;
    if (r->takes & TAKES_SHAPE)
        return true;
    r->by_radius = true;
    if (r->takes & TAKES_POINT) {
        *i = 6;
        return geo_args_point(c, 2, &r->center) && geo_args_radius(c, 4, &r->radius, &r->unit);
    }
    must(r->takes & TAKES_MEMBER);
    *i = 5;
    return !collection_exists(r->source) ||
           (parse_member(r, 2) && geo_args_radius(c, 3, &r->radius, &r->unit));
}

/* Whether the options are complete and compatible. False: the error was replied. */
static bool check_options(const struct request *r)
{
    struct call *c = r->call;
    struct slice name = call_arg(c, 0);

    if (r->store != 0 && (r->with_distance || r->with_hash || r->with_point))
        reply_errorf(c->out, "ERR %s is not compatible with WITHDIST, WITHHASH and WITHCOORD options",
                     r->takes & STORES ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS");
    else if ((r->takes & TAKES_SHAPE) && !r->from_member && !r->from_point)
        reply_errorf(c->out, "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for %.*s", (int)name.n,
                     name.p);
    else if ((r->takes & TAKES_SHAPE) && !r->by_radius && !r->by_box)
        reply_errorf(c->out, "ERR exactly one of BYRADIUS and BYBOX can be specified for %.*s", (int)name.n, name.p);
    else if (r->any && r->count == 0)
        reply_error(c->out, "ERR the ANY argument requires COUNT argument");
    else
        return true;
    return false;
}

/* COUNT without ANY and without an order selects the nearest. */
static struct geo_query query_of(const struct request *r)
{
    struct geo_query q = {.order = r->order, .count = (size_t)r->count, .any = r->any};

    must(r->by_box != r->by_radius && r->unit > 0);
    q.shape = r->by_box ? geo_box(r->center, r->width, r->height, r->unit) : geo_circle(r->center, r->radius, r->unit);
    if (r->count > 0 && !r->any && r->order == GEO_AS_FOUND)
        q.order = GEO_NEAREST;
    return q;
}

/* ---- results ---- */

static void reply_hit(const struct request *r, const struct geo_hit *hit)
{
    struct call *c = r->call;
    unsigned parts = 1u + r->with_distance + r->with_hash + r->with_point;

    must(hit->distance >= 0 && r->unit > 0);
    if (parts > 1)
        reply_array(c->out, parts);
    reply_bulk(c->out, hit->member);
    if (r->with_distance)
        geo_reply_distance(c, hit->distance / r->unit);
    if (r->with_hash)
        reply_int(c->out, (int64_t)hit->score);
    if (r->with_point)
        geo_reply_point(c, geohash_point(hit->score));
}

static void reply_hits(const struct request *r, const struct geo_hits *hits)
{
    must(r->count == 0 || hits->n <= (size_t)r->count);
    reply_array(r->call->out, hits->n);
    for (size_t i = 0; i < hits->n; i++)
        reply_hit(r, &hits->v[i]);
}

static void store_hits(const struct request *r, const struct geo_hits *hits)
{
    struct value v = value_new(collection_limits(r->call, TYPE_ZSET));
    struct zset_gather g = zset_gather_new(false);

    must(r->store > 0 && r->store < r->call->argc);
    for (size_t i = 0; i < hits->n; i++) {
        const struct geo_hit *hit = &hits->v[i];

        zset_gather_add(&g, hit->member, r->store_distance ? hit->distance / r->unit : hit->score);
    }
    zset_gather_end(&g, &v);
    zset_store(r->call, r->store, &v, r->takes & STORES ? "geosearchstore" : "georadiusstore");
}

static void search(struct call *c, unsigned takes)
{
    struct collection source;
    struct request r = {.call = c, .takes = takes, .source = &source};
    struct geo_hits hits = {0};
    struct geo_query q;
    int i;

    if (!collection_read(&source, c, takes & STORES ? 2 : 1, TYPE_ZSET) || !parse_beginning(&r, &i) ||
        !parse_options(&r, i) || !check_options(&r))
        return;
    if (collection_exists(&source)) {
        q = query_of(&r);
        geo_search(&source.value, &q, &hits);
    }
    if (r.store != 0)
        store_hits(&r, &hits);
    else
        reply_hits(&r, &hits);
    geo_hits_free(&hits);
}

/* ---- the commands ---- */

/* The positions of the source, and of the last keys after STORE and STOREDIST; the last of the two options wins. */
static int find_keys(const struct slice *argv, int argc, int *positions, int max)
{
    int keys[3] = {1, 0, 0}, n = 0;

    for (int i = 5; i + 1 < argc; i++) {
        if (slice_is(argv[i], "STORE"))
            keys[1] = ++i;
        else if (slice_is(argv[i], "STOREDIST"))
            keys[2] = ++i;
    }
    for (int i = 0; i < 3; i++) {
        if (keys[i] == 0)
            continue;
        if (n < max)
            positions[n] = keys[i];
        n++;
    }
    return n;
}

#define SEARCH_COST \
    "O(N+log(M)) where N is the number of members in the grid cells that cover the shape, and M the number of members."
#define READ_KEY   {.flags = KEY_RO | KEY_ACCESS, .first = 1, .last = 1, .step = 1}
#define STORE_KEY(word, from) {.flags = KEY_OW | KEY_UPDATE, .keyword = word, .first = from, .step = 1}
#define UNIT       "<M | KM | FT | MI>"
#define FROM_POINT "key longitude:double latitude:double radius:double " UNIT
#define FROM_MEMBER "key member radius:double " UNIT
#define WITH       "[WITHCOORD] [WITHDIST] [WITHHASH]"
#define COUNT      "[COUNT count [ANY]]"
#define ORDER      "[ASC | DESC]"
#define STORE      "[STORE key | STOREDIST key]"
#define SHAPE \
    "<FROMMEMBER member | FROMLONLAT longitude:double latitude:double> " \
    "<BYRADIUS radius:double " UNIT " | BYBOX width:double height:double " UNIT ">"

CMD(geosearch,
    .name = "GEOSEARCH", .arity = -7, .group = "geo", .since = "6.2.0", .cost = SEARCH_COST,
    .flags = CMD_READONLY | CMD_COPIES,
    .keys = {READ_KEY}, .summary = "Returns the members of a geospatial index within a circle or a box.",
    .syntax = "key " SHAPE " " ORDER " " COUNT " " WITH, .history = "7.0.0: Units may be in upper case.")
{
    search(c, TAKES_SHAPE);
}

CMD(geosearchstore,
    .name = "GEOSEARCHSTORE", .arity = -8, .group = "geo", .since = "6.2.0", .cost = SEARCH_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES,
    .keys = {{.flags = KEY_OW | KEY_UPDATE, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_RO | KEY_ACCESS, .first = 2, .last = 2, .step = 1}},
    .summary = "Stores the members of a geospatial index within a circle or a box in another key.",
    .syntax = "destination:key source:key " SHAPE " " ORDER " " COUNT " [STOREDIST]",
    .history = "7.0.0: Units may be in upper case.")
{
    search(c, TAKES_SHAPE | STORES);
}

CMD(georadius,
    .name = "GEORADIUS", .arity = -6, .group = "geo", .since = "3.2.0", .cost = SEARCH_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES, .keys = {READ_KEY, STORE_KEY("STORE", 6), STORE_KEY("STOREDIST", 6)},
    .find_keys = find_keys, .summary = "Returns or stores the members of a geospatial index around a point.",
    .syntax = FROM_POINT " " WITH " " COUNT " " ORDER " " STORE,
    .history = "6.2.0: Added `ANY`.\n7.0.0: Units may be in upper case.", .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument")
{
    search(c, TAKES_POINT | TAKES_STORE);
}

CMD(georadius_ro,
    .name = "GEORADIUS_RO", .arity = -6, .group = "geo", .since = "3.2.10", .cost = SEARCH_COST,
    .flags = CMD_READONLY | CMD_COPIES, .keys = {READ_KEY},
    .summary = "Returns the members of a geospatial index around a point.",
    .syntax = FROM_POINT " " WITH " " COUNT " " ORDER, .history = "6.2.0: Added `ANY`.", .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` with the `BYRADIUS` argument")
{
    search(c, TAKES_POINT);
}

CMD(georadiusbymember,
    .name = "GEORADIUSBYMEMBER", .arity = -5, .group = "geo", .since = "3.2.0", .cost = SEARCH_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES, .keys = {READ_KEY, STORE_KEY("STORE", 5), STORE_KEY("STOREDIST", 5)},
    .find_keys = find_keys, .summary = "Returns or stores the members of a geospatial index around one of them.",
    .syntax = FROM_MEMBER " " WITH " " COUNT " " ORDER " " STORE, .history = "7.0.0: Units may be in upper case.",
    .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments")
{
    search(c, TAKES_MEMBER | TAKES_STORE);
}

CMD(georadiusbymember_ro,
    .name = "GEORADIUSBYMEMBER_RO", .arity = -5, .group = "geo", .since = "3.2.10", .cost = SEARCH_COST,
    .flags = CMD_READONLY | CMD_COPIES, .keys = {READ_KEY},
    .summary = "Returns the members of a geospatial index around one of them.",
    .syntax = FROM_MEMBER " " WITH " " COUNT " " ORDER, .deprecated_since = "6.2.0",
    .replaced_by = "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments")
{
    search(c, TAKES_MEMBER);
}
