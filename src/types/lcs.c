/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table holds at (i, j) the length for the first i bytes of a and the first j bytes of b. Neighbours in a row
 * differ by 0 or 1, so a row is stored as bits: bit j is clear if the length grows from j to j + 1. A row is computed
 * from the previous one and from the positions at which its byte occurs in b, a word at a time.
 */
#include "types/lcs.h"

#include "base/mem.h"
#include "base/must.h"

#define WORD_BITS 64

/* Where the bytes of a occur in b: a row of bits for each byte that both have. */
struct places {
    size_t words;
    size_t row_of[256];
    bool occurs[256];
    uint64_t *bits;
};

struct lcs {
    struct slice a, b;
    size_t words;
    size_t size;
    size_t i, j;
    uint64_t rows[];
};

static size_t words_for(size_t bits)
{
    return (bits + WORD_BITS - 1) / WORD_BITS;
}

static void note_bytes(struct slice s, bool *in)
{
    memset(in, 0, 256 * sizeof(*in));
    for (size_t i = 0; i < s.n; i++)
        in[(unsigned char)s.p[i]] = true;
}

/* Assigns a row to each byte that a and b have in common. Other bytes of b, of which there may be many, need none.
 * Returns the number of rows. */
static size_t assign_rows(struct places *p, struct slice a, struct slice b)
{
    bool in_a[256];
    size_t rows = 0;

    note_bytes(a, in_a);
    note_bytes(b, p->occurs);
    for (unsigned c = 0; c < 256; c++) {
        p->occurs[c] &= in_a[c];
        if (p->occurs[c])
            p->row_of[c] = rows++;
    }
    return rows;
}

static bool places_init(struct places *p, struct slice a, struct slice b)
{
    size_t bytes;

    p->words = words_for(b.n);
    bytes = assign_rows(p, a, b) * p->words * sizeof(*p->bits);
    p->bits = mem_try_alloc(bytes);
    if (p->bits == NULL)
        return false;
    memset(p->bits, 0, bytes);
    for (size_t j = 0; j < b.n; j++) {
        unsigned char c = (unsigned char)b.p[j];

        if (p->occurs[c])
            p->bits[p->row_of[c] * p->words + j / WORD_BITS] |= (uint64_t)1 << j % WORD_BITS;
    }
    return true;
}

static void places_fini(struct places *p)
{
    mem_free(p->bits);
}

/* Computes the row after `above` for the byte c; both may be the same. */
static void next_row(const struct places *p, unsigned char c, const uint64_t *above, uint64_t *row)
{
    const uint64_t *found;
    uint64_t carry = 0;

    if (!p->occurs[c]) {
        if (row != above)
            memcpy(row, above, p->words * sizeof(*row));
        return;
    }
    found = p->bits + p->row_of[c] * p->words;
    for (size_t w = 0; w < p->words; w++) {
        uint64_t v = above[w];
        uint64_t sum = v + (v & found[w]);
        uint64_t overflow = sum < v;

        sum += carry;
        carry = overflow | (sum < carry);
        row[w] = sum | (v & ~found[w]);
    }
}

/* Counts the clear bits among the first `bits`. */
static size_t count_clear(const uint64_t *row, size_t bits)
{
    size_t n = 0;

    for (size_t w = 0; w < words_for(bits); w++) {
        uint64_t clear = ~row[w];

        if ((w + 1) * WORD_BITS > bits)
            clear &= ((uint64_t)1 << bits % WORD_BITS) - 1;
        n += (size_t)__builtin_popcountll(clear);
    }
    return n;
}

uint64_t lcs_table_size(struct slice a, struct slice b)
{
    uint64_t size;

    if (__builtin_mul_overflow((uint64_t)a.n + 1, (uint64_t)b.n + 1, &size) ||
        __builtin_mul_overflow(size, sizeof(uint32_t), &size))
        return UINT64_MAX;
    return size;
}

bool lcs_length(struct slice a, struct slice b, size_t *length)
{
    struct slice across = a.n < b.n ? a : b;
    struct slice down = a.n < b.n ? b : a;
    size_t bytes = words_for(across.n) * sizeof(uint64_t);
    uint64_t *row = mem_try_alloc(bytes);
    struct places p;

    if (row == NULL)
        return false;
    if (!places_init(&p, down, across)) {
        mem_free(row);
        return false;
    }
    memset(row, 0xff, bytes);
    for (size_t i = 0; i < down.n; i++)
        next_row(&p, (unsigned char)down.p[i], row, row);
    *length = count_clear(row, across.n);
    places_fini(&p);
    mem_free(row);
    return true;
}

static struct lcs *allocate(struct slice a, struct slice b)
{
    size_t words = words_for(b.n);
    size_t bytes;
    struct lcs *l;

    if (__builtin_mul_overflow(a.n + 1, words * sizeof(uint64_t), &bytes) ||
        __builtin_add_overflow(bytes, sizeof(*l), &bytes))
        return NULL;
    l = mem_try_alloc(bytes);
    if (l != NULL)
        *l = (struct lcs){.a = a, .b = b, .words = words};
    return l;
}

struct lcs *lcs_new(struct slice a, struct slice b)
{
    struct lcs *l = allocate(a, b);
    struct places p;

    if (l == NULL)
        return NULL;
    if (!places_init(&p, a, b)) {
        lcs_free(l);
        return NULL;
    }
    memset(l->rows, 0xff, l->words * sizeof(*l->rows));
    for (size_t i = 0; i < a.n; i++)
        next_row(&p, (unsigned char)a.p[i], l->rows + i * l->words, l->rows + (i + 1) * l->words);
    l->size = count_clear(l->rows + a.n * l->words, b.n);
    places_fini(&p);
    lcs_rewind(l);
    return l;
}

void lcs_free(struct lcs *l)
{
    mem_free(l);
}

size_t lcs_size(const struct lcs *l)
{
    return l->size;
}

void lcs_rewind(struct lcs *l)
{
    l->i = l->a.n;
    l->j = l->b.n;
}

static bool at_match(const struct lcs *l)
{
    return l->i > 0 && l->j > 0 && l->a.p[l->i - 1] == l->b.p[l->j - 1];
}

/* If the length grows along the row, the cell above has the same length; else the cell to the left has it. */
static void step_back(struct lcs *l)
{
    size_t j = l->j - 1;

    must(l->i > 0 && l->j > 0);
    if (l->rows[l->i * l->words + j / WORD_BITS] >> j % WORD_BITS & 1)
        l->j--;
    else
        l->i--;
}

bool lcs_next(struct lcs *l, struct lcs_match *match)
{
    while (l->i > 0 && l->j > 0 && !at_match(l))
        step_back(l);
    if (l->i == 0 || l->j == 0)
        return false;
    match->a_last = l->i - 1;
    match->b_last = l->j - 1;
    while (at_match(l)) {
        l->i--;
        l->j--;
    }
    match->a_first = l->i;
    match->b_first = l->j;
    return true;
}

void lcs_copy(struct lcs *l, char *out)
{
    char *at = out + l->size;
    struct lcs_match m;

    lcs_rewind(l);
    while (lcs_next(l, &m)) {
        size_t n = m.a_last - m.a_first + 1;

        at -= n;
        memcpy(at, l->a.p + m.a_first, n);
    }
    must(at == out);
    lcs_rewind(l);
}
