/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/hash/hash_args.h"

#include "types/hash.h"

bool hash_args_fields(struct call *c, int i, const char *count_error)
{
    int64_t n;

    must(i > 1 && i < c->argc);
    if (!call_is(c, i, "FIELDS")) {
        reply_error(c->out, ERR_NO_FIELDS);
        return false;
    }
    if (i + 1 == c->argc) {
        call_error_arity(c);
        return false;
    }
    if (!call_int_between(c, i + 1, 1, INT64_MAX, &n, count_error))
        return false;
    if (n == c->argc - i - 2)
        return true;
    reply_error(c->out, "ERR The `numfields` parameter must match the number of arguments");
    return false;
}

bool hash_args_expire(struct call *c, int i, enum expire_unit unit, bool absolute, int64_t *ms)
{
    int64_t t, max = absolute ? HASH_EXPIRE_MAX : HASH_EXPIRE_MAX - c->unit->now,
               scale = unit == EXPIRE_SECONDS ? 1000 : 1;

    must(i > 1 && i < c->argc);
    if (!call_int(c, i, &t))
        return false;
    if (t < 0) {
        reply_error(c->out, "ERR invalid expire time, must be >= 0");
        return false;
    }
    if (t > max / scale) {
        reply_errorf(c->out, ERR_INVALID_EXPIRE, command_full_name(c->cmd));
        return false;
    }
    *ms = absolute ? t * scale : c->unit->now + t * scale;
    must(*ms >= 0 && *ms <= HASH_EXPIRE_MAX);
    return true;
}

bool hash_reply_field(struct call *c, const struct value *v, struct slice field)
{
    struct listpack_digits d;
    struct slice value;

    if (hash_get(v, field, &value, &d)) {
        reply_bulk(c->out, value);
        return true;
    }
    reply_null(c->out);
    return false;
}
