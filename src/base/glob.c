/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/glob.h"

#include "base/must.h"

static inline int lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static inline bool same(char a, char b, bool ignore_case)
{
    return a == b || (ignore_case && lower((unsigned char)a) == lower((unsigned char)b));
}

/*
 * The ends may be in either order. As in Redis, bytes compare as signed to order the ends. If case is ignored, they are
 * then converted to lower case and compare as unsigned: [Z-a] matches nothing when case is ignored.
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
 * Whether c is in the class whose '[' is just before *at. Advances *at past the class. It ends at the first ']' that
 * neither follows a backslash nor ends a range, or with the pattern.
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
    sane(*at <= n);
    return found != negated;
}

/* Whether the pattern item at *at, which is not a star, matches the byte c. Advances *at past the item. */
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
 * Every item but a star matches exactly one byte. So if what follows a star matches at several places, the first place
 * is as good as any other, and on a mismatch only the last star has to match one more byte.
 */
bool glob_match(struct slice pattern, struct slice text, bool ignore_case)
{
    size_t p = 0, t = 0;
    size_t star_p = 0, star_t = 0;
    bool star = false;

    if (text.n == 0)
        return pattern.n == 0;
    while (t < text.n) {
        sane(p <= pattern.n && star_t <= t);
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
