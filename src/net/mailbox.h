/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mailbox: letters from other threads to a worker.
 *
 * Role:    letters, delivered in order, each with a descriptor or with the address of a connection and a payload; and
 *          signals, which carry no data.
 * Owns:    the letters not yet taken: their payload references, and their descriptors where the kind passes one.
 * Threads: mailbox_post, mailbox_signal: any. mailbox_take: the worker.
 * Used by: worker, post.
 * Why:     the poster wakes the worker only where nothing was waiting, and the worker clears that mark before it looks:
 *          no wake-up is lost and none is wasted.
 *
 * A mailbox is bounded by its posters, not by refusing letters. A letter that leaves the box over its bound asks for a
 * receipt. The connection on whose behalf it was posted runs nothing until the receiver has taken the letter and has
 * posted the receipt back. A receipt never asks for one, and every worker continues to read its own mail: two workers
 * that fill each other's boxes cannot deadlock.
 */
#ifndef LARDER_NET_MAILBOX_H
#define LARDER_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lock.h"
#include "session/mail.h"

/* Bytes of letters and payloads that wait in a mailbox before its posters have to. One worker reads its mail each time
 * around its loop, so a box that holds more means that the worker is behind. */
#define MAILBOX_BOUND (1024 * 1024)

enum letter_kind {
    LETTER_CONNECTION, /* fd is a new client's; the worker takes it */
    LETTER_LISTEN,     /* to the reception: fd is a listening socket, accept from it. The poster keeps it */
    LETTER_UNLISTEN,   /* to the reception: accept no more from fd, and close it */
    LETTER_KILL,       /* the connection `to` is doomed */
    LETTER_PUSH,       /* append the payload to the output of `to` */
    LETTER_RECEIPT,    /* `receipts` letters that `to` waits for were taken */
};

#define LETTER_MAGIC  0x6c657474u /* "lett" */
#define MAILBOX_MAGIC 0x6d61696cu /* "mail" */

/* Posted as a template, of which the mailbox makes its own copy. */
struct letter {
    uint32_t magic;
    enum letter_kind kind;
    struct letter *next;
    struct blob *payload; /* LETTER_PUSH */
    struct mail_address to;
    struct mail_address from; /* the connection on whose behalf it is posted; generation 0: none */
    int fd;
    uint32_t receipts;
    bool wants_receipt; /* the poster asks for it, or mailbox_post does */
};

enum signal_bits {
    SIGNAL_RESUME = 1 << 0, /* CLIENT PAUSE may be over */
    SIGNAL_STOP = 1 << 1,   /* the server ends */
};

struct mailbox {
    uint32_t magic;
    struct lock lock;
    struct letter *first; /* under the lock, as `last`, `bytes`, and `last_payload` are: clang 14 cannot name a member
                           * of the same struct in C */
    struct letter **last;
    size_t bytes;
    struct blob *last_payload; /* of the last letter: letters in a row that share a payload are charged for it once */
    _Atomic uint32_t signals;
    _Atomic bool any; /* letters or signals */
};

/* What the poster has to do. */
struct posted {
    bool wake;          /* wake the worker */
    bool wants_receipt; /* let `from` wait for one receipt more */
};

void mailbox_init(struct mailbox *m, unsigned number);
/* Frees the letters not yet taken. */
void mailbox_fini(struct mailbox *m);
/* Takes a reference to the payload, and takes fd where the kind passes it. */
struct posted mailbox_post(struct mailbox *m, const struct letter *l);
/* Returns whether the worker has to be woken. */
bool mailbox_signal(struct mailbox *m, uint32_t bits);
/* All letters, oldest first; the caller gives each to letter_free. *signals: the bits raised since the last take. */
struct letter *mailbox_take(struct mailbox *m, uint32_t *signals);
/* Gives up the payload, not the descriptor. */
void letter_free(struct letter *l);

/* Whether there is something to take. */
static inline bool mailbox_has_mail(const struct mailbox *m)
{
    return atomic_load_explicit(&m->any, memory_order_acquire);
}

#endif
