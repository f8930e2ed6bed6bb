/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/fields.h"

#include "types/hash.h"

static int64_t next_field(const struct entry *e)
{
    struct value v = entry_value(e);

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

void fields_note(struct entry *e)
{
    if (entry_type(e) == TYPE_HASH && entry_encoding(e) != ENCODING_FORM + VALUE_LISTPACK && next_field(e) != 0)
        e->flags |= ENTRY_FIELDS_EXPIRE;
    else
        e->flags &= ~ENTRY_FIELDS_EXPIRE;
}

/* The value of an entry, to be changed. */
struct opened {
    struct value value; /* first, so that resize finds the rest */
    struct entry *entry;
};

_Static_assert(offsetof(struct opened, value) == 0 && offsetof(struct value, flat) == 0, "resize");

/* What is empty keeps its bytes: the entry goes with them. */
static void resize(struct flat *f, size_t n)
{
    struct opened *o = (struct opened *)f;

    f->n = n;
    if (n == 0)
        return;
    o->entry = entry_resize_field(o->entry, n);
    f->p = (char *)entry_field(o->entry).p;
}

struct entry *fields_purge(struct entry *e, int64_t now, size_t most, size_t *gone, bool *is_empty)
{
    struct opened o = {.value = entry_value(e), .entry = e};

    o.value.flat.resize = resize;
    *gone += hash_purge(&o.value, now, most);
    *is_empty = value_is_empty(&o.value);
    if (*is_empty) {
        o.entry = entry_set_form(o.entry, VALUE_LISTPACK, NULL); /* a large structure is freed already */
        o.entry->flags &= ~ENTRY_FIELDS_EXPIRE;
    } else {
        fields_note(o.entry);
    }
    return o.entry;
}
