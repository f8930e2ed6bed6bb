/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/args/expire_args.h"

static bool refuse(struct call *c)
{
    reply_errorf(c->out, ERR_INVALID_EXPIRE, command_full_name(c->cmd));
    return false;
}

static bool to_moment(struct call *c, int64_t t, enum expire_unit unit, bool absolute, int64_t *ms)
{
    if (unit == EXPIRE_SECONDS && __builtin_mul_overflow(t, 1000, &t))
        return refuse(c);
    if (!absolute && __builtin_add_overflow(t, c->unit->now, &t))
        return refuse(c);
    *ms = t;
    return true;
}

bool expire_from_arg(struct call *c, int i, enum expire_unit unit, bool absolute, int64_t *ms)
{
    int64_t t;

    return call_int(c, i, &t) && to_moment(c, t, unit, absolute, ms);
}

enum expire_option expire_option_of(struct slice word)
{
    static const struct {
        const char *word;
        enum expire_option option;
    } options[] = {
        {"EX", EXPIRE_EX},     {"PX", EXPIRE_PX},           {"EXAT", EXPIRE_EXAT},
        {"PXAT", EXPIRE_PXAT}, {"KEEPTTL", EXPIRE_KEEPTTL}, {"PERSIST", EXPIRE_PERSIST},
    };

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        if (slice_is(word, options[i].word))
            return options[i].option;
    }
    return EXPIRE_NONE;
}

int expire_option_at(const struct call *c, int i, enum expire_option timeless, struct expire_args *args)
{
    enum expire_option option;

    must(i > 0 && i < c->argc);
    must(timeless == EXPIRE_KEEPTTL || timeless == EXPIRE_PERSIST);
    option = expire_option_of(call_arg(c, i));
    if (option == EXPIRE_NONE || (!expire_has_time(option) && option != timeless))
        return 0;
    /* An option may be repeated: the last time counts. */
    if (args->option != EXPIRE_NONE && args->option != option)
        return 0;
    if (expire_has_time(option) && i + 1 == c->argc)
        return 0;
    *args = (struct expire_args){option, i + 1};
    return expire_has_time(option) ? 2 : 1;
}

bool expire_from_options(struct call *c, const struct expire_args *args, int64_t *ms)
{
    int64_t t;

    *ms = 0;
    if (!expire_has_time(args->option))
        return true;
    must(args->time > 0 && args->time < c->argc);
    if (!call_int(c, args->time, &t))
        return false;
    if (t <= 0)
        return refuse(c);
    return to_moment(c, t, expire_unit_of(args->option), expire_is_absolute(args->option), ms);
}

unsigned expire_when_at(const struct call *c, int i)
{
    static const char *const words[] = {"NX", "XX", "GT", "LT"};

    for (int w = 0; w < 4; w++)
        if (call_is(c, i, words[w]))
            return 1u << w;
    return 0;
}

bool expire_allows(unsigned when, int64_t old, int64_t moment)
{
    must((when & ~(EXPIRE_NX | EXPIRE_XX | EXPIRE_GT | EXPIRE_LT)) == 0);
    if ((when & EXPIRE_NX) && old != 0)
        return false;
    if ((when & (EXPIRE_XX | EXPIRE_GT)) && old == 0)
        return false;
    if ((when & EXPIRE_GT) && moment <= old)
        return false;
    return !(when & EXPIRE_LT) || old == 0 || moment < old;
}
