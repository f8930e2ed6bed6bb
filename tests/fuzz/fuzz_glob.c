/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Matches arbitrary patterns against arbitrary texts. Matching must stay inside its input and terminate, and have the
 * properties that hold for every pattern.
 *
 * The first byte of an input chooses whether case is ignored, the second one the length of the pattern. Pattern and
 * text are in heap blocks of exactly their size, so that AddressSanitizer detects reads beyond their ends.
 */
#include <stdint.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Copies a part of the input to a block of its own; the caller frees it. */
static struct slice copy_of(const void *p, size_t n)
{
    char *copy = mem_alloc(n);

    if (n > 0)
        memcpy(copy, p, n);
    return slice_of(copy, n);
}

static void drop(struct slice s)
{
    mem_free((void *)s.p);
}

/* A match remains a match with a star in front of the pattern and more text in front of the text. */
static void check_star(struct slice pattern, struct slice text, bool ignore_case)
{
    char *starred = mem_alloc(pattern.n + 1);
    char *longer = mem_alloc(text.n + 2);

    starred[0] = '*';
    longer[0] = '[';
    longer[1] = '*';
    memcpy(starred + 1, pattern.p, pattern.n);
    memcpy(longer + 2, text.p, text.n);
    must(glob_match(slice_of(starred, pattern.n + 1), text, ignore_case) || text.n == 0);
    must(glob_match(slice_of(starred, pattern.n + 1), slice_of(longer, text.n + 2), ignore_case));
    mem_free(starred);
    mem_free(longer);
}

/* The text with a backslash before each byte matches the text; without its last byte it does not. */
static void check_escaped(struct slice text, bool ignore_case)
{
    char *escaped = mem_alloc(2 * text.n);

    for (size_t i = 0; i < text.n; i++) {
        escaped[2 * i] = '\\';
        escaped[2 * i + 1] = text.p[i];
    }
    must(glob_match(slice_of(escaped, 2 * text.n), text, ignore_case));
    must(text.n == 0 || !glob_match(slice_of(escaped, 2 * text.n - 2), text, ignore_case));
    mem_free(escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool ignore_case;
    struct slice pattern, text;
    size_t n;

    if (size < 2)
        return 0;
    ignore_case = data[0] & 1;
    n = data[1] < size - 2 ? data[1] : size - 2;
    pattern = copy_of(data + 2, n);
    text = copy_of(data + 2 + n, size - 2 - n);
    if (glob_match(pattern, text, ignore_case))
        check_star(pattern, text, ignore_case);
    check_escaped(text, ignore_case);
    drop(pattern);
    drop(text);
    return 0;
}
