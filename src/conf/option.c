/* SPDX-License-Identifier: BSD-3-Clause */
#include <limits.h>
#include <stdio.h>
#include <syslog.h>

#include "base/mem.h"
#include "base/must.h"
#include "conf/kind.h"
#include "conf/option.h"

static const struct option_word io_engine_words[] = {
    {"auto", IO_ENGINE_AUTO},
    {"io_uring", IO_ENGINE_IO_URING},
    {"libev", IO_ENGINE_LIBEV},
    {NULL, 0},
};

static const struct option_word balance_words[] = {
    {"round-robin", BALANCE_ROUND_ROBIN},
    {"weighted", BALANCE_WEIGHTED},
    {"least-connections", BALANCE_LEAST_CONNECTIONS},
    {"source-hash", BALANCE_SOURCE_HASH},
    {NULL, 0},
};

static const struct option_word access_words[] = {
    {"no", ACCESS_NO},
    {"yes", ACCESS_YES},
    {"local", ACCESS_LOCAL},
    {NULL, 0},
};

static const struct option_word supervised_words[] = {
    {"upstart", SUPERVISED_UPSTART},
    {"systemd", SUPERVISED_SYSTEMD},
    {"auto", SUPERVISED_AUTO},
    {"no", SUPERVISED_NO},
    {NULL, 0},
};

static const struct option_word loglevel_words[] = {
    {"debug", LOGLEVEL_DEBUG},     {"verbose", LOGLEVEL_VERBOSE}, {"notice", LOGLEVEL_NOTICE},
    {"warning", LOGLEVEL_WARNING}, {"nothing", LOGLEVEL_NOTHING}, {NULL, 0},
};

static const struct option_word shutdown_words[] = {
    {"default", 0},        {"save", SHUTDOWN_SAVE},   {"nosave", SHUTDOWN_NOSAVE},
    {"now", SHUTDOWN_NOW}, {"force", SHUTDOWN_FORCE}, {NULL, 0},
};

static const struct option_word policy_words[] = {
#define POLICY(id, word, functions) {word, POLICY_##id},
#include "conf/policies.def"
#undef POLICY
    {NULL, 0},
};

/* For options without effect the numbers only distinguish the words. */

static const struct option_word oom_words[] = {
    {"no", 0}, {"relative", 1}, {"yes", 1}, {"absolute", 2}, {NULL, 0},
};
static const struct option_word pubsub_words[] = {{"allchannels", 1}, {"resetchannels", 0}, {NULL, 0}};
static const struct option_word sanitize_words[] = {{"no", 0}, {"yes", 1}, {"clients", 2}, {NULL, 0}};
static const struct option_word fsync_words[] = {{"everysec", 1}, {"always", 2}, {"no", 0}, {NULL, 0}};
static const struct option_word propagation_words[] = {
    {"ignore", 0},
    {"panic", 1},
    {"panic-on-replicas", 2},
    {NULL, 0},
};
static const struct option_word diskless_words[] = {{"disabled", 0}, {"on-empty-db", 1}, {"swapdb", 2}, {NULL, 0}};
static const struct option_word endpoint_words[] = {{"ip", 0}, {"hostname", 1}, {"unknown-endpoint", 2}, {NULL, 0}};
static const struct option_word auth_words[] = {{"no", 0}, {"yes", 1}, {"optional", 2}, {NULL, 0}};
static const struct option_word facility_words[] = {
    {"user", LOG_USER},     {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2},
    {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
    {"local7", LOG_LOCAL7}, {NULL, 0},
};

/* The short forms of the table. */
#define YESNO            .kind = &kind_yesno
#define STRING           .kind = &kind_string
#define INT(low, high)   .kind = &kind_integer, .min = low, .max = high
#define OCTAL(low, high) .kind = &kind_octal, .min = low, .max = high
#define BYTES(low, high) .kind = &kind_memory, .min = low, .max = high
#define ONE_OF(list)     .kind = &kind_word, .words = list
#define SOME_OF(list)    .kind = &kind_flags, .words = list
#define MANY(k)          .kind = &k
#define HINT             .effect = EFFECT_HINT
#define ABSENT           .effect = EFFECT_ABSENT

const struct option option_table[OPTION_COUNT] = {
#define OPTION(field, ...) [OPT_##field] = {__VA_ARGS__},
#include "conf/options.def"
#undef OPTION
};

enum option_id option_find(struct slice name)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (slice_is(name, option_table[i].name) || (option_table[i].alias && slice_is(name, option_table[i].alias)))
            return (enum option_id)i;
    }
    return OPTION_COUNT;
}

