/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/kind.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "conf/machine.h"

bool kind_refuse(char *why, const char *reason)
{
    snprintf(why, OPTION_WHY_MAX, "%s", reason);
    return false;
}

void kind_set_text(struct setting *s, struct slice text)
{
    char *copy = mem_strndup(text.n ? text.p : "", text.n);

    mem_free(s->text);
    s->text = copy;
}

static bool refuse_range(const struct option *o, char *why)
{
    snprintf(why, OPTION_WHY_MAX, "argument must be between %" PRId64 " and %" PRId64 " inclusive", o->min, o->max);
    return false;
}

static bool in_range(const struct option *o, int64_t v, char *why)
{
    must(o->min <= o->max);
    return (v >= o->min && v <= o->max) || refuse_range(o, why);
}

/* Yes or no. */

static bool yesno_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct slice v = slice_str(w->word[0]);

    must(w->n == 1);
    (void)o;
    if (!slice_is(v, "yes") && !slice_is(v, "no"))
        return kind_refuse(why, "argument must be 'yes' or 'no'");
    s->num = slice_is(v, "yes");
    return true;
}

static void yesno_show(const struct option *o, const struct setting *s, struct buf *out)
{
    must(s->num == 0 || s->num == 1);
    (void)o;
    buf_add_str(out, s->num ? "yes" : "no");
}

const struct option_kind kind_yesno = {.shape = "yes|no", .parse = yesno_parse, .show = yesno_show};

/* Integers. */

static bool integer_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct slice text = slice_str(w->word[0]);
    int64_t v = 0;

    must(w->n == 1);
    if (!(o->zero && slice_is(text, o->zero)) && !num_parse_i64(text, &v))
        return kind_refuse(why, "argument couldn't be parsed into an integer");
    if (!in_range(o, v, why))
        return false;
    s->num = v;
    return true;
}

static void integer_show(const struct option *o, const struct setting *s, struct buf *out)
{
    must(s->num >= o->min && s->num <= o->max);
    if (o->zero && s->num == 0)
        buf_add_str(out, o->zero);
    else
        buf_printf(out, "%" PRId64, s->num);
}

const struct option_kind kind_integer = {.shape = "<number>", .parse = integer_parse, .show = integer_show};

/* Octal numbers. */

static bool octal_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    char *end;
    long v = strtol(w->word[0], &end, 8);

    must(w->n == 1);
    if (*end || end == w->word[0])
        return kind_refuse(why, "argument couldn't be parsed as an octal number");
    if (v < o->min || v > o->max) {
        snprintf(why, OPTION_WHY_MAX, "argument must be between %" PRIo64 " and %" PRIo64 " inclusive", o->min, o->max);
        return false;
    }
    s->num = v;
    return true;
}

static void octal_show(const struct option *o, const struct setting *s, struct buf *out)
{
    must(s->num >= o->min && s->num <= o->max);
    buf_printf(out, "%" PRIo64, s->num);
}

const struct option_kind kind_octal = {.shape = "<octal>", .parse = octal_parse, .show = octal_show};

/* Memory. */

static bool memory_unit(struct slice unit, uint64_t *bytes)
{
    static const struct option_word units[] = {
        {"", 1},        {"b", 1},        {"k", 1000},       {"kb", 1 << 10},
        {"m", 1000000}, {"mb", 1 << 20}, {"g", 1000000000}, {"gb", 1 << 30},
    };

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slice_is(unit, units[i].name)) {
            *bytes = (uint64_t)units[i].value;
            return true;
        }
    }
    return false;
}

bool kind_parse_memory(const char *text, uint64_t *bytes)
{
    size_t digits = strspn(text, "0123456789");
    uint64_t n = 0;
    uint64_t unit;

    if (digits == 0 || !memory_unit(slice_str(text + digits), &unit))
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
            return false;
    }
    return !__builtin_mul_overflow(n, unit, bytes);
}

/* Parses a memory size within the option's range. `what` completes "argument must be …". If the minimum is 0, a size
 * above INT64_MAX counts as INT64_MAX. */
