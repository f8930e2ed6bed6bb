/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conf: the options of the running server, and CONFIG GET, SET and REWRITE over them.
 *
 * Role:    holds every option of the table (options.def), changes them all or not at all, tells those who asked,
 *          and writes the file back.
 * Owns:    the values; strings are copied out.
 * Threads: any. Numbers are atomics (options.h); strings are guarded by the lock CONF_TEXT; changes go one at a
 *          time under the lock CONF, which is held while the change functions run.
 * Used by: main, which registers the change functions; all rooms that read options; cmd/config_cmds.c.
 * Why:     one table makes the parser, CONFIG GET and SET, --help, the sample file and the struct of values, so
 *          an option is one entry and cannot be known in one place and unknown in another.
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

/* A conf with every option at its default; freed with conf_free. Servers get theirs from load_start. */
struct conf *conf_new(void);
void conf_free(struct conf *c);

/* The numbers; valid as long as the conf. */
const struct options *conf_options(const struct conf *c);
/* A copy of a string option, or of any other option as CONFIG GET shows it; the caller frees it with mem_free.
 * bind, worker-weights and the like are words with one space between them. */
char *conf_dup(struct conf *c, enum option_id id);
/* The configuration file's absolute path, NULL if the server runs without one; valid as long as the conf. */
const char *conf_file(const struct conf *c);
/* The worker threads to start: `threads`, or what affinity and the cgroup's limit give. At least 1. */
int conf_threads(const struct conf *c);
/* The name of an option's word as CONFIG GET shows it ("allkeys-lru"); static. For options that are one of a list. */
const char *conf_word(struct conf *c, enum option_id id);
/* Whether the value of this option, by any of its names, is a secret that no log may show. */
bool conf_is_secret(struct slice name);

/* Called for each option found: its name and its value, both borrowed until the function returns. */
typedef void conf_visit(void *arg, struct slice name, struct slice value);

/* CONFIG GET: calls `visit` once for each name, aliases too, that equals or matches one of the patterns, and returns
 * how many there are; the number depends on the patterns alone. A NULL `visit` only counts. */
size_t conf_get(struct conf *c, const struct slice *patterns, size_t n, conf_visit *visit, void *arg);

struct conf_pair {
    struct slice name;
    struct slice value;
};

struct conf_error {
    char text[CONF_ERROR_MAX]; /* as the reply says it, without "ERR " */
};

/* CONFIG SET: all of the pairs or none. False: nothing has changed and `err` says why. `protected_ok`: the caller may
 * change protected options. Runs the change functions of the options that changed. */
bool conf_set(struct conf *c, const struct conf_pair *pairs, size_t n, bool protected_ok, struct conf_error *err);

/* Acts on a change that CONFIG SET made; the new values can be read already. False: it cannot be done and `why` says
 * so; all is set back then, and those that had already acted are called again. May not call conf_set. */
typedef bool conf_changed(void *arg, struct conf *c, char *why, size_t size);

/* Registers `fn` for changes of the option; of several with one `fn` and `arg` it is called once for a CONFIG SET.
 * At start only, before other threads run. */
void conf_on_change(struct conf *c, enum option_id id, conf_changed *fn, void *arg);

/* The options set at start that are accepted without effect, as one line for the log, those that differ from their
 * defaults first; false: there are none. */
bool conf_hints(struct conf *c, struct buf *line);
/* Environment variables named LARDER_… at start that name no option, as one line for the log; false: none. */
bool conf_strangers(const struct conf *c, struct buf *line);

#endif
