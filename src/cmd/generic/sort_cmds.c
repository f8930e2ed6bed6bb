/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SORT and SORT_RO: https://redis.io/docs/latest/commands/sort/. The elements are first copied out of the list, set or
 * sorted set, so that the look-ups of BY and GET may remove expired keys, and STORE may replace the source.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/pages.h"
#include "base/reserve.h"
#include "cmd/generic/sort_pattern.h"
#include "run/collection.h"
#include "types/list.h"
#include "types/set.h"
#include "types/zset.h"

#define HOLD_FROM    (1024 * 1024) /* bytes of an element from which on memory for it is held */
#define NUMBER_BYTES 128 /* of a number as text; longer ones are parsed in heap memory */

/* An element: n bytes of `bytes` at `at`. Its sort key is a number, or a text that is in `bytes` too. */
struct item {
    size_t at, n;
    union {
        double number;
        struct {
            size_t at, n;
        } text;
    } by;
    bool has_text;
};

struct sort {
    struct call *call;
    /* The request. */
    bool descending, alpha;
    bool unsorted;            /* a BY pattern has no star */
    bool has_by;
    int64_t skip, max;        /* LIMIT; max below 0: all */
    int store;                /* argument with the destination; 0: reply */
    struct sort_pattern by;
    struct sort_pattern *get; /* owned */
    size_t gets;
    /* The data. */
    struct buf bytes;
    struct item *items;       /* owned */
    size_t n;
    bool is_not_number;       /* a sort key is not a number */
};

/* ---- arguments ---- */

static bool parse_limit(struct sort *s, int i)
{
    return call_int(s->call, i, &s->skip) && call_int(s->call, i + 1, &s->max);
}

static void parse_by(struct sort *s, struct slice pattern)
{
    sort_pattern_fini(&s->by);
    s->by = sort_pattern_parse(pattern);
    s->has_by = true;
    s->unsorted |= !s->by.has_star;
}

/* Parses the option in argument i. Returns the number of arguments consumed; 0: the error was replied. */
static int parse_option(struct sort *s, int i, bool may_store)
{
    struct call *c = s->call;
    int left = c->argc - i - 1;

    must(i >= 2 && left >= 0);
    if (call_is(c, i, "ASC") || call_is(c, i, "DESC")) {
        s->descending = call_is(c, i, "DESC");
        return 1;
    }
    if (call_is(c, i, "ALPHA")) {
        s->alpha = true;
        return 1;
    }
    if (call_is(c, i, "LIMIT") && left >= 2)
        return parse_limit(s, i + 1) ? 3 : 0;
    if (may_store && call_is(c, i, "STORE") && left >= 1) {
        s->store = i + 1;
        return 2;
    }
    if (call_is(c, i, "BY") && left >= 1) {
        parse_by(s, call_arg(c, i + 1));
        return 2;
    }
    if (call_is(c, i, "GET") && left >= 1) {
        must(s->gets < (size_t)c->argc / 2);
        s->get[s->gets++] = sort_pattern_parse(call_arg(c, i + 1));
        return 2;
    }
    call_error_syntax(c);
    return 0;
}

/* False: the error was replied. sort_fini must follow in either case. */
static bool sort_parse(struct sort *s, struct call *c, bool may_store)
{
    int taken;

    *s = (struct sort){.call = c, .max = -1, .by = sort_pattern_parse(SLICE("")), .bytes = BUF_EMPTY};
    s->get = mem_alloc((size_t)c->argc / 2 * sizeof *s->get);
    for (int i = 2; i < c->argc; i += taken) {
        taken = parse_option(s, i, may_store);
        if (taken == 0)
            return false;
    }
    return true;
}

static void free_items(struct sort *s)
{
    mem_free(s->items);
    s->items = NULL;
    buf_fini(&s->bytes);
}

static void sort_fini(struct sort *s)
{
    sort_pattern_fini(&s->by);
    for (size_t i = 0; i < s->gets; i++)
        sort_pattern_fini(&s->get[i]);
    mem_free(s->get);
    free_items(s);
}

/* ---- elements ---- */

static struct slice element(const struct sort *s, const struct item *item)
{
    sane(item->at + item->n <= s->bytes.len);
    return slice_of(s->bytes.p + item->at, item->n);
}

static void add(struct sort *s, struct slice element)
{
    s->items[s->n++] = (struct item){.at = s->bytes.len, .n = element.n};
    buf_add_slice(&s->bytes, element);
}

