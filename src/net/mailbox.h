/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mailbox: what other threads want of a worker.
 *
 * Role:    letters with a descriptor in them, in order; and signals, which say that there is something to look at.
 * Owns:    the letters not yet taken.
 * Threads: mailbox_post, mailbox_signal: any. mailbox_take: the worker.
 * Used by: worker.
 * Why:     the poster wakes the worker only where nothing was waiting, and the worker says so before it looks: no
 *          wake-up is lost and none is wasted.
 */
#ifndef LARDER_NET_MAILBOX_H
#define LARDER_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/lock.h"

enum letter_kind {
    LETTER_CONNECTION, /* fd is a client's: it is the worker's from here on */
    LETTER_LISTEN,     /* fd is a listening socket: accept from it */
    LETTER_UNLISTEN,   /* no more; close it */
};

struct letter {
    struct letter *next;
    enum letter_kind kind;
    int fd;
};

enum signal_bits {
    SIGNAL_DOOMED = 1 << 0, /* a client of this worker is doomed */
    SIGNAL_RESUME = 1 << 1, /* CLIENT PAUSE may be over */
    SIGNAL_STOP = 1 << 2,   /* the server ends */
};

struct mailbox {
    struct lock lock;
    struct letter *first; /* under the lock, as `last` is: in C, clang 14 cannot name a member beside */
    struct letter **last;
    _Atomic uint32_t signals;
    _Atomic bool any; /* letters or signals */
};

void mailbox_init(struct mailbox *m, unsigned number);
/* Returns whether the worker has to be woken. */
bool mailbox_post(struct mailbox *m, enum letter_kind kind, int fd);
bool mailbox_signal(struct mailbox *m, uint32_t bits);
/* All letters, oldest first; the caller frees each with mem_free. *signals: the bits raised since the last take. */
struct letter *mailbox_take(struct mailbox *m, uint32_t *signals);

#endif
