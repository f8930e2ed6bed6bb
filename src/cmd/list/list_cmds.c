/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands on a single list: push, pop, access by index, search by value. The commands that take several keys are
 * in list_move_cmds.c. https://redis.io/docs/latest/commands/?group=list
 */
#include "cmd/list/list_ends.h"
#include "types/list.h"

/* Opens the list in argument 1 for writing. False: an error was replied, or the key does not exist and `absent` was
 * called to reply. */
static bool open_existing(struct call *c, struct collection *o, void (*absent)(struct call *c))
{
    if (!collection_write(o, c, 1, TYPE_LIST))
        return false;
    if (collection_exists(o))
        return true;
    collection_close(o);
    absent(c);
    return false;
}

static void reply_zero(struct call *c)
{
    reply_int(c->out, 0);
}

static void reply_no_key(struct call *c)
{
    reply_error(c->out, ERR_NO_KEY);
}

/* ---- pushing ---- */

/* Adds arguments 2 and up to an opened list, and closes it. */
static void push_args(struct call *c, struct collection *o, bool front)
{
    must(c->argc > 2 && o->type == TYPE_LIST);
    list_push_all(&o->value, front, c->argv + 2, (size_t)c->argc - 2);
    reply_int(c->out, (int64_t)list_count(&o->value));
    call_changed(c, 1, EVENT_LIST, front ? "lpush" : "rpush");
    collection_close(o);
}

static void push(struct call *c, bool front)
{
    struct collection o;

    if (call_args_fit(c, 2, LIST_ELEMENT_MAX) && collection_write(&o, c, 1, TYPE_LIST))
        push_args(c, &o, front);
}

static void push_existing(struct call *c, bool front)
{
    struct collection o;

    if (call_args_fit(c, 2, LIST_ELEMENT_MAX) && open_existing(c, &o, reply_zero))
        push_args(c, &o, front);
}

#define PUSH \
    .arity = -3, .group = "list", .cost = "O(N) where N is the number of elements added", \
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_INSERT), \
    .syntax = "key element [element ...]"

CMD(lpush, .name = "LPUSH", PUSH, .since = "1.0.0", .history = "2.4.0: Accepts multiple elements.",
    .summary = "Prepends elements to a list, one after another. Creates the list if it does not exist.")
{
    push(c, true);
}

CMD(rpush, .name = "RPUSH", PUSH, .since = "1.0.0", .history = "2.4.0: Accepts multiple elements.",
    .summary = "Appends elements to a list. Creates the list if it does not exist.")
{
    push(c, false);
}

CMD(lpushx, .name = "LPUSHX", PUSH, .since = "2.2.0", .history = "4.0.0: Accepts multiple elements.",
    .summary = "Prepends elements to a list, only if the list exists.")
{
    push_existing(c, true);
}

CMD(rpushx, .name = "RPUSHX", PUSH, .since = "2.2.0", .history = "4.0.0: Accepts multiple elements.",
    .summary = "Appends elements to a list, only if the list exists.")
{
    push_existing(c, false);
}

/* ---- popping ---- */

static void pop_one(struct call *c, bool front)
{
    struct collection o;
    struct list_walk w;
    struct slice s;

    if (!collection_write(&o, c, 1, TYPE_LIST))
        return;
    list_walk_begin(&w, &o.value, front ? 0 : -1);
    if (list_walk_next(&w, &s)) {
        reply_bulk(c->out, s);
        list_end_take(&o, front, 1);
    } else {
        reply_null(c->out);
        collection_close(&o);
    }
}

static void pop_many(struct call *c, bool front)
{
    struct collection o;
    int64_t count;
    size_t n;

    if (!call_int_between(c, 2, 0, INT64_MAX, &count, ERR_NOT_POSITIVE) || !collection_write(&o, c, 1, TYPE_LIST))
        return;
    must(count >= 0);
    if (!collection_exists(&o)) {
        reply_null_array(c->out);
        collection_close(&o);
        return;
    }
    n = list_count(&o.value);
    if ((uint64_t)count < n)
        n = (size_t)count;
    list_end_reply(c, &o.value, front, n);
    if (n > 0)
        list_end_take(&o, front, n);
    else
        collection_close(&o);
}

static void pop(struct call *c, bool front)
{
    if (c->argc == 2)
        pop_one(c, front);
    else if (c->argc == 3)
        pop_many(c, front);
    else
        call_error_arity(c);
}

#define POP \
    .arity = -2, .group = "list", .since = "1.0.0", .cost = "O(N) where N is the number of elements returned", \
    .flags = CMD_WRITE | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_DELETE), \
    .syntax = "key [count]", .history = "6.2.0: Added the `count` argument."

CMD(lpop, .name = "LPOP", POP, .summary = "Removes and returns the first elements of a list.")
{
    pop(c, true);
}

