/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * num: numbers to text and back, by the rules of the protocol.
 *
 * Role:    strict parsing (no spaces, no plus sign, no leading zeros, nothing behind) and the exact
 *          formatting that Redis uses, so that replies agree to the last digit.
 * Threads: any. The process stays in the C locale.
 * Why:     doubles read and print as in Redis 7.2: the shortest digits that read back the same, where 7.0 has %.17g.
 */
#ifndef LARDER_BASE_NUM_H
#define LARDER_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUM_I64_MAX    21   /* "-9223372036854775808" and a NUL */
#define NUM_DOUBLE_MAX 32   /* any double in its shortest form and a NUL */
#define NUM_LD_MAX     5120 /* any long double in fixed notation and a NUL */

/* Strict decimal integer: optional '-', no leading zero but "0" itself, no "-0". False: not one, or out of range. */
bool num_parse_i64(struct slice s, int64_t *out);
/* As num_parse_i64, for 0 .. 2^64-1: no sign at all. */
bool num_parse_u64(struct slice s, uint64_t *out);
/* A double as strtod reads it (also a plus sign, inf, infinity, hexadecimal) with nothing before or behind, as Redis
 * reads scores and float arguments. False on empty, nan, leading space, and where the value overflows to infinity or
 * is not zero but becomes it. `out` is then unchanged, as with all of these. */
bool num_parse_double(struct slice s, double *out);
/* As num_parse_double for a long double of fewer than NUM_LD_MAX bytes, as Redis reads INCRBYFLOAT's. */
bool num_parse_ld(struct slice s, long double *out);

/* Decimal text, no NUL; at most 20 bytes. Returns the length. */
int num_format_i64(char *p, int64_t v);
int num_format_u64(char *p, uint64_t v);
/* A double as replies and scores show it: "inf", "-inf", "nan", "-0", integers up to 2^62 without a point, else the
 * shortest digits that read back as v, with an exponent ("1e-7", "1.5e+300") only where the number is far from its
 * point. At most NUM_DOUBLE_MAX bytes with the NUL. Returns the length without it. */
int num_format_double(char *p, double v);
/* The same, but with an exponent where a whole number ends with eight zeros or more: "1e+8". */
int num_format_shortest(char *p, double v);
/* A long double as INCRBYFLOAT shows it: %.17Lf without trailing zeros, never "-0". At most NUM_LD_MAX bytes with the
 * NUL. Returns the length without it. */
int num_format_ld(char *p, long double v);

#endif
