/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * parser: parses requests.
 *
 * Role:    parses RESP arrays of bulk strings, and inline requests, without a copy: arguments are slices of the input.
 * Owns:    the arrays of arguments and hashes.
 * Threads: one at a time.
 * Used by: net.
 * Why:     incremental: a request may be split at any byte, and no byte is parsed twice. One array holds the arguments
 *          of a whole batch of requests; an incomplete request is moved to a parser that its connection owns.
 */
#ifndef LARDER_PROTO_PARSER_H
#define LARDER_PROTO_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct parser_limits {
    int64_t bulk;       /* the longest argument, in bytes */
    bool authenticated; /* if not: at most 10 arguments of 16 KiB */
};

struct parser {
    struct slice *args; /* of all requests since parser_clear; parser_next may move the array */
    uint64_t *hashes;   /* one per argument; the caller fills in those of keys */
    size_t n, cap;
    size_t first;      /* the index in args at which the current request begins */
    int64_t left;      /* arguments that are missing in the current request; 0: between requests */
    int64_t bulk;      /* length of the current argument; -1: its header has not been parsed yet */
    const char *at;    /* the next byte to parse */
    const char *error; /* after PARSE_ERROR: the text of the error reply without its code */
    bool is_starved;   /* the error is that memory is out */
    char error_text[64];
    char *unquoted; /* the arguments of an inline request, without quotes and escapes; freed by parser_clear */
};

enum parse_result {
    PARSE_REQUEST, /* args[first .. n) is a request, and `at` is behind it. It may be empty: nothing to do */
    PARSE_MORE,    /* the input ends inside a request, whose state is args[first .. n), left and bulk; or the request is
                      an inline one and there has been another one since parser_clear */
    PARSE_ERROR,   /* the input is invalid; parsing cannot go on */
};

void parser_init(struct parser *p);
void parser_fini(struct parser *p);
/* Removes all arguments; the arrays keep their memory. */
void parser_clear(struct parser *p);
/* Parses from p->at up to `end`. After PARSE_REQUEST the next call begins the next request. */
enum parse_result parser_next(struct parser *p, const char *end, const struct parser_limits *limits);
/* Adds the current argument, which was received to another place than the input. p->at does not change. False: memory
 * is out, and the argument is lost. */
bool parser_add(struct parser *p, struct slice arg);
/* Moves the incomplete request of `from` to `to`, which must be empty. False: memory is out, and the request is lost.
 */
bool parser_move(struct parser *to, struct parser *from);
/* The input of the incomplete request has moved from `old` to new_base: adjusts `at`, and the arguments inside `old`.
 */
void parser_rebase(struct parser *p, struct slice old, const char *new_base);

#endif
