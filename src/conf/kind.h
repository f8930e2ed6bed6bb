/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kind: how each kind of value is parsed, checked and printed.
 *
 * Role:    yes or no, numbers, memory sizes, words of a list, strings, and kinds that only one option has. The error
 *          texts are those of Redis, because clients and test suites match them.
 * Owns:    nothing.
 * Threads: any.
 * Used by: the table of options.
 */
#ifndef LARDER_CONF_KIND_H
#define LARDER_CONF_KIND_H

#include "conf/option.h"

extern const struct option_kind kind_yesno;
extern const struct option_kind kind_integer;
extern const struct option_kind kind_octal;
extern const struct option_kind kind_memory;         /* bytes, or with a unit: k kb m mb g gb */
extern const struct option_kind kind_machine_memory; /* or a percentage of the memory that this process may use */
extern const struct option_kind kind_client_memory;  /* or a percentage of maxmemory, stored as -1 … -100 */
extern const struct option_kind kind_word;           /* one word of a list */
extern const struct option_kind kind_flags;          /* words of a list, whose values are or-ed */
extern const struct option_kind kind_string;
extern const struct option_kind kind_bytes; /* a string that may hold zero bytes */
extern const struct option_kind kind_list; /* words */

/* Parses a memory size such as "1gb": k m g are powers of 1000, kb mb gb of 1024, in upper or lower case. */
bool kind_parse_memory(const char *text, uint64_t *bytes);
/* Appends a memory size in the largest unit that divides it. */
void kind_write_memory(struct buf *out, int64_t bytes);
/* Sets the text of *s to a copy. */
void kind_set_text(struct setting *s, struct slice text);

/* Copies the reason to `why` and returns false. */
bool kind_refuse(char *why, const char *reason);
/* The show and write functions of kinds that store their words as text. */
void kind_show_text(const struct option *o, const struct setting *s, struct buf *out);
void kind_write_words(const struct option *o, const struct setting *s, struct buf *out);

/* kind_special.c */
extern const struct option_kind kind_output_limits; /* client-output-buffer-limit */
extern const struct option_kind kind_save;          /* pairs of seconds and changes */
extern const struct option_kind kind_oom_scores;    /* three numbers */
extern const struct option_kind kind_percentiles;
extern const struct option_kind kind_directory; /* stored as an absolute path */
extern const struct option_kind kind_weights;
extern const struct option_kind kind_primary; /* a host and a port, or "no one" */
extern const struct option_kind kind_refused; /* directives that are never accepted */

/* The limits of one class in the text of client-output-buffer-limit. */
struct output_numbers {
    int64_t hard;
    int64_t soft;
    int64_t seconds;
};
void kind_output_numbers(const char *text, struct output_numbers out[OUTPUT_CLASSES]);

/* Further checks of values, for the field `check`. */
bool kind_check_base_name(struct setting *s, char *why);
bool kind_check_base_name_not_empty(struct setting *s, char *why);
bool kind_check_shutdown(struct setting *s, char *why);
bool kind_check_title(struct setting *s, char *why);
bool kind_check_events(struct setting *s, char *why);
bool kind_check_hz(struct setting *s, char *why);
bool kind_check_bind(struct setting *s, char *why);

#endif
