/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/hll_sparse.h"

#include "base/must.h"

#define RANK_MAX    32 /* of a run */
#define VALUES_MAX  4  /* registers in one v */
#define ZEROS_MAX   64 /* registers in one z */
#define MERGE_STEPS 5  /* runs examined for a merge: the previous one, up to three that were one, the next one */

/* ---- runs ---- */

/* The length in bytes of a run with this first byte. */
static inline unsigned run_bytes(uint8_t first)
{
    return first >> 6 == 1 ? 2 : 1;
}

static inline bool is_values(uint8_t first)
{
    return first & 0x80;
}

/* The run at byte `at` of s. */
static inline struct hll_run run_at(struct slice s, size_t at)
{
    unsigned first = (uint8_t)s.p[at];
    unsigned values = first >> 7;

    if (UNLIKELY(run_bytes((uint8_t)first) == 2)) {
        unsigned second = at + 1 < s.n ? (uint8_t)s.p[at + 1] : 0;

        return (struct hll_run){'Z', 0, ((first & 63) << 8 | second) + 1};
    }
    return (struct hll_run){values ? 'v' : 'z', (uint8_t)(values * ((first >> 2 & 31) + 1)),
                            (first & 63u >> 4 * values) + 1};
}

bool hll_sparse_next(struct slice *rest, struct hll_run *run)
{
    size_t n;

    if (rest->n == 0)
        return false;
    *run = run_at(*rest, 0);
    n = run_bytes((uint8_t)rest->p[0]);
    n = n < rest->n ? n : rest->n;
    *rest = slice_of(rest->p + n, rest->n - n);
    return true;
}

/* These write a run, unless its length is 0, and return its size in bytes. */
static unsigned put_values(uint8_t *p, uint8_t rank, unsigned length)
{
    if (length == 0)
        return 0;
    must(rank >= 1 && rank <= RANK_MAX && length <= VALUES_MAX);
    p[0] = (uint8_t)(0x80 | (rank - 1) << 2 | (length - 1));
    return 1;
}

static unsigned put_zeros(uint8_t *p, unsigned length)
{
    if (length == 0)
        return 0;
    if (length <= ZEROS_MAX) {
        p[0] = (uint8_t)(length - 1);
        return 1;
    }
    p[0] = (uint8_t)(0x40 | (length - 1) >> 8);
    p[1] = (uint8_t)(length - 1);
    return 2;
}

static unsigned put_run(uint8_t *p, uint8_t rank, unsigned length)
{
    return rank > 0 ? put_values(p, rank, length) : put_zeros(p, length);
}

void hll_sparse_init(char *p)
{
    put_zeros((uint8_t *)p, HLL_REGISTERS);
}

/* ---- all registers ---- */

/* Calls fn for each run, with its first register. False: the registers are not HLL_REGISTERS. Values and zeros
 * alternate at random, so a branch between them is often mispredicted. The loop only branches on Z, which is rare. */
static inline __attribute__((always_inline)) bool
each_run(struct slice runs, void (*fn)(void *arg, unsigned first, struct hll_run run), void *arg)
{
    unsigned first = 0;

    for (size_t at = 0; at < runs.n; at++) {
        struct hll_run run = run_at(runs, at);

        if (UNLIKELY(run.length > HLL_REGISTERS - first))
            return false;
        fn(arg, first, run);
        first += run.length;
        if (UNLIKELY(run.kind == 'Z'))
            at++;
    }
    return first == HLL_REGISTERS;
}

static inline void raise_in_array(void *arg, unsigned first, struct hll_run run)
{
    uint8_t *registers = arg;

    /* the first one unconditionally, which may raise 0 to 0 */
    registers[first] = registers[first] > run.rank ? registers[first] : run.rank;
    if (UNLIKELY((run.rank > 0) & (run.length > 1)))
        for (unsigned i = first + 1; i < first + run.length; i++)
            registers[i] = registers[i] > run.rank ? registers[i] : run.rank;
}

bool hll_sparse_merge(uint8_t *registers, struct slice runs)
{
    return each_run(runs, raise_in_array, registers);
}

static inline void add_to_histogram(void *arg, unsigned first, struct hll_run run)
{
    uint32_t *histogram = arg;

    (void)first;
    histogram[run.rank] += run.length;
}

