/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * agenda: which items are due when, the earliest first.
 *
 * Role:    a heap of moments, each with the item that is due then: the fields of a large hash that have an expiry.
 * Owns:    its slots; the items are those of its owner.
 * Threads: under the lock of its key.
 * Used by: hash.
 * Why:     the next one is known at once, and an item that goes, or gets another moment, is found at once by its place,
 *          which it keeps itself (4 bytes). Four children to a node make half the levels of a binary heap. Slots lie in
 *          segments (base/linear.h), so that nothing is copied when the agenda grows.
 */
#ifndef LARDER_TYPES_AGENDA_H
#define LARDER_TYPES_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct agenda;

/* An empty one. `moved` is told the place of an item whenever it is another than before; it may not change the
 * agenda. */
struct agenda *agenda_new(void (*moved)(void *item, uint32_t place));
/* The items are not touched. */
void agenda_free(struct agenda *a);
size_t agenda_count(const struct agenda *a);
/* Bytes it takes, without the items. */
size_t agenda_bytes(const struct agenda *a);

/* Adds an item, which is told its place. */
void agenda_add(struct agenda *a, int64_t moment, void *item);
void agenda_remove(struct agenda *a, uint32_t place);
/* The item at this place is due at another moment. */
void agenda_change(struct agenda *a, uint32_t place, int64_t moment);
/* The item at this place lies at another address from here on. */
void agenda_renew(struct agenda *a, uint32_t place, void *item);

int64_t agenda_moment(const struct agenda *a, uint32_t place);
/* The item that is due first, and when; NULL: there is none. */
void *agenda_first(const struct agenda *a, int64_t *moment);
/* How many are due at `now` or before. Takes time in proportion to the answer. */
size_t agenda_due(const struct agenda *a, int64_t now);

#endif