CMD(rpop, .name = "RPOP", POP,
    .summary = "Removes and returns the last elements of a list, starting with the last one.")
{
    pop(c, false);
}

/* ---- by index ---- */

CMD(llen,
    .name = "LLEN", .arity = 2, .group = "list", .since = "1.0.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO),
    .summary = "Returns the length of a list.", .syntax = "key")
{
    struct collection o;

    if (collection_read(&o, c, 1, TYPE_LIST))
        reply_int(c->out, (int64_t)list_count(&o.value));
}

CMD(lindex,
    .name = "LINDEX", .arity = 3, .group = "list", .since = "1.0.0",
    .cost = "O(N) where N is the number of chunks, each of a few hundred elements, between the index and the nearer "
            "end of the list",
    .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the element at an index. Negative indexes count from the end of the list.",
    .syntax = "key index")
{
    struct collection o;
    struct list_walk w;
    struct slice s;
    int64_t index;

    if (!collection_read(&o, c, 1, TYPE_LIST))
        return;
    if (!collection_exists(&o)) {
        reply_null(c->out);
        return;
    }
    if (!call_int(c, 2, &index))
        return;
    list_walk_begin(&w, &o.value, index);
    if (list_walk_next(&w, &s))
        reply_bulk(c->out, s);
    else
        reply_null(c->out);
}

CMD(lrange,
    .name = "LRANGE", .arity = 4, .group = "list", .since = "1.0.0",
    .cost = "O(S+N) where S is the number of chunks, each of a few hundred elements, between the start index and the "
            "nearer end of the list, and N is the number of elements returned",
    .flags = CMD_READONLY, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the elements between two indexes, both inclusive.", .syntax = "key start stop")
{
    struct collection o;
    struct list_walk w;
    struct slice s;
    int64_t start, end;
    size_t n, first;

    if (!call_int(c, 2, &start) || !call_int(c, 3, &end) || !collection_read(&o, c, 1, TYPE_LIST))
        return;
    n = collection_range(list_count(&o.value), start, end, &first);
    must(n == 0 || first + n <= list_count(&o.value));
    reply_array(c->out, n);
    list_walk_begin(&w, &o.value, (int64_t)first);
    while (n-- > 0 && list_walk_next(&w, &s))
        reply_bulk(c->out, s);
}

CMD(lset,
    .name = "LSET", .arity = 4, .group = "list", .since = "1.0.0",
    .cost = "O(N) where N is the number of chunks, each of a few hundred elements, between the index and the nearer "
            "end of the list",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_UPDATE),
    .summary = "Replaces the element at an index.", .syntax = "key index element")
{
    struct collection o;
    int64_t index;

    if (!call_args_fit(c, 3, LIST_ELEMENT_MAX) || !open_existing(c, &o, reply_no_key))
        return;
    if (call_int(c, 2, &index)) {
        if (list_set(&o.value, index, call_arg(c, 3))) {
            reply_ok(c->out);
            call_changed(c, 1, EVENT_LIST, "lset");
        } else {
            reply_error(c->out, ERR_OUT_OF_RANGE);
        }
    }
    collection_close(&o);
}

/* Keeps the elements from `start` to `end`. If that is all of them, nothing changes. */
static void trim(struct call *c, struct collection *o, int64_t start, int64_t end)
{
    size_t n = list_count(&o->value), first;
    size_t kept = collection_range(n, start, end, &first);

    must(n > 0 && kept <= n);
    if (kept == n)
        return;
    if (kept == 0) {
        collection_clear(o);
    } else {
        must(first + kept <= n);
        list_remove(&o->value, first + kept, n - first - kept);
        list_remove(&o->value, 0, first);
    }
    call_changed(c, 1, EVENT_LIST, "ltrim");
}

static void reply_trimmed(struct call *c)
{
    reply_ok(c->out);
}

CMD(ltrim,
    .name = "LTRIM", .arity = 4, .group = "list", .since = "1.0.0",
    .cost = "O(N) where N is the number of elements removed", .flags = CMD_WRITE,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE),
    .summary = "Trims a list to the elements between two indexes, both inclusive.", .syntax = "key start stop")
{
    struct collection o;
    int64_t start, end;

    if (!call_int(c, 2, &start) || !call_int(c, 3, &end) || !open_existing(c, &o, reply_trimmed))
        return;
    trim(c, &o, start, end);
    reply_ok(c->out);
    collection_close(&o);
}

/* ---- by value ---- */

