/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syntax: parser of the notation in which documentation writes the arguments of a command.
 *
 * Role:    turns "key value [NX | XX] [EX seconds]" into the tree of arguments that COMMAND DOCS shows.
 * Owns:    the tree belongs to the caller.
 * Threads: any.
 * Used by: the COMMAND commands.
 * Why:     people and clients get the arguments from the same text, so both always agree.
 *
 * The notation: words in capitals, and signs, are literals (tokens); words in lower case stand for a value; [x] is
 * optional; <x> groups; x | y is a choice; "x [x ...]" is one or more x. A token belongs to the values that follow it.
 * The type of a value follows from its name, or stands after a colon ("increment:double"), which syntax_show omits.
 */
#ifndef LARDER_CMD_SERVER_SYNTAX_H
#define LARDER_CMD_SERVER_SYNTAX_H

#include <stddef.h>

#include "base/buf.h"

enum syntax_type {
    SYNTAX_STRING,
    SYNTAX_INTEGER,
    SYNTAX_DOUBLE,
    SYNTAX_KEY,
    SYNTAX_PATTERN,
    SYNTAX_UNIX_TIME,
    SYNTAX_PURE_TOKEN,
    SYNTAX_ONEOF,
    SYNTAX_BLOCK,
};

enum syntax_flag {
    SYNTAX_OPTIONAL = 1 << 0,
    SYNTAX_MULTIPLE = 1 << 1,
    SYNTAX_MULTIPLE_TOKEN = 1 << 2, /* with MULTIPLE: the token is repeated too */
};

struct syntax {
    enum syntax_type type;
    unsigned flags;         /* of enum syntax_flag */
    char *name;
    char *token;            /* NULL: none */
    struct syntax *first;   /* of a oneof or block: its first argument */
    struct syntax *next;
};

/* Returns a block of the arguments, whose own name and flags have no meaning; NULL: a syntax error. */
struct syntax *syntax_parse(const char *text);
void syntax_free(struct syntax *s);
/* The name in COMMAND DOCS, for example "pure-token". Static. */
const char *syntax_type_name(enum syntax_type type);
/* Appends the text without the types, as documentation shows it. */
void syntax_show(struct buf *b, const char *text);

#endif
