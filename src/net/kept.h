/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * kept: bytes that were received while their link was paused.
 *
 * Role:    a list of copies, in the order of their arrival.
 * Owns:    the copies, which are client memory.
 * Threads: the worker.
 * Used by: engine_uring.
 * Why:     a receive that is in flight when a link is paused may complete before it is cancelled.
 */
#ifndef LARDER_NET_KEPT_H
#define LARDER_NET_KEPT_H

#include <stddef.h>

struct kept_bytes {
    struct kept_bytes *next;
    size_t n;
    char bytes[];
};

/* {0} is an empty list. */
struct kept {
    struct kept_bytes *first, **end;
};

/* Copies n bytes to the end of the list. */
void kept_add(struct kept *k, const char *p, size_t n);
/* Takes the first bytes out of the list, which is not empty. Free them with client_memory_free. */
struct kept_bytes *kept_take(struct kept *k);
/* Frees all. */
void kept_drop(struct kept *k);

#endif
