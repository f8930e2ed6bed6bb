/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyperLogLogs of bytes that nobody has checked: they are reported as corrupt, or counted, merged and added to.
 *
 * The first byte of an input chooses how long a sparse one may be, the second how many elements are added; the rest is
 * the value, in a block of exactly its size, so that AddressSanitizer sees a byte read too many.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "types/hll.h"
#include "types/hll_sparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bytes in a block of just their size: every change of the size is another block. */
static void resize_tight(struct flat *f, size_t n)
{
    char *p = mem_alloc(n > 0 ? n : 1);

    if (f->n > 0 && n > 0)
        memcpy(p, f->p, f->n < n ? f->n : n);
    mem_free(f->p);
    f->p = p;
    f->n = n;
}

/* All runs, by hand: their registers. */
static uint64_t registers_in(struct slice rest)
{
    struct hll_run run;
    uint64_t n = 0;

    while (hll_sparse_next(&rest, &run))
        n += run.length;
    return n;
}

/* Whoever looks says the same: sound or not, and which count. */
static bool look(const struct flat *f)
{
    static uint8_t registers[HLL_REGISTERS];
    struct slice s = flat_slice(f);
    uint64_t count;
    bool sound = hll_count(s, &count);

    memset(registers, 0, sizeof registers);
    must(hll_merge(registers, s) == sound);
    if (hll_encoding(s) == HLL_SPARSE)
        must((registers_in(slice_of(s.p + HLL_HEADER, s.n - HLL_HEADER)) == HLL_REGISTERS) == sound);
    if (sound)
        must(hll_count_registers(registers) == count);
    return sound;
}

/* Another with the same registers counts the same. */
static void copy_registers(const struct flat *f, uint64_t sparse_max)
{
    struct flat other = {.resize = resize_tight};
    static uint8_t registers[HLL_REGISTERS];
    uint64_t count, again;

    memset(registers, 0, sizeof registers);
    hll_init(&other);
    must(hll_merge(registers, flat_slice(f)));
    hll_raise_all(&other, registers, sparse_max);
    must(hll_count(flat_slice(f), &count) && hll_count(flat_slice(&other), &again) && count == again);
    mem_free(other.p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct flat f = {.resize = resize_tight};
    uint64_t sparse_max;
    bool sound;

    if (size < 2)
        return 0;
    sparse_max = data[0] * 16u;
    resize_tight(&f, size - 2);
    memcpy(f.p, data + 2, size - 2);
    if (hll_is(flat_slice(&f))) {
        sound = look(&f);
        for (unsigned i = 0; i < data[1]; i++) {
            enum hll_result result = hll_add(&f, slice_of(&i, sizeof i), sparse_max);

            must(!sound || result != HLL_CORRUPT);
        }
        if (sound) {
            must(look(&f));
            copy_registers(&f, sparse_max);
        }
        must(hll_make_dense(&f) == look(&f));
    }
    mem_free(f.p);
    return 0;
}
