/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/expiry_heap.h"

#include <stdbool.h>

#include "base/linear.h"
#include "base/mem.h"
#include "base/must.h"

#define CHILDREN  4
#define ITEMS_MAX (UINT32_MAX / CHILDREN - 1) /* the position of a child has to fit 32 bits */

struct slot {
    int64_t due;
    void *item;
};

#define EXPIRY_HEAP_MAGIC 0x65787069u /* "expi" */

struct expiry_heap {
    uint32_t magic;
    uint32_t count;
    uint32_t segments;
    uint32_t room; /* slots of all segments */
    struct slot **segment;
    void (*moved)(void *item, uint32_t position);
};

static inline struct slot *slot_at(const struct expiry_heap *h, uint32_t position)
{
    uint32_t offset;
    unsigned k = linear_segment(position, &offset);

    return h->segment[k] + offset;
}

struct expiry_heap *expiry_heap_new(void (*moved)(void *item, uint32_t position))
{
    struct expiry_heap *h = mem_zalloc(sizeof *h);

    must(moved != NULL);
    h->magic = EXPIRY_HEAP_MAGIC;
    h->moved = moved;
    return h;
}

void expiry_heap_free(struct expiry_heap *h)
{
    must_be(h, EXPIRY_HEAP_MAGIC);
    for (unsigned k = 0; k < h->segments; k++)
        mem_free(h->segment[k]);
    mem_free(h->segment);
    h->magic = 0;
    mem_free(h);
}

size_t expiry_heap_count(const struct expiry_heap *h)
{
    return h->count;
}

size_t expiry_heap_bytes(const struct expiry_heap *h)
{
    size_t n = mem_usable_size(sizeof *h);

    /* Segment sizes are powers of two, which the allocator does not round up. */
    if (h->segments != 0)
        n += mem_usable_size(h->segments * sizeof *h->segment) + h->room * sizeof(struct slot) +
             linear_pages(h->segments, sizeof(struct slot));
    return n;
}

static void set_segments(struct expiry_heap *h, uint32_t n)
{
    must(n > 0);
    h->segment = mem_realloc(h->segment, n * sizeof *h->segment);
    h->segments = n;
}

/* Makes room for one more slot. */
static void make_room(struct expiry_heap *h)
{
    uint32_t offset;
    unsigned k = linear_segment(h->count, &offset);

    if (k < h->segments)
        return;
    set_segments(h, k + 1);
    h->segment[k] = mem_alloc(linear_segment_size(k) * sizeof(struct slot));
    h->room += linear_segment_size(k);
}

/* Frees the last segment if it is unused. One unused segment is kept, for alternating insertions and removals. */
static void give_room(struct expiry_heap *h)
{
    uint32_t offset;
    unsigned k = linear_segment(h->count, &offset);

    if (k + 2 >= h->segments)
        return;
    must(h->room >= linear_segment_size(h->segments - 1));
    h->room -= linear_segment_size(h->segments - 1);
    mem_free(h->segment[h->segments - 1]);
    set_segments(h, h->segments - 1);
}

/* ---- the heap ---- */

static void put(struct expiry_heap *h, uint32_t position, struct slot s)
{
    sane(position < h->count);
    *slot_at(h, position) = s;
    h->moved(s.item, position);
}

/* Puts s at `position` or above, so that no parent is later than its children. */
static void sift_up(struct expiry_heap *h, uint32_t position, struct slot s)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / CHILDREN;
        struct slot above = *slot_at(h, parent);

        if (above.due <= s.due)
            break;
        put(h, position, above);
        position = parent;
    }
    put(h, position, s);
}

/* The earliest child of `position`; the count if it has none. */
static uint32_t first_child(const struct expiry_heap *h, uint32_t position)
{
    uint32_t first = position * CHILDREN + 1, best = first;

    if (first >= h->count)
        return h->count;
    for (uint32_t i = first + 1; i < h->count && i < first + CHILDREN; i++)
        if (slot_at(h, i)->due < slot_at(h, best)->due)
            best = i;
    return best;
}

/* Whether the item at `position` is neither earlier than its parent nor later than its earliest child. */
__attribute__((unused)) static bool is_heap_around(const struct expiry_heap *h, uint32_t position)
{
    int64_t due = slot_at(h, position)->due;
    uint32_t child = first_child(h, position);

    return (position == 0 || slot_at(h, (position - 1) / CHILDREN)->due <= due) &&
           (child == h->count || slot_at(h, child)->due >= due);
}

/* Puts s at `position` or below. */
static void sift_down(struct expiry_heap *h, uint32_t position, struct slot s)
{
    for (uint32_t child; (child = first_child(h, position)) < h->count; position = child) {
        struct slot below = *slot_at(h, child);

        if (below.due >= s.due)
            break;
        put(h, position, below);
    }
    put(h, position, s);
    sane(is_heap_around(h, position));
}

/* Puts s where it belongs; `position` is free. */
static void restore(struct expiry_heap *h, uint32_t position, struct slot s)
{
    if (position > 0 && slot_at(h, (position - 1) / CHILDREN)->due > s.due)
        sift_up(h, position, s);
    else
        sift_down(h, position, s);
}

void expiry_heap_add(struct expiry_heap *h, int64_t due, void *item)
{
    must_be(h, EXPIRY_HEAP_MAGIC);
    must(h->count < ITEMS_MAX && item != NULL);
    make_room(h);
    sift_up(h, h->count++, (struct slot){due, item});
}

void expiry_heap_remove(struct expiry_heap *h, uint32_t position)
{
    struct slot last;

    must(position < h->count);
    last = *slot_at(h, --h->count);
    if (position < h->count)
        restore(h, position, last);
    give_room(h);
}

void expiry_heap_update(struct expiry_heap *h, uint32_t position, int64_t due)
{
    must(position < h->count);
    restore(h, position, (struct slot){due, slot_at(h, position)->item});
}

void expiry_heap_set_item(struct expiry_heap *h, uint32_t position, void *item)
{
    must(position < h->count && item != NULL);
    slot_at(h, position)->item = item;
}

/* ---- reading ---- */

int64_t expiry_heap_time(const struct expiry_heap *h, uint32_t position)
{
    must(position < h->count);
    return slot_at(h, position)->due;
}

void *expiry_heap_first(const struct expiry_heap *h, int64_t *due)
{
    if (h->count == 0)
        return NULL;
    *due = slot_at(h, 0)->due;
    return slot_at(h, 0)->item;
}

/* Counts the due items at `position` and below. If an item is not due, its children are not either. */
static size_t due_below(const struct expiry_heap *h, uint32_t position, int64_t now)
{
    size_t n = 1;

    if (position >= h->count || slot_at(h, position)->due > now)
        return 0;
    for (unsigned i = 1; i <= CHILDREN; i++)
        n += due_below(h, position * CHILDREN + i, now);
    return n;
}

size_t expiry_heap_count_due(const struct expiry_heap *h, int64_t now)
{
    return due_below(h, 0, now);
}
