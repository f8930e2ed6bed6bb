/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load: the options at start: file, then environment, then arguments, the later wins.
 *
 * Role:    reads the command line and says what the process shall do; for a server, with every option in place.
 *          Files are in the syntax of redis.conf: a directive and its words to a line, '#' comments, quotes,
 *          `include` with patterns. LARDER_MAXMEMORY=1gb in the environment and --maxmemory 1gb as arguments.
 * Owns:    nothing that lasts.
 * Threads: the first, before there are others.
 * Used by: main, and rewrite.
 * Why:     a server with a misunderstood option is worse than none: anything unknown, malformed or not offered
 *          stops the start and says where and why.
 */
#ifndef LARDER_CONF_LOAD_H
#define LARDER_CONF_LOAD_H

#include "conf/conf.h"

enum load_action {
    LOAD_RUN,     /* start the server; *out is set */
    LOAD_CHECK,   /* --check-config: all is well; *out is set */
    LOAD_HELP,    /* print sample_help */
    LOAD_VERSION, /* print the version */
    LOAD_SAMPLE,  /* print sample_file */
    LOAD_DOC,     /* print commands_doc */
    LOAD_REFUSED, /* `err` holds what to print on stderr, with the final newline */
};

/* argv and envp end with NULL as main gets them. On LOAD_RUN and LOAD_CHECK *out is the caller's to free with
 * conf_free; otherwise it is NULL. */
enum load_action load_start(char *const *argv, char *const *envp, struct conf **out, struct buf *err);

/* Sets the options as the text of a file says, which is named `name` in errors. False: `err` says "NAME:LINE: reason".
 */
bool load_text(struct conf *c, const char *name, struct slice text, struct buf *err);

/* Appends a whole file, or what is left of the standard input for "-". Returns 0 or -errno. */
int load_read(const char *path, struct buf *text);

#endif
