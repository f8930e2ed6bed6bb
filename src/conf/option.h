/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option: one entry of the table of options.
 *
 * Role:    what is known of an option: names, kind and range, default, what may be done with it, what it does.
 * Owns:    nothing; the table is constant.
 * Threads: any.
 * Used by: the files of conf only.
 */
#ifndef LARDER_CONF_OPTION_H
#define LARDER_CONF_OPTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "conf/options.h"
#include "conf/words.h"

#define OPTION_WHY_MAX 512

/* Flags of an option. */
enum option_flag {
    OPTION_IMMUTABLE = 1 << 0, /* fixed at start */
    OPTION_SECRET = 1 << 1,    /* never shown in a log */
    OPTION_PROTECTED = 1 << 2, /* CONFIG SET needs enable-protected-configs */
    OPTION_HIDDEN = 1 << 3,    /* CONFIG GET shows it by its full name only; not in the sample */
    OPTION_FILE_ONLY = 1 << 4, /* a directive, not an option: unknown to CONFIG */
};

/* What an option does. */
enum option_effect {
    EFFECT_ACTS,   /* what it says */
    EFFECT_HINT,   /* nothing: any valid value is stored and shown */
    EFFECT_ABSENT, /* nothing: what it asks for is not there, so it stays at its default */
};

/* A word that an option may have as its value. */
struct option_word {
    const char *name;
    int64_t value;
};

/* A value. Strings, and numbers that were written as a percentage, have `text`, owned. */
struct setting {
    int64_t num;
    char *text;
};

struct option;

/* How the values of a kind of option are read and shown. */
struct option_kind {
    const char *shape; /* for --help: "<bytes>" */
    bool is_text;
    bool is_list; /* takes any number of words, else exactly one */
    /* Reads the words into *s, which holds the value so far. False: *s is unchanged, `why` says what is wrong. */
    bool (*parse)(const struct option *o, const struct words *w, struct setting *s, char *why);
    /* Appends the value as CONFIG GET shows it. */
    void (*show)(const struct option *o, const struct setting *s, struct buf *out);
    /* Appends the value as a line of the file has it; NULL: as shown, quoted where needed. */
    void (*write)(const struct option *o, const struct setting *s, struct buf *out);
};

struct option {
    const char *name;
    const char *alias; /* NULL: none */
    const struct option_kind *kind;
    int64_t min;
    int64_t max;
    const struct option_word *words; /* for lists of words; ends with a NULL name */
    const char *zero;                /* the word for 0, as "auto"; NULL: none */
    const char *initial;             /* the default, as a line of the file has it */
    unsigned flags;
    enum option_effect effect;
    /* Looks further at a value that was parsed and may correct it; NULL: nothing to see. */
    bool (*check)(struct setting *s, char *why);
    const char *absent;  /* EFFECT_ABSENT: the reason, a sentence without its end */
    const char *section; /* set on the first option of each section of the sample */
    const char *doc;     /* whole sentences; --help shows the first */
};

extern const struct option option_table[OPTION_COUNT];

/* The option of this name or alias, ASCII case ignored; OPTION_COUNT: there is none. */
enum option_id option_find(struct slice name);
/* As option_find, for names from the environment: '_' may stand for '-'. */
enum option_id option_find_env(struct slice name);
/* Reads the words that follow the option's name into *s, which holds the value so far, and applies every rule that
 * the option has. False: *s is unchanged, `why` (OPTION_WHY_MAX bytes) says what is wrong. */
bool option_parse(const struct option *o, const struct words *w, struct setting *s, char *why);
/* Sets *s, which must be empty, to the default. */
void option_default(const struct option *o, struct setting *s);
void option_show(const struct option *o, const struct setting *s, struct buf *out);
/* Appends the value as a line of the file has it behind the name. */
void option_write(const struct option *o, const struct setting *s, struct buf *out);
/* Whether two values of the option are the same. */
bool option_same(const struct option *o, const struct setting *a, const struct setting *b);

void setting_copy(struct setting *to, const struct setting *from);
void setting_fini(struct setting *s);

#endif