/* Both load n elements from index `from` on, counted from the end if the order is descending. */
static void load_list(struct sort *s, const struct value *v, size_t from, size_t n)
{
    struct list_walk w;
    struct slice element;

    list_walk_begin(&w, v, s->descending ? -1 - (int64_t)from : (int64_t)from);
    while (n-- > 0 && (s->descending ? list_walk_back(&w, &element) : list_walk_next(&w, &element)))
        add(s, element);
}

static void load_zset(struct sort *s, const struct value *v, size_t from, size_t n)
{
    struct zset_walk w;
    struct slice member;
    double score;

    if (s->descending)
        zset_walk_begin_down(&w, v, zset_count(v) - 1 - from);
    else
        zset_walk_begin_at(&w, v, from);
    while (n-- > 0 && (s->descending ? zset_walk_prev(&w, &member, &score) : zset_walk_next(&w, &member, &score)))
        add(s, member);
}

static void load_set(struct sort *s, const struct value *v)
{
    struct set_walk w;
    struct slice member;

    set_walk_begin(&w, v);
    while (set_walk_next(&w, &member))
        add(s, member);
}

static size_t count(const struct entry *e, const struct value *v)
{
    switch ((int)entry_type(e)) {
    case TYPE_LIST:
        return list_count(v);
    case TYPE_SET:
        return set_count(v);
    default:
        must(entry_type(e) == TYPE_ZSET);
        return zset_count(v);
    }
}

/* The elements that LIMIT selects of `total`. */
struct range {
    size_t from, n;
};

static struct range limit(const struct sort *s, size_t total)
{
    struct range r = {0, total};

    if (s->skip > 0)
        r.from = (uint64_t)s->skip < total ? (size_t)s->skip : total;
    r.n -= r.from;
    if (s->max >= 0 && (uint64_t)s->max < r.n)
        r.n = (size_t)s->max;
    must(r.from <= total && r.n <= total - r.from);
    return r;
}

/* Loads the elements: all, or only those that LIMIT selects if they need no sorting. Returns the range of the loaded
 * elements that is the result. */
static struct range load(struct sort *s, const struct entry *e)
{
    struct value v = entry_value(e);
    size_t total = count(e, &v);
    struct range selected = limit(s, total);
    bool is_set = entry_type(e) == TYPE_SET;
    struct range loaded = s->unsorted && !is_set ? selected : (struct range){0, total};

    s->items = mem_alloc(loaded.n * sizeof *s->items);
    if (loaded.n == 0)
        return loaded;
    if (is_set)
        load_set(s, &v);
    else if (entry_type(e) == TYPE_LIST)
        load_list(s, &v, loaded.from, loaded.n);
    else
        load_zset(s, &v, loaded.from, loaded.n);
    must(s->n == loaded.n);
    return (struct range){selected.from - loaded.from, selected.n};
}

/* ---- order ---- */

/* A number as strtod parses it, with leading space allowed; an empty text is 0. */
static bool parse_number(struct slice text, double *v)
{
    char room[NUMBER_BYTES], *copy = room, *end;
    bool good;

    if (text.n >= sizeof room)
        copy = mem_alloc(text.n + 1);
    if (text.n != 0)
        memcpy(copy, text.p, text.n);
    copy[text.n] = 0;
    errno = 0;
    *v = strtod(copy, &end);
    good = *end == 0 && errno != ERANGE && !isnan(*v);
    if (copy != room)
        mem_free(copy);
    return good;
}

/* Finds the sort key of an element: 0 or no text if there is none. */
static void find_sort_key(struct sort *s, struct item *item)
{
    struct slice text = element(s, item);
    int64_t integer;

    item->by.number = 0;
    if (s->has_by && !sort_pattern_find(&s->by, s->call, text, &text))
        return;
    if (!s->alpha) {
        if (num_parse_i64(text, &integer))
            item->by.number = (double)integer;
        else if (!parse_number(text, &item->by.number))
            s->is_not_number = true;
        return;
    }
    item->has_text = true;
    item->by.text.at = s->has_by ? s->bytes.len : item->at;
    item->by.text.n = text.n;
    if (s->has_by)
        buf_add_slice(&s->bytes, text);
}

