/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/bitmap/bitmap_args.h"

#include "base/num.h"
#include "types/bitmap.h"

bool bitmap_offset_arg(struct call *c, int i, unsigned width, uint64_t *offset)
{
    struct slice arg = call_arg(c, i);
    int64_t v, factor = 1;

    must(i > 0 && i < c->argc && width <= 64);
    if (width > 0 && arg.n > 0 && arg.p[0] == '#') {
        arg = slice_of(arg.p + 1, arg.n - 1);
        factor = width;
    }
    if (!num_parse_i64(arg, &v) || __builtin_mul_overflow(v, factor, &v) || v < 0 ||
        (uint64_t)v >> 3 >= call_string_max(c)) {
        reply_error(c->out, "ERR bit offset is not an integer or out of range");
        return false;
    }
    *offset = (uint64_t)v;
    return true;
}

bool bitmap_for_write(struct call *c, uint64_t last, struct bitmap_target *target)
{
    struct entry *e = call_look(c, 1);
    size_t needed = bitmap_bytes_for(last);
    size_t length;

    if (e != NULL && entry_type(e) != TYPE_STRING) {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    length = e != NULL ? entry_strlen(e) : 0;
    target->grown = needed > length;
    target->n = target->grown ? needed : length;
    must(last >> 3 < target->n);
    if (!call_has_room(c, entry_growth(e, target->n)))
        return false;
    target->p = call_string_for_write(c, 1, e, target->n);
    return target->p != NULL;
}
