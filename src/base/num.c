/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/num.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/mem.h"
#include "base/must.h"

/* Digits that always fit in 64 bits. */
#define SAFE_DIGITS 19

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') <= 9;
}

bool num_parse_u64(struct slice s, uint64_t *out)
{
    size_t safe = s.n <= SAFE_DIGITS ? s.n : SAFE_DIGITS;
    uint64_t v = 0;

    if (s.n == 0 || s.n > SAFE_DIGITS + 1 || (s.p[0] == '0' && s.n > 1))
        return false;
    for (size_t i = 0; i < safe; i++) {
        if (!is_digit(s.p[i]))
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    if (safe < s.n) {
        if (!is_digit(s.p[safe]) || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[safe] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool num_parse_i64(struct slice s, int64_t *out)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    uint64_t v;

    if (negative)
        s = slice_of(s.p + 1, s.n - 1);
    if (!num_parse_u64(s, &v))
        return false;
    if (negative ? v == 0 || v > (uint64_t)INT64_MAX + 1 : v > INT64_MAX)
        return false;
    *out = (int64_t)(negative ? -v : v);
    return true;
}

static inline bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Reads plain notation of at most SAFE_DIGITS digits. Integers up to 2^53 and powers of ten up to 10^22 are exact
 * doubles, so their quotient is rounded once, as strtod does: Clinger, "How to read floating point numbers
 * accurately", 1990. False: not plain notation, or not exact.
 */
static bool parse_plain(struct slice s, double *out)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};
    bool negative = s.p[0] == '-';
    size_t digits = 0, point = s.n;
    uint64_t v = 0;

    if (FLT_EVAL_METHOD != 0 || s.n > SAFE_DIGITS)
        return false;
    for (size_t i = negative; i < s.n; i++) {
        if (is_digit(s.p[i])) {
            v = v * 10 + (uint64_t)(s.p[i] - '0');
            digits++;
        } else if (s.p[i] == '.' && point == s.n) {
            point = i;
        } else {
            return false;
        }
    }
    if (digits == 0 || v > (uint64_t)1 << 53)
        return false;
    *out = (double)v / power[point < s.n ? s.n - point - 1 : 0];
    if (negative)
        *out = -*out;
    return true;
}

/* Reads digits, at least one, up to the end. False: another character, or out of range. */
static bool parse_digits(const char *p, const char *end, uint64_t *v)
{
    *v = 0;
    if (p == end)
        return false;
    for (; p < end; p++)
        if (!is_digit(*p) || __builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, (uint64_t)(*p - '0'), v))
            return false;
    return true;
}

bool num_parse_u64_loose(struct slice s, uint64_t *out)
{
    const char *p = s.p, *end = s.n > 0 ? p + strnlen(p, s.n) : p;
    int64_t canonical;
    bool negative;
    uint64_t v;

    if (num_parse_i64(slice_of(p, (size_t)(end - p)), &canonical)) {
        if (canonical >= 0)
            *out = (uint64_t)canonical;
        return canonical >= 0;
    }
    while (p < end && is_space(*p))
        p++;
    negative = p < end && *p == '-';
    if (negative || (p < end && *p == '+'))
        p++;
    if (!parse_digits(p, end, &v))
        return false;
    *out = negative ? -v : v;
    return true;
}

/* Reads the NUL-terminated copy of a text of n bytes with strtod. */
static bool parse_copy(const char *copy, size_t n, double *out)
{
    char *end;
    double v;

    errno = 0;
    v = strtod(copy, &end);
    if (end != copy + n || isnan(v) || (errno == ERANGE && (isinf(v) || v == 0)))
        return false;
    *out = v;
    return true;
}

bool num_parse_double(struct slice s, double *out)
{
    char small[128];
    char *copy = small;
    bool good;

    if (s.n == 0 || is_space(s.p[0]))
        return false;
    if (parse_plain(s, out))
        return true;
    if (s.n >= sizeof(small) && (copy = mem_try_alloc(s.n + 1)) == NULL)
        return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    good = parse_copy(copy, s.n, out);
    if (copy != small)
        mem_free(copy);
    return good;
}

bool num_parse_ld(struct slice s, long double *out)
{
    char copy[NUM_LD_MAX];
    long double v;
    char *end;

    if (s.n == 0 || s.n >= sizeof(copy) || is_space(s.p[0]))
        return false;
    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    errno = 0;
    v = strtold(copy, &end);
    if (end != copy + s.n || isnan(v) || (errno == ERANGE && (isinf(v) || v == 0)))
        return false;
    *out = v;
    return true;
}

static inline int count_digits(uint64_t v)
{
    /* The first entry makes zero have one digit. */
    static const uint64_t power[] = {
        0,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        10000000000000000000u,
    };
    /* 1233 / 4096 is just over log10(2). */
    int n = (64 - __builtin_clzll(v | 1)) * 1233 >> 12;

    return n + (v >= power[n]);
}

