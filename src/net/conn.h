/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn: one client connection.
 *
 * Role:    connects the engine to the session: received bytes go to the batch, replies and pushed bytes to the engine.
 *          Enforces the limits on input, output and idle time, and decides when the connection ends.
 * Owns:    its session, its card, its input.
 * Threads: its worker.
 * Used by: worker.
 * Why:     requests run straight from the engine's buffer, so an idle connection has no buffer.
 */
#ifndef LARDER_NET_CONN_H
#define LARDER_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "net/engine.h"
#include "session/session.h"

struct worker;
struct input;

enum conn_state {
    CONN_OPEN,
    CONN_LINGERING, /* all replies are sent; waits for the peer to hang up, so that none of them is lost */
    CONN_CLOSED,    /* engine_close was called */
};

#define CONN_MAGIC 0x636f6e6eu /* "conn" */

struct conn {
    struct link link;
    uint32_t magic;
    uint8_t state;
    bool is_pending;
    bool is_flushing; /* inside conn_flush */
    bool has_buffers; /* the card says that it has memory in buffers */
    bool peer_gone;
    bool is_dead; /* the engine has forgotten it: it is freed once it is off the pending list */
    struct session session;
    struct worker *worker;
    struct conn *prev, *next;                /* all connections of the worker */
    struct conn *next_pending;               /* the worker's list of connections to flush */
    struct conn *next_on_hold, **on_hold_at; /* see hold.h; on_hold_at NULL: it is not on hold */
    struct input *input;                     /* NULL: nothing is kept */
    int64_t soft_since;                  /* ms, monotonic: since when it is over the soft output limit; 0: it is not */
    int64_t linger_until;                /* ms, monotonic */
    size_t sending_bytes;                /* of the chain being sent, when that began */
};

/* Takes fd, and adds the connection to the worker's. */
void conn_open(struct worker *w, int fd);
/* The kernel has taken a part of what is being sent. */
void conn_progressed(struct conn *c);
/* Bytes came. */
void conn_received(struct conn *c, const char *p, size_t n);
/* The kernel has taken all that was being sent. */
void conn_sent(struct conn *c);
/* The peer sends no more (error 0), or the connection broke. */
void conn_ended(struct conn *c, int error);
/* Puts it on the worker's list of connections to flush. */
void conn_mark_pending(struct conn *c);
/* Does what the state asks for: sends output, resumes requests that waited for it, closes. May free c. */
void conn_flush(struct conn *c);
/* Takes it off hold and tries again: the CLIENT PAUSE may be over. */
void conn_resume(struct conn *c);
/* Appends the payload to the output, as if it were a reply. May close the connection. */
void conn_push(struct conn *c, struct blob *payload);
/* n of the letters that were posted for this connection to full mailboxes have been taken. */
void conn_receipts(struct conn *c, unsigned n);
/* Once a second: enforces the limits that depend on time. May close the connection. */
void conn_check(struct conn *c, int64_t mono);
void conn_close(struct conn *c);
/* The engine has forgotten it. */
void conn_closed(struct conn *c);

static inline struct conn *conn_of(struct link *l)
{
    struct conn *c = (struct conn *)l; /* link is the first member */

    must_be(c, CONN_MAGIC);
    return c;
}

#endif
