/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Parses arbitrary bytes as numbers. A number that is parsed must print as the same number, and doubles must be read as
 * strtod reads them.
 *
 * The input is in a heap block of exactly its size, so that AddressSanitizer detects reads beyond its end. Its first
 * bytes also serve as the bits of a number that is printed and parsed again.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An integer has exactly one valid spelling. */
static void check_integers(struct slice s)
{
    char text[NUM_I64_MAX];
    int64_t i;
    uint64_t u;

    if (num_parse_i64(s, &i))
        must(slice_eq(slice_of(text, (size_t)num_format_i64(text, i)), s));
    if (num_parse_u64(s, &u))
        must(slice_eq(slice_of(text, (size_t)num_format_u64(text, u)), s));
}

static void check_double(struct slice s)
{
    char *copy = mem_strndup(s.n > 0 ? s.p : "", s.n);
    double mine, theirs;
    char *end;
    bool good;

    errno = 0;
    theirs = strtod(copy, &end);
    good = s.n > 0 && !isspace((unsigned char)copy[0]) && end == copy + s.n && !isnan(theirs) &&
           !(errno == ERANGE && (isinf(theirs) || theirs == 0));
    must(num_parse_double(s, &mine) == good);
    must(!good || memcmp(&mine, &theirs, sizeof(mine)) == 0);
    mem_free(copy);
}

static void check_long_double(struct slice s)
{
    char text[NUM_LD_MAX];
    long double v, back;
    int n;

    if (!num_parse_ld(s, &v))
        return;
    n = num_format_ld(text, v);
    must(n > 0 && n < NUM_LD_MAX && text[n] == '\0');
    must(num_parse_ld(slice_of(text, (size_t)n), &back));
    must(isinf(v) ? back == v : fabsl(back - v) <= 1e-17L || fabsl(back - v) <= fabsl(v) * 1e-18L);
}

static void check_bits(const uint8_t *data)
{
    char text[NUM_DOUBLE_MAX];
    double v, back;
    int n;

    memcpy(&v, data, sizeof(v));
    n = num_format_double(text, v);
    must(n > 0 && n < NUM_DOUBLE_MAX && text[n] == '\0');
    must(num_parse_double(slice_of(text, (size_t)n), &back) == !isnan(v));
    must(isnan(v) || memcmp(&v, &back, sizeof(v)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = mem_alloc(size);
    struct slice s = slice_of(copy, size);

    if (size > 0)
        memcpy(copy, data, size);
    check_integers(s);
    check_double(s);
    check_long_double(s);
    if (size >= sizeof(double))
        check_bits(data);
    mem_free(copy);
    return 0;
}
