/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf.h"

#include <limits.h>
#include <stdio.h>

#include "base/glob.h"
#include "base/mem.h"
#include "base/must.h"
#include "conf/machine.h"
#include "conf/state.h"

#define HINTS_MAX 900 /* bytes; a line of the log ends at 1 KiB */

struct conf *conf_new(void)
{
    struct conf *c = mem_zalloc(sizeof(*c));

    c->magic = CONF_MAGIC;
    lock_init(&c->lock, LOCK_CONF, 0);
    lock_init(&c->text_lock, LOCK_CONF_TEXT, 0);
    for (int i = 0; i < OPTION_COUNT; i++) {
        struct setting s = {0, NULL};

        option_default(&option_table[i], &s);
        state_put(c, (enum option_id)i, &s);
    }
    return c;
}

void conf_free(struct conf *c)
{
    if (c == NULL)
        return;
    must_be(c, CONF_MAGIC);
    c->magic = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        mem_free(c->text[i]);
    words_fini(&c->unknown_variables);
    mem_free(c->file);
    mem_free(c->base);
    mem_free(c);
}

const struct options *conf_options(const struct conf *c)
{
    must_be(c, CONF_MAGIC);
    return &c->options;
}

const char *conf_file(const struct conf *c)
{
    return c->file;
}

static void show(struct conf *c, enum option_id id, struct buf *out)
{
    struct setting s;

    state_copy(c, id, &s);
    option_show(&option_table[id], &s, out);
    setting_fini(&s);
}

void conf_copy(struct conf *c, enum option_id id, struct buf *value)
{
    show(c, id, value);
}

char *conf_dup(struct conf *c, enum option_id id)
{
    struct buf b = BUF_EMPTY;
    char *copy;

    show(c, id, &b);
    copy = mem_strdup(buf_cstr(&b));
    buf_fini(&b);
    return copy;
}

int conf_threads(const struct conf *c)
{
    int64_t n = OPT(&c->options, threads);

    must(n >= 0 && n <= INT_MAX);
    return n ? (int)n : machine_cpus();
}

const char *conf_word(struct conf *c, enum option_id id)
{
    int64_t value = state_number(c, id);

    must(option_table[id].words != NULL);
    for (const struct option_word *w = option_table[id].words; w->name; w++) {
        if (w->value == value)
            return w->name;
    }
    must(!"the value is one of the words");
    return "";
}

bool conf_is_secret(struct slice name)
{
    enum option_id id = option_find(name);

    return id != OPTION_COUNT && (option_table[id].flags & OPTION_SECRET);
}

void conf_on_change(struct conf *c, enum option_id id, conf_changed *fn, void *arg)
{
    must_be(c, CONF_MAGIC);
    must(c->hook_count < STATE_HOOKS_MAX && id < OPTION_COUNT && fn != NULL);
    c->hooks[c->hook_count++] = (struct hook){id, fn, arg};
}

/* CONFIG GET. */

/* A name or an alias of an option. */
struct search_name {
    struct slice text;
    enum option_id id;
    bool is_hidden; /* from patterns */
    bool is_found;
};

/* A CONFIG GET in progress. A request may have very many patterns: the names are listed once for all of them. */
struct search {
    struct conf *c;
    conf_visit *visit;
    void *arg;
    size_t found;
    size_t n;
    struct search_name names[2 * OPTION_COUNT];
};

static void search_begin(struct search *s)
{
    s->n = 0;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];
        struct search_name name = {.id = (enum option_id)i, .is_hidden = o->flags & OPTION_HIDDEN};

        if (o->flags & OPTION_FILE_ONLY)
            continue;
        name.text = slice_str(o->name);
        s->names[s->n++] = name;
        if (o->alias == NULL)
            continue;
        name.text = slice_str(o->alias);
        s->names[s->n++] = name;
    }
}

/* Visits an option once by each of its names; `text` is the name to show. */
static void search_hit(struct search *s, struct search_name *name, struct slice text)
{
    struct buf b = BUF_EMPTY;

    if (name->is_found)
        return;
    name->is_found = true;
    s->found++;
    if (s->visit == NULL)
        return;
    show(s->c, name->id, &b);
    s->visit(s->arg, text, buf_slice(&b));
    buf_fini(&b);
}

static void search_word(struct search *s, struct slice word)
{
    for (size_t i = 0; i < s->n; i++) {
        struct slice text = s->names[i].text;

        if (text.n == word.n && strncasecmp(text.p, word.p, word.n) == 0) {
            search_hit(s, &s->names[i], word);
            return;
        }
    }
}

static void search_pattern(struct search *s, struct slice pattern)
{
    struct glob g;

    glob_init(&g, pattern, true);
    for (size_t i = 0; i < s->n; i++) {
        struct search_name *name = &s->names[i];

        if (name->text.n >= g.min && !name->is_found && !name->is_hidden && glob_matches(&g, name->text))
            search_hit(s, name, name->text);
    }
    glob_fini(&g);
}

static bool is_pattern(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '*' || s.p[i] == '?' || s.p[i] == '[')
            return true;
    }
    return false;
}

size_t conf_get(struct conf *c, const struct slice *patterns, size_t n, conf_visit *visit, void *arg)
{
    struct search s = {.c = c, .visit = visit, .arg = arg};

    must_be(c, CONF_MAGIC);
    search_begin(&s);
    for (size_t i = 0; i < n; i++) {
        if (is_pattern(patterns[i]))
            search_pattern(&s, patterns[i]);
        else
            search_word(&s, patterns[i]);
    }
    return s.found;
}

/* The lines for the log. */

/* A list of names that is cut before it exceeds a line of the log. */
struct name_list {
    struct buf *line;
    size_t start;
    int named;
    int more;
};

static void list_name(struct name_list *l, const char *name)
{
    if (l->line->len - l->start > HINTS_MAX) {
        l->more++;
        return;
    }
    buf_printf(l->line, "%s%s", l->named ? ", " : "These options of Redis are accepted but have no effect: ", name);
    l->named++;
}

static bool at_default(struct conf *c, enum option_id id)
{
    struct setting now;
    struct setting initial = {0, NULL};
    bool same;

    state_copy(c, id, &now);
    option_default(&option_table[id], &initial);
    same = option_same(&option_table[id], &now, &initial);
    setting_fini(&now);
    setting_fini(&initial);
    return same;
}

bool conf_hints(struct conf *c, struct buf *line)
{
    struct name_list l = {.line = line, .start = line->len};

    /* Options that differ from their defaults come first. */
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < OPTION_COUNT; i++) {
            if (c->given[i] && option_table[i].effect != EFFECT_ACTS && at_default(c, (enum option_id)i) == pass)
                list_name(&l, option_table[i].name);
        }
    }
    if (l.more)
        buf_printf(line, " and %d more", l.more);
    return l.named > 0;
}

bool conf_unknown_variables(const struct conf *c, struct buf *line)
{
    const struct words *w = &c->unknown_variables;

    for (int i = 0; i < w->n; i++)
        buf_printf(line, "%s%s",
                   i ? ", " : "These environment variables are ignored, since they name no option: ", w->word[i]);
    return w->n > 0;
}