static int compare_texts(const struct sort *s, const struct item *a, const struct item *b)
{
    if (!a->has_text || !b->has_text)
        return a->has_text - b->has_text;
    return slice_cmp(slice_of(s->bytes.p + a->by.text.at, a->by.text.n),
                     slice_of(s->bytes.p + b->by.text.at, b->by.text.n));
}

static int compare_numbers(const struct sort *s, const struct item *a, const struct item *b)
{
    if (a->by.number != b->by.number)
        return a->by.number < b->by.number ? -1 : 1;
    return slice_cmp(element(s, a), element(s, b));
}

/* Elements with equal keys stay in their order. */
static int compare(const void *x, const void *y, void *arg)
{
    const struct item *a = x, *b = y;
    const struct sort *s = arg;
    int order = s->alpha ? compare_texts(s, a, b) : compare_numbers(s, a, b);

    if (order == 0)
        return (a->at > b->at) - (a->at < b->at);
    return s->descending ? -order : order;
}

/* The members of a set are sorted before they are stored even if BY has no star, so that every server that runs the
 * command gets the same list. */
static void put_in_order(struct sort *s, const struct entry *e)
{
    if (s->unsorted && (entry_type(e) != TYPE_SET || s->store == 0))
        return;
    if (s->unsorted) {
        s->alpha = true;
        s->has_by = false;
    }
    for (size_t i = 0; i < s->n; i++)
        find_sort_key(s, &s->items[i]);
    qsort_r(s->items, s->n, sizeof *s->items, compare, s);
}

/* ---- the result ---- */

/* The value that a GET selects for an element; without GET the element itself. False: there is none. */
static bool get_part(struct sort *s, const struct item *item, size_t get, struct slice *part)
{
    must(s->gets == 0 || get < s->gets);
    *part = element(s, item);
    return s->gets == 0 || sort_pattern_find(&s->get[get], s->call, *part, part);
}

static size_t parts(const struct sort *s)
{
    return s->gets == 0 ? 1 : s->gets;
}

static void reply_result(struct sort *s, struct range r)
{
    struct out *out = s->call->out;
    struct slice part;

    must(r.n == 0 || r.from + r.n <= s->n);
    reply_array(out, r.n * parts(s));
    for (size_t i = r.from; i < r.from + r.n && out->cut == NULL; i++) /* cut: the client is about to be disconnected */
        for (size_t get = 0; get < parts(s); get++) {
            if (get_part(s, &s->items[i], get, &part))
                reply_bulk(out, part);
            else
                reply_null(out);
        }
}

#define CHECKED_BYTES ((size_t)64 * 1024) /* of a list that is being made, between two checks of the memory */

/* Values of other keys may be many and long. False: memory is out. */
static bool push_checked(struct value *list, struct slice part)
{
    bool holds = part.n >= HOLD_FROM;

    if (reserve_is_short() || pages_are_low() || (holds && !reserve_hold(part.n)))
        return false;
    list_push(list, false, part);
    if (holds)
        reserve_drop();
    return true;
}

/* Missing values become empty strings. False: a value is too long for a list, and the error was replied; or memory has
 * no room (call_has_room_with): with GET, a list of any size comes from a short one. */
static bool make_list(struct sort *s, struct range r, struct value *list)
{
    size_t made = 0, checked = 0;
    struct slice part;

    must(r.n == 0 || r.from + r.n <= s->n);
    if (r.n == 0)
        return true;
    list_begin_large(list);
    for (size_t i = r.from; i < r.from + r.n; i++)
        for (size_t get = 0; get < parts(s); get++) {
            bool found = get_part(s, &s->items[i], get, &part);

            if (found && part.n > LIST_ELEMENT_MAX) {
                reply_error(s->call->out, ERR_TOO_LONG);
                return false;
            }
            if (!push_checked(list, found ? part : SLICE(""))) {
                reply_error(s->call->out, ERR_EXHAUSTED);
                return false;
            }
            made += found ? part.n : 0;
            if (made - checked > CHECKED_BYTES && !call_has_room_with(s->call, 2 * made))
                return false;
            if (made - checked > CHECKED_BYTES)
                checked = made;
        }
    list_choose_form(list);
    return true;
}

