/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/words.h"

#include <ctype.h>
#include <limits.h>

#include "base/mem.h"
#include "base/must.h"

/* The rest of a line. */
struct reader {
    const char *p;
    const char *end;
};

static bool is_blank(char c)
{
    return isspace((unsigned char)c);
}

void words_add(struct words *w, struct slice word)
{
    must(w->n >= 0 && w->n < INT_MAX);
    w->word = mem_realloc(w->word, (size_t)(w->n + 1) * sizeof(*w->word));
    w->word[w->n++] = mem_strndup(word.n ? word.p : "", word.n);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#define ENCODED '\1' /* begins a word that is encoded: two hexadecimal digits for each byte follow */

void words_add_bytes(struct words *w, struct slice word)
{
    struct buf b = BUF_EMPTY;

    if (word.n == 0 || (word.p[0] != ENCODED && memchr(word.p, '\0', word.n) == NULL)) {
        words_add(w, word);
        return;
    }
    buf_add_char(&b, ENCODED);
    for (size_t i = 0; i < word.n; i++)
        buf_printf(&b, "%02x", (unsigned char)word.p[i]);
    words_add(w, buf_slice(&b));
    buf_fini(&b);
}

bool words_is_encoded(const char *word)
{
    return word[0] == ENCODED;
}

void words_decode(struct buf *b, const char *word)
{
    if (!words_is_encoded(word)) {
        buf_add_str(b, word);
        return;
    }
    for (word++; word[0] != '\0'; word += 2) {
        must(hex_digit(word[0]) >= 0 && hex_digit(word[1]) >= 0);
        buf_add_char(b, (char)(hex_digit(word[0]) * 16 + hex_digit(word[1])));
    }
}

void words_fini(struct words *w)
{
    for (int i = 0; i < w->n; i++)
        mem_free(w->word[i]);
    mem_free(w->word);
    *w = WORDS_EMPTY;
}

void words_join(struct buf *b, const struct words *w)
{
    for (int i = 0; i < w->n; i++) {
        if (i)
            buf_add_char(b, ' ');
        buf_add_str(b, w->word[i]);
    }
}

static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    default:
        return c;
    }
}

/* Reads an escape sequence in double quotes; r->p is at the backslash. */
static char read_escape(struct reader *r)
{
    must(r->end - r->p >= 2 && *r->p == '\\');
    if (r->end - r->p >= 4 && r->p[1] == 'x' && hex_digit(r->p[2]) >= 0 && hex_digit(r->p[3]) >= 0) {
        char c = (char)(hex_digit(r->p[2]) * 16 + hex_digit(r->p[3]));

        r->p += 4;
        return c;
    }
    r->p += 2;
    return unescape(r->p[-1]);
}

/* Reads a quoted string. False: the quote is not closed, or neither white space nor the end of the line follows. */
static bool read_quoted(struct reader *r, struct buf *word)
{
    char quote = *r->p++;

    while (r->p < r->end && *r->p != quote) {
        bool escape = *r->p == '\\' && r->end - r->p >= 2;

        if (escape && quote == '"') {
            buf_add_char(word, read_escape(r));
        } else if (escape && r->p[1] == '\'') {
            buf_add_char(word, '\'');
            r->p += 2;
        } else {
            buf_add_char(word, *r->p++);
        }
    }
    if (r->p == r->end)
        return false;
    r->p++;
    return r->p == r->end || is_blank(*r->p);
}

/* Reads one word; a quoted part may begin in the middle of it. False: as read_quoted. */
static bool read_word(struct reader *r, struct buf *word)
{
    while (r->p < r->end && !is_blank(*r->p)) {
        if (*r->p == '"' || *r->p == '\'')
            return read_quoted(r, word);
        buf_add_char(word, *r->p++);
    }
    return true;
}

const char *words_split(struct words *w, struct slice line)
{
    struct reader r = {line.p, line.p + line.n};
    struct buf word = BUF_EMPTY;
    const char *why = NULL;

    for (;;) {
        while (r.p < r.end && is_blank(*r.p))
            r.p++;
        must(r.p <= r.end);
        if (r.p == r.end)
            break;
        word.len = 0;
        if (!read_word(&r, &word)) {
            why = "Unbalanced quotes in configuration line";
            break;
        }
        words_add_bytes(w, buf_slice(&word));
    }
    buf_fini(&word);
    return why;
}

void words_split_plain(struct words *w, struct slice text)
{
    while (text.n) {
        const char *space = memchr(text.p, ' ', text.n);
        size_t n = space ? (size_t)(space - text.p) : text.n;

        words_add(w, slice_of(text.p, n));
        text = space ? slice_of(space + 1, text.n - n - 1) : slice_of(text.p, 0);
    }
}

static bool needs_quotes(struct slice word)
{
    for (size_t i = 0; i < word.n; i++) {
        unsigned char c = (unsigned char)word.p[i];

        if (c <= ' ' || c == '"' || c == '\'' || c == '\\' || c == '#' || c >= 0x7f)
            return true;
    }
    return word.n == 0;
}

static void quote_char(struct buf *b, unsigned char c)
{
    if (c == '"' || c == '\\')
        buf_printf(b, "\\%c", c);
    else if (c == '\n')
        buf_add_str(b, "\\n");
    else if (c == '\t')
        buf_add_str(b, "\\t");
    else if (c < ' ' || c == 0x7f)
        buf_printf(b, "\\x%02x", c);
    else
        buf_add_char(b, (char)c);
}

void words_quote(struct buf *b, struct slice word)
{
    if (!needs_quotes(word)) {
        buf_add_slice(b, word);
        return;
    }
    buf_add_char(b, '"');
    for (size_t i = 0; i < word.n; i++)
        quote_char(b, (unsigned char)word.p[i]);
    buf_add_char(b, '"');
}
