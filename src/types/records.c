/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/records.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/must.h"

#define ROOM_MIN 4          /* records; an array is not shrunk below it */
#define ROOM_MAX UINT32_MAX /* records; no machine has memory for more in one key */

/* Moves the records to a new array of `room` records, from `first` on. */
static void move_to(struct records *r, size_t room, size_t first, size_t size)
{
    char *array;

    must(first + r->used <= room && room <= ROOM_MAX);
    array = mem_alloc(room * size);
    if (r->used != 0)
        memcpy(array + first * size, records_at(r, 0, size), r->used * size);
    mem_free_sized(r->array, r->room * size);
    r->array = array;
    r->room = (uint32_t)room;
    r->first = (uint32_t)first;
}

/* Makes room for one more record at an end. If there is much room at the other end, both ends share it. */
static void reserve(struct records *r, bool front, size_t size)
{
    size_t spare = r->room - r->used, add = (size_t)r->used / 2 + 1;

    if (front ? r->first > 0 : r->first + r->used < r->room)
        return;
    if (spare < add || spare < 2)
        move_to(r, r->used + add, front ? add : 0, size);
    else
        move_to(r, r->room, spare / 2, size);
}

void records_reserve(struct records *r, size_t n, size_t size)
{
    if (n > r->room)
        move_to(r, n, 0, size);
}

void *records_insert(struct records *r, size_t i, size_t size)
{
    bool front = i < r->used - i;
    char *at;

    must(i <= r->used);
    reserve(r, front, size);
    if (front)
        r->first--;
    r->used++;
    at = records_at(r, i, size);
    if (front)
        memmove(records_at(r, 0, size), records_at(r, 1, size), i * size);
    else
        memmove(at + size, at, (r->used - 1 - i) * size);
    return at;
}

void records_remove(struct records *r, size_t i, size_t n, size_t size)
{
    size_t after = r->used - i - n;

    must(i <= r->used && n <= r->used - i);
    if (i < after) {
        memmove(records_at(r, n, size), records_at(r, 0, size), i * size);
        r->first += (uint32_t)n;
    } else {
        memmove(records_at(r, i, size), records_at(r, i + n, size), after * size);
    }
    r->used -= (uint32_t)n;
    if (r->room > 4 * ((size_t)r->used + ROOM_MIN))
        move_to(r, r->used + ROOM_MIN, ROOM_MIN / 2, size);
}

size_t records_bytes(const struct records *r, size_t size)
{
    return r->room == 0 ? 0 : mem_usable_size(r->room * size);
}

void records_fini(struct records *r, size_t size)
{
    mem_free_sized(r->array, r->room * size);
    *r = (struct records){0};
}
