/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hold: the connections of one worker that wait for the end of a CLIENT PAUSE, or for a shard that another worker has
 * held for long.
 *
 * Role:    a list of those connections alone, so that the end of a pause does not walk all others.
 * Owns:    nothing; a connection is taken off the list before it is freed.
 * Threads: the worker.
 * Used by: batch (adds), conn (removes), worker (resumes).
 */
#ifndef LARDER_NET_HOLD_H
#define LARDER_NET_HOLD_H

struct conn;

/* Its next request waits. The connection is not on the list yet. */
void hold_add(struct conn *c);
/* Nothing if it is not on the list. */
void hold_remove(struct conn *c);

#endif
