/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/row.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#define ROOM_LEAST 4          /* records of an array that is not made smaller */
#define ROOM_MAX   UINT32_MAX /* records: more memory than any machine has for one key */

/* An array of `room` records, with those that there are from `first` on. */
static void move_to(struct row *r, size_t room, size_t first, size_t size)
{
    char *records;

    must(first + r->used <= room && room <= ROOM_MAX);
    records = mem_alloc(room * size);
    if (r->used != 0)
        memcpy(records + first * size, row_at(r, 0, size), r->used * size);
    mem_free_sized(r->records, r->room * size);
    r->records = records;
    r->room = (uint32_t)room;
    r->first = (uint32_t)first;
}

/* Makes room for one more at an end. Where much is free at the other one, the ends share it. */
static void reserve(struct row *r, bool front, size_t size)
{
    size_t spare = r->room - r->used, add = (size_t)r->used / 2 + 1;

    if (front ? r->first > 0 : r->first + r->used < r->room)
        return;
    if (spare < add || spare < 2)
        move_to(r, r->used + add, front ? add : 0, size);
    else
        move_to(r, r->room, spare / 2, size);
}

void row_expect(struct row *r, size_t n, size_t size)
{
    if (n > r->room)
        move_to(r, n, 0, size);
}

void *row_insert(struct row *r, size_t i, size_t size)
{
    bool front = i < r->used - i;
    char *at;

    must(i <= r->used);
    reserve(r, front, size);
    if (front)
        r->first--;
    r->used++;
    at = row_at(r, i, size);
    if (front)
        memmove(row_at(r, 0, size), row_at(r, 1, size), i * size);
    else
        memmove(at + size, at, (r->used - 1 - i) * size);
    return at;
}

void row_remove(struct row *r, size_t i, size_t n, size_t size)
{
    size_t behind = r->used - i - n;

    must(i <= r->used && n <= r->used - i);
    if (i < behind) {
        memmove(row_at(r, n, size), row_at(r, 0, size), i * size);
        r->first += (uint32_t)n;
    } else {
        memmove(row_at(r, i, size), row_at(r, i + n, size), behind * size);
    }
    r->used -= (uint32_t)n;
    if (r->room > 4 * ((size_t)r->used + ROOM_LEAST))
        move_to(r, r->used + ROOM_LEAST, ROOM_LEAST / 2, size);
}

size_t row_bytes(const struct row *r, size_t size)
{
    return r->room == 0 ? 0 : mem_usable_size(r->room * size);
}

void row_fini(struct row *r, size_t size)
{
    mem_free_sized(r->records, r->room * size);
    *r = (struct row){0};
}