CMD(linsert,
    .name = "LINSERT", .arity = 5, .group = "list", .since = "2.2.0",
    .cost = "O(N) where N is the number of elements before the pivot", .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_INSERT),
    .summary = "Inserts an element before or after the first occurrence of a pivot.",
    .syntax = "key <BEFORE | AFTER> pivot element")
{
    bool after = call_is(c, 2, "AFTER");
    struct collection o;

    if (!after && !call_is(c, 2, "BEFORE")) {
        call_error_syntax(c);
        return;
    }
    if (!call_args_fit(c, 4, LIST_ELEMENT_MAX) || !open_existing(c, &o, reply_zero))
        return;
    if (list_insert(&o.value, after, call_arg(c, 3), call_arg(c, 4))) {
        reply_int(c->out, (int64_t)list_count(&o.value));
        call_changed(c, 1, EVENT_LIST, "linsert");
    } else {
        reply_int(c->out, -1);
    }
    collection_close(&o);
}

CMD(lrem,
    .name = "LREM", .arity = 4, .group = "list", .since = "1.0.0",
    .cost = "O(N) where N is the length of the list", .flags = CMD_WRITE,
    .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_DELETE),
    .summary = "Removes elements equal to a value: the first `count` of them, the last `-count` if negative, all if 0.",
    .syntax = "key count element")
{
    struct collection o;
    int64_t count;
    size_t n, removed;

    if (!call_int_negatable(c, 2, &count) || !open_existing(c, &o, reply_zero))
        return;
    n = count == 0 ? SIZE_MAX : count < 0 ? -(size_t)count : (size_t)count;
    removed = list_remove_equal(&o.value, call_arg(c, 3), n, count < 0);
    must(removed <= n);
    reply_int(c->out, (int64_t)removed);
    if (removed > 0)
        call_changed(c, 1, EVENT_LIST, "lrem");
    collection_close(&o);
}

/* ---- LPOS ---- */

struct lpos_args {
    int64_t rank;    /* of the first match to report; negative: counted from the end; never 0 */
    int64_t count;   /* matches to report; 0: all; negative: one, which is not replied as an array */
    int64_t max_len; /* elements to compare; 0: all */
};

/* Parses argument i as the RANK. False: the error was replied. */
static bool parse_rank(struct call *c, int i, int64_t *rank)
{
    if (!call_int_negatable(c, i, rank))
        return false;
    if (*rank == 0)
        reply_error(c->out, "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use "
                            "negative to start from the end of the list");
    return *rank != 0;
}

/* False: the error was replied. */
static bool parse_lpos(struct call *c, struct lpos_args *a)
{
    bool valid = true;

    *a = (struct lpos_args){.rank = 1, .count = -1};
    for (int i = 3; i < c->argc && valid; i += 2) {
        bool has_value = i + 1 < c->argc;

        if (has_value && call_is(c, i, "RANK")) {
            valid = parse_rank(c, i + 1, &a->rank);
        } else if (has_value && call_is(c, i, "COUNT")) {
            valid = call_int_between(c, i + 1, 0, INT64_MAX, &a->count, "ERR COUNT can't be negative");
        } else if (has_value && call_is(c, i, "MAXLEN")) {
            valid = call_int_between(c, i + 1, 0, INT64_MAX, &a->max_len, "ERR MAXLEN can't be negative");
        } else {
            call_error_syntax(c);
            valid = false;
        }
    }
    return valid;
}

/* Replies with the index of each match, and returns the number of matches. */
static int64_t reply_matches(struct call *c, const struct value *v, const struct lpos_args *a)
{
    struct listpack_word sought = listpack_word(call_arg(c, 2));
    uint64_t left = a->max_len != 0 ? (uint64_t)a->max_len : UINT64_MAX;
    int64_t max = a->count < 0 ? 1 : a->count, n = 0, index;
    int64_t skip = (a->rank < 0 ? -a->rank : a->rank) - 1;
    struct list_walk w;

    must(a->rank != 0 && a->max_len >= 0);
    list_walk_begin(&w, v, a->rank < 0 ? -1 : 0);
    while (list_walk_find(&w, a->rank < 0, &sought, &left, &index)) {
        sane(index >= 0 && (size_t)index < list_count(v));
        if (skip > 0) {
            skip--;
            continue;
        }
        reply_int(c->out, index);
        if (++n == max)
            break;
    }
    return n;
}

CMD(lpos,
    .name = "LPOS", .arity = -3, .group = "list", .since = "6.0.6",
    .cost = "O(N) where N is the number of elements compared", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns the indexes of the elements equal to a value.",
    .syntax = "key element [RANK rank] [COUNT num-matches:integer] [MAXLEN len]")
{
    struct lpos_args args;
    struct collection o;
    struct reply_later array;

    if (!parse_lpos(c, &args) || !collection_read(&o, c, 1, TYPE_LIST))
        return;
    if (args.count < 0) {
        if (reply_matches(c, &o.value, &args) == 0)
            reply_null(c->out);
        return;
    }
    if (!collection_exists(&o)) {
        reply_array(c->out, 0);
        return;
    }
    array = reply_later_begin(c->out);
    reply_array_end(c->out, array, (size_t)reply_matches(c, &o.value, &args));
}
