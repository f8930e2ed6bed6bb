/* SPDX-License-Identifier: BSD-3-Clause */
/* The list commands with several keys: LMOVE, RPOPLPUSH, LMPOP. */
#include "base/reserve.h"
#include "cmd/args/pop_args.h"
#include "cmd/list/list_ends.h"
#include "types/list.h"

#define HOLD_FROM (1024 * 1024) /* bytes of an element from which on memory for its copy is held */

static const char *push_event(bool front)
{
    return front ? "lpush" : "rpush";
}

/* Moves an element within the list o, which is both source and target, and closes it. The events come in the order of
 * Redis: the push before the pop. */
static void rotate(struct call *c, struct collection *o, bool from_front, bool to_front)
{
    must(list_count(&o->value) > 0);
    list_rotate(&o->value, from_front, to_front);
    call_changed(c, 2, EVENT_LIST, push_event(to_front));
    call_changed(c, 1, EVENT_LIST, from_front ? "lpop" : "rpop");
    collection_close(o);
}

/* Moves s, an end element of the opened source, to the list in argument 2. Closes the source. */
static void move_element(struct call *c, struct collection *source, struct slice s, bool from_front, bool to_front)
{
    struct collection target;

    must(source->key == 1 && list_count(&source->value) > 0);
    if (!collection_write(&target, c, 2, TYPE_LIST)) {
        collection_close(source);
        return;
    }
    reply_bulk(c->out, s);
    list_push(&target.value, to_front, s);
    call_changed(c, 2, EVENT_LIST, push_event(to_front));
    collection_close(&target);
    list_end_take(source, from_front, 1);
}

static void move(struct call *c, bool from_front, bool to_front)
{
    struct collection source;
    struct list_walk w;
    struct slice s;
    bool holds;

    if (!collection_write(&source, c, 1, TYPE_LIST))
        return;
    list_walk_begin(&w, &source.value, from_front ? 0 : -1);
    if (!list_walk_next(&w, &s)) {
        reply_null(c->out);
        collection_close(&source);
        return;
    }
    holds = s.n >= HOLD_FROM;
    if (holds && !reserve_hold(s.n)) {
        reply_error(c->out, ERR_EXHAUSTED);
        collection_close(&source);
        return;
    }
    if (slice_eq(call_arg(c, 1), call_arg(c, 2))) {
        reply_bulk(c->out, s);
        rotate(c, &source, from_front, to_front);
    } else {
        move_element(c, &source, s, from_front, to_front);
    }
    if (holds)
        reserve_drop();
}

#define MOVE_KEYS \
    {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .first = 1, .last = 1, .step = 1}, \
     {.flags = KEY_RW | KEY_INSERT, .first = 2, .last = 2, .step = 1}}

CMD(lmove,
    .name = "LMOVE", .arity = 5, .group = "list", .since = "6.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = MOVE_KEYS,
    .summary = "Pops an element from an end of a list, pushes it to an end of another or the same list and returns it.",
    .syntax = "source destination <LEFT | RIGHT> <LEFT | RIGHT>")
{
    bool from_front, to_front;

    if (list_end_parse(c, 3, &from_front) && list_end_parse(c, 4, &to_front))
        move(c, from_front, to_front);
}

CMD(rpoplpush,
    .name = "RPOPLPUSH", .arity = 3, .group = "list", .since = "1.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = MOVE_KEYS,
    .summary = "Pops the last element of a list, prepends it to another or the same list, and returns it.",
    .syntax = "source destination", .replaced_by = "`LMOVE` with the `RIGHT` and `LEFT` arguments",
    .deprecated_since = "6.2.0")
{
    move(c, false, true);
}

/* ---- LMPOP ---- */

/* Pops from an opened list that exists, replies with its key and the elements, and closes it. */
static void pop_from(struct call *c, struct collection *o, const struct pop_args *a)
{
    size_t n = list_count(&o->value);
    bool front = !a->second;

    must(n > 0 && a->count > 0);
    if ((uint64_t)a->count < n)
        n = (size_t)a->count;
    reply_array(c->out, 2);
    reply_bulk(c->out, call_arg(c, o->key));
    list_end_reply(c, &o->value, front, n);
    list_end_take(o, front, n);
}

CMD(lmpop,
    .name = "LMPOP", .arity = -4, .group = "list", .since = "7.0.0",
    .cost = "O(N+M) where N is the number of keys and M is the number of elements returned",
    .flags = CMD_WRITE | CMD_MOVABLEKEYS,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_DELETE, .find = KEYS_NUMBER, .first = 1, .step = 1}},
    .summary = "Removes and returns elements from one end of the first of several lists that exists.",
    .syntax = "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]")
{
    struct pop_args args;
    struct collection o;

    if (!pop_args_parse(c, 1, "LEFT", "RIGHT", &args))
        return;
    must(args.keys > 0 && 2 + args.keys < c->argc);
    for (int i = 2; i < 2 + args.keys; i++) {
        if (!collection_write(&o, c, i, TYPE_LIST))
            return;
        if (collection_exists(&o)) {
            pop_from(c, &o, &args);
            return;
        }
        collection_close(&o);
    }
    reply_null_array(c->out);
}
