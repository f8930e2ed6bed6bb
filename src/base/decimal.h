/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decimal: the shortest decimal that reads back as a given double.
 *
 * Role:    computes digits and exponent; num formats them as text.
 * Threads: any; the table of powers is filled before main.
 * Used by: num.
 * Why:     trying %.15g, %.16g and %.17g takes microseconds and misses the shortest decimal at powers of two; this is
 *          exact and takes tens of nanoseconds. Computing the table of powers at start takes about 100 us; a listed
 *          table would be 617 lines of hexadecimal that nobody can check.
 */
#ifndef LARDER_BASE_DECIMAL_H
#define LARDER_BASE_DECIMAL_H

#include <stdint.h>

/* digits x 10^exponent; `digits` has at most 17 decimal digits and does not end with a zero. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* Of the shortest decimals that strtod reads as v, the one nearest to v; v is finite and above 0. */
struct decimal decimal_shortest(double v);

#endif
