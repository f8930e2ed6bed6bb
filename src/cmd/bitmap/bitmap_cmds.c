/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bitmap commands except BITFIELD, which is in bitmap_field_cmds.c.
 * https://redis.io/docs/latest/commands/?group=bitmap
 */
#include "base/mem.h"
#include "cmd/bitmap/bitmap_args.h"
#include "types/bitmap.h"

CMD(getbit,
    .name = "GETBIT", .arity = 3, .group = "bitmap", .since = "2.2.0", .cost = "O(1)",
    .flags = CMD_READONLY | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Returns a bit of a string, 0 beyond its end.", .syntax = "key offset")
{
    struct entry_digits d;
    struct entry *e;
    uint64_t offset;

    if (!bitmap_offset_arg(c, 2, 0, &offset) || !call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    reply_int(c->out, e != NULL && bitmap_get(entry_string(e, &d), offset));
}

CMD(setbit,
    .name = "SETBIT", .arity = 4, .group = "bitmap", .since = "2.2.0", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_ACCESS | KEY_UPDATE),
    .summary = "Sets or clears a bit of a string and returns its old value; the string grows as needed.",
    .syntax = "key offset value:integer")
{
    struct bitmap_target target;
    uint64_t offset;
    int64_t value;
    bool old;

    if (!bitmap_offset_arg(c, 2, 0, &offset) ||
        !call_int_between(c, 3, 0, 1, &value, "ERR bit is not an integer or out of range") ||
        !bitmap_for_write(c, offset, &target))
        return;
    old = bitmap_put(target.p, offset, value);
    if (target.grown || old != value)
        call_changed(c, 1, EVENT_STRING, "setbit");
    reply_int(c->out, old);
}

/* ---- ranges ---- */

/* BYTE or BIT at argument i. False: the error was replied. */
static bool unit_arg(struct call *c, int i, enum bitmap_unit *unit)
{
    if (!call_is(c, i, "BIT") && !call_is(c, i, "BYTE")) {
        call_error_syntax(c);
        return false;
    }
    *unit = call_is(c, i, "BIT") ? BITMAP_BITS : BITMAP_BYTES;
    return true;
}

CMD(bitcount,
    .name = "BITCOUNT", .arity = -2, .group = "bitmap", .since = "2.6.0", .cost = "O(N)", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Counts the set bits of a string or of a part of it.",
    .syntax = "key [start end [BYTE | BIT]]", .history = "7.0.0: Added `BYTE` and `BIT`.")
{
    enum bitmap_unit unit = BITMAP_BYTES;
    int64_t start = 0, end = -1;
    struct slice s = SLICE("");
    struct entry_digits d;
    struct entry *e;
    uint64_t set;

    if (c->argc == 3 || c->argc > 5) {
        call_error_syntax(c);
        return;
    }
    if (c->argc >= 4 && (!call_int(c, 2, &start) || !call_int(c, 3, &end)))
        return;
    if (c->argc == 5 && !unit_arg(c, 4, &unit))
        return;
    if (!call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e != NULL)
        s = entry_string(e, &d);
    set = bitmap_count_range(s, start, end, unit);
    must(set <= 8 * (uint64_t)s.n);
    reply_int(c->out, (int64_t)set);
}

/* The bit that BITPOS searches, and the range. */
struct bitpos_args {
    int64_t bit;
    int64_t start, end;
    bool bounded; /* the end was given */
    enum bitmap_unit unit;
};

/* False: the error was replied. */
static bool parse_bitpos(struct call *c, struct bitpos_args *args)
{
    *args = (struct bitpos_args){.bounded = c->argc >= 5};
    if (!call_int(c, 2, &args->bit))
        return false;
    if (args->bit != 0 && args->bit != 1) {
        reply_error(c->out, "ERR The bit argument must be 1 or 0.");
        return false;
    }
    if (c->argc > 6) {
        call_error_syntax(c);
        return false;
    }
    return (c->argc < 4 || call_int(c, 3, &args->start)) && (c->argc < 6 || unit_arg(c, 5, &args->unit)) &&
           (c->argc < 5 || call_int(c, 4, &args->end));
}

CMD(bitpos,
    .name = "BITPOS", .arity = -3, .group = "bitmap", .since = "2.8.7", .cost = "O(N)", .flags = CMD_READONLY,
    .keys = CMD_KEYS(1, 1, 1, KEY_RO | KEY_ACCESS),
    .summary = "Finds the first set or clear bit of a string or of a part of it.",
    .syntax = "key bit [start [end [BYTE | BIT]]]", .history = "7.0.0: Added `BYTE` and `BIT`.")
{
    struct bitpos_args args;
    struct entry_digits d;
    struct entry *e;
    struct slice s;
    int64_t found;

    if (!parse_bitpos(c, &args) || !call_find_typed(c, 1, TYPE_STRING, &e))
        return;
    if (e == NULL) {
        reply_int(c->out, args.bit ? -1 : 0);
        return;
    }
    s = entry_string(e, &d);
    if (args.bounded)
        found = bitmap_find_range(s, args.bit, args.start, args.end, args.unit);
    else
        found = bitmap_find(s, args.bit, args.start);
    must(found >= -1 && found <= 8 * (int64_t)s.n); /* the bit after the last one counts as clear */
    reply_int(c->out, found);
}

/* ---- BITOP ---- */

/* False: the error was replied. */
static bool parse_operation(struct call *c, enum bitmap_op *op)
{
    static const char *const words[] = {
        [BITMAP_AND] = "AND", [BITMAP_OR] = "OR", [BITMAP_XOR] = "XOR", [BITMAP_NOT] = "NOT"};

    must(c->argc >= 4);
    for (*op = BITMAP_AND; *op <= BITMAP_NOT; (*op)++) {
        if (!call_is(c, 1, words[*op]))
            continue;
        if (*op != BITMAP_NOT || c->argc == 4)
            return true;
        reply_error(c->out, "ERR BITOP NOT must be called with a single source key.");
        return false;
    }
    call_error_syntax(c);
    return false;
}

/* The strings of the keys from argument 3 on; a missing key counts as empty. False: a value is not a string, and the
 * error was replied. */
static bool find_sources(struct call *c, struct slice *sources, struct entry_digits *digits)
{
    for (int i = 3; i < c->argc; i++) {
        struct entry *e;

        if (!call_find_typed(c, i, TYPE_STRING, &e))
            return false;
        sources[i - 3] = e != NULL ? entry_string(e, &digits[i - 3]) : SLICE("");
    }
    return true;
}

/* A new entry for the key in argument 2. NULL: memory is out. */
static struct entry *combine(const struct call *c, enum bitmap_op op, const struct slice *sources, size_t n)
{
    char small[ENTRY_INLINE_MAX];
    struct entry_spec spec = {.key = call_arg(c, 2), .value = {small, bitmap_longest(sources, n)}, .raw = true};

    must(n > 0 && (op != BITMAP_NOT || n == 1));
    must(spec.value.n > 0);
    if (spec.value.n > sizeof(small)) {
        spec.blob = blob_new(spec.value.n);
        if (spec.blob == NULL)
            return NULL;
        spec.blob->len = spec.value.n;
    }
    bitmap_combine(op, spec.blob != NULL ? spec.blob->p : small, sources, n);
    return entry_new(&spec);
}

/* Stores the result in the key in argument 2; an empty result deletes the key. */
static void store_result(struct call *c, enum bitmap_op op, const struct slice *sources, size_t n)
{
    size_t length = bitmap_longest(sources, n);
    struct entry *old = call_look(c, 2);

    if (!call_has_room(c, length > ENTRY_INLINE_MAX ? blob_size(length) : length))
        return;
    if (length > 0) {
        struct entry *result = combine(c, op, sources, n);

        if (result == NULL) {
            reply_error(c->out, ERR_NO_MEMORY);
            return;
        }
        call_put(c, 2, c->db, old, result);
        call_changed(c, 2, EVENT_STRING, "set");
    } else if (old != NULL) {
        call_drop(c, 2, old, EVENT_GENERIC, "del");
    }
    reply_int(c->out, (int64_t)length);
}

CMD(bitop,
    .name = "BITOP", .arity = -4, .group = "bitmap", .since = "2.6.0", .cost = "O(N)",
    .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = {{.flags = KEY_OW | KEY_UPDATE, .find = KEYS_RANGE, .first = 2, .last = 2, .step = 1},
             {.flags = KEY_RO | KEY_ACCESS, .find = KEYS_RANGE, .first = 3, .last = -1, .step = 1}},
    .summary = "Performs a bitwise operation on strings and stores the result.",
    .syntax = "<AND | OR | XOR | NOT> destkey key [key ...]")
{
    size_t n = (size_t)c->argc - 3;
    struct entry_digits *digits;
    struct slice *sources;
    enum bitmap_op op;

    if (!parse_operation(c, &op))
        return;
    sources = mem_alloc(n * sizeof(*sources));
    digits = mem_alloc(n * sizeof(*digits));
    if (find_sources(c, sources, digits))
        store_result(c, op, sources, n);
    mem_free(digits);
    mem_free(sources);
}
