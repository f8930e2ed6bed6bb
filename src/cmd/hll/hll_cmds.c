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
    .summary = "Adds elements to a HyperLogLog, which is made if it is not there; tells whether it is another now.",
    .syntax = "key [element [element ...]]")
{
    struct entry *e = call_look(c, 1);
    bool changed = e == NULL, corrupt = false;
    struct hll_target t;

    if (!hll_write(&t, c, 1, e))
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

/* Counts the HyperLogLog of the key in argument 1 and keeps the count in it, although the command is one that reads: as
 * in Redis, the value is then another, for WATCH too, but no event tells of it. */
static void count_one(struct call *c)
{
    struct entry *e = call_find_read(c, 1);
    struct hll_target t;
    uint64_t count;

    if (e == NULL) {
        reply_int(c->out, 0);
        return;
    }
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

/* Merges those of the keys from argument 1 on; a missing one is empty. *dense: one of them is. False: the error was
 * replied. */
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
    .cost = "O(1) for one key, and less where the count is known since it changed last; O(N) for N keys.",
    .flags = CMD_READONLY | CMD_MAY_REPLICATE, .keys = CMD_KEYS(1, -1, 1, KEY_RW | KEY_ACCESS),
    .summary = "Estimates how many different elements were added to a HyperLogLog, or to any of several.",
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
    .summary = "Adds to a HyperLogLog all that was added to others; it is made if it is not there.",
    .syntax = "destkey [sourcekey [sourcekey ...]]")
{
    uint8_t registers[HLL_REGISTERS];
    struct hll_target t;
    bool dense;

    if (!merge_keys(c, registers, &dense) || !hll_write(&t, c, 1, call_look(c, 1)))
        return;
    if (dense)
        must(hll_make_dense(&t.flat));
    hll_raise_all(&t.flat, registers, sparse_max(c));
    hll_close(&t);
    call_changed(c, 1, EVENT_STRING, "pfadd");
    reply_ok(c->out);
}
