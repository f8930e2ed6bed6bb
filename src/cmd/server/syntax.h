/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * syntax: the arguments of a command, from the notation that documentation uses.
 *
 * Role:    turns "key value [NX | XX] [EX seconds]" into the tree of arguments that COMMAND DOCS shows.
 * Owns:    the tree belongs to the caller.
 * Threads: any.
 * Used by: the COMMAND commands.
 * Why:     what people read and what clients are told is one text, so it cannot disagree with itself.
 *
 * The notation: WORDS in capitals, and signs, are sent as they are; words in small letters stand for a value; [x] may
 * be left out; <x> groups; x | y is one of them; "x [x ...]" is x once or more. A word in capitals belongs to the
 * values behind it. What type a value has is known by its name, or told behind a colon ("increment:double"), which
 * readers of the text never see.
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
    SYNTAX_MULTIPLE_TOKEN = 1 << 2, /* with MULTIPLE: the token stands before each */
};

struct syntax {
    enum syntax_type type;
    unsigned flags;         /* of enum syntax_flag */
    char *name;
    char *token;            /* NULL: none */
    struct syntax *first;   /* of a oneof or block: its arguments */
    struct syntax *next;
};

/* The arguments, in a block whose own name and flags mean nothing; NULL: the text is not in the notation. */
struct syntax *syntax_parse(const char *text);
void syntax_free(struct syntax *s);
/* As COMMAND DOCS calls it: "pure-token". Static. */
const char *syntax_type_name(enum syntax_type type);
/* Appends the text as people read it, without the types. */
void syntax_show(struct buf *b, const char *text);

#endif
