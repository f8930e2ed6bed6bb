/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/ziplist.h"

#include "base/must.h"

#define HEADER    10
#define MIN_BYTES (HEADER + 1)
#define END       0xff
#define LONG      254 /* the length of the previous element follows in four bytes */
#define COUNT_MAX UINT16_MAX

/*
 * After the length of the previous element:
 *   00xxxxxx  a string of up to 63 bytes
 *   01xxxxxx  a string of up to 16383 bytes, with the next byte
 *   10------  a string, its length in the next four bytes
 *   11000000  a number of 16 bits, then 32, 64 (d0, e0), 24 (f0), 8 (fe), in the next bytes
 *   1111xxxx  the number xxxx - 1, for 0001 .. 1101
 */
enum {
    HEAD_14_BITS = 0x40,
    HEAD_32_BITS = 0x80,
    HEAD_INT16 = 0xc0,
    HEAD_INT32 = 0xd0,
    HEAD_INT64 = 0xe0,
    HEAD_INT24 = 0xf0,
    HEAD_NUMBER = 0xf1,
    HEAD_NUMBER_LAST = 0xfd,
    HEAD_INT8 = 0xfe,
};

static uint32_t load32(const char *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t load_big_endian(const char *p)
{
    return __builtin_bswap32(load32(p));
}

/* Takes n bytes of s. NULL: there are fewer. */
static const char *take(struct slice *s, size_t n)
{
    const char *p = s->p;

    if (n > s->n)
        return NULL;
    *s = slice_of(p + n, s->n - n);
    return p;
}

/* Takes the length of the previous element. False: it is not the known one. */
static bool take_length_before(struct slice *s, size_t known)
{
    const char *p = take(s, 1);

    if (p == NULL)
        return false;
    if ((uint8_t)*p < LONG)
        return (uint8_t)*p == known;
    if ((uint8_t)*p > LONG)
        return false;
    p = take(s, 4);
    return p != NULL && load32(p) == known;
}

static bool take_string(struct slice *s, uint8_t head, struct listpack_word *w)
{
    size_t n = head;
    const char *p;

    must(head < HEAD_INT16);
    if (head >= HEAD_32_BITS) {
        p = take(s, 4);
        if (p == NULL)
            return false;
        n = load_big_endian(p);
    } else if (head >= HEAD_14_BITS) {
        p = take(s, 1);
        if (p == NULL)
            return false;
        n = (size_t)(head - HEAD_14_BITS) << 8 | (uint8_t)*p;
    }
    p = take(s, n);
    if (p == NULL)
        return false;
    *w = listpack_word(slice_of(p, n));
    return true;
}

/* Takes a number of 1 to 8 bytes. */
static bool take_bytes(struct slice *s, unsigned bytes, int64_t *v)
{
    const char *p = take(s, bytes);
    unsigned unused = 64 - 8 * bytes;
    uint64_t low = 0;

    must(bytes > 0 && bytes <= sizeof low);
    if (p == NULL)
        return false;
    memcpy(&low, p, bytes);
    *v = (int64_t)(low << unused) >> unused;
    return true;
}

static bool take_number(struct slice *s, uint8_t head, int64_t *v)
{
    switch (head) {
    case HEAD_INT8:
        return take_bytes(s, 1, v);
    case HEAD_INT16:
        return take_bytes(s, 2, v);
    case HEAD_INT24:
        return take_bytes(s, 3, v);
    case HEAD_INT32:
        return take_bytes(s, 4, v);
    case HEAD_INT64:
        return take_bytes(s, 8, v);
    default:
        *v = head - HEAD_NUMBER;
        return head >= HEAD_NUMBER && head <= HEAD_NUMBER_LAST;
    }
}

/* Takes an element; before: the length of the previous one. */
static bool take_element(struct slice *s, size_t before, struct listpack_word *w)
{
    const char *head;

    if (!take_length_before(s, before))
        return false;
    head = take(s, 1);
    if (head == NULL)
        return false;
    if ((uint8_t)*head < HEAD_INT16)
        return take_string(s, (uint8_t)*head, w);
    w->is_number = true;
    return take_number(s, (uint8_t)*head, &w->number);
}

bool ziplist_append_to(struct flat *listpack, struct slice ziplist)
{
    struct slice left;
    size_t before = 0, count = 0, last = HEADER;
    uint16_t stated;

    if (ziplist.n < MIN_BYTES || ziplist.n > LISTPACK_MAX || load32(ziplist.p) != ziplist.n ||
        (uint8_t)ziplist.p[ziplist.n - 1] != END)
        return false;
    for (left = slice_of(ziplist.p + HEADER, ziplist.n - MIN_BYTES); left.n > 0; count++) {
        const char *at = left.p;
        struct listpack_word w;

        if (!take_element(&left, before, &w))
            return false;
        listpack_insert(listpack, 0, &w);
        before = left.p - at;
        last = at - ziplist.p;
    }
    must(left.p == ziplist.p + ziplist.n - 1);
    memcpy(&stated, ziplist.p + 8, sizeof stated);
    return (stated == COUNT_MAX || stated == count) && load32(ziplist.p + 4) == last;
}
