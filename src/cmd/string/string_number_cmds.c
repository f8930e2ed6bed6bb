/* SPDX-License-Identifier: BSD-3-Clause */
/* The string commands that work on numbers. https://redis.io/docs/latest/commands/?group=string */
#include <math.h>

#include "base/num.h"
#include "run/call.h"
#include "types/string.h"

#define COUNT_KEYS CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE)

/* The entry of the key in argument 1, NULL if there is none. False: it is not a string, and the error was replied. */
static bool find_string(struct call *c, struct entry **e)
{
    *e = call_look(c, 1);
    if (*e == NULL || entry_type(*e) == TYPE_STRING)
        return true;
    reply_error(c->out, ERR_WRONGTYPE);
    return false;
}

/* The integer value of an entry; 0 if there is no entry. False: it is not an integer, and the error was replied. */
static bool read_int(struct call *c, const struct entry *e, int64_t *v)
{
    struct entry_digits d;

    if (e == NULL) {
        *v = 0;
    } else if (LIKELY(entry_encoding(e) == ENCODING_INT)) {
        *v = entry_int(e);
    } else if (!num_parse_i64(entry_string(e, &d), v)) {
        reply_error(c->out, ERR_NOT_INT);
        return false;
    }
    return true;
}

static void add(struct call *c, int64_t increment)
{
    struct entry *e;
    int64_t v;

    if (!find_string(c, &e) || !read_int(c, e, &v))
        return;
    if (!string_add(v, increment, &v)) {
        reply_error(c->out, ERR_OVERFLOW);
        return;
    }
    must(e == NULL || entry_type(e) == TYPE_STRING);
    call_set_int(c, 1, e, v);
    call_changed(c, 1, EVENT_STRING, "incrby");
    reply_int(c->out, v);
}

CMD(incr,
    .name = "INCR", .arity = 2, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = COUNT_KEYS,
    .summary = "Increments the integer value of a key by one; a missing key counts as 0.", .syntax = "key")
{
    add(c, 1);
}

CMD(decr,
    .name = "DECR", .arity = 2, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = COUNT_KEYS,
    .summary = "Decrements the integer value of a key by one; a missing key counts as 0.", .syntax = "key")
{
    add(c, -1);
}

CMD(incrby, .name = "INCRBY", .arity = 3, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS, .keys = COUNT_KEYS,
    .summary = "Adds a number to the integer value of a key; a missing key counts as 0.", .syntax = "key increment")
{
    int64_t increment;

    if (call_int(c, 2, &increment))
        add(c, increment);
}

CMD(decrby, .name = "DECRBY", .arity = 3, .group = "string", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS, .keys = COUNT_KEYS,
    .summary = "Subtracts a number from the integer value of a key; a missing key counts as 0.",
    .syntax = "key decrement")
{
    int64_t decrement;

    if (!call_int(c, 2, &decrement))
        return;
    if (decrement == INT64_MIN) {
        reply_error(c->out, "ERR decrement would overflow");
        return;
    }
    add(c, -decrement);
}

/* As read_int, for a long double. */
static bool read_long_double(struct call *c, const struct entry *e, long double *v)
{
    struct entry_digits d;

    *v = 0;
    if (e == NULL || num_parse_ld(entry_string(e, &d), v))
        return true;
    reply_error(c->out, ERR_NOT_FLOAT);
    return false;
}

/* Stores the text as it is, even if it is an integer: OBJECT ENCODING does not report int, as in Redis. Keeps the
 * expiry. */
static void store_text(struct call *c, struct entry *old, struct slice text)
{
    struct entry_spec spec = {
        .key = call_arg(c, 1), .value = text, .expire = old != NULL ? entry_expire(old) : 0};

    must(text.n > 0 && text.n < NUM_LD_MAX);
    must(old == NULL || entry_type(old) == TYPE_STRING);
    call_put(c, 1, c->db, old, entry_new(&spec));
}

CMD(incrbyfloat, .name = "INCRBYFLOAT", .arity = 3, .group = "string", .since = "2.6.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST | CMD_STRINGS, .keys = COUNT_KEYS,
    .summary = "Adds a floating-point number to the number in a key; a missing key counts as 0.",
    .syntax = "key increment:double")
{
    char text[NUM_LD_MAX];
    struct slice sum;
    struct entry *e;
    long double v, increment;

    if (!find_string(c, &e) || !read_long_double(c, e, &v) || !call_long_double(c, 2, &increment))
        return;
    v += increment;
    if (!isfinite(v)) {
        reply_error(c->out, ERR_NAN_OR_INF);
        return;
    }
    sum = slice_of(text, (size_t)num_format_ld(text, v));
    store_text(c, e, sum);
    call_changed(c, 1, EVENT_STRING, "incrbyfloat");
    reply_bulk(c->out, sum);
}
