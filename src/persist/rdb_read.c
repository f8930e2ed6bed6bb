/* SPDX-License-Identifier: BSD-3-Clause */
#include "persist/rdb_read.h"

#include "persist/rdb_format.h"
#include "store/limits.h"
#include "types/intset.h"

/* ---- strings ---- */

static struct blob *blob_of(struct slice s)
{
    struct blob *b = blob_new(s.n);

    if (b != NULL) {
        memcpy(b->p, s.p, s.n);
        b->len = s.n;
    }
    return b;
}

static struct entry *read_string(struct rdb_source *from, const struct rdb_target *to)
{
    struct entry_spec spec = {.key = to->key, .expire = to->expire};
    struct rdb_string s = {0};
    struct entry *e = NULL;

    if (rdb_get_string(from, &s)) {
        spec.value = s.s;
        spec.is_int = entry_is_int(s.s, &spec.integer);
        if (s.s.n > ENTRY_INLINE_MAX)
            spec.blob = blob_of(s.s);
        if (s.s.n <= ENTRY_INLINE_MAX || spec.blob != NULL)
            e = entry_new(&spec);
    }
    rdb_string_fini(&s);
    return e;
}

struct entry *rdb_read_value(struct rdb_source *from, unsigned type, const struct rdb_target *to)
{
    if (type == RDB_STRING)
        return read_string(from, to);
    return NULL;
}
