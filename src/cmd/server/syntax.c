/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include "cmd/server/syntax.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

static const char *const type_names[] = {
    [SYNTAX_STRING] = "string",         [SYNTAX_INTEGER] = "integer",       [SYNTAX_DOUBLE] = "double",
    [SYNTAX_KEY] = "key",               [SYNTAX_PATTERN] = "pattern",       [SYNTAX_UNIX_TIME] = "unix-time",
    [SYNTAX_PURE_TOKEN] = "pure-token", [SYNTAX_ONEOF] = "oneof",           [SYNTAX_BLOCK] = "block",
};

/* The names of values that are not strings, with a space before and after each. */
static const char *const names_of_type[] = {
    [SYNTAX_INTEGER] = " bit client-id count cursor db decrement destination-db end index index1 index2 increment "
                       "iterations len maxage maxlen milliseconds min-match-len numfields numkeys offset port "
                       "protover rank samples seconds size start stop timeout timestamp version ",
    [SYNTAX_KEY] = " key key1 key2 newkey destkey destination source sourcekey ",
    [SYNTAX_PATTERN] = " pattern by-pattern get-pattern ",
    [SYNTAX_UNIX_TIME] = " unix-time-seconds unix-time-milliseconds ",
};

const char *syntax_type_name(enum syntax_type type)
{
    must((unsigned)type < sizeof(type_names) / sizeof(type_names[0]));
    return type_names[type];
}

void syntax_free(struct syntax *s)
{
    while (s) {
        struct syntax *next = s->next;

        syntax_free(s->first);
        mem_free(s->name);
        mem_free(s->token);
        mem_free(s);
        s = next;
    }
}

static struct syntax *new_node(enum syntax_type type, char *name)
{
    struct syntax *s = mem_zalloc(sizeof(*s));

    s->type = type;
    s->name = name;
    return s;
}

/* ---- spans of the text ---- */

static struct slice trim(struct slice s)
{
    while (s.n && *s.p == ' ')
        s = slice_of(s.p + 1, s.n - 1);
    while (s.n && s.p[s.n - 1] == ' ')
        s.n--;
    return s;
}

static bool ends_with(struct slice s, struct slice end)
{
    return s.n >= end.n && slice_eq(slice_of(s.p + s.n - end.n, end.n), end);
}

/* The length of the first term of the text: a word, or a bracketed group. 0: a bracket is not closed. */
static size_t term_length(struct slice s)
{
    size_t depth = 0, i;

    for (i = 0; i < s.n; i++) {
        if (s.p[i] == '[' || s.p[i] == '<')
            depth++;
        else if (s.p[i] == ']' || s.p[i] == '>')
            depth--;
        else if (s.p[i] == ' ' && depth == 0)
            break;
    }
    return depth == 0 ? i : 0;
}

/* Splits off the text before the first '|' outside brackets. False: there is none. */
static bool cut_alternative(struct slice *text, struct slice *first)
{
    size_t depth = 0;

    for (size_t i = 0; i < text->n; i++) {
        if (text->p[i] == '[' || text->p[i] == '<')
            depth++;
        else if (text->p[i] == ']' || text->p[i] == '>')
            depth--;
        else if (text->p[i] == '|' && depth == 0) {
            *first = trim(slice_of(text->p, i));
            *text = trim(slice_of(text->p + i + 1, text->n - i - 1));
            return true;
        }
    }
    return false;
}

/* ---- words ---- */

static bool is_token(struct slice word)
{
    for (size_t i = 0; i < word.n; i++) {
        if (islower((unsigned char)word.p[i]))
            return false;
    }
    return true;
}

static char *lower(const char *p)
{
    char *copy = mem_strdup(p);

    for (char *q = copy; *q; q++)
        *q = (char)tolower((unsigned char)*q);
    return copy;
}

static enum syntax_type type_by_name(const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < sizeof(names_of_type) / sizeof(names_of_type[0]); i++) {
        for (const char *p = names_of_type[i]; p && (p = strstr(p, name)) != NULL; p += n) {
            if (p[-1] == ' ' && p[n] == ' ')
                return (enum syntax_type)i;
        }
    }
    return SYNTAX_STRING;
}