static void store_result(struct sort *s, struct range r)
{
    struct call *c = s->call;
    struct value list = value_new(collection_limits(c, TYPE_LIST));

    must(s->store >= 2 && s->store < c->argc);
    if (!make_list(s, r, &list)) {
        entry_free_value(TYPE_LIST, &list);
        return;
    }
    free_items(s); /* the list has its own copies: they need no room any more */
    if (collection_store(c, s->store, TYPE_LIST, &list, EVENT_LIST, "sortstore"))
        reply_int(c->out, (int64_t)(r.n * parts(s)));
}

static void sort_entry(struct sort *s, const struct entry *e)
{
    struct range r = {0, 0};

    if (e != NULL) {
        r = load(s, e);
        put_in_order(s, e);
    }
    if (s->is_not_number)
        reply_error(s->call->out, "ERR One or more scores can't be converted into double");
    else if (s->store != 0)
        store_result(s, r);
    else
        reply_result(s, r);
}

static bool is_sortable(const struct entry *e)
{
    return e == NULL || entry_type(e) == TYPE_LIST || entry_type(e) == TYPE_SET || entry_type(e) == TYPE_ZSET;
}

static void sort(struct call *c, bool may_store)
{
    struct entry *e;
    struct sort s;

    if (sort_parse(&s, c, may_store)) {
        e = call_find_read(c, 1);
        if (is_sortable(e))
            sort_entry(&s, e);
        else
            reply_error(c->out, ERR_WRONGTYPE);
    }
    sort_fini(&s);
}

/* ---- the commands ---- */

/* The positions of the key, and of the last one after STORE. With invalid arguments they may be wrong: the body replies
 * with an error before it uses them. */
static int sort_keys(const struct slice *argv, int argc, int *positions, int max)
{
    int store = 0;

    for (int i = 2; i < argc; i++) {
        if (slice_is(argv[i], "LIMIT"))
            i += 2;
        else if (slice_is(argv[i], "GET") || slice_is(argv[i], "BY"))
            i++;
        else if (slice_is(argv[i], "STORE") && i + 1 < argc)
            store = ++i;
    }
    if (max > 0)
        positions[0] = 1;
    if (max > 1 && store != 0)
        positions[1] = store;
    return store != 0 ? 2 : 1;
}

/* Whether a pattern of BY or GET reads keys. */
static bool sort_needs_world(const struct slice *argv, int argc)
{
    for (int i = 2; i + 1 < argc; i++)
        if ((slice_is(argv[i], "BY") || slice_is(argv[i], "GET")) && sort_pattern_reads(argv[i + 1]))
            return true;
    return false;
}

#define SORT_COST \
    "O(N+M*log(M)) where N is the number of elements and M the number of returned elements; O(N) if BY has no star. " \
    "A star in BY or GET blocks all other commands."
#define SORT_CATEGORIES "@set @sortedset @list @dangerous -@keyspace"
#define SORT_SYNTAX \
    "key [BY by-pattern] [LIMIT offset count] [GET get-pattern [GET get-pattern ...]] [ASC | DESC] [ALPHA]"
#define SORTED_KEY      {.flags = KEY_RO | KEY_ACCESS, .first = 1, .last = 1, .step = 1}
#define PATTERN_KEYS \
    {.flags = KEY_RO | KEY_ACCESS, .unknown = true, \
     .notes = "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content " \
              "of the key we sort"}

CMD(sort,
    .name = "SORT", .arity = -2, .group = "generic", .since = "1.0.0", .cost = SORT_COST,
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_COPIES,
    .keys = {SORTED_KEY, PATTERN_KEYS,
             {.flags = KEY_OW | KEY_UPDATE, .unknown = true, .keyword = "STORE", .first = -2, .step = 1,
              .notes = "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere "
                       "in the argument array"}},
    .find_keys = sort_keys, .needs_world = sort_needs_world, .syntax = SORT_SYNTAX " [STORE destination]",
    .categories = SORT_CATEGORIES,
    .summary = "Sorts a list, a set or a sorted set by its elements or by other keys; returns or stores the result.")
{
    sort(c, true);
}

CMD(sort_ro,
    .name = "SORT_RO", .arity = -2, .group = "generic", .since = "7.0.0", .cost = SORT_COST,
    .flags = CMD_READONLY | CMD_COPIES,
    .keys = {SORTED_KEY, PATTERN_KEYS}, .needs_world = sort_needs_world, .syntax = SORT_SYNTAX,
    .categories = SORT_CATEGORIES, .summary = "Sorts as SORT does, and returns the result.")
{
    sort(c, false);
}