enum option_id option_find_env(struct slice name)
{
    char *dashed = mem_strndup(name.p, name.n);
    enum option_id id;

    for (char *p = dashed; *p; p++)
        *p = *p == '_' ? '-' : *p;
    id = option_find(slice_str(dashed));
    mem_free(dashed);
    return id == OPTION_COUNT ? option_find(name) : id;
}

/* A list that is given as one word, such as "a b" in quotes or from a shell, is split. */
static bool parse_list(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct words parts = WORDS_EMPTY;
    const char *wrong;
    bool ok;

    if (w->n != 1 || w->word[0][0] == '\0')
        return o->kind->parse(o, w, s, why);
    wrong = words_split(&parts, slice_str(w->word[0]));
    ok = wrong == NULL && o->kind->parse(o, &parts, s, why);
    if (wrong)
        snprintf(why, OPTION_WHY_MAX, "%s", wrong);
    words_fini(&parts);
    return ok;
}

static bool parse_any(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    if (o->kind->is_list)
        return parse_list(o, w, s, why);
    if (w->n == 1)
        return o->kind->parse(o, w, s, why);
    snprintf(why, OPTION_WHY_MAX, "wrong number of arguments");
    return false;
}

/* Only kinds of any bytes take words with a zero byte. */
static bool takes_bytes(const struct option *o, const struct words *w, char *why)
{
    for (int i = 0; i < w->n && !o->kind->is_bytes; i++)
        if (words_is_encoded(w->word[i])) {
            snprintf(why, OPTION_WHY_MAX, "a value may not contain a zero byte");
            return false;
        }
    return true;
}

/* Whether an option of a feature that Larder does not have stays at its default. Other options always pass. */
static bool stays_off(const struct option *o, const struct setting *s, char *why)
{
    struct setting off = {0, NULL};
    bool same;

    if (o->effect != EFFECT_ABSENT)
        return true;
    must(o->absent != NULL);
    option_default(o, &off);
    same = option_same(o, s, &off);
    setting_fini(&off);
    if (!same && (o->flags & OPTION_FILE_ONLY))
        snprintf(why, OPTION_WHY_MAX, "%s in Larder", o->absent);
    else if (!same)
        snprintf(why, OPTION_WHY_MAX, "%s in Larder; the only value accepted is '%s'", o->absent,
                 strcmp(o->initial, "\"\"") ? o->initial : "");
    return same;
}

bool option_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct setting fresh;

    must(o >= option_table && o < option_table + OPTION_COUNT);
    setting_copy(&fresh, s);
    if (takes_bytes(o, w, why) && parse_any(o, w, &fresh, why) && (o->check == NULL || o->check(&fresh, why)) &&
        stays_off(o, &fresh, why)) {
        setting_fini(s);
        *s = fresh;
        return true;
    }
    setting_fini(&fresh);
    return false;
}

void option_default(const struct option *o, struct setting *s)
{
    struct words w = WORDS_EMPTY;
    char why[OPTION_WHY_MAX];

    must(s->text == NULL);
    must(words_split(&w, slice_str(o->initial)) == NULL);
    must(parse_any(o, &w, s, why));
    words_fini(&w);
}

void option_show(const struct option *o, const struct setting *s, struct buf *out)
{
    o->kind->show(o, s, out);
}

void option_write(const struct option *o, const struct setting *s, struct buf *out)
{
    struct buf text = BUF_EMPTY;

    if (o->kind->write) {
        o->kind->write(o, s, out);
        return;
    }
    o->kind->show(o, s, &text);
    words_quote(out, buf_slice(&text));
    buf_fini(&text);
}

bool option_same(const struct option *o, const struct setting *a, const struct setting *b)
{
    if (!o->kind->is_text)
        return a->num == b->num;
    must(a->text != NULL && b->text != NULL);
    return strcmp(a->text, b->text) == 0;
}

void setting_copy(struct setting *to, const struct setting *from)
{
    to->num = from->num;
    to->text = from->text ? mem_strdup(from->text) : NULL;
}

void setting_fini(struct setting *s)
{
    mem_free(s->text);
    *s = (struct setting){0, NULL};
}