/* The length of a word without ":type". Sets *type if the word has one. */
static size_t word_length(struct slice word, enum syntax_type *type)
{
    for (int i = SYNTAX_STRING; i < SYNTAX_PURE_TOKEN; i++) {
        struct slice end = slice_str(type_names[i]);

        if (ends_with(word, end) && word.n > end.n + 1 && word.p[word.n - end.n - 1] == ':') {
            *type = (enum syntax_type)i;
            return word.n - end.n - 1;
        }
    }
    return word.n;
}

static struct syntax *parse_word(struct slice word)
{
    enum syntax_type type = SYNTAX_BLOCK;
    struct syntax *s;

    must(word.n > 0);
    s = new_node(type, mem_strndup(word.p, word_length(word, &type)));
    if (is_token(word)) {
        s->type = SYNTAX_PURE_TOKEN;
        s->token = s->name;
        s->name = lower(s->token);
    } else {
        s->type = type == SYNTAX_BLOCK ? type_by_name(s->name) : type;
    }
    return s;
}

/* ---- groups ---- */

static struct syntax *parse_group(struct slice text);

/* Names a group after its arguments. */
static void name_group(struct syntax *group)
{
    struct buf b = BUF_EMPTY;

    must(group->first != NULL && (group->type == SYNTAX_BLOCK || group->type == SYNTAX_ONEOF));
    for (struct syntax *s = group->first; s; s = s->next) {
        if (b.len)
            buf_add_char(&b, '_');
        buf_add_str(&b, s->name);
    }
    mem_free(group->name);
    group->name = mem_strndup(b.p, b.len);
    buf_fini(&b);
}

/* Makes a group of a list of arguments; a single argument is returned itself. Takes the list. */
static struct syntax *group_of(enum syntax_type type, struct syntax *first)
{
    struct syntax *group;

    if (!first->next)
        return first;
    group = new_node(type, NULL);
    group->first = first;
    name_group(group);
    return group;
}

/* Whether a token before this argument belongs to it. leads: the token is the first of its group. */
static bool takes_token(const struct syntax *s, bool leads)
{
    return s && s->type != SYNTAX_PURE_TOKEN && (leads || !(s->flags & SYNTAX_OPTIONAL));
}

/* Joins a token with the arguments after it that belong to it. Returns the result, followed by the rest of the list. */
static struct syntax *bind_token(struct syntax *token, bool leads)
{
    struct syntax *own = token->next, *last = token, *bound;

    must(token->type == SYNTAX_PURE_TOKEN && token->token != NULL);
    while (takes_token(last->next, leads))
        last = last->next;
    if (last == token || (own == last && own->flags & SYNTAX_OPTIONAL))
        return token;
    token->next = last->next;
    last->next = NULL;
    bound = group_of(SYNTAX_BLOCK, own);
    if (bound->token) {    /* it already has a token: wrap it in a block */
        bound = new_node(SYNTAX_BLOCK, NULL);
        bound->first = own;
    }
    if (bound->first) {
        mem_free(bound->name);
        bound->name = token->name;
        token->name = NULL;
    }
    bound->token = token->token;
    token->token = NULL;
    bound->next = token->next;
    token->next = NULL;
    syntax_free(token);
    return bound;
}

/* A list of arguments under construction, with the place in the text where each begins. */
#define TERMS_MAX 64
struct terms {
    struct syntax *node[TERMS_MAX];
    const char *at[TERMS_MAX];
    int n;
};

/* Links the terms from index `from` on into a list. */
static struct syntax *link_terms(struct terms *t, int from)
{
    must(from >= 0 && from < t->n && t->n <= TERMS_MAX);
    for (int i = from; i + 1 < t->n; i++)
        t->node[i]->next = t->node[i + 1];
    return t->node[from];
}

/* Binds each token of the list to its values; an optional token has none. group: the list is the whole content of a
 * bracket. */
static struct syntax *bind_tokens(struct syntax *first, bool group)
{
    struct syntax **link = &first;

    for (; *link; link = &(*link)->next) {
        if ((*link)->type == SYNTAX_PURE_TOKEN && !((*link)->flags & SYNTAX_OPTIONAL))
            *link = bind_token(*link, group && link == &first);
    }
    return first;
}

