/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/fields.h"

#include "types/hash.h"

static int64_t next_field(const struct entry *e)
{
    struct value v = entry_value(e);

    must(entry_type(e) == TYPE_HASH);
    return hash_next_due(&v);
}

int64_t fields_entry_due(const struct entry *e)
{
    int64_t own = entry_expire(e), field = e->flags & ENTRY_FIELDS_EXPIRE ? next_field(e) : 0;

    return own == 0 || (field != 0 && field < own) ? field : own;
}

bool fields_are_due(const struct entry *e, int64_t now)
{
    return (e->flags & ENTRY_FIELDS_EXPIRE) && next_field(e) <= now;
}

struct entry *fields_purge(struct entry *e, int64_t now, size_t max, size_t *removed, bool *is_empty)
{
    struct value v = entry_open(e);
    size_t n;

    must(entry_type(e) == TYPE_HASH && (e->flags & ENTRY_FIELDS_EXPIRE));
    n = hash_purge(&v, now, max);
    must(n <= max);
    *removed += n;
    *is_empty = value_is_empty(&v);
    return entry_close(&v);
}
