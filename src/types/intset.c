/* SPDX-License-Identifier: BSD-3-Clause */
#include "types/intset.h"

#include "base/must.h"

#define HEADER 8

struct header {
    uint32_t width;
    uint32_t count;
};

static struct header header_of(const struct flat *f)
{
    struct header h;

    must(f->n >= HEADER);
    memcpy(&h, f->p, sizeof h);
    return h;
}

static void set_header(struct flat *f, uint32_t width, uint32_t count)
{
    struct header h = {width, count};

    memcpy(f->p, &h, sizeof h);
}

static int64_t load(const char *p, uint32_t width)
{
    int64_t v;
    int32_t v4;
    int16_t v2;

    switch (width) {
    case 2:
        memcpy(&v2, p, sizeof v2);
        return v2;
    case 4:
        memcpy(&v4, p, sizeof v4);
        return v4;
    default:
        must(width == 8);
        memcpy(&v, p, sizeof v);
        return v;
    }
}

static void store(char *p, uint32_t width, int64_t v)
{
    memcpy(p, &v, width); /* little endian: the low bytes */
}

static uint32_t width_for(int64_t v)
{
    return v == (int16_t)v ? 2 : v == (int32_t)v ? 4 : 8;
}

void intset_init(struct flat *f)
{
    f->resize(f, HEADER);
    set_header(f, 2, 0);
}

size_t intset_count(const struct flat *f)
{
    return header_of(f).count;
}

int64_t intset_at(const struct flat *f, size_t i)
{
    uint32_t width = header_of(f).width;

    must(i < intset_count(f));
    return load(f->p + HEADER + i * width, width);
}

bool intset_find(const struct flat *f, int64_t v, size_t *i)
{
    struct header h = header_of(f);
    size_t low = 0, high = h.count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (load(f->p + HEADER + middle * h.width, h.width) < v)
            low = middle + 1;
        else
            high = middle;
    }
    *i = low;
    return low < h.count && load(f->p + HEADER + low * h.width, h.width) == v;
}

/* Gives each integer more bytes. */
static void widen(struct flat *f, uint32_t width)
{
    struct header h = header_of(f);

    must(width > h.width && width <= sizeof(int64_t));
    f->resize(f, HEADER + (size_t)h.count * width);
    for (size_t i = h.count; i-- > 0;)
        store(f->p + HEADER + i * width, width, load(f->p + HEADER + i * h.width, h.width));
    set_header(f, width, h.count);
}

bool intset_add(struct flat *f, int64_t v)
{
    uint32_t width = width_for(v), count = header_of(f).count;
    size_t i;

    if (intset_find(f, v, &i))
        return false;
    if (width > header_of(f).width)
        widen(f, width);
    width = header_of(f).width;
    must(count < UINT32_MAX);
    store(flat_splice(f, HEADER + i * width, 0, width), width, v);
    set_header(f, width, count + 1);
    return true;
}

void intset_remove_at(struct flat *f, size_t i)
{
    struct header h = header_of(f);

    must(i < h.count);
    flat_splice(f, HEADER + i * h.width, h.width, 0);
    set_header(f, h.width, h.count - 1);
}

bool intset_remove(struct flat *f, int64_t v)
{
    size_t i;

    if (!intset_find(f, v, &i))
        return false;
    intset_remove_at(f, i);
    return true;
}

bool intset_is_valid(struct slice bytes)
{
    struct flat f = flat_of(bytes);
    struct header h;

    if (bytes.n < HEADER)
        return false;
    h = header_of(&f);
    if ((h.width != 2 && h.width != 4 && h.width != 8) || h.count == 0 || bytes.n - HEADER != (size_t)h.count * h.width)
        return false;
    for (size_t i = 1; i < h.count; i++)
        if (intset_at(&f, i - 1) >= intset_at(&f, i))
            return false;
    return true;
}
