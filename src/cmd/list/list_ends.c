/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/list/list_ends.h"

#include "types/list.h"

bool list_end_parse(struct call *c, int i, bool *front)
{
    *front = call_is(c, i, "LEFT");
    if (*front || call_is(c, i, "RIGHT"))
        return true;
    call_error_syntax(c);
    return false;
}

void list_end_reply(struct call *c, const struct value *v, bool front, size_t n)
{
    struct list_walk w;
    struct slice s;

    must(n <= list_count(v));
    reply_array(c->out, n);
    list_walk_begin(&w, v, front ? 0 : -1);
    while (n-- > 0 && (front ? list_walk_next(&w, &s) : list_walk_back(&w, &s)))
        reply_bulk(c->out, s);
}

void list_end_take(struct collection *o, bool front, size_t n)
{
    size_t all = list_count(&o->value);

    must(n > 0 && n <= all);
    if (n == all)
        collection_clear(o);
    else
        list_remove(&o->value, front ? 0 : all - n, n);
    call_changed(o->call, o->key, EVENT_LIST, front ? "lpop" : "rpop");
    collection_close(o);
}
