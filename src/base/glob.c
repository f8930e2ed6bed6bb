/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/glob.h"

#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#define CLASS_BYTES 32 /* of a class as a bitmap: a bit for each byte */

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

/* ---- classes as text ---- */

/* The length of the item of a class that begins at i: an escaped byte, a range or a byte. */
static inline size_t class_item(struct slice pattern, size_t i)
{
    if (pattern.p[i] == '\\' && pattern.n - i >= 2)
        return 2;
    return pattern.n - i >= 3 && pattern.p[i + 1] == '-' ? 3 : 1;
}

/* Whether a class has ended before i: at the first ']' that neither follows a backslash nor ends a range, or with the
 * pattern. */
static inline bool class_ends(struct slice pattern, size_t i)
{
    return i >= pattern.n || pattern.p[i] == ']';
}

static bool item_has(const char *item, size_t size, char c, bool ignore_case)
{
    if (size == 2)
        return item[1] == c;
    return size == 3 ? in_range(item[0], item[2], c, ignore_case) : same(item[0], c, ignore_case);
}

/* Whether c is in the class whose '[' is just before *at. Advances *at past the class. */
static bool in_class(struct slice pattern, size_t *at, char c, bool ignore_case)
{
    bool negated = *at < pattern.n && pattern.p[*at] == '^';
    bool found = false;
    size_t i = *at + negated;

    for (size_t size; !class_ends(pattern, i); i += size) {
        size = class_item(pattern, i);
        found |= item_has(pattern.p + i, size, c, ignore_case);
    }
    *at = i < pattern.n ? i + 1 : pattern.n;
    return found != negated;
}

/* ---- normal form ---- */

/*
 * The normal form of a pattern is a pattern, with these differences: stars do not follow each other, and a class of
 * more than CLASS_BYTES + 2 bytes is replaced by "[]" and a bitmap. (The empty class "[]" does not occur otherwise: a
 * pattern with one matches nothing.) So the steps to match an item are bounded.
 */

/* Where the class ends whose '[' is just before `at`. */
static size_t class_end(struct slice pattern, size_t at)
{
    at += at < pattern.n && pattern.p[at] == '^';
    while (!class_ends(pattern, at))
        at += class_item(pattern, at);
    return at < pattern.n ? at + 1 : pattern.n;
}

static inline bool is_empty_class(struct slice pattern, size_t at)
{
    return class_ends(pattern, at);
}

static inline bool is_long_class(size_t at, size_t end)
{
    return end - at > CLASS_BYTES + 1;
}

/* Where the item at `at` of a pattern ends. */
static inline size_t item_end(struct slice pattern, size_t at)
{
    if (pattern.p[at] == '[')
        return class_end(pattern, at + 1);
    return at + (pattern.p[at] == '\\' && at + 1 < pattern.n ? 2 : 1);
}

/* What a first pass over a pattern finds. */
struct survey {
    size_t items; /* other than stars; each matches one byte */
    bool is_normal;
    bool matches_nothing;
};

static struct survey survey(struct slice pattern)
{
    struct survey s = {.is_normal = true};
    bool after_star = false;

    for (size_t at = 0, end; at < pattern.n; at = end) {
        bool star = pattern.p[at] == '*';

        end = item_end(pattern, at);
        if (pattern.p[at] == '[') {
            s.matches_nothing |= is_empty_class(pattern, at + 1);
            s.is_normal &= !is_long_class(at + 1, end);
        }
        s.is_normal &= !star || !after_star;
        s.items += !star;
        after_star = star;
    }
    return s;
}

/* A class as a bitmap, and the ranges that it contains already. */
struct bitmap {
    unsigned char bytes[CLASS_BYTES];
    unsigned char ranges[256 * CLASS_BYTES]; /* a bit for each pair of ends: each range costs 256 steps only once */
};

static inline void set_bit(unsigned char *bits, unsigned i)
{
    bits[i / 8] |= (unsigned char)(1 << i % 8);
}

