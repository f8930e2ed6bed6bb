/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * slots: the connections of one worker, by number.
 *
 * Role:    finds the connection that a letter is addressed to, in constant time.
 * Owns:    the table, not the connections.
 * Threads: its worker.
 * Used by: conn, worker.
 * Why:     a slot is reused, so an address has the slot's generation too: it is raised each time, and an address of a
 *          connection that has closed finds nothing.
 */
#ifndef LARDER_NET_SLOTS_H
#define LARDER_NET_SLOTS_H

#include <stdint.h>

#include "session/mail.h"

struct conn;

struct slot {
    struct conn *conn; /* NULL: the slot is free */
    uint32_t generation;
    uint32_t next_free;
};

struct slots {
    struct slot *all;
    uint32_t count, cap;
    uint32_t used;
    uint32_t free; /* the first free slot of those below count; SLOT_NONE: all are used */
    uint32_t worker;
};

#define SLOT_NONE UINT32_MAX

void slots_init(struct slots *s, uint32_t worker);
/* Every connection was removed before. */
void slots_fini(struct slots *s);
/* Gives the connection an address. */
struct mail_address slots_add(struct slots *s, struct conn *c);
/* Frees the slot: the address finds nothing any more. */
void slots_remove(struct slots *s, struct mail_address a);
/* NULL: the connection has closed. */
struct conn *slots_find(const struct slots *s, struct mail_address a);

#endif
