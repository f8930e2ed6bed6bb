/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/zset_flat.h"

#include <math.h>

#include "base/must.h"

/* ---- scores ---- */

/* A score as an element of the listpack. The integer 0 would lose the sign of -0. text: NUM_DOUBLE_MAX bytes, from
 * which the result may borrow. */
static struct listpack_word score_word(double score, char *text)
{
    const double max = (double)(INT64_MAX / 2); /* Redis's bound for integers */

    if (score >= -max && score <= max && (double)(int64_t)score == score && (score != 0 || !signbit(score)))
        return (struct listpack_word){.number = (int64_t)score, .is_number = true};
    return listpack_word(slice_of(text, (size_t)num_format_double(text, score)));
}

static double read_score(const struct flat *f, size_t at)
{
    struct listpack_digits d;
    int64_t number;
    double score = 0;

    if (listpack_get_number(f, at, &number))
        return (double)number;
    num_parse_double(listpack_get(f, at, &d), &score);
    return score;
}

double zset_flat_score(const struct flat *f, size_t at)
{
    must(at != 0);
    return read_score(f, listpack_next(f, at));
}

/* ---- reading ---- */

static size_t first(const struct flat *f)
{
    return f->n == 0 ? 0 : listpack_first(f);
}

static size_t last(const struct flat *f)
{
    return f->n == 0 ? 0 : listpack_at(f, -2);
}

size_t zset_flat_count(const struct flat *f)
{
    return f->n == 0 ? 0 : listpack_count(f) / 2;
}

size_t zset_flat_next(const struct flat *f, size_t at)
{
    return listpack_next(f, listpack_next(f, at));
}

size_t zset_flat_prev(const struct flat *f, size_t at)
{
    size_t score = listpack_prev(f, at);

    return score == 0 ? 0 : listpack_prev(f, score);
}

size_t zset_flat_at(const struct flat *f, size_t rank)
{
    return f->n == 0 ? 0 : listpack_at(f, 2 * (int64_t)rank);
}

size_t zset_flat_find(const struct flat *f, struct slice member)
{
    struct listpack_word w = listpack_word(member);

    return listpack_find(f, first(f), &w, 1);
}

size_t zset_flat_rank(const struct flat *f, size_t at)
{
    size_t rank = 0;

    must(at != 0);
    for (size_t i = first(f); i != at; i = zset_flat_next(f, i))
        rank++;
    return rank;
}

static bool is_before(const struct flat *f, size_t at, const struct tree_bound *b)
{
    struct listpack_digits d;

    return tree_is_before(b->by_score ? zset_flat_score(f, at) : 0, listpack_get(f, at, &d), b);
}

size_t zset_flat_from(const struct flat *f, const struct tree_bound *b)
{
    size_t at = first(f);

    while (at != 0 && is_before(f, at, b))
        at = zset_flat_next(f, at);
    return at;
}

static size_t between_up(const struct flat *f, const struct tree_bound *min, const struct tree_bound *max, size_t *n)
{
    size_t rank = 0, at = first(f);

    for (; at != 0 && is_before(f, at, min); at = zset_flat_next(f, at))
        rank++;
    for (*n = 0; at != 0 && is_before(f, at, max); at = zset_flat_next(f, at))
        ++*n;
    return rank;
}

static size_t between_down(const struct flat *f, const struct tree_bound *min, const struct tree_bound *max, size_t *n)
{
    size_t rank = zset_flat_count(f), at = last(f);

    for (; at != 0 && !is_before(f, at, max); at = zset_flat_prev(f, at))
        rank--;
    for (*n = 0; at != 0 && !is_before(f, at, min); at = zset_flat_prev(f, at))
        ++*n;
    return rank - *n;
}

size_t zset_flat_between(const struct flat *f, const struct tree_bound *min, const struct tree_bound *max, bool down,
                         size_t *n)
{
    *n = 0;
    if (f->n == 0 || is_before(f, last(f), min) || !is_before(f, first(f), max))
        return 0;
    return down ? between_down(f, min, max, n) : between_up(f, min, max, n);
}

/* ---- changes ---- */

/* at: the member before which it is inserted; 0: at the end. */
static void insert_at(struct flat *f, size_t at, struct slice member, double score)
{
    struct listpack_word m = listpack_word(member), s;
    char text[NUM_DOUBLE_MAX];

    s = score_word(score, text);
    at = listpack_insert(f, at, &m);
    listpack_insert(f, listpack_next(f, at), &s);
}

__attribute__((unused)) static bool is_after_last(const struct flat *f, struct slice member, double score)
{
    struct tree_bound b = tree_bound_both(score, member, false);

    return is_before(f, last(f), &b);
}

void zset_flat_append(struct flat *f, struct slice member, double score)
{
    if (f->n == 0)
        listpack_init(f);
    sane(listpack_count(f) == 0 || is_after_last(f, member, score));
    insert_at(f, 0, member, score);
}

void zset_flat_insert(struct flat *f, struct slice member, double score)
{
    struct tree_bound b = tree_bound_both(score, member, false);
    size_t at = last(f);

    sane(zset_flat_find(f, member) == 0);
    if (at == 0 || is_before(f, at, &b)) {
        zset_flat_append(f, member, score);
        return;
    }
    for (at = first(f); is_before(f, at, &b);)
        at = zset_flat_next(f, at);
    insert_at(f, at, member, score);
}

/* Whether the member at `at` keeps its position with this score. */
static bool stays(const struct flat *f, size_t at, struct slice member, double score)
{
    struct tree_bound b = tree_bound_both(score, member, false);
    size_t prev = zset_flat_prev(f, at), next = zset_flat_next(f, at);

    return (prev == 0 || is_before(f, prev, &b)) && (next == 0 || !is_before(f, next, &b));
}

void zset_flat_move(struct flat *f, size_t at, struct slice member, double score)
{
    char text[NUM_DOUBLE_MAX];
    struct listpack_word s;

    must(at != 0);
    if (stays(f, at, member, score)) {
        s = score_word(score, text);
        listpack_replace(f, listpack_next(f, at), &s);
        return;
    }
    listpack_remove(f, at, 2);
    zset_flat_insert(f, member, score);
}
