/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn: one client connection.
 *
 * Role:    turns received bytes into requests and runs them; sends the replies; keeps what cannot run yet; knows when
 *          enough is enough.
 * Owns:    its session, its card, the bytes it holds.
 * Threads: its worker.
 * Used by: worker.
 * Why:     requests are served straight from the engine's buffer, so a connection has none of its own: bytes are kept
 *          only while a request is incomplete or has to wait.
 */
#ifndef LARDER_NET_CONN_H
#define LARDER_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/engine.h"
#include "session/session.h"

struct worker;
struct held;

enum conn_state {
    CONN_OPEN,
    CONN_LINGERING, /* all is said; waits for the peer to hang up, so that nothing sent is lost */
    CONN_CLOSED,    /* engine_close was called */
};

struct conn {
    struct link link;
    struct session session;
    struct worker *worker;
    struct conn *prev, *next;                /* all of the worker's */
    struct conn *todo;                       /* the worker's list of connections to settle */
    struct conn *next_on_hold, **on_hold_at; /* the worker's list; on_hold_at NULL: not on it */
    struct held *held;                       /* bytes that did not make a request yet, or have to wait; NULL: none */
    int64_t soft_since;                      /* ms, monotonic: since when over the soft output limit; 0: it is not */
    int64_t linger_until;                    /* ms, monotonic */
    size_t sending_memory, sending_lent;     /* of the chain being sent: as in struct out */
    uint64_t counted;                        /* bytes of memory last told to the metrics */
    uint8_t state;
    bool is_todo;
    bool is_settling; /* inside conn_settle */
    bool has_buffers; /* some of what was counted is in buffers: the card tells of them */
    bool is_full;     /* too much output waits: no requests are run */
    bool peer_gone;
    bool is_dead; /* the engine has let go; freed when off the list */
};

/* Takes fd. In the worker's list from here on. */
void conn_open(struct worker *w, int fd);
/* Bytes will come for several connections: asks the cache for what the first request of each will look at. */
void conn_look_ahead(struct worker *w, const struct arrival *a, unsigned count);
/* Bytes came. */
void conn_received(struct conn *c, const char *p, size_t n);
/* All that was being sent is with the kernel. */
void conn_sent(struct conn *c);
/* The peer is gone or the connection broke. */
void conn_ended(struct conn *c, int error);
/* Sends, closes, goes on with what waited: whatever the state asks for. May free c. */
void conn_settle(struct conn *c);
/* Puts it on the worker's list to be settled. */
void conn_todo(struct conn *c);
/* Takes it off the list of those on hold and tries again: the CLIENT PAUSE may be over. */
void conn_resume(struct conn *c);
/* Appends the payload to the output, as if it were a reply. May close the connection. */
void conn_push(struct conn *c, struct blob *payload);
/* So many of the letters that were posted for this connection to full mailboxes have been taken. */
void conn_receipts(struct conn *c, unsigned n);
/* Once a second: limits that time decides. */
void conn_check(struct conn *c, int64_t mono);
void conn_close(struct conn *c);
/* The engine has let go of it. */
void conn_closed(struct conn *c);

static inline struct conn *conn_of(struct link *l)
{
    return (struct conn *)l; /* link is the first member */
}

#endif