/* Handles "[x ...]", which begins at `end`: makes one argument of the last terms, whose text must be "x". */
static bool repeat_terms(struct terms *t, struct slice x, const char *end)
{
    for (int i = 0; i < t->n; i++) {
        struct syntax *node;

        if (!slice_eq(trim(slice_of(t->at[i], (size_t)(end - t->at[i]))), x))
            continue;
        node = group_of(SYNTAX_BLOCK, bind_tokens(link_terms(t, i), true));
        node->flags |= SYNTAX_MULTIPLE | (node->token ? SYNTAX_MULTIPLE_TOKEN : 0);
        t->node[i] = node;
        t->n = i + 1;
        return true;
    }
    return false;
}

/* Parses one term of a list. False: a syntax error. */
static bool parse_term(struct terms *t, struct slice term)
{
    bool bracket = *term.p == '[', group = bracket || *term.p == '<';
    struct slice inner = group ? trim(slice_of(term.p + 1, term.n - 2)) : term;
    struct syntax *s;

    if (bracket && ends_with(inner, SLICE(" ...")))
        return repeat_terms(t, trim(slice_of(inner.p, inner.n - 4)), term.p);
    if (slice_eq(term, SLICE("...")))
        return false;
    s = group ? parse_group(inner) : parse_word(term);
    if (!s)
        return false;
    if (bracket)
        s->flags |= SYNTAX_OPTIONAL;
    must(t->n < TERMS_MAX);
    t->at[t->n] = term.p;
    t->node[t->n++] = s;
    return true;
}

/* Parses a sequence of arguments. NULL: a syntax error, or there are none. */
static struct syntax *parse_list(struct slice text, bool group)
{
    struct terms t = {.n = 0};
    bool valid = true;

    while (valid && text.n) {
        size_t n = term_length(text);

        valid = n != 0 && t.n < TERMS_MAX && parse_term(&t, slice_of(text.p, n));
        text = trim(slice_of(text.p + n, text.n - n));
    }
    if (valid && t.n)
        return bind_tokens(link_terms(&t, 0), group);
    for (int i = 0; i < t.n; i++)
        syntax_free(t.node[i]);
    return NULL;
}

/* x, if the whole text is "x [x ...]"; otherwise an empty slice. */
static struct slice whole_repeated(struct slice text)
{
    for (size_t n = 1; n + 3 < text.n; n++) {
        struct slice x = slice_of(text.p, n);
        struct slice rest = trim(slice_of(text.p + n, text.n - n));

        if (text.p[n] == ' ' && rest.n == n + 6 && rest.p[0] == '[' && slice_eq(slice_of(rest.p + 1, n), x) &&
            slice_eq(slice_of(rest.p + 1 + n, 5), SLICE(" ...]")))
            return x;
    }
    return slice_of(NULL, 0);
}

/* Parses the content of a bracket. NULL: a syntax error. */
static struct syntax *parse_group(struct slice text)
{
    struct slice x = whole_repeated(text), first;
    struct syntax *s, *list = NULL, **end = &list;

    if (x.n) {
        s = parse_group(x);
        if (s)
            s->flags |= SYNTAX_MULTIPLE | (s->token ? SYNTAX_MULTIPLE_TOKEN : 0);
        return s;
    }
    while (cut_alternative(&text, &first)) {
        *end = parse_group(first);
        if (!*end) {
            syntax_free(list);
            return NULL;
        }
        end = &(*end)->next;
    }
    s = parse_list(text, true);
    if (!s) {
        syntax_free(list);
        return NULL;
    }
    *end = group_of(SYNTAX_BLOCK, s);
    return group_of(SYNTAX_ONEOF, list);
}

struct syntax *syntax_parse(const char *text)
{
    struct slice all = trim(slice_str(text)), first = all, rest = all;
    struct syntax *root, *arguments = NULL;

    if (all.n) {
        /* Alternatives without brackets are one argument. */
        arguments = cut_alternative(&rest, &first) ? parse_group(all) : parse_list(all, false);
        if (!arguments)
            return NULL;
    }
    root = new_node(SYNTAX_BLOCK, mem_strdup(""));
    root->first = arguments;
    return root;
}

void syntax_show(struct buf *b, const char *text)
{
    while (*text) {
        enum syntax_type type;
        struct slice word = slice_of(text, strcspn(text, " []<>|"));

        buf_add(b, word.p, word_length(word, &type));
        text += word.n;
        if (*text)
            buf_add_char(b, *text++);
    }
}
