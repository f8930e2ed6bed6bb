/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state: the internals of struct conf.
 *
 * Role:    stores the values; the only place where they change.
 * Owns:    the strings, and what is recorded at start: the file, and which options were given.
 * Threads: state_copy, state_number and state_put: any. The rest: the first thread, at start.
 * Used by: the files of conf only.
 */
#ifndef LARDER_CONF_STATE_H
#define LARDER_CONF_STATE_H

#include "base/lock.h"
#include "conf/conf.h"
#include "conf/option.h"

#define STATE_HOOKS_MAX 64
#define CONF_MAGIC      0x434f4e46u

/* A change function of an option. */
struct hook {
    enum option_id id;
    conf_changed *fn;
    void *arg;
};

struct conf {
    struct options options;
    uint32_t magic;
    struct lock lock;      /* one CONFIG SET or REWRITE at a time */
    struct lock text_lock; /* guards `text` */
    char *text[OPTION_COUNT];
    bool given[OPTION_COUNT]; /* set in a file, the environment or the arguments */
    int line[OPTION_COUNT];   /* the line of the main file that set it; 0: none, or it was set elsewhere after that */
    struct hook hooks[STATE_HOOKS_MAX];
    int hook_count;
    unsigned includes;              /* directives obeyed so far */
    char *file;                     /* absolute; NULL: none */
    char *base;                     /* the working directory at start: relative paths of include and dir begin here */
    struct words unknown_variables; /* LARDER_… variables that name no option */
};

/* The number of an option. */
int64_t state_number(struct conf *c, enum option_id id);

/* Copies the value of an option to *s, which the caller frees with setting_fini. */
void state_copy(struct conf *c, enum option_id id, struct setting *s);
/* Sets the value of an option; takes the text of *s. */
void state_put(struct conf *c, enum option_id id, struct setting *s);
/* Parses the words that follow an option's name and sets its value. False: nothing has changed, and `why`
 * (OPTION_WHY_MAX bytes) has the reason. */
bool state_parse(struct conf *c, enum option_id id, const struct words *w, char *why);

#endif
