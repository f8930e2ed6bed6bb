/* SPDX-License-Identifier: BSD-3-Clause */
/* PFDEBUG and PFSELFTEST, which inspect and test HyperLogLogs. */
#include <math.h>

#include "base/buf.h"
#include "base/rand.h"
#include "cmd/hll/hll_args.h"
#include "types/hll_sparse.h"

/* ---- PFDEBUG ---- */

/* Converts it to dense, without an event. False: it is corrupt, and the error was replied. */
static bool make_dense(struct hll_target *t)
{
    if (hll_encoding(flat_slice(&t->flat)) == HLL_DENSE)
        return true;
    if (!hll_make_dense(&t->flat)) {
        reply_error(t->call->out, ERR_HLL_CORRUPT);
        return false;
    }
    must(hll_encoding(flat_slice(&t->flat)) == HLL_DENSE);
    call_changed(t->call, t->key, EVENT_STRING, NULL);
    return true;
}

/* Converts it to dense first, as Redis does. */
static void reply_registers(struct hll_target *t)
{
    uint8_t registers[HLL_REGISTERS] = {0};

    if (!make_dense(t))
        return;
    must(hll_merge(registers, flat_slice(&t->flat)));
    reply_array(t->call->out, HLL_REGISTERS);
    for (unsigned i = 0; i < HLL_REGISTERS; i++)
        reply_int(t->call->out, registers[i]);
}

/* For example "Z:1000 v:2,1 z:19": the kinds, ranks and lengths of the runs. */
static void reply_runs(struct hll_target *t)
{
    struct slice rest = slice_of(t->flat.p + HLL_HEADER, t->flat.n - HLL_HEADER);
    struct buf text = BUF_EMPTY;
    struct hll_run run;

    must(t->flat.n >= HLL_HEADER);
    if (hll_encoding(flat_slice(&t->flat)) != HLL_SPARSE) {
        reply_error(t->call->out, "ERR HLL encoding is not sparse");
        return;
    }
    if (t->flat.n > HLL_SPARSE_MAX) {
        reply_error(t->call->out, ERR_HLL_CORRUPT); /* Redis replies with a text that may have gigabytes */
        return;
    }
    while (hll_sparse_next(&rest, &run)) {
        buf_printf(&text, "%s%c:", text.len > 0 ? " " : "", run.kind);
        if (run.rank > 0)
            buf_printf(&text, "%u,", run.rank);
        buf_printf(&text, "%u", run.length);
    }
    reply_bulk(t->call->out, buf_slice(&text));
    buf_fini(&text);
}

static void reply_encoding(struct hll_target *t)
{
    reply_simple(t->call->out, hll_encoding(flat_slice(&t->flat)) == HLL_DENSE ? "dense" : "sparse");
}

static void reply_to_dense(struct hll_target *t)
{
    bool sparse = hll_encoding(flat_slice(&t->flat)) == HLL_SPARSE;

    if (make_dense(t))
        reply_int(t->call->out, sparse);
}

static const struct {
    const char *word;
    void (*reply)(struct hll_target *t);
} subcommands[] = {
    {"GETREG", reply_registers},
    {"DECODE", reply_runs},
    {"ENCODING", reply_encoding},
    {"TODENSE", reply_to_dense},
};

CMD(pfdebug,
    .name = "PFDEBUG", .arity = 3, .group = "hyperloglog", .since = "2.8.9", .cost = "O(1)",
    .flags = CMD_WRITE | CMD_DENYOOM | CMD_ADMIN, .keys = CMD_KEYS(2, 2, 1, KEY_RW | KEY_ACCESS),
    .summary = "Shows the registers or the encoding of a HyperLogLog, or converts it to dense (as GETREG does too).",
    .syntax = "<GETREG | DECODE | ENCODING | TODENSE> key")
{
    struct entry *e = call_look(c, 2);
    struct hll_target t;

    if (e == NULL) {
        reply_error(c->out, "ERR The specified key does not exist");
        return;
    }
    if (!hll_write(&t, c, 2, e))
        return;
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (call_is(c, 1, subcommands[i].word)) {
            subcommands[i].reply(&t);
            return;
        }
    reply_errorf(c->out, "ERR Unknown PFDEBUG subcommand '%.*s'", (int)call_arg(c, 1).n, call_arg(c, 1).p);
}

/* ---- PFSELFTEST ---- */

#define TEST_ELEMENTS   1000000
#define TEST_SPARSE_MAX 3000

/* Whether the estimate is within six standard errors, which are 1.04 / sqrt(registers). */
static bool is_close(uint64_t estimate, uint64_t count)
{
    return fabs((double)estimate - (double)count) <= ceil(6 * 1.04 / sqrt(HLL_REGISTERS) * (double)count);
}

/* Adds random elements to a sparse and a dense one and compares both after 1, 10, 100 ... elements. Returns the error,
 * or NULL. */
static const char *compare_encodings(struct flat *sparse, struct flat *dense)
{
    uint64_t seed = rand_u64(), one, other;

    for (uint64_t i = 1, checkpoint = 1; i <= TEST_ELEMENTS; i++) {
        uint64_t element = i ^ seed;

        hll_add(sparse, slice_of(&element, sizeof element), TEST_SPARSE_MAX);
        hll_add(dense, slice_of(&element, sizeof element), 0);
        if (i != checkpoint)
            continue;
        checkpoint *= 10;
        if (i < TEST_SPARSE_MAX / 2 && hll_encoding(flat_slice(sparse)) != HLL_SPARSE)
            return "ERR TESTFAILED sparse encoding not used";
        if (!hll_count(flat_slice(sparse), &one) || !hll_count(flat_slice(dense), &other) || one != other)
            return "ERR TESTFAILED dense/sparse disagree";
        if (!is_close(one, i))
            return "ERR TESTFAILED Too big error.";
    }
    return NULL;
}

CMD(pfselftest,
    .name = "PFSELFTEST", .arity = 1, .group = "hyperloglog", .since = "2.8.9", .cost = "O(1), about 50 ms.",
    .flags = CMD_ADMIN, .summary = "Tests the error of HyperLogLog estimates, and that both encodings agree.",
    .syntax = "")
{
    struct flat sparse = FLAT_EMPTY, dense = FLAT_EMPTY;
    const char *error;

    hll_init(&sparse);
    hll_init(&dense);
    must(hll_make_dense(&dense));
    error = compare_encodings(&sparse, &dense);
    if (error != NULL)
        reply_error(c->out, error);
    else
        reply_ok(c->out);
    flat_fini(&sparse);
    flat_fini(&dense);
}
