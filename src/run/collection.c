/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/collection.h"

#include "base/mem.h"
#include "store/limits.h"

struct value_limits collection_limits(const struct call *c, enum entry_type type)
{
    struct value_limits limits = limits_of(c->instance->options, type);

    if (type == TYPE_LIST)
        limits.bytes = atomic_load_explicit(&c->instance->list_threshold, memory_order_relaxed);
    return limits;
}

/* The value of a new key: in the scratch memory while it fits, then on the heap. */
static void resize_new(struct flat *f, size_t n)
{
    struct collection *o = f->owner;

    must(o->entry == NULL && f == &o->value.flat);
    if (n <= sizeof o->scratch && (f->p == NULL || f->p == o->scratch)) {
        f->p = o->scratch;
        f->n = n;
        return;
    }
    if (f->p == o->scratch) {
        must(f->n <= sizeof o->scratch && n > f->n);
        f->p = mem_alloc(n);
        memcpy(f->p, o->scratch, f->n);
        f->n = n;
        return;
    }
    flat_resize_heap(f, n);
}

/* ---- open and close ---- */

static bool open_entry(struct collection *o, struct call *c, int i, enum entry_type type, struct entry *e)
{
    must(type > TYPE_STRING && type < ENTRY_TYPES);
    must(i > 0 && i < c->argc);
    o->call = c;
    o->key = i;
    o->db = c->db;
    o->type = type;
    o->entry = e;
    if (e == NULL) {
        o->value = (struct value){.flat.resize = resize_new, .flat.owner = o};
    } else if (LIKELY(entry_type(e) == type)) {
        o->value = entry_open(e);
    } else {
        reply_error(c->out, ERR_WRONGTYPE);
        return false;
    }
    o->value.limits = collection_limits(c, type);
    o->value.now = c->unit->now;
    return true;
}

bool collection_read(struct collection *o, struct call *c, int i, enum entry_type type)
{
    return open_entry(o, c, i, type, call_find_read(c, i));
}

/* Opens an entry for which shard_touch was called. */
static bool open_to_write(struct collection *o, struct call *c, int i, enum entry_type type, struct entry *e)
{
    if (!open_entry(o, c, i, type, e))
        return false;
    if (e != NULL)
        o->was = entry_tally(e);
    return true;
}

bool collection_read_to_write(struct collection *o, struct call *c, int i, enum entry_type type)
{
    struct entry *e;

    if (!call_find_typed(c, i, type, &e))
        return false;
    call_touch(c, i, e);
    return open_to_write(o, c, i, type, e);
}

bool collection_write(struct collection *o, struct call *c, int i, enum entry_type type)
{
    struct entry *e;

    return call_find_to_write(c, i, type, &e) && open_to_write(o, c, i, type, e);
}

static void close_new(struct collection *o)
{
    struct value *v = &o->value;

    must(v->flat.owner == o);
    if (!value_is_empty(v))
        call_put(o->call, o->key, o->db, NULL, entry_new_value(call_arg(o->call, o->key), o->type, v, 0));
    if (v->flat.p != o->scratch)
        mem_free(v->flat.p);
}

void collection_close(struct collection *o)
{
    struct entry *e;

    must(o->db == o->call->db);
    if (o->entry == NULL) {
        close_new(o);
        return;
    }
    e = entry_close(&o->value);
    must(entry_type(e) == o->type);
    if (e != o->entry || ((e->flags | o->was.flags) & ENTRY_FIELDS_EXPIRE))
        call_moved(o->call, o->key, o->entry, &o->was, e);
    else if (entry_size(e) != o->was.bytes) /* grown in place, or moved to and fro */
        call_recount(o->call, o->key, &o->was, e);
    if (value_is_empty(&o->value))
        call_drop(o->call, o->key, e, EVENT_GENERIC, "del");
}

void collection_clear(struct collection *o)
{
    must(o->type > TYPE_STRING && o->type < ENTRY_TYPES);
    if (o->value.form == VALUE_LARGE)
        entry_free_large(o->type, o->value.large);
    value_clear(&o->value);
}

/* ---- whole values ---- */

bool collection_store(struct call *c, int i, enum entry_type type, struct value *v, enum event_class class,
                      const char *event)
{
    struct entry *old;

    if (!call_has_room_with(c, entry_value_bytes(type, v))) {
        entry_free_value(type, v);
        return false;
    }
    old = call_look(c, i);
    if (!value_is_empty(v)) {
        call_put(c, i, c->db, old, entry_new_value(call_arg(c, i), type, v, 0));
        call_changed(c, i, class, event);
    } else if (old != NULL) {
        call_drop(c, i, old, EVENT_GENERIC, "del");
    }
    mem_free(v->flat.p);
    return true;
}

size_t collection_range(size_t n, int64_t start, int64_t stop, size_t *first)
{
    int64_t all = (int64_t)n;

    must(all >= 0);
    if (start < 0)
        start += all;
    if (stop < 0)
        stop += all;
    if (start < 0)
        start = 0;
    if (stop >= all)
        stop = all - 1;
    *first = (size_t)start;
    return start > stop ? 0 : (size_t)(stop - start) + 1;
}
