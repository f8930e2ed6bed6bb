/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/generic/sort_pattern.h"

#include "types/hash.h"

/* The position of "->" in the part after the star; its length if there is none, or no field follows. */
static size_t find_arrow(struct slice after)
{
    const char *arrow = memmem(after.p, after.n, "->", 2);

    return arrow != NULL && arrow + 2 < after.p + after.n ? (size_t)(arrow - after.p) : after.n;
}

struct sort_pattern sort_pattern_parse(struct slice text)
{
    struct sort_pattern p = {.is_element = slice_eq(text, SLICE("#")), .key = BUF_EMPTY};
    const char *star = memchr(text.p, '*', text.n);
    size_t arrow;

    if (star == NULL)
        return p;
    p.has_star = true;
    p.before = slice_of(text.p, (size_t)(star - text.p));
    p.after = slice_of(star + 1, text.n - p.before.n - 1);
    arrow = find_arrow(p.after);
    must(arrow <= p.after.n);
    if (arrow < p.after.n)
        p.field = slice_of(p.after.p + arrow + 2, p.after.n - arrow - 2);
    p.after.n = arrow;
    return p;
}

void sort_pattern_fini(struct sort_pattern *p)
{
    buf_fini(&p->key);
}

bool sort_pattern_find(struct sort_pattern *p, struct call *c, struct slice element, struct slice *value)
{
    struct value hash;
    struct entry *e;

    if (!p->has_star) {
        *value = element;
        return p->is_element;
    }
    p->key.len = 0;
    buf_add_slice(&p->key, p->before);
    buf_add_slice(&p->key, element);
    buf_add_slice(&p->key, p->after);
    e = call_find_named(c, buf_slice(&p->key));
    if (e == NULL || entry_type(e) != (p->field.n != 0 ? TYPE_HASH : TYPE_STRING))
        return false;
    if (p->field.n == 0) {
        *value = entry_string(e, &p->digits);
        return true;
    }
    hash = entry_value(e);
    hash.now = c->unit->now;
    return hash_get(&hash, p->field, value, &p->field_digits);
}
