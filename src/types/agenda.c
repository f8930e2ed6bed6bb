/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/agenda.h"

#include <stdbool.h>

#include "base/linear.h"
#include "base/mem.h"
#include "base/must.h"

#define CHILDREN 4
#define MOST     (UINT32_MAX / CHILDREN - 1) /* items; the place of a child has to fit 32 bits */

struct slot {
    int64_t moment;
    void *item;
};

#define AGENDA_MAGIC 0x6167656eu /* "agen" */

struct agenda {
    uint32_t magic;
    uint32_t count;
    uint32_t segments;
    uint32_t room; /* slots of all segments */
    struct slot **segment;
    void (*moved)(void *item, uint32_t place);
};

static inline struct slot *slot_at(const struct agenda *a, uint32_t place)
{
    uint32_t offset;
    unsigned k = linear_segment(place, &offset);

    return a->segment[k] + offset;
}

struct agenda *agenda_new(void (*moved)(void *item, uint32_t place))
{
    struct agenda *a = mem_zalloc(sizeof *a);

    must(moved != NULL);
    a->magic = AGENDA_MAGIC;
    a->moved = moved;
    return a;
}

void agenda_free(struct agenda *a)
{
    must_be(a, AGENDA_MAGIC);
    for (unsigned k = 0; k < a->segments; k++)
        mem_free(a->segment[k]);
    mem_free(a->segment);
    a->magic = 0;
    mem_free(a);
}

size_t agenda_count(const struct agenda *a)
{
    return a->count;
}

size_t agenda_bytes(const struct agenda *a)
{
    size_t n = mem_usable_size(sizeof *a);

    /* The sizes of segments are powers of two, which the allocator does not round up. */
    return a->segments == 0 ? n : n + mem_usable_size(a->segments * sizeof *a->segment) + a->room * sizeof(struct slot);
}

static void set_segments(struct agenda *a, uint32_t n)
{
    must(n > 0);
    a->segment = mem_realloc(a->segment, n * sizeof *a->segment);
    a->segments = n;
}

/* Room for the slot behind the last one. */
static void make_room(struct agenda *a)
{
    uint32_t offset;
    unsigned k = linear_segment(a->count, &offset);

    if (k < a->segments)
        return;
    set_segments(a, k + 1);
    a->segment[k] = mem_alloc(linear_segment_size(k) * sizeof(struct slot));
    a->room += linear_segment_size(k);
}

/* Gives back a segment that is not used any more; one is kept, for those who add and remove by turns. */
static void give_room(struct agenda *a)
{
    uint32_t offset;
    unsigned k = linear_segment(a->count, &offset);

    if (k + 2 >= a->segments)
        return;
    must(a->room >= linear_segment_size(a->segments - 1));
    a->room -= linear_segment_size(a->segments - 1);
    mem_free(a->segment[a->segments - 1]);
    set_segments(a, a->segments - 1);
}

/* ---- the heap ---- */

static void put(struct agenda *a, uint32_t place, struct slot s)
{
    sane(place < a->count);
    *slot_at(a, place) = s;
    a->moved(s.item, place);
}

/* Puts s at `place` or above, so that nothing on the way up is later than what is below it. */
static void rise(struct agenda *a, uint32_t place, struct slot s)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / CHILDREN;
        struct slot above = *slot_at(a, parent);

        if (above.moment <= s.moment)
            break;
        put(a, place, above);
        place = parent;
    }
    put(a, place, s);
}

/* The child of `place` that is due first; the count: it has none. */
static uint32_t first_child(const struct agenda *a, uint32_t place)
{
    uint32_t first = place * CHILDREN + 1, best = first;

    if (first >= a->count)
        return a->count;
    for (uint32_t i = first + 1; i < a->count && i < first + CHILDREN; i++)
        if (slot_at(a, i)->moment < slot_at(a, best)->moment)
            best = i;
    return best;
}

/* Whether the item at `place` is not due before its parent nor after its first child. */
static inline bool is_heap_around(const struct agenda *a, uint32_t place)
{
    int64_t moment = slot_at(a, place)->moment;
    uint32_t child = first_child(a, place);

    return (place == 0 || slot_at(a, (place - 1) / CHILDREN)->moment <= moment) &&
           (child == a->count || slot_at(a, child)->moment >= moment);
}

/* Puts s at `place` or below. */
static void sink(struct agenda *a, uint32_t place, struct slot s)
{
    for (uint32_t child; (child = first_child(a, place)) < a->count; place = child) {
        struct slot below = *slot_at(a, child);

        if (below.moment >= s.moment)
            break;
        put(a, place, below);
    }
    put(a, place, s);
    sane(is_heap_around(a, place));
}

/* Puts s where it belongs, `place` being free. */
static void settle(struct agenda *a, uint32_t place, struct slot s)
{
    if (place > 0 && slot_at(a, (place - 1) / CHILDREN)->moment > s.moment)
        rise(a, place, s);
    else
        sink(a, place, s);
}

void agenda_add(struct agenda *a, int64_t moment, void *item)
{
    must_be(a, AGENDA_MAGIC);
    must(a->count < MOST && item != NULL);
    make_room(a);
    rise(a, a->count++, (struct slot){moment, item});
}

void agenda_remove(struct agenda *a, uint32_t place)
{
    struct slot last;

    must(place < a->count);
    last = *slot_at(a, --a->count);
    if (place < a->count)
        settle(a, place, last);
    give_room(a);
}

void agenda_change(struct agenda *a, uint32_t place, int64_t moment)
{
    must(place < a->count);
    settle(a, place, (struct slot){moment, slot_at(a, place)->item});
}

void agenda_renew(struct agenda *a, uint32_t place, void *item)
{
    must(place < a->count && item != NULL);
    slot_at(a, place)->item = item;
}

/* ---- looking ---- */

int64_t agenda_moment(const struct agenda *a, uint32_t place)
{
    must(place < a->count);
    return slot_at(a, place)->moment;
}

void *agenda_first(const struct agenda *a, int64_t *moment)
{
    if (a->count == 0)
        return NULL;
    *moment = slot_at(a, 0)->moment;
    return slot_at(a, 0)->item;
}

/* Those at `place` and below. What is above one that is due is due too, so the rest need not be looked at. */
static size_t due_below(const struct agenda *a, uint32_t place, int64_t now)
{
    size_t n = 1;

    if (place >= a->count || slot_at(a, place)->moment > now)
        return 0;
    for (unsigned i = 1; i <= CHILDREN; i++)
        n += due_below(a, place * CHILDREN + i, now);
    return n;
}

size_t agenda_due(const struct agenda *a, int64_t now)
{
    return due_below(a, 0, now);
}
