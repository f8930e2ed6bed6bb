/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/args/pop_args.h"

/* COUNT at argument i, if there is one. False: the error was replied. */
static bool parse_count(struct call *c, int i, int64_t *count)
{
    must(i <= c->argc);
    *count = 1;
    if (i == c->argc)
        return true;
    if (i + 1 == c->argc || !call_is(c, i, "COUNT")) {
        call_error_syntax(c);
        return false;
    }
    if (!call_int_between(c, i + 1, 1, INT64_MAX, count, "ERR count should be greater than 0"))
        return false;
    if (i + 2 < c->argc)
        call_error_syntax(c);
    return i + 2 == c->argc;
}

bool pop_args_parse(struct call *c, int i, const char *first_word, const char *second_word, struct pop_args *a)
{
    int end;

    must(i > 0 && i < c->argc);
    if (!call_int_between(c, i, 1, INT64_MAX, &a->keys, "ERR numkeys should be greater than 0"))
        return false;
    end = a->keys < c->argc - i - 1 ? i + 1 + (int)a->keys : c->argc;
    a->second = end < c->argc && call_is(c, end, second_word);
    if (end == c->argc || (!a->second && !call_is(c, end, first_word))) {
        call_error_syntax(c);
        return false;
    }
    must(i + a->keys < c->argc); /* all keys are there */
    return parse_count(c, end + 1, &a->count);
}
