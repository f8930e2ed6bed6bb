/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * decimal: the shortest decimal that reads back as a given double.
 *
 * Role:    digits and exponent; how they are laid out as text is num's business.
 * Threads: any; the table of powers is filled before main.
 * Used by: num.
 * Why:     trying %.15g, %.16g and %.17g costs microseconds, and misses the shortest at powers of two; this is
 *          exact and takes tens of nanoseconds. The table of powers is computed at start, in some 100 us, rather
 *          than listed: nobody can check 617 lines of hexadecimal.
 */
#ifndef LARDER_BASE_DECIMAL_H
#define LARDER_BASE_DECIMAL_H

#include <stdint.h>

/* digits x 10^exponent; digits has at most 17 of them and does not end with a zero. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* For finite v > 0. Of the shortest decimals that strtod reads as v, the one nearest to v. */
struct decimal decimal_shortest(double v);

#endif
