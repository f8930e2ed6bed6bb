/* SPDX-License-Identifier: BSD-3-Clause */
/* SPOP and SRANDMEMBER: https://redis.io/docs/latest/commands/spop/ */
#include "run/collection.h"
#include "types/set.h"

static void reply_member(void *arg, struct slice member)
{
    reply_bulk(arg, member);
}

/* ---- SPOP ---- */

static void pop_one(struct call *c)
{
    struct collection o;

    if (!collection_write(&o, c, 1, TYPE_SET))
        return;
    if (collection_exists(&o)) {
        must(set_count(&o.value) > 0);
        set_pop(&o.value, 1, reply_member, c->out);
        call_changed(c, 1, EVENT_SET, "spop");
    } else {
        reply_null(c->out);
    }
    collection_close(&o);
}

/* Replies with all members and removes them. A large set is freed in the background. As in Redis, this counts as a
 * read of the set too. */
static void pop_all(struct call *c, struct collection *o)
{
    counter_add(&c->runner->metrics->sums.hits, 1);
    set_sample(&o->value, set_count(&o->value), reply_member, c->out);
    collection_clear(o);
}

static void pop_many(struct call *c)
{
    struct collection o;
    int64_t count;
    size_t n;

    if (!call_int_between(c, 2, 0, INT64_MAX, &count, ERR_NOT_POSITIVE) || !collection_write(&o, c, 1, TYPE_SET))
        return;
    n = set_count(&o.value);
    if ((uint64_t)count < n)
        n = (size_t)count;
    must(n <= set_count(&o.value));
    reply_set(c->out, n);
    if (n > 0) {
        if (n == set_count(&o.value))
            pop_all(c, &o);
        else
            set_pop(&o.value, n, reply_member, c->out);
        call_changed(c, 1, EVENT_SET, "spop");
    }
    collection_close(&o);
}

CMD(spop,
    .name = "SPOP", .arity = -2, .group = "set", .since = "1.0.0",
    .cost = "O(1) without a count, otherwise O(N) where N is the count", .flags = CMD_WRITE | CMD_FAST,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE), .syntax = "key [count]",
    .history = "3.2.0: Added the `count` argument.", .hints = "nondeterministic_output",
    .summary = "Removes and returns random members of a set.")
{
    if (c->argc > 3)
        call_error_syntax(c);
    else if (c->argc == 3)
        pop_many(c);
    else
        pop_one(c);
}

/* ---- SRANDMEMBER ---- */

static void draw_one(struct call *c)
{
    struct listpack_digits d;
    struct collection o;

    if (!collection_read(&o, c, 1, TYPE_SET))
        return;
    if (collection_exists(&o))
        reply_bulk(c->out, set_random(&o.value, &d));
    else
        reply_null(c->out);
}

/* Replies with n random members, which may repeat. Stops when the client exceeds its output limit and is about to be
 * disconnected. */
static void draw_with_repeats(struct call *c, const struct value *v, uint64_t n)
{
    struct set_draw d;

    must(n > 0 && set_count(v) > 0);
    reply_array(c->out, n);
    set_draw_begin(&d, v);
    for (; n > 0 && c->out->cut == NULL; n--)
        reply_bulk(c->out, set_draw(&d));
    set_draw_end(&d);
}

static void draw_many(struct call *c)
{
    struct collection o;
    int64_t count;
    size_t n;

    if (!call_int_negatable(c, 2, &count) || !collection_read(&o, c, 1, TYPE_SET))
        return;
    if (count < 0 && collection_exists(&o)) {
        draw_with_repeats(c, &o.value, (uint64_t)-count);
        return;
    }
    n = set_count(&o.value);
    if (count >= 0 && (uint64_t)count < n)
        n = (size_t)count;
    must(n <= set_count(&o.value));
    reply_array(c->out, n);
    set_sample(&o.value, n, reply_member, c->out);
}

CMD(srandmember,
    .name = "SRANDMEMBER", .arity = -2, .group = "set", .since = "1.0.0",
    .cost = "O(1) without a count, otherwise O(N) where N is the absolute value of the count", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS), .syntax = "key [count]",
    .history = "2.6.0: Added the `count` argument.", .hints = "nondeterministic_output",
    .summary = "Returns random members of a set: distinct ones, or with a negative count, ones that may repeat.")
{
    if (c->argc > 3)
        call_error_syntax(c);
    else if (c->argc == 3)
        draw_many(c);
    else
        draw_one(c);
}
