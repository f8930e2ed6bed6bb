/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * expiry_heap: items ordered by the time at which they expire.
 *
 * Role:    a heap of times, each with its item: the fields of a large hash that have an expiry.
 * Owns:    its slots; the items belong to its owner.
 * Threads: under the lock of its key.
 * Used by: hash.
 * Why:     the earliest item is found in O(1). An item that is removed or gets another time is found by its position,
 *          which it stores itself in 4 bytes. Four children per node halve the number of levels of a binary heap. Slots
 *          are in segments (base/linear.h), so that nothing is copied when the heap grows.
 */
#ifndef LARDER_TYPES_EXPIRY_HEAP_H
#define LARDER_TYPES_EXPIRY_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct expiry_heap;

/* An empty heap. `moved` is called with the new position of an item whenever it changes; it may not change the heap. */
struct expiry_heap *expiry_heap_new(void (*moved)(void *item, uint32_t position));
/* Does not touch the items. */
void expiry_heap_free(struct expiry_heap *h);
size_t expiry_heap_count(const struct expiry_heap *h);
/* Bytes of all its blocks, without the items. O(1). */
size_t expiry_heap_bytes(const struct expiry_heap *h);

/* Adds an item; `moved` gets its position. */
void expiry_heap_add(struct expiry_heap *h, int64_t due, void *item);
void expiry_heap_remove(struct expiry_heap *h, uint32_t position);
/* Gives the item at this position another time. */
void expiry_heap_update(struct expiry_heap *h, uint32_t position, int64_t due);
/* The item at this position has moved to another address. */
void expiry_heap_set_item(struct expiry_heap *h, uint32_t position, void *item);

int64_t expiry_heap_time(const struct expiry_heap *h, uint32_t position);
/* The earliest item and its time; NULL if the heap is empty. */
void *expiry_heap_first(const struct expiry_heap *h, int64_t *due);
/* How many items are due at `now`. Takes time in proportion to the result. */
size_t expiry_heap_count_due(const struct expiry_heap *h, int64_t now);

#endif
