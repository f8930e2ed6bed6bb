/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * launch: starts a thread and waits until it has reported whether it can work.
 *
 * Role:    a worker and the reception open their engines in their own threads; whoever starts them needs the result.
 * Owns:    nothing; a launch is on the stack of the thread that waits.
 * Threads: launch_thread: the one that starts; launch_report: the new one, once.
 * Used by: worker, reception.
 */
#ifndef LARDER_NET_LAUNCH_H
#define LARDER_NET_LAUNCH_H

#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>

/* The argument of the new thread. */
struct launch {
    void *owner;
    char *why; /* `size` bytes in which the new thread explains a failure */
    size_t size;
    sem_t reported;
    int result;
};

/* Starts main(launch) and waits for its report, which it returns: 0, or -errno with `why` filled. Then the thread has
 * ended or is about to. name: up to 15 bytes. */
int launch_thread(pthread_t *thread, const char *name, void *(*main)(void *launch), struct launch *l);
/* Reports the result, 0 or -errno. The launch must not be used after it. */
void launch_report(struct launch *l, int result);

#endif