static bool read_memory(const struct option *o, const char *text, const char *what, int64_t *v, char *why)
{
    uint64_t bytes;

    must(o->min >= 0);
    if (!kind_parse_memory(text, &bytes)) {
        snprintf(why, OPTION_WHY_MAX, "argument must be %s", what);
        return false;
    }
    if (bytes > INT64_MAX && o->min > 0)
        return refuse_range(o, why);
    *v = bytes > INT64_MAX ? INT64_MAX : (int64_t)bytes;
    return in_range(o, *v, why);
}

static bool memory_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    int64_t v;

    must(w->n == 1);
    if (!read_memory(o, w->word[0], "a memory value", &v, why))
        return false;
    s->num = v;
    return true;
}

static void memory_show(const struct option *o, const struct setting *s, struct buf *out)
{
    must(s->num >= o->min);
    buf_printf(out, "%" PRId64, s->num);
}

void kind_write_memory(struct buf *out, int64_t bytes)
{
    static const char *const unit[] = {"", "kb", "mb", "gb"};
    int i = 0;

    must(bytes >= 0);
    for (; i < 3 && bytes && bytes % 1024 == 0; i++)
        bytes /= 1024;
    buf_printf(out, "%" PRId64 "%s", bytes, unit[i]);
}

static void memory_write(const struct option *o, const struct setting *s, struct buf *out)
{
    (void)o;
    kind_write_memory(out, s->num);
}

const struct option_kind kind_memory = {
    .shape = "<bytes>",
    .parse = memory_parse,
    .show = memory_show,
    .write = memory_write,
};

/* Parses "N%" with N >= 0. */
static bool read_percent(const char *text, int64_t *percent)
{
    size_t n = strlen(text);

    return n > 1 && text[n - 1] == '%' && num_parse_i64(slice_of(text, n - 1), percent) && *percent >= 0;
}

static bool machine_memory_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    int64_t v;

    must(w->n == 1);
    if (read_percent(w->word[0], &v)) {
        if (v > 100)
            return kind_refuse(why, "percentage argument must be less or equal to 100");
        s->num = (int64_t)((double)machine_memory() * (double)v / 100.0);
        if (s->num < o->min)
            s->num = o->min;
        kind_set_text(s, slice_str(w->word[0]));
        return true;
    }
    if (!read_memory(o, w->word[0], "a memory value", &v, why))
        return false;
    s->num = v;
    mem_free(s->text);
    s->text = NULL;
    return true;
}

static void machine_memory_write(const struct option *o, const struct setting *s, struct buf *out)
{
    if (s->text)
        buf_add_str(out, s->text);
    else
        memory_write(o, s, out);
}

const struct option_kind kind_machine_memory = {
    .shape = "<bytes>|<percent>%",
    .parse = machine_memory_parse,
    .show = memory_show,
    .write = machine_memory_write,
};

static bool client_memory_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    int64_t v;

    must(w->n == 1);
    if (read_percent(w->word[0], &v)) {
        if (v > 100)
            return kind_refuse(why, "percentage argument must be less or equal to 100");
        s->num = -v;
        return true;
    }
    if (!read_memory(o, w->word[0], "a memory or percent value", &v, why))
        return false;
    s->num = v;
    return true;
}

static void client_memory_show(const struct option *o, const struct setting *s, struct buf *out)
{
    must(s->num >= -100);
    (void)o;
    if (s->num < 0)
        buf_printf(out, "%" PRId64 "%%", -s->num);
    else
        buf_printf(out, "%" PRId64, s->num);
}

static void client_memory_write(const struct option *o, const struct setting *s, struct buf *out)
{
    if (s->num < 0)
        client_memory_show(o, s, out);
    else
        memory_write(o, s, out);
}

const struct option_kind kind_client_memory = {
    .shape = "<bytes>|<percent>%",
    .parse = client_memory_parse,
    .show = client_memory_show,
    .write = client_memory_write,
};

