/* SPDX-License-Identifier: BSD-3-Clause */
/* The HyperLogLog commands: https://redis.io/docs/latest/commands/?group=hyperloglog */
#include "cmd/hll/hll_args.h"

static uint64_t sparse_max(const struct call *c)
{
    return (uint64_t)OPT(c->instance->options, hll_sparse_max_bytes);
}

CMD(pfadd,
    .name = "PFADD", .arity = -2, .group = "hyperloglog", .since = "2.8.9", .cost = "O(1) for each element.",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_FAST, .keys = CMD_KEYS(1, 1, 1, KEY_RW | KEY_INSERT),
    .summary = "Adds elements to a HyperLogLog, which is created if missing; returns whether it changed.",
    .syntax = "key [element [element ...]]")
{
    struct entry *e = call_look(c, 1);
    bool changed = e == NULL, corrupt = false;
    struct hll_target t;

    if (!hll_has_room(c, e) || !hll_write(&t, c, 1, e))
        return;
    for (int i = 2; i < c->argc && !corrupt; i++) {
        enum hll_result result = hll_add(&t.flat, call_arg(c, i), sparse_max(c));

        changed |= result == HLL_CHANGED;
        corrupt = result == HLL_CORRUPT;
    }
    hll_close(&t);
    if (changed)
        call_changed(c, 1, EVENT_STRING, corrupt ? NULL : "pfadd");
    if (corrupt)
        reply_error(c->out, ERR_HLL_CORRUPT);
    else
        reply_int(c->out, changed);
}

/* Counts the HyperLogLog of the key in argument 1 and stores the count in it. The value changes, for WATCH too,
 * although PFCOUNT is a reading command; as in Redis, there is no event. */
static void recount(struct call *c, struct entry *e)
{
    struct hll_target t;
    uint64_t count;

    if (!hll_write(&t, c, 1, e))
        return;
    if (!hll_known_count(flat_slice(&t.flat), &count)) {
        if (!hll_count(flat_slice(&t.flat), &count)) {
            reply_error(c->out, ERR_HLL_CORRUPT);
            return;
        }
        hll_keep_count(t.flat.p, count);
        call_changed(c, 1, EVENT_STRING, NULL);
    }
    reply_int(c->out, (int64_t)count);
}

/* PFCOUNT of one key. The door stays closed if the stored count is up to date, unless a client has written the value:
 * as in Redis, its encoding is raw afterwards. */
static void count_one(struct call *c)
{
    struct entry *e = call_find_read(c, 1);
    uint64_t count;
    struct slice s;

    if (e == NULL)
        reply_int(c->out, 0);
    else if (!hll_read(c, e, &s))
        return;
    else if ((e->flags & ENTRY_RAW) && hll_known_count(s, &count))
        reply_int(c->out, (int64_t)count);
    else
        recount(c, e);
}

/* Merges the HyperLogLogs of the keys from argument 1 on; a missing one counts as empty. *dense: at least one is dense.
 * False: the error was replied. */
static bool merge_keys(struct call *c, uint8_t *registers, bool *dense)
{
    *dense = false;
    memset(registers, 0, HLL_REGISTERS);
    for (int i = 1; i < c->argc; i++) {
        struct entry *e = call_find_read(c, i);
        struct slice s;

        if (e == NULL)
            continue;
        if (!hll_read(c, e, &s))
            return false;
        if (!hll_merge(registers, s)) {
            reply_error(c->out, ERR_HLL_CORRUPT);
            return false;
        }
        *dense |= hll_encoding(s) == HLL_DENSE;
    }
    return true;
}

CMD(pfcount,
    .name = "PFCOUNT", .arity = -2, .group = "hyperloglog", .since = "2.8.9",
    .cost = "O(1) for one key, with a low constant while the stored count is up to date; O(N) for N keys.",
    .flags = CMD_READONLY | CMD_MAY_REPLICATE,
    .keys = CMD_KEYS_NOTED(1, -1, 1, KEY_RW | KEY_ACCESS,
                           "RW because it may change the internal representation of the key, and propagate to replicas"),
    .summary = "Estimates the number of distinct elements of a HyperLogLog, or of the union of several.",
    .syntax = "key [key ...]")
{
    uint8_t registers[HLL_REGISTERS];
    bool dense;

    if (c->argc == 2)
        count_one(c);
    else if (merge_keys(c, registers, &dense))
        reply_int(c->out, (int64_t)hll_count_registers(registers));
}

CMD(pfmerge,
    .name = "PFMERGE", .arity = -2, .group = "hyperloglog", .since = "2.8.9", .cost = "O(N) for N keys.",
    .flags = CMD_WRITE | CMD_DENYOOM,
    .keys = {{.flags = KEY_RW | KEY_ACCESS | KEY_INSERT, .find = KEYS_RANGE, .first = 1, .last = 1, .step = 1},
             {.flags = KEY_RO | KEY_ACCESS, .find = KEYS_RANGE, .first = 2, .last = -1, .step = 1}},
    .summary = "Merges HyperLogLogs into another, which is created if missing.",
    .syntax = "destkey [sourcekey [sourcekey ...]]")
{
    uint8_t registers[HLL_REGISTERS];
    struct hll_target t;
    bool dense;

    if (!merge_keys(c, registers, &dense) || !hll_has_room(c, call_peek(c, 1)) || !hll_write(&t, c, 1, call_look(c, 1)))
        return;
    if (dense)
        must(hll_make_dense(&t.flat));
    hll_raise_all(&t.flat, registers, sparse_max(c));
    hll_close(&t);
    call_changed(c, 1, EVENT_STRING, "pfadd");
    reply_ok(c->out);
}
