/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mail: how one thread reaches a connection that another worker owns.
 *
 * Role:    the address of a connection, and the functions that post a letter to it.
 * Owns:    nothing: a letter lies in the mailbox of the worker that owns the connection (net/mailbox.h).
 * Threads: any worker. Shard locks may be held.
 * Used by: clients, cmd; net supplies the functions.
 * Why:     commands know neither workers nor mailboxes. An address may be copied and kept: when its connection has
 *          closed, a letter to it is dropped, even if the slot has a new connection.
 */
#ifndef LARDER_SESSION_MAIL_H
#define LARDER_SESSION_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/blob.h"

struct session;

struct mail_address {
    uint32_t worker;
    uint32_t slot;       /* in the worker's table of connections */
    uint32_t generation; /* of the slot: raised each time it is reused; never 0 in an address */
};

static inline bool mail_address_eq(struct mail_address a, struct mail_address b)
{
    return a.worker == b.worker && a.slot == b.slot && a.generation == b.generation;
}

/* `from` is the session on whose behalf the letter is posted, which the calling thread runs; NULL: nobody's. Posting
 * always succeeds. Where the mailbox is over its bound, `from` runs no further request until the receiver has taken its
 * mail (session.receipts_due). */
struct mail {
    void (*kill)(void *arg, struct session *from, struct mail_address to);
    void (*push)(void *arg, struct session *from, struct mail_address to, struct blob *payload);
    void *arg;
};

/* Closes the connection. Its card must be marked as doomed. */
static inline void mail_kill(const struct mail *m, struct session *from, struct mail_address to)
{
    if (m->kill != NULL)
        m->kill(m->arg, from, to);
}

/* Appends the payload to the connection's output, behind the reply in progress. The payload is in the form of the
 * protocol and does not change any more; the letter takes a reference of its own. */
static inline void mail_push(const struct mail *m, struct session *from, struct mail_address to, struct blob *payload)
{
    if (m->push != NULL)
        m->push(m->arg, from, to, payload);
}

#endif
