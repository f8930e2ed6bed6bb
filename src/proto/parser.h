/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parser: requests out of bytes.
 *
 * Role:    RESP arrays of bulk strings, and inline requests, without copying: arguments are slices of the input.
 * Owns:    the vector of arguments and their hashes.
 * Threads: one at a time.
 * Used by: net.
 * Why:     incremental, so that a request may be split at any byte and a long one is not read twice. One vector
 *          serves a whole batch of requests; a half request is moved to a parser of its connection's own.
 */
#ifndef LARDER_PROTO_PARSER_H
#define LARDER_PROTO_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct parser_limits {
    int64_t bulk;       /* bytes of one argument */
    bool authenticated; /* else 10 arguments of 16 KiB */
};

struct parser {
    struct slice *args;  /* of all requests since parser_clear; may move while parsing goes on */
    uint64_t *hashes;    /* one beside each argument, filled by the caller for those that are keys */
    size_t n, cap;
    size_t first;        /* where the request being read begins in args */
    int64_t left;        /* arguments still to come; 0: between requests */
    int64_t bulk;        /* length of the argument being read; -1: its header is still to come */
    const char *at;      /* next byte to look at */
    const char *error;   /* after PARSE_ERROR: the text, an error reply without its code */
    char error_text[64];
    char *unquoted;      /* the arguments of an inline request, without quotes and escapes; freed by parser_clear */
};

enum parse_result {
    PARSE_REQUEST, /* args[first .. n) is a request, maybe of no arguments (nothing to do); at is behind it */
    PARSE_MORE,    /* the bytes end inside a request: what was read of it is args[first .. n) and left, bulk. Or the
                      request is an inline one and another came before it since parser_clear */
    PARSE_ERROR,   /* the connection cannot go on */
};

void parser_init(struct parser *p);
void parser_fini(struct parser *p);
/* Forgets all arguments; the vector stays. */
void parser_clear(struct parser *p);
/* Reads on from p->at up to end. After PARSE_REQUEST the next call begins the next request. */
enum parse_result parser_next(struct parser *p, const char *end, const struct parser_limits *limits);
/* The argument being read is complete, and lies elsewhere; p->at is left alone. */
void parser_add(struct parser *p, struct slice arg);
/* Moves the half request of `from` to `to`, which is empty. */
void parser_move(struct parser *to, struct parser *from);
/* The bytes `old`, which hold the half request, are now at new_base. Arguments that lie elsewhere stay. */
void parser_rebase(struct parser *p, struct slice old, const char *new_base);

#endif
