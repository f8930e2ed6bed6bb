/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * option: the table of options.
 *
 * Role:    describes each option: names, kind and range, default, flags, effect, documentation.
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
    OPTION_IMMUTABLE = 1 << 0, /* can be set at start only */
    OPTION_SECRET = 1 << 1,    /* never logged */
    OPTION_PROTECTED = 1 << 2, /* CONFIG SET needs enable-protected-configs */
    OPTION_HIDDEN = 1 << 3,    /* CONFIG GET shows it by its full name only; not in the sample */
    OPTION_FILE_ONLY = 1 << 4, /* a directive, not an option: unknown to CONFIG */
};

enum option_effect {
    EFFECT_ACTS,
    EFFECT_HINT,   /* none: any valid value is stored and shown */
    EFFECT_ABSENT, /* none: Larder does not have the feature, so the option must stay at its default */
};

/* A permitted word of an option and the number that stands for it. */
struct option_word {
    const char *name;
    int64_t value;
};

/* A value. Strings, and numbers that were given as a percentage, have `text`, owned. */
struct setting {
    int64_t num;
    char *text;
};

struct option;

/* How the values of a kind of option are parsed and printed. */
struct option_kind {
    const char *shape; /* for --help: "<bytes>" */
    bool is_text;
    bool is_bytes; /* may hold zero bytes; the text is a word as words_add_bytes makes it */
    bool is_list; /* takes any number of words; otherwise exactly one */
    /* Parses the words into *s, which holds the current value. False: *s is unchanged, and `why` has the reason. */
    bool (*parse)(const struct option *o, const struct words *w, struct setting *s, char *why);
    /* Appends the value as CONFIG GET shows it. */
    void (*show)(const struct option *o, const struct setting *s, struct buf *out);
    /* Appends the value as a line of the file has it. NULL: as CONFIG GET shows it, quoted if necessary. */
    void (*write)(const struct option *o, const struct setting *s, struct buf *out);
};

struct option {
    const char *name;
    const char *alias; /* NULL: none */
    const struct option_kind *kind;
    int64_t min;
    int64_t max;
    const struct option_word *words; /* the permitted words; ends with a NULL name. NULL: not restricted to words */
    const char *zero;                /* a word for 0, such as "auto"; NULL: none */
    const char *initial;             /* the default, as a line of the file has it */
    unsigned flags;
    enum option_effect effect;
    /* Checks a value after it was parsed, and may correct it; NULL: none. */
    bool (*check)(struct setting *s, char *why);
    const char *absent;  /* EFFECT_ABSENT: the reason, a sentence without "in Larder" and the full stop */
    const char *section; /* set on the first option of each section of the sample */
    const char *doc;     /* whole sentences; --help shows the first */
};

extern const struct option option_table[OPTION_COUNT];

/* The option with this name or alias, ASCII case ignored; OPTION_COUNT: there is none. */
enum option_id option_find(struct slice name);
/* As option_find, for names from the environment: '_' may stand for '-'. */
enum option_id option_find_env(struct slice name);
/* Parses the words that follow the option's name into *s, which holds the current value, and applies all checks of the
 * option. False: *s is unchanged, and `why` (OPTION_WHY_MAX bytes) has the reason. */
bool option_parse(const struct option *o, const struct words *w, struct setting *s, char *why);
/* Sets *s, which must be empty, to the default. */
void option_default(const struct option *o, struct setting *s);
void option_show(const struct option *o, const struct setting *s, struct buf *out);
/* Appends the value as a line of the file has it after the name. */
void option_write(const struct option *o, const struct setting *s, struct buf *out);
/* Whether two values of the option are the same. */
bool option_same(const struct option *o, const struct setting *a, const struct setting *b);

void setting_copy(struct setting *to, const struct setting *from);
void setting_fini(struct setting *s);

#endif