/* Words of a list. */

static const struct option_word *find_word(const struct option *o, const char *word)
{
    must(o->words != NULL);
    for (const struct option_word *x = o->words; x->name; x++) {
        if (slice_is(slice_str(word), x->name))
            return x;
    }
    return NULL;
}

static bool refuse_word(const struct option *o, char *why)
{
    struct buf b = BUF_EMPTY;

    buf_add_str(&b, "argument(s) must be one of the following: ");
    for (const struct option_word *x = o->words; x->name; x++)
        buf_printf(&b, "%s%s", x == o->words ? "" : ", ", x->name);
    kind_refuse(why, buf_cstr(&b));
    buf_fini(&b);
    return false;
}

/* An option that takes one word gets exactly one here. */
static bool word_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    int64_t v = 0;

    must(o->kind->is_list || w->n == 1);
    if (w->n == 0)
        return refuse_word(o, why);
    for (int i = 0; i < w->n; i++) {
        const struct option_word *x = find_word(o, w->word[i]);

        if (x == NULL)
            return refuse_word(o, why);
        v |= x->value;
    }
    s->num = v;
    return true;
}

static void word_show(const struct option *o, const struct setting *s, struct buf *out)
{
    for (const struct option_word *x = o->words; x->name; x++) {
        if (x->value == s->num) {
            buf_add_str(out, x->name);
            return;
        }
    }
    must(!"the value is one of the words");
}

static void flags_show(const struct option *o, const struct setting *s, struct buf *out)
{
    size_t start = out->len;

    for (const struct option_word *x = o->words; x->name; x++) {
        if (x->value == s->num || (x->value & s->num))
            buf_printf(out, "%s%s", out->len == start ? "" : " ", x->name);
    }
}

static void flags_write(const struct option *o, const struct setting *s, struct buf *out)
{
    flags_show(o, s, out);
}

const struct option_kind kind_word = {.shape = "<word>", .parse = word_parse, .show = word_show};
const struct option_kind kind_flags = {
    .shape = "<words>",
    .is_list = true,
    .parse = word_parse,
    .show = flags_show,
    .write = flags_write,
};

/* Strings. */

static bool string_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    must(w->n == 1);
    (void)o;
    (void)why;
    kind_set_text(s, slice_str(w->word[0]));
    return true;
}

void kind_show_text(const struct option *o, const struct setting *s, struct buf *out)
{
    must(o->kind->is_text && s->text != NULL);
    buf_add_str(out, s->text);
}

const struct option_kind kind_string = {
    .shape = "<string>",
    .is_text = true,
    .parse = string_parse,
    .show = kind_show_text,
};

static void bytes_show(const struct option *o, const struct setting *s, struct buf *out)
{
    (void)o;
    must(s->text != NULL);
    words_decode(out, s->text);
}

const struct option_kind kind_bytes = {
    .shape = "<string>",
    .is_text = true,
    .is_bytes = true,
    .parse = string_parse,
    .show = bytes_show,
};

/* Words, stored with one space between them. */

/* Whether a word can be in a list without quotes. The empty list may be given as one empty word. */
static bool is_list_word(const char *word, int n)
{
    return (word[0] || n == 1) && strpbrk(word, " \t\n\v\f\r\"'") == NULL;
}

static bool list_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct buf b = BUF_EMPTY;

    (void)o;
    for (int i = 0; i < w->n; i++) {
        if (!is_list_word(w->word[i], w->n))
            return kind_refuse(why, "a word of a list may not be empty or hold white space or quotes");
    }
    words_join(&b, w);
    kind_set_text(s, buf_slice(&b));
    buf_fini(&b);
    return true;
}

void kind_write_words(const struct option *o, const struct setting *s, struct buf *out)
{
    must(o->kind->is_list && s->text != NULL);
    buf_add_str(out, s->text[0] ? s->text : "\"\"");
}

const struct option_kind kind_list = {
    .shape = "<words>",
    .is_text = true,
    .is_list = true,
    .parse = list_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};
