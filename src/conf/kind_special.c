/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of value that only one option has. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/must.h"
#include "base/num.h"
#include "conf/kind.h"

static bool is_empty(const struct words *w)
{
    return w->n == 0 || (w->n == 1 && w->word[0][0] == '\0');
}

static void take_joined(struct setting *s, const struct words *w)
{
    struct buf b = BUF_EMPTY;

    words_join(&b, w);
    kind_set_text(s, buf_slice(&b));
    buf_fini(&b);
}

static bool integer_between(const char *text, int64_t min, int64_t max)
{
    int64_t v;

    return num_parse_i64(slice_str(text), &v) && v >= min && v <= max;
}

/* client-output-buffer-limit: the text always has all three classes. */

static const char *const output_class_name[OUTPUT_CLASSES] = {"normal", "slave", "pubsub"};

static int output_class_of(const char *name)
{
    if (slice_is(slice_str(name), "replica"))
        return OUTPUT_REPLICA;
    for (int i = 0; i < OUTPUT_CLASSES; i++) {
        if (slice_is(slice_str(name), output_class_name[i]))
            return i;
    }
    return -1;
}

void kind_output_numbers(const char *text, struct output_numbers out[OUTPUT_CLASSES])
{
    bool is_set = text[0] != '\0';

    for (int i = 0; i < OUTPUT_CLASSES; i++) {
        int used = 0;

        out[i] = (struct output_numbers){0, 0, 0};
        sscanf(text, "%*s %" SCNd64 " %" SCNd64 " %" SCNd64 " %n", &out[i].hard, &out[i].soft, &out[i].seconds, &used);
        must(out[i].hard >= 0 && out[i].soft >= 0 && out[i].seconds >= 0 && (used > 0) == is_set);
        text += used;
    }
}

/* Parses the four words of one class. */
static bool read_output_limit(char **word, struct output_numbers out[OUTPUT_CLASSES], char *why)
{
    int class = output_class_of(word[0]);
    uint64_t hard;
    uint64_t soft;
    int64_t seconds;

    if (class < 0)
        return kind_refuse(why, "Invalid client class specified in buffer limit configuration.");
    if (!kind_parse_memory(word[1], &hard) || !kind_parse_memory(word[2], &soft) || hard > INT64_MAX ||
        soft > INT64_MAX || !num_parse_i64(slice_str(word[3]), &seconds) || seconds < 0)
        return kind_refuse(why, "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
    out[class] = (struct output_numbers){(int64_t)hard, (int64_t)soft, seconds};
    return true;
}

static bool output_limits_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    struct output_numbers limit[OUTPUT_CLASSES];
    struct buf b = BUF_EMPTY;

    (void)o;
    if (w->n % 4)
        return kind_refuse(why, "Wrong number of arguments in buffer limit configuration.");
    kind_output_numbers(s->text ? s->text : "", limit);
    for (int i = 0; i < w->n; i += 4) {
        if (!read_output_limit(w->word + i, limit, why))
            return false;
    }
    for (int i = 0; i < OUTPUT_CLASSES; i++)
        buf_printf(&b, "%s%s %" PRId64 " %" PRId64 " %" PRId64, i ? " " : "", output_class_name[i], limit[i].hard,
                   limit[i].soft, limit[i].seconds);
    kind_set_text(s, buf_slice(&b));
    buf_fini(&b);
    return true;
}

/* Uses the current names of the classes, and units. */
static void output_limits_write(const struct option *o, const struct setting *s, struct buf *out)
{
    static const char *const name[OUTPUT_CLASSES] = {"normal", "replica", "pubsub"};
    struct output_numbers n[OUTPUT_CLASSES];

    must(o->kind == &kind_output_limits && s->text != NULL);
    kind_output_numbers(s->text, n);
    for (int i = 0; i < OUTPUT_CLASSES; i++) {
        buf_printf(out, "%s%s ", i ? " " : "", name[i]);
        kind_write_memory(out, n[i].hard);
        buf_add_char(out, ' ');
        kind_write_memory(out, n[i].soft);
        buf_printf(out, " %" PRId64, n[i].seconds);
    }
}

const struct option_kind kind_output_limits = {
    .shape = "<class> <hard> <soft> <s> ...",
    .is_text = true,
    .is_list = true,
    .parse = output_limits_parse,
    .show = kind_show_text,
    .write = output_limits_write,
};

/* save */

static bool save_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    (void)o;
    if (is_empty(w)) {
        kind_set_text(s, SLICE(""));
        return true;
    }
    for (int i = 0; i < w->n; i++) {
        if (w->n % 2 || !integer_between(w->word[i], i % 2 ? 0 : 1, INT_MAX))
            return kind_refuse(why, "Invalid save parameters");
    }
    take_joined(s, w);
    return true;
}

const struct option_kind kind_save = {
    .shape = "<seconds> <changes> ...",
    .is_text = true,
    .is_list = true,
    .parse = save_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};

/* oom-score-adj-values */

static bool oom_scores_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    (void)o;
    if (w->n != 3)
        return kind_refuse(why, "wrong number of arguments");
    for (int i = 0; i < w->n; i++) {
        if (!integer_between(w->word[i], -2000, 2000))
            return kind_refuse(why, "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
    }
    take_joined(s, w);
    return true;
}

const struct option_kind kind_oom_scores = {
    .shape = "<n> <n> <n>",
    .is_text = true,
    .is_list = true,
    .parse = oom_scores_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};

