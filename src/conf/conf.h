/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf: the options of the running server, and CONFIG GET, SET and REWRITE.
 *
 * Role:    holds the value of every option of the table (options.def), changes several of them atomically, calls the
 *          registered change functions, and rewrites the configuration file.
 * Owns:    the values; readers get copies of strings.
 * Threads: any. Numbers are atomics (options.h); the lock CONF_TEXT guards strings; the lock CONF serializes changes
 *          and is held while the change functions run.
 * Used by: main, which registers the change functions; all rooms that read options; cmd/config_cmds.c.
 * Why:     the parser, CONFIG GET and SET, --help, the sample file and the struct of values are generated from one
 *          table, so that an option has exactly one entry.
 */
#ifndef LARDER_CONF_CONF_H
#define LARDER_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"
#include "conf/options.h"

#define CONF_ERROR_MAX 640

struct conf;

/* A conf with every option at its default; free with conf_free. A server gets its conf from load_start. */
struct conf *conf_new(void);
void conf_free(struct conf *c);

/* The numbers; borrowed for the life of the conf. */
const struct options *conf_options(const struct conf *c);
/* Appends the value as CONFIG GET shows it, which may hold zero bytes. */
void conf_copy(struct conf *c, enum option_id id, struct buf *value);
/* A copy of the value as CONFIG GET shows it; the caller frees it with mem_free. Lists (bind, worker-weights …) are
 * words with one space between them. */
char *conf_dup(struct conf *c, enum option_id id);
/* The absolute path of the configuration file, NULL if there is none; borrowed for the life of the conf. */
const char *conf_file(const struct conf *c);
/* The number of worker threads to start: `threads`, or if that is auto, what affinity and cgroup permit. At least 1. */
int conf_threads(const struct conf *c);
/* The value of an option that takes one word of a list, as CONFIG GET shows it ("allkeys-lru"); static. */
const char *conf_word(struct conf *c, enum option_id id);
/* Whether the option with this name or alias has a secret value, which must not be logged. */
bool conf_is_secret(struct slice name);

/* Called for each option that is found; name and value are borrowed until the function returns. */
typedef void conf_visit(void *arg, struct slice name, struct slice value);

/* CONFIG GET: calls `visit` once for each name or alias that equals or matches one of the patterns. Returns their
 * number, which depends on the patterns only. If `visit` is NULL, it only counts. */
size_t conf_get(struct conf *c, const struct slice *patterns, size_t n, conf_visit *visit, void *arg);

struct conf_pair {
    struct slice name;
    struct slice value;
};

struct conf_error {
    char text[CONF_ERROR_MAX]; /* the text of the error reply without "ERR " */
};

/* CONFIG SET: sets all of the pairs or none. False: nothing has changed, and `err` has the reason. `protected_ok`: the
 * caller may change protected options. Calls the change functions of the options that changed. */
bool conf_set(struct conf *c, const struct conf_pair *pairs, size_t n, bool protected_ok, struct conf_error *err);

/* Applies a change by CONFIG SET, when the new values can be read already. False: it cannot be applied, and `why` has
 * the reason. Then all values are reset, and the functions that had succeeded are called again. Must not call conf_set.
 */
typedef bool conf_changed(void *arg, struct conf *c, char *why, size_t size);

/* Registers `fn` for changes of the option. If one CONFIG SET changes several options that have the same `fn` and
 * `arg`, it is called once. At start only, before other threads run. */
void conf_on_change(struct conf *c, enum option_id id, conf_changed *fn, void *arg);

/* Appends a line for the log with the options given at start that have no effect, beginning with those that are not at
 * their defaults. False: there are none. */
bool conf_hints(struct conf *c, struct buf *line);
/* Appends a line for the log with the environment variables LARDER_… that name no option. False: there are none. */
bool conf_unknown_variables(const struct conf *c, struct buf *line);

#endif
