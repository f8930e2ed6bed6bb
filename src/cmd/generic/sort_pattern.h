/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sort_pattern: the pattern of BY and of GET of SORT.
 *
 * Role:    the name of a key or of a field of a hash, with a star that an element replaces; finds the value.
 * Owns:    the buffer for the name of one key. The pattern is borrowed from the arguments.
 * Threads: the worker that runs the command.
 * Used by: sort_cmds.
 *
 *   weight_*          the string in the key weight_ELEMENT
 *   user:*->name      the field name of the hash in the key user:ELEMENT
 *   #                 the element itself
 *   anything else     no value
 */
#ifndef LARDER_CMD_GENERIC_SORT_PATTERN_H
#define LARDER_CMD_GENERIC_SORT_PATTERN_H

#include "base/buf.h"
#include "run/call.h"
#include "types/listpack.h"

struct sort_pattern {
    struct slice before, after; /* the parts of the key before and after the star */
    struct slice field;          /* empty: the key is a string */
    bool has_star;
    bool is_element;
    struct buf key;
    struct entry_digits digits;
    struct listpack_digits field_digits;
};

struct sort_pattern sort_pattern_parse(struct slice text);
void sort_pattern_fini(struct sort_pattern *p);
/* Whether a pattern reads keys. A command with such a pattern needs the world. */
static inline bool sort_pattern_reads(struct slice text)
{
    return memchr(text.p, '*', text.n) != NULL;
}

/* The value for an element, borrowed until the next call or change of a key. False: there is none. */
bool sort_pattern_find(struct sort_pattern *p, struct call *c, struct slice element, struct slice *value);

#endif
