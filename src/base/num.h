/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * num: numbers to text and back, by the rules of the protocol.
 *
 * Role:    strict parsing (no spaces, no plus sign, no leading zeros, no trailing bytes) and the formatting of Redis,
 *          so that replies agree to the last digit.
 * Threads: any. The process stays in the C locale.
 * Why:     doubles are read and printed as in Redis 7.2: the shortest digits that read back as the same value, where
 *          7.0 uses %.17g.
 */
#ifndef LARDER_BASE_NUM_H
#define LARDER_BASE_NUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define NUM_I64_MAX    21   /* "-9223372036854775808" and a NUL */
#define NUM_DOUBLE_MAX 32   /* any double in its shortest form and a NUL */
#define NUM_LD_MAX     5120 /* any long double in fixed notation and a NUL */

/* All of these leave *out unchanged when they return false. */

/* Strict decimal integer: optional '-', no leading zero except "0" itself, no "-0". False: not an integer, or out of
 * range. */
bool num_parse_i64(struct slice s, int64_t *out);
/* As num_parse_i64, for 0 .. 2^64-1 without a sign. */
bool num_parse_u64(struct slice s, uint64_t *out);
/* As num_parse_u64, and whatever else strtoull accepts: leading white space, a sign, leading zeros. The text ends at
 * its first zero byte. As in Redis, a canonical negative integer is refused ("-1"), while other negative numbers count
 * modulo 2^64 (" -1", "-01"). */
bool num_parse_u64_loose(struct slice s, uint64_t *out);
/* A double as strtod reads it (also a plus sign, inf, infinity, hexadecimal) with nothing before or after it, as Redis
 * reads scores and float arguments. False: empty, nan, a leading space, overflow to infinity or underflow to zero. */
bool num_parse_double(struct slice s, double *out);
/* As num_parse_double for a long double of fewer than NUM_LD_MAX bytes, as Redis reads INCRBYFLOAT's. */
bool num_parse_ld(struct slice s, long double *out);

/* Decimal text without a NUL; at most 20 bytes. Returns the length. */
int num_format_i64(char *p, int64_t v);
int num_format_u64(char *p, uint64_t v);
/* A double as replies and scores show it: "inf", "-inf", "nan", "-0", integers up to 2^62 without a point, otherwise
 * the shortest digits that read back as v, with an exponent ("1e-7", "1.5e+300") only for very large and very small
 * numbers. At most NUM_DOUBLE_MAX bytes with the NUL. Returns the length without it. */
int num_format_double(char *p, double v);
/* The same, but an integer that ends with eight zeros or more has an exponent: "1e+8". */
int num_format_shortest(char *p, double v);
/* A long double as INCRBYFLOAT shows it: %.17Lf without trailing zeros, never "-0". At most NUM_LD_MAX bytes with the
 * NUL. Returns the length without it. */
int num_format_ld(char *p, long double v);

#endif
