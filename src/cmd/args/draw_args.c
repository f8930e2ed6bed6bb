/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/args/draw_args.h"

bool draw_args_parse(struct call *c, const char *word, int64_t *count, bool *pairs)
{
    must(c->argc >= 3);
    if (!call_int_negatable(c, 2, count))
        return false;
    *pairs = c->argc == 4 && call_is(c, 3, word);
    if (c->argc > 4 || (c->argc == 4 && !*pairs))
        call_error_syntax(c);
    else if (*pairs && (*count < -INT64_MAX / 2 || *count > INT64_MAX / 2)) /* the limits of Redis */
        reply_error(c->out, "ERR value is out of range");
    else
        return true;
    return false;
}