/* Writes two digits at a time, from the end. */
int num_format_u64(char *p, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    int n = count_digits(v);
    char *at = p + n;

    while (v >= 100) {
        at -= 2;
        memcpy(at, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10)
        memcpy(p, pairs + v * 2, 2);
    else
        *p = (char)('0' + v);
    return n;
}

int num_format_i64(char *p, int64_t v)
{
    if (v >= 0)
        return num_format_u64(p, (uint64_t)v);
    *p = '-';
    return 1 + num_format_u64(p + 1, -(uint64_t)v);
}

static inline char *put_zeros(char *p, int n)
{
    memset(p, '0', (size_t)n);
    return p + n;
}

static inline char *put(char *p, const char *digits, int n)
{
    memcpy(p, digits, (size_t)n);
    return p + n;
}

/* The digits with a point after the first `whole` of them; if whole <= 0, -whole zeros follow the point. */
static char *put_pointed(char *p, const char *digits, int n, int whole)
{
    must(whole <= n && whole > -NUM_DOUBLE_MAX);
    if (whole > 0) {
        p = put(p, digits, whole);
        *p++ = '.';
        return put(p, digits + whole, n - whole);
    }
    p = put(p, "0.", 2);
    p = put_zeros(p, -whole);
    return put(p, digits, n);
}

static char *put_with_exponent(char *p, const char *digits, int n, int exponent)
{
    p = n > 1 ? put_pointed(p, digits, n, 1) : put(p, digits, 1);
    *p++ = 'e';
    *p++ = exponent < 0 ? '-' : '+';
    return p + num_format_u64(p, (uint64_t)abs(exponent));
}

/* Redis 7.2 writes an exponent for integers that end with eight zeros or more, and for numbers with seven decimals or
 * more, unless they are within 0.001 .. 9999. */
static char *put_decimal(char *p, struct decimal d)
{
    char digits[20];
    int n = num_format_u64(digits, d.digits);
    int exponent = d.exponent + n - 1;

    must(n <= 17);
    if (d.exponent >= 0 && d.exponent < 8)
        return put_zeros(put(p, digits, n), d.exponent);
    if (d.exponent < 0 && (d.exponent > -7 || abs(exponent) < 4))
        return put_pointed(p, digits, n, n + d.exponent);
    return put_with_exponent(p, digits, n, exponent);
}

/* Integers up to whole_max are written without a point or an exponent. */
static inline int format_double(char *p, double v, double whole_max)
{
    char *at = p;

    if (isnan(v)) {
        at = put(at, "nan", 3);
    } else {
        if (signbit(v))
            *at++ = '-';
        v = fabs(v);
        if (isinf(v))
            at = put(at, "inf", 3);
        else if (v <= whole_max && v == (double)(uint64_t)v)
            at += num_format_u64(at, (uint64_t)v);
        else
            at = put_decimal(at, decimal_shortest(v));
    }
    *at = '\0';
    return (int)(at - p);
}

int num_format_double(char *p, double v)
{
    return format_double(p, v, (double)(INT64_MAX / 2));
}

int num_format_shortest(char *p, double v)
{
    return format_double(p, v, 0);
}

#define FIXED_DECIMALS 17
#define FIXED_SCALE    100000000000000000u /* 10 to that power */

/* Multiplies a fraction below 1 by FIXED_SCALE and rounds half to even; the result may be FIXED_SCALE. False: the
 * mantissa of the machine's long double has more than 64 bits. */
static bool scale_fraction(long double fraction, uint64_t *scaled)
{
    int exponent;
    long double mantissa = ldexpl(frexpl(fraction, &exponent), 64);
    unsigned __int128 product = (unsigned __int128)(uint64_t)mantissa * FIXED_SCALE, rest, half;
    unsigned shift = (unsigned)(64 - exponent);

    must(exponent <= 0);
    if ((long double)(uint64_t)mantissa != mantissa)
        return false;
    *scaled = 0;
    if (shift > 127)
        return true;
    *scaled = (uint64_t)(product >> shift);
    rest = product - ((unsigned __int128)*scaled << shift);
    half = (unsigned __int128)1 << (shift - 1);
    *scaled += rest > half || (rest == half && *scaled % 2 == 1);
    return true;
}

/* ".25" of a fraction that is not 0. */
static char *put_fraction(char *p, uint64_t scaled)
{
    char digits[NUM_I64_MAX];
    int n = num_format_u64(digits, scaled), zeros = FIXED_DECIMALS - n;

    must(scaled > 0 && zeros >= 0);
    while (digits[n - 1] == '0')
        n--;
    *p++ = '.';
    return put(put_zeros(p, zeros), digits, n);
}

/* Formats a number whose integer part has at most 63 bits. Returns 0 for all others. */
static int format_fixed(char *p, long double v)
{
    long double size = fabsl(v);
    uint64_t whole, scaled;
    char *at = p;

    if (size >= 0x1p63L)
        return 0;
    whole = (uint64_t)size;
    if (!scale_fraction(size - (long double)whole, &scaled))
        return 0;
    if (scaled == FIXED_SCALE) {
        whole++;
        scaled = 0;
    }
    if (v < 0 && (whole | scaled) != 0)
        *at++ = '-';
    at += num_format_u64(at, whole);
    if (scaled != 0)
        at = put_fraction(at, scaled);
    *at = '\0';
    return (int)(at - p);
}

int num_format_ld(char *p, long double v)
{
    int n;

    if (isnan(v) || isinf(v))
        return num_format_double(p, (double)v);
    n = format_fixed(p, v);
    if (n > 0)
        return n;
    n = snprintf(p, NUM_LD_MAX, "%.17Lf", v);
    must(n > FIXED_DECIMALS && n < NUM_LD_MAX);
    while (p[n - 1] == '0')
        n--;
    if (p[n - 1] == '.')
        n--;
    if (n == 2 && p[0] == '-' && p[1] == '0') {
        p[0] = '0';
        n = 1;
    }
    p[n] = '\0';
    return n;
}