static inline bool has_bit(const unsigned char *bits, unsigned i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static void add_item(struct bitmap *b, const char *item, size_t size, bool ignore_case)
{
    unsigned char first = (unsigned char)item[0], last = (unsigned char)item[size - 1];

    if (size != 3 && (size == 2 || !ignore_case)) {
        set_bit(b->bytes, last);
        return;
    }
    /* A single byte whose case is ignored counts as a range. */
    if (has_bit(b->ranges, first << 8 | last))
        return;
    set_bit(b->ranges, first << 8 | last);
    for (unsigned c = 0; c < 256; c++)
        if (item_has(item, size, (char)c, ignore_case))
            set_bit(b->bytes, c);
}

/* Writes the long class whose '[' is just before `at` as "[]" and a bitmap. Returns the end of what was written. */
static char *write_bitmap(char *to, struct slice pattern, size_t at, bool ignore_case)
{
    bool negated = pattern.p[at] == '^';
    struct bitmap b = {0};

    at += negated;
    for (size_t size; !class_ends(pattern, at); at += size) {
        size = class_item(pattern, at);
        add_item(&b, pattern.p + at, size, ignore_case);
    }
    for (unsigned i = 0; negated && i < CLASS_BYTES; i++)
        b.bytes[i] = (unsigned char)~b.bytes[i];
    memcpy(to, "[]", 2);
    memcpy(to + 2, b.bytes, CLASS_BYTES);
    return to + 2 + CLASS_BYTES;
}

/* Writes the normal form of a pattern, which is never longer. Returns its length. */
static size_t normalise(char *to, struct slice pattern, bool ignore_case)
{
    char *start = to;
    bool after_star = false;

    for (size_t at = 0, end; at < pattern.n; at = end) {
        bool star = pattern.p[at] == '*';

        end = item_end(pattern, at);
        if (pattern.p[at] == '[' && is_long_class(at + 1, end)) {
            to = write_bitmap(to, pattern, at + 1, ignore_case);
        } else if (!star || !after_star) {
            memcpy(to, pattern.p + at, end - at);
            to += end - at;
        }
        after_star = star;
    }
    must((size_t)(to - start) <= pattern.n);
    return (size_t)(to - start);
}

void glob_init(struct glob *g, struct slice pattern, bool ignore_case)
{
    struct survey s = survey(pattern);

    *g = (struct glob){.pattern = pattern, .ignore_case = ignore_case, .min = s.matches_nothing ? SIZE_MAX : s.items};
    if (s.is_normal || s.matches_nothing)
        return;
    g->owned = mem_try_alloc(pattern.n);
    if (g->owned != NULL) /* else the pattern itself serves: it only takes more steps */
        g->pattern = slice_of(g->owned, normalise(g->owned, pattern, ignore_case));
}

void glob_fini(struct glob *g)
{
    mem_free(g->owned);
    g->owned = NULL;
}

/* ---- matching ---- */

static inline struct slice rest_of(struct slice s, size_t from)
{
    must(from <= s.n);
    return slice_of(s.p + from, s.n - from);
}

/* Whether the item at *at of a normal form, which is not a star, matches the byte c. Advances *at past the item. */
static inline bool takes(struct slice pattern, size_t *at, char c, bool ignore_case)
{
    char p = pattern.p[(*at)++];

    if (p == '?')
        return true;
    if (p == '[' && pattern.p[*at] == ']') {
        const unsigned char *bits = (const unsigned char *)pattern.p + *at + 1;

        *at += 1 + CLASS_BYTES;
        return has_bit(bits, (unsigned char)c);
    }
    if (p == '[')
        return in_class(pattern, at, c, ignore_case);
    if (p == '\\' && *at < pattern.n)
        p = pattern.p[(*at)++];
    return same(p, c, ignore_case);
}

/* The part of a normal form between two stars, or between a star and an end. */
struct segment {
    size_t from, to; /* in the pattern */
    size_t items;
    bool is_plain; /* its items are bytes that match only themselves */
};

/* The segment that begins at `at`. */
static struct segment segment_at(struct slice pattern, size_t at)
{
    struct segment s = {.from = at, .is_plain = true};

    for (; at < pattern.n && pattern.p[at] != '*'; s.items++) {
        bool is_class = pattern.p[at] == '[';

        s.is_plain &= !is_class && pattern.p[at] != '?' && pattern.p[at] != '\\';
        at = is_class && pattern.p[at + 1] == ']' ? at + 2 + CLASS_BYTES : item_end(pattern, at);
    }
    s.to = at;
    return s;
}

/* Whether the segment matches the bytes at p, as many as it has items. */
static bool fits(const struct glob *g, const struct segment *s, const char *p)
{
    for (size_t at = s->from; at < s->to; p++)
        if (!takes(g->pattern, &at, *p, g->ignore_case))
            return false;
    return true;
}

/* The first place in the text where the segment matches; NULL: there is none. Linear for plain segments, because
 * memmem is; otherwise at most one step for each byte and item. */
static const char *find(const struct glob *g, const struct segment *s, struct slice text)
{
    if (s->is_plain && !g->ignore_case)
        return memmem(text.p, text.n, g->pattern.p + s->from, s->items);
    for (; text.n >= s->items; text.p++, text.n--)
        if (fits(g, s, text.p))
            return text.p;
    return NULL;
}

/*
 * Every item but a star matches exactly one byte. So if a segment between two stars matches at several places, the
 * first place is as good as any other; and the last segment has only one place, at the end of the text.
 */
bool glob_matches(const struct glob *g, struct slice text)
{
    struct segment s;

    if (text.n == 0)
        return g->pattern.n == 0;
    if (text.n < g->min)
        return false;
    s = segment_at(g->pattern, 0);
    if (s.to == g->pattern.n && s.items != text.n)
        return false;
    if (!fits(g, &s, text.p))
        return false;
    text = rest_of(text, s.items);
    while (s.to < g->pattern.n) {
        const char *found;

        s = segment_at(g->pattern, s.to + 1);
        if (s.items > text.n)
            return false;
        if (s.to == g->pattern.n)
            return fits(g, &s, text.p + text.n - s.items);
        found = find(g, &s, text);
        if (found == NULL)
            return false;
        text = rest_of(text, (size_t)(found - text.p) + s.items);
    }
    return true;
}

bool glob_match(struct slice pattern, struct slice text, bool ignore_case)
{
    struct glob g;
    bool matches;

    glob_init(&g, pattern, ignore_case);
    matches = glob_matches(&g, text);
    glob_fini(&g);
    return matches;
}