bool hll_sparse_histogram(struct slice runs, uint32_t *histogram)
{
    return each_run(runs, add_to_histogram, histogram);
}

/* ---- one register ---- */

/* The location of a register. */
struct spot {
    size_t at;      /* its run: the offset in the string */
    size_t before;  /* the previous run, or the same if it is the first */
    unsigned first; /* the first register of its run */
};

/* The number of registers in eight runs of one byte each; 0 if one of them is a Z. The length is in the two low bits of
 * a v and in the six low bits of a z; each run is one longer than its number. */
static inline unsigned registers_in(const char *p)
{
    const uint64_t ones = 0x0101010101010101u, pairs = 0x00ff00ff00ff00ffu;
    uint64_t v, values;

    memcpy(&v, p, sizeof v);
    if (v & ~(v >> 1) & 0x40 * ones)
        return 0;
    values = v >> 7 & ones;
    v &= 0x3f * ones - 0x3c * values;
    v = (v & pairs) + (v >> 8 & pairs);
    return (unsigned)(v * 0x0001000100010001u >> 48) + 8;
}

/* False: the runs end before this register. Most runs are skipped eight at a time. */
static bool find(struct slice s, unsigned index, struct spot *spot)
{
    size_t at = HLL_HEADER, before = HLL_HEADER;
    unsigned first = 0;

    while (at < s.n) {
        unsigned length = s.n - at >= 8 ? registers_in(s.p + at) : 0;

        if (length > 0 && index - first >= length) {
            before = at + 7;
            at += 8;
        } else {
            length = run_at(s, at).length;
            if (index - first < length) {
                *spot = (struct spot){at, before, first};
                return true;
            }
            before = at;
            at += run_bytes((uint8_t)s.p[at]);
        }
        first += length;
    }
    return false;
}

/* Merges neighbours with equal ranks, from the run at `at` on. Redis examines the same number of runs. */
static void merge_runs(struct flat *f, size_t at)
{
    for (int steps = MERGE_STEPS; at < f->n && steps > 0; steps--) {
        struct slice s = flat_slice(f);

        if (is_values((uint8_t)s.p[at]) && at + 1 < s.n) {
            struct hll_run one = run_at(s, at), next = run_at(s, at + 1);

            if (one.rank == next.rank && one.length + next.length <= VALUES_MAX) {
                put_values((uint8_t *)flat_splice(f, at, 2, 1), one.rank, one.length + next.length);
                continue;
            }
        }
        at += run_bytes((uint8_t)s.p[at]);
    }
}

/* Writes what a run becomes: the registers before the raised one, the raised one, those after it. Returns the bytes. */
static unsigned split(uint8_t *p, struct hll_run run, unsigned before, uint8_t rank)
{
    unsigned n = put_run(p, run.rank, before);

    n += put_values(p + n, rank, 1);
    return n + put_run(p + n, run.rank, run.length - before - 1);
}

enum hll_sparse_result hll_sparse_raise(struct flat *f, unsigned index, uint8_t rank, uint64_t max_bytes)
{
    struct hll_run run;
    struct spot spot;
    uint8_t bytes[5];
    size_t old_bytes, new_bytes;

    must(index < HLL_REGISTERS && f->n >= HLL_HEADER);
    if (rank > RANK_MAX)
        return HLL_SPARSE_FULL;
    if (!find(flat_slice(f), index, &spot))
        return HLL_SPARSE_CORRUPT;
    run = run_at(flat_slice(f), spot.at);
    if (run.rank >= rank)
        return HLL_SPARSE_SAME;
    old_bytes = run_bytes((uint8_t)f->p[spot.at]);
    if (spot.at + old_bytes > f->n)
        old_bytes--; /* a Z at the end without its second byte: it is replaced by a complete run */
    new_bytes = split(bytes, run, index - spot.first, rank);
    if (new_bytes > old_bytes && f->n + (new_bytes - old_bytes) > max_bytes)
        return HLL_SPARSE_FULL;
    memcpy(flat_splice(f, spot.at, old_bytes, new_bytes), bytes, new_bytes);
    merge_runs(f, spot.before);
    return HLL_SPARSE_RAISED;
}
