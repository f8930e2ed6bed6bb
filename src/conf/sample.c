/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/sample.h"

#include <inttypes.h>

#include "base/must.h"
#include "conf/kind.h"
#include "conf/option.h"

#define SAMPLE_WIDTH 100
#define HELP_NAMES   46

static const char preface[] =
    "# larder.conf: every option of Larder, with its default.\n"
    "#\n"
    "#     larder-server larder.conf --port 6380\n"
    "#\n"
    "# This file is the output of `larder-server --sample-config`. Each option is a comment: to set it, remove the "
    "'#'\n"
    "# before its name and write the value. A line has the name of an option and its value or values. A value with\n"
    "# spaces must be in \"quotes\", in which \\n, \\t, \\\\, \\\" and \\x41 have the meaning that they have in C; in "
    "'quotes'\n"
    "# only \\' is special. Memory sizes are in bytes or have a unit, in upper or lower case: 1k is 1000 bytes, 1kb "
    "is\n"
    "# 1024 bytes, and likewise m and mb, g and gb.\n"
    "#\n"
    "# The environment is read after the file, and the arguments after the environment; the last value wins.\n"
    "# LARDER_MAXMEMORY=1gb in the environment and `--maxmemory 1gb` as arguments are `maxmemory 1gb`. `include FILE`\n"
    "# reads another file in place; FILE may be a pattern such as /etc/larder/conf.d/*.conf.\n"
    "#\n"
    "# `larder-server --check-config FILE` checks a file and reports its errors. In a running server CONFIG GET shows\n"
    "# the options, CONFIG SET changes them, and CONFIG REWRITE writes the changes to the file.\n";

static const char hints_note[] =
    "A redis.conf can be used unchanged. These directives of Redis are accepted, checked and shown by CONFIG, and "
    "have\n"
    "no effect: Larder does not have what they tune, or it needs no tuning. The log names those that are given.";

static const char absent_note[] =
    "These directives are for features that Larder does not have. The value shown here is accepted; any other value\n"
    "stops the start with the reason.";

/* Appends the words of a text as comment lines of at most SAMPLE_WIDTH characters. */
static void add_wrapped(struct buf *out, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t n = strcspn(text, " \n");

        if (column && column + 1 + n > SAMPLE_WIDTH) {
            buf_add_char(out, '\n');
            column = 0;
        }
        buf_add_str(out, column ? " " : "# ");
        buf_add(out, text, n);
        column += n + (column ? 1 : 2);
        text += n + strspn(text + n, " \n");
    }
    buf_add_char(out, '\n');
}

/* The words of an option in `list`, which has room for `max` pointers; ends with NULL. */
static const char *const *words_of(const struct option *o, const char **list, size_t max)
{
    size_t n = 0;

    for (const struct option_word *w = o->words; w && w->name; w++) {
        must(n + 1 < max);
        list[n++] = w->name;
    }
    list[n] = NULL;
    return list;
}

/* Appends a sentence about the permitted values, unless the kind of the option says enough. */
static void add_values(struct buf *text, const struct option *o)
{
    const char *list[16];

    if (o->words) {
        buf_add_str(text, o->kind->is_list ? " Some of: " : " One of: ");
        for (const char *const *w = words_of(o, list, 16); *w; w++)
            buf_printf(text, "%s%s", w == list ? "" : ", ", *w);
        buf_add_char(text, '.');
    } else if (o->kind == &kind_integer && o->max < INT32_MAX) {
        buf_printf(text, " From %" PRId64 " to %" PRId64 ".", o->min, o->max);
    }
    if (o->flags & OPTION_IMMUTABLE)
        buf_add_str(text, " Fixed at start.");
}

static void add_option(struct buf *out, const struct option *o)
{
    struct buf text = BUF_EMPTY;

    must(o->doc != NULL && o->initial != NULL);
    buf_add_char(out, '\n');
    buf_add_str(&text, o->doc);
    if (o->effect == EFFECT_ACTS)
        add_values(&text, o);
    add_wrapped(out, buf_cstr(&text));
    buf_printf(out, "#%s %s\n", o->name, o->initial);
    buf_fini(&text);
}

static void add_section(struct buf *out, const struct option *o)
{
    buf_printf(out, "\n\n### %s ###\n", o->section);
    if (o->effect == EFFECT_ACTS)
        return;
    buf_add_str(out, "#\n");
    add_wrapped(out, o->effect == EFFECT_HINT ? hints_note : absent_note);
}

static bool is_shown(const struct option *o)
{
    return !(o->flags & (OPTION_HIDDEN | OPTION_FILE_ONLY));
}

void sample_file(struct buf *out)
{
    buf_add_str(out, preface);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];

        if (o->section)
            add_section(out, o);
        if (is_shown(o))
            add_option(out, o);
    }
}

static const char usage[] =
    "Usage: larder-server [FILE] [--OPTION VALUE ...] [-]\n"
    "\n"
    "  larder-server                        run with the defaults, on 127.0.0.1:6379\n"
    "  larder-server larder.conf            run with the options of a file\n"
    "  larder-server larder.conf --port 0   options after the file override it\n"
    "  larder-server -                      read the configuration from the standard input\n"
    "  larder-server --check-config FILE    check a configuration file, report its errors and exit\n"
    "  larder-server --sample-config        print a configuration file that explains every option\n"
    "  larder-server --commands-doc         print the documentation of all commands\n"
    "  larder-server --version, -v          print the version\n"
    "  larder-server --help, -h             print this\n"
    "\n"
    "LARDER_OPTION=VALUE in the environment, with '_' for '-', sets an option too. It overrides the file, and "
    "arguments\n"
    "override it.\n";

/* "--port <number>", or with the permitted words if they fit. */
static void add_synopsis(struct buf *out, const struct option *o)
{
    const char *list[16];
    size_t start = out->len;

    buf_printf(out, "  --%s ", o->name);
    if (o->words == NULL || o->kind->is_list) {
        buf_add_str(out, o->kind->shape);
        return;
    }
    for (const char *const *w = words_of(o, list, 16); *w; w++)
        buf_printf(out, "%s%s", w == list ? "" : "|", *w);
    if (out->len - start > HELP_NAMES) {
        out->len = start;
        buf_printf(out, "  --%s %s", o->name, o->kind->shape);
    }
}

static void add_help_line(struct buf *out, const struct option *o)
{
    const char *stop = strstr(o->doc, ". ");
    size_t start = out->len;

    add_synopsis(out, o);
    do
        buf_add_char(out, ' ');
    while (out->len - start < HELP_NAMES + 2);
    buf_add(out, o->doc, stop ? (size_t)(stop - o->doc) : strcspn(o->doc, "."));
    buf_add_char(out, '\n');
}

void sample_help(struct buf *out)
{
    buf_add_str(out, usage);
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option *o = &option_table[i];

        if (o->section)
            buf_printf(out, "\n%s:\n", o->section);
        if (is_shown(o))
            add_help_line(out, o);
    }
}
