/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * state: the inside of struct conf.
 *
 * Role:    holds the values, and is the one place where they change.
 * Owns:    the strings, and what is remembered of the start: the file, which options were given.
 * Threads: state_copy and state_put from any; the rest at start.
 * Used by: the files of conf only.
 */
#ifndef LARDER_CONF_STATE_H
#define LARDER_CONF_STATE_H

#include "base/lock.h"
#include "conf/conf.h"
#include "conf/option.h"

#define STATE_HOOKS_MAX 64

/* A function that acts on changes of an option. */
struct hook {
    enum option_id id;
    conf_changed *fn;
    void *arg;
};

struct conf {
    struct options options;
    struct lock lock;      /* one CONFIG SET or REWRITE at a time */
    struct lock text_lock; /* guards `text` */
    char *text[OPTION_COUNT];
    bool given[OPTION_COUNT]; /* named in a file, the environment or the arguments */
    int line[OPTION_COUNT];   /* the line of the main file that set it last; 0: none, or an included file since */
    struct hook hooks[STATE_HOOKS_MAX];
    int hook_count;
    char *file;             /* absolute; NULL: none */
    char *base;             /* the directory of the start: relative names of includes and of dir begin here */
    struct words strangers; /* LARDER_ variables that name no option */
};

/* Copies the value of an option into *s, which the caller ends with setting_fini. */
void state_copy(struct conf *c, enum option_id id, struct setting *s);
/* Makes *s the option's value; takes its text. */
void state_put(struct conf *c, enum option_id id, struct setting *s);
/* Reads the words behind an option's name and makes them its value. False: nothing has changed and `why`
 * (OPTION_WHY_MAX bytes) says what is wrong. */
bool state_parse(struct conf *c, enum option_id id, const struct words *w, char *why);

#endif
