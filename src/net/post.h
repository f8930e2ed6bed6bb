/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * post: how a worker posts letters to workers, itself included.
 *
 * Role:    puts letters into mailboxes, wakes their workers, and counts the receipts that a session waits for.
 * Owns:    nothing.
 * Threads: a letter on behalf of a session: the worker of that session. Others: any thread.
 * Used by: worker, batch.
 * Why:     a command posts while shards are locked, and a wake-up is a system call. So the worker records whom to wake
 *          and does so when the command has run.
 */
#ifndef LARDER_NET_POST_H
#define LARDER_NET_POST_H

#include "net/mailbox.h"

struct worker;
struct workers;
struct clients;

/* Lets commands post to the connections of these workers. */
void post_init(struct workers *ws, struct clients *cs);
/* Posts on behalf of no session, and wakes the worker at once. */
void post_letter(struct worker *to, const struct letter *l);
/* Wakes the workers that a command of w has posted to. */
void post_wake(struct worker *w);

#endif