/* latency-tracking-info-percentiles */

static bool percentiles_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    double v;

    (void)o;
    for (int i = 0; i < w->n && !is_empty(w); i++) {
        if (!num_parse_double(slice_str(w->word[i]), &v))
            return kind_refuse(why, "Invalid latency-tracking-info-percentiles parameters");
        if (v < 0 || v > 100)
            return kind_refuse(why, "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
    }
    take_joined(s, w);
    return true;
}

const struct option_kind kind_percentiles = {
    .shape = "<percent> ...",
    .is_text = true,
    .is_list = true,
    .parse = percentiles_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};

/* dir */

/* The errno that says why the server cannot use this directory; 0: it can. */
static int directory_error(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return errno;
    if (!S_ISDIR(st.st_mode))
        return ENOTDIR;
    return access(path, X_OK) < 0 ? errno : 0;
}

static bool directory_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    char *path = realpath(w->word[0], NULL);
    int error = path ? directory_error(path) : errno;

    must(w->n == 1);
    /* The default must be accepted even if the directory in which the server was started has been removed. */
    if (error && strcmp(w->word[0], o->initial)) {
        free(path);
        return kind_refuse(why, strerror(error));
    }
    kind_set_text(s, slice_str(error ? w->word[0] : path));
    free(path);
    return true;
}

const struct option_kind kind_directory = {
    .shape = "<directory>",
    .is_text = true,
    .parse = directory_parse,
    .show = kind_show_text,
};

/* worker-weights */

static bool weights_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    (void)o;
    for (int i = 0; i < w->n && !is_empty(w); i++) {
        if (!integer_between(w->word[i], 1, 1000))
            return kind_refuse(why, "each weight must be a number between 1 and 1000");
    }
    take_joined(s, w);
    return true;
}

const struct option_kind kind_weights = {
    .shape = "<weight> ...",
    .is_text = true,
    .is_list = true,
    .parse = weights_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};

/* replicaof */

static bool primary_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    (void)o;
    if (is_empty(w) || (w->n == 2 && slice_is(slice_str(w->word[0]), "no") && slice_is(slice_str(w->word[1]), "one"))) {
        kind_set_text(s, SLICE(""));
        return true;
    }
    if (w->n != 2)
        return kind_refuse(why, "wrong number of arguments");
    if (!integer_between(w->word[1], 0, 65535))
        return kind_refuse(why, "Invalid master port");
    take_joined(s, w);
    return true;
}

const struct option_kind kind_primary = {
    .shape = "<host> <port>",
    .is_text = true,
    .is_list = true,
    .parse = primary_parse,
    .show = kind_show_text,
    .write = kind_write_words,
};

/* Directives that are never accepted: every argument is parsed as a value that is not the default. */

static bool refused_parse(const struct option *o, const struct words *w, struct setting *s, char *why)
{
    (void)o;
    (void)why;
    kind_set_text(s, w->n && is_empty(w) ? SLICE("") : SLICE("something"));
    return true;
}

const struct option_kind kind_refused = {
    .shape = "...",
    .is_text = true,
    .is_list = true,
    .parse = refused_parse,
    .show = kind_show_text,
};

/* Further checks. */

bool kind_check_base_name(struct setting *s, char *why)
{
    return !strchr(s->text, '/') || kind_refuse(why, "this must be a file name without a path");
}

bool kind_check_base_name_not_empty(struct setting *s, char *why)
{
    return s->text[0] ? kind_check_base_name(s, why) : kind_refuse(why, "this can't be empty");
}

bool kind_check_shutdown(struct setting *s, char *why)
{
    if ((s->num & SHUTDOWN_SAVE) && (s->num & SHUTDOWN_NOSAVE))
        return kind_refuse(why, "shutdown options SAVE and NOSAVE can't be used simultaneously");
    if (s->num & SHUTDOWN_SAVE)
        return kind_refuse(why, "there are no snapshots in Larder, so nothing can be saved at the end");
    return true;
}

static bool is_title_variable(struct slice name)
{
    static const char *const known[] = {"title",    "listen-addr", "server-mode", "port",
                                        "tls-port", "unixsocket",  "config-file"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (slice_eq(name, slice_str(known[i])))
            return true;
    }
    return false;
}

bool kind_check_title(struct setting *s, char *why)
{
    const char *p = s->text;

    while ((p = strchr(p, '{')) != NULL) {
        size_t n = strcspn(p + 1, "}");

        if (p[1 + n] != '}' || !is_title_variable(slice_of(p + 1, n)))
            return kind_refuse(why, "template format is invalid or contains unknown variables");
        p += n + 2;
    }
    return true;
}

bool kind_check_events(struct setting *s, char *why)
{
    if (strspn(s->text, "Ag$lshzxeKEtmdn") != strlen(s->text))
        return kind_refuse(why, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
    return true;
}

/* As Redis does, replaces a value that is out of range by the nearest valid one. */
bool kind_check_hz(struct setting *s, char *why)
{
    (void)why;
    s->num = s->num < 1 ? 1 : s->num > 500 ? 500 : s->num;
    return true;
}

bool kind_check_bind(struct setting *s, char *why)
{
    int n = 1;

    for (const char *p = s->text; *p; p++)
        n += *p == ' ';
    return n <= 16 || kind_refuse(why, "Too many bind addresses specified.");
}
