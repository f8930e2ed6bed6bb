/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/glob.h"

static inline int lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static inline bool same(char a, char b, bool ignore_case)
{
    return a == b || (ignore_case && lower((unsigned char)a) == lower((unsigned char)b));
}

/*
 * The ends stand in either order. As in Redis, bytes compare as signed, but unsigned once their case is dropped, which
 * is after the ends were put in order: [Z-a] without case holds nothing.
 */
static bool in_range(signed char a, signed char b, signed char c, bool ignore_case)
{
    signed char low = a < b ? a : b;
    signed char high = a < b ? b : a;

    if (ignore_case)
        return lower((unsigned char)c) >= lower((unsigned char)low) &&
               lower((unsigned char)c) <= lower((unsigned char)high);
    return c >= low && c <= high;
}

/*
 * Whether c is in the class whose '[' is just before *at. Moves *at behind the class, which ends at the first ']' that
 * neither follows a backslash nor ends a range, or else with the pattern.
 */
static bool in_class(struct slice pattern, size_t *at, char c, bool ignore_case)
{
    const char *p = pattern.p;
    size_t n = pattern.n;
    size_t i = *at;
    bool negated = i < n && p[i] == '^';
    bool found = false;

    for (i += negated; i < n && p[i] != ']'; i++) {
        if (p[i] == '\\' && n - i >= 2) {
            i++;
            found |= p[i] == c;
        } else if (n - i >= 3 && p[i + 1] == '-') {
            found |= in_range(p[i], p[i + 2], c, ignore_case);
            i += 2;
        } else {
            found |= same(p[i], c, ignore_case);
        }
    }
    *at = i < n ? i + 1 : n;
    return found != negated;
}

/* Whether what stands at *at, which is no star, takes the byte c. Moves *at behind it. */
static inline bool takes(struct slice pattern, size_t *at, char c, bool ignore_case)
{
    char p = pattern.p[(*at)++];

    if (p == '?')
        return true;
    if (p == '[')
        return in_class(pattern, at, c, ignore_case);
    if (p == '\\' && *at < pattern.n)
        p = pattern.p[(*at)++];
    return same(p, c, ignore_case);
}

/*
 * All but a star takes exactly one byte. So if what follows a star fits at several places, the first is as good as
 * any, and on a mismatch only the last star need take one byte more.
 */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case)
{
    size_t p = 0, t = 0;
    size_t star_p = 0, star_t = 0;
    bool star = false;

    if (text.n == 0)
        return pattern.n == 0;
    while (t < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = true;
            star_p = ++p;
            star_t = t;
            if (p == pattern.n)
                return true;
        } else if (p < pattern.n && takes(pattern, &p, text.p[t], ignore_case)) {
            t++;
        } else if (star) {
            p = star_p;
            t = ++star_t;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}
