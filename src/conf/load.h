/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * load: loads the options at start.
 *
 * Role:    parses the command line and decides what the process does. For a server, sets the options from the file,
 *          then the environment, then the arguments; the last value wins. Files have the syntax of redis.conf: one
 *          directive with its words per line, '#' comments, quotes, `include` with patterns. LARDER_MAXMEMORY=1gb in
 *          the environment and --maxmemory 1gb as arguments set an option too.
 * Owns:    nothing that lasts.
 * Threads: the first, before there are others; load_text and load_read any.
 * Used by: main, and rewrite.
 * Why:     a server that misunderstands an option is worse than one that does not start: anything unknown, malformed or
 *          unsupported stops the start, with a message that says where and why.
 */
#ifndef LARDER_CONF_LOAD_H
#define LARDER_CONF_LOAD_H

#include "conf/conf.h"

enum load_action {
    LOAD_RUN,     /* start the server; *out is set */
    LOAD_CHECK,   /* --check-config: no errors; *out is set */
    LOAD_HELP,    /* print sample_help */
    LOAD_VERSION, /* print the version */
    LOAD_SAMPLE,  /* print sample_file */
    LOAD_DOC,     /* print commands_doc */
    LOAD_REFUSED, /* `err` has the text to print on stderr, with the final newline */
};

/* argv and envp end with NULL, as those of main. After LOAD_RUN and LOAD_CHECK the caller frees *out with conf_free;
 * otherwise it is NULL. */
enum load_action load_start(char *const *argv, char *const *envp, struct conf **out, struct buf *err);

/* Sets the options from the text of a file; errors call the file `name`. False: `err` has "NAME:LINE: reason". */
bool load_text(struct conf *c, const char *name, struct slice text, struct buf *err);

/* Appends a whole file. Returns 0 or -errno; -ENOTSUP: it is a FIFO, a device or a socket. */
int load_read(const char *path, struct buf *text);

/* Overwrites the values of options that are never logged, such as passwords, in the arguments and the environment of
 * the process, which other users may see. Call it after load_start. */
void load_hide_secrets(char *const *argv, char *const *envp);

#endif
