/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * clients: the public record (card) of each client.
 *
 * Role:    CLIENT LIST, CLIENT KILL, INFO clients and the limit on all clients' memory, across workers.
 * Owns:    the cards. The worker of a connection adds and removes its card.
 * Threads: any. Numbers are relaxed atomics written by the connection's worker; strings are under the card's leaf lock;
 *          the list and the index by id are under the lock CLIENTS, which is held during a visit.
 * Used by: session, cmd, net.
 * Why:     no thread touches another worker's connection: it reads the card, and posts a letter to the card's address.
 */
#ifndef LARDER_SESSION_CLIENTS_H
#define LARDER_SESSION_CLIENTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"
#include "base/slice.h"
#include "session/mail.h"

struct command;

enum {
    CARD_MULTI = 1 << 0,   /* in a transaction */
    CARD_DIRTY = 1 << 1,   /* EXEC will fail: a watched key has changed */
    CARD_BLOCKED = 1 << 2, /* waits: for a key, or for the end of a CLIENT PAUSE */
    CARD_CLOSING = 1 << 3, /* closes once its replies are sent */
    CARD_CLOSE_NOW = 1 << 4,
    CARD_UNIX = 1 << 5, /* connected by the unix socket */
    CARD_NO_EVICT = 1 << 6,
    CARD_NO_TOUCH = 1 << 7,
    CARD_PUBSUB = 1 << 8,
    CARD_READONLY = 1 << 9,
};

#define CARD_MAGIC 0x63617264u /* "card" */

struct card {
    uint32_t magic;
    int fd;
    struct card *prev, *next;
    struct card *next_in_bucket; /* of the index by id */
    uint64_t id;                 /* unique for the life of the process, rising */
    struct mail_address address;
    int64_t born; /* ms, monotonic */
    char *peer;   /* "127.0.0.1:50000", "[::1]:50000", "/path:0" */
    char *local;
    size_t base_bytes;      /* of memory that the connection itself takes */
    bool is_local;          /* the peer is this machine */
    _Atomic int64_t active; /* ms, monotonic, of the last request */
    _Atomic uint32_t flags;
    _Atomic uint32_t db;
    _Atomic uint32_t resp;
    _Atomic int32_t multi;                                       /* queued commands; -1: no transaction */
    _Atomic uint32_t watching;                                   /* watched keys */
    _Atomic uint64_t in_bytes, in_free, args_bytes, multi_bytes; /* query buffer: used, free; arguments; queue */
    _Atomic uint64_t out_bytes, out_chunks, out_memory;          /* replies not yet sent */
    _Atomic uint64_t text_bytes;                                 /* that the strings below take: they may be long */
    _Atomic uint64_t received, sent, requests;
    _Atomic(const struct command *) last;
    _Atomic bool doomed;                        /* it runs no further command, and its worker closes it */
    struct lock lock;                           /* the strings below */
    char *name, *user, *lib_name, *lib_version; /* never NULL; empty: not set */
};

struct clients {
    struct lock lock;
    struct card *first, *last; /* oldest first */
    struct card **by_id;       /* buckets: the low bits of the id; a power of two, or none yet */
    size_t buckets, listed;
    _Atomic uint64_t next_id;
    _Atomic uint64_t count;
    _Atomic uint64_t accepted, rejected, killed_for_output, killed_for_input, evicted;
    _Atomic size_t slack; /* bytes by which all may exceed the limit before clients_fit is worth while again */
    struct mail mail; /* set by net before the first client; empty in tests: nothing is posted */
};

/* What is known of a client when it connects. */
struct card_origin {
    struct mail_address address;
    int fd;
    const char *peer, *local;
    bool is_local; /* the peer is this machine */
    size_t base_bytes; /* of memory that the connection itself takes */
};

void clients_init(struct clients *cs);
void clients_fini(struct clients *cs);

/* A new card, in the list. Copies the texts. The list owns it until clients_remove. */
struct card *clients_add(struct clients *cs, const struct card_origin *from);
/* Takes the card off the list and frees it. */
void clients_remove(struct clients *cs, struct card *card);
/* Calls visit for each card, oldest first, under the lock CLIENTS, until it returns false. */
void clients_each(struct clients *cs, bool (*visit)(void *arg, struct card *card), void *arg);
/* Calls visit for the card with this id, under the lock CLIENTS, in constant time. False: there is none. */
bool clients_visit(struct clients *cs, uint64_t id, bool (*visit)(void *arg, struct card *card), void *arg);
/* Marks the card and posts a letter that closes its connection, on behalf of `from` (may be NULL). Under the lock
 * CLIENTS (from a visit) or by the card's worker. */
void clients_doom(struct clients *cs, struct session *from, struct card *card);

/* Memory that a client takes, in bytes, as in CLIENT LIST's tot-mem. */
uint64_t card_memory(struct card *card);
/* Whether the clients may take more than `limit` bytes together (0: no limit), so that clients_fit has to look. In
 * constant time. */
bool clients_exceed(struct clients *cs, int64_t limit);
/* Dooms the largest clients until all together take at most `limit` bytes. Spares those that said CLIENT NO-EVICT ON.
 */
void clients_fit(struct clients *cs, int64_t limit);

enum card_text { CARD_NAME, CARD_USER, CARD_LIB_NAME, CARD_LIB_VERSION };
void card_set_text(struct card *card, enum card_text which, struct slice text);
/* Copies the text with a NUL, cut to size - 1; returns its length. */
size_t card_get_text(struct card *card, enum card_text which, char *p, size_t size);

/* Whether the text may be a name: only printable ASCII without spaces, so that CLIENT LIST can be taken apart. */
bool card_text_fits(struct slice text);

/* The types of clients that CLIENT LIST and CLIENT KILL choose by. */
enum card_type { CARD_TYPE_NORMAL, CARD_TYPE_REPLICA, CARD_TYPE_PUBSUB, CARD_TYPE_MASTER, CARD_TYPE_UNKNOWN };
/* By name in any case; "slave" is a replica. */
enum card_type card_type_named(struct slice name);
enum card_type card_type(struct card *card);

static inline void card_set_flag(struct card *card, uint32_t flag, bool on)
{
    if (on)
        atomic_fetch_or_explicit(&card->flags, flag, memory_order_relaxed);
    else
        atomic_fetch_and_explicit(&card->flags, ~flag, memory_order_relaxed);
}

static inline bool card_has_flag(struct card *card, uint32_t flag)
{
    return atomic_load_explicit(&card->flags, memory_order_relaxed) & flag;
}

#endif
