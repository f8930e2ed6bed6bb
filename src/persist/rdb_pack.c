/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_pack.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/must.h"

bool rdb_pack_get(struct rdb_source *from, struct rdb_string *s, unsigned stride, struct rdb_pack *p)
{
    must(stride > 0);
    if (!rdb_get_string(from, s) || !listpack_is_valid(s->s, &p->count))
        return false;
    p->flat = flat_of(s->s);
    p->stride = stride;
    return p->count % stride == 0;
}

bool rdb_pack_convert(struct rdb_source *from, unsigned stride, rdb_append *append, struct rdb_pack *p)
{
    struct rdb_string old = {0};
    bool done;

    must(stride > 0);
    *p = (struct rdb_pack){.flat = FLAT_EMPTY, .stride = stride};
    listpack_init(&p->flat);
    done = rdb_get_string(from, &old) && append(&p->flat, old.s);
    rdb_string_fini(&old);
    p->count = listpack_count(&p->flat);
    if (done && p->count % stride == 0)
        return true;
    rdb_pack_fini(p);
    return false;
}

void rdb_pack_fini(struct rdb_pack *p)
{
    flat_fini(&p->flat);
}

/* ---- canonical listpacks ---- */

static size_t end_of(const struct flat *f, size_t at)
{
    size_t next = listpack_next(f, at);

    return next ? next : f->n - 1;
}

/* Whether each element has the length that our encoding has: then the encoding is the same. */
static bool is_shortest(const struct flat *f)
{
    struct listpack_digits d;

    for (size_t at = listpack_first(f); at != 0; at = listpack_next(f, at)) {
        struct listpack_word w = listpack_word(listpack_get(f, at, &d));

        if (listpack_bytes_of(&w) != end_of(f, at) - at)
            return false;
    }
    return true;
}

#define SLOTS_ON_STACK 512

/* Adds a hash to an open-addressing table; the number of slots is a power of two. False: it is in the table already. */
static bool add_hash(uint64_t *table, size_t slots, uint64_t hash)
{
    size_t i = hash >> 32 & (slots - 1);

    hash |= 1; /* 0 marks a free slot */
    for (; table[i] != 0; i = (i + 1) & (slots - 1))
        if (table[i] == hash)
            return false;
    table[i] = hash;
    return true;
}

static bool are_distinct(const struct rdb_pack *p)
{
    uint64_t on_stack[SLOTS_ON_STACK], *table = on_stack;
    struct listpack_digits d;
    size_t slots = 4, n = 0;
    bool distinct = true;

    while (slots < 2 * (p->count / p->stride))
        slots *= 2;
    must((slots & (slots - 1)) == 0 && slots > p->count / p->stride);
    if (slots > SLOTS_ON_STACK)
        table = mem_alloc(slots * sizeof *table);
    memset(table, 0, slots * sizeof *table);
    for (size_t at = listpack_first(&p->flat); at != 0 && distinct; at = listpack_next(&p->flat, at))
        if (n++ % p->stride == 0)
            distinct = add_hash(table, slots, hash_bytes(listpack_get(&p->flat, at, &d)));
    if (table != on_stack)
        mem_free(table);
    return distinct;
}

bool rdb_pack_is_canonical(const struct rdb_pack *p)
{
    must(p->stride > 0 && p->count % p->stride == 0);
    return is_shortest(&p->flat) && are_distinct(p);
}
