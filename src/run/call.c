/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/call.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/num.h"

/* ---- looking ---- */

struct place call_place_in(const struct call *c, int i, unsigned db)
{
    return keyspace_place(c->instance->keyspace, db, c->hash[i]);
}

struct place call_place(const struct call *c, int i)
{
    return call_place_in(c, i, c->db);
}

static inline struct entry *look(struct call *c, const struct place *p,
                                 struct slice key) UNCHECKED_LOCKS /* dispatch holds the shards of the keys */
{
    struct entry *e;

    if (LIKELY(pause_mode(&c->instance->pause, c->runner->mono) == PAUSE_NONE) || (c->cmd->flags & CMD_WRITE))
        return shard_find(p, key, c->now, &c->due_fields);
    /* CLIENT PAUSE promises that nothing changes, expired keys included. (What writes though is of the same
     * transaction.) */
    e = shard_peek(p, key);
    return e != NULL && !entry_expired(e, c->now) ? e : NULL;
}

struct entry *call_peek_in(struct call *c, int i, unsigned db)
{
    struct place p = call_place_in(c, i, db);

    return look(c, &p, c->argv[i]);
}

struct entry *call_peek(struct call *c, int i)
{
    return call_peek_in(c, i, c->db);
}

/* Looks, and counts as a use of the entry. */
static inline struct entry *look_to_use(struct call *c, const struct place *p, struct slice key)
{
    struct entry *e = look(c, p, key);

    if (e != NULL && LIKELY(!c->session->no_touch))
        keyspace_touch(c->instance->keyspace, p, e);
    return e;
}

struct entry *call_find(struct call *c, int i)
{
    struct place p = call_place(c, i);

    return look_to_use(c, &p, c->argv[i]);
}

static struct entry *counted(struct call *c, struct entry *e)
{
    counter_add(e ? &c->runner->metrics->sums.hits : &c->runner->metrics->sums.misses, 1);
    return e;
}

struct entry *call_find_read(struct call *c, int i)
{
    return counted(c, call_find(c, i));
}

struct entry *call_find_named(struct call *c, struct slice key)
{
    struct place p = keyspace_place(c->instance->keyspace, c->db, hash_bytes(key));

    must(c->world);
    return counted(c, look_to_use(c, &p, key));
}

struct entry *call_peek_read(struct call *c, int i)
{
    return counted(c, call_peek(c, i));
}

bool call_find_typed(struct call *c, int i, enum entry_type type, struct entry **e)
{
    *e = call_find_read(c, i);
    if (*e == NULL || LIKELY(entry_type(*e) == type))
        return true;
    reply_error(c->out, ERR_WRONGTYPE);
    return false;
}

/* ---- changing ---- */

void call_put(struct call *c, int i, unsigned db, struct entry *old,
              struct entry *e) UNCHECKED_LOCKS /* dispatch holds the shards of the keys */
{
    struct place p = call_place_in(c, i, db);

    if (old == NULL) {
        shard_insert(&p, e);
        return;
    }
    entry_set_usage(e, entry_usage(old));
    shard_replace(&p, old, old->flags & ENTRY_VOLATILE, e);
    entry_free(old);
}

void call_moved(struct call *c, int i, const struct entry *old, unsigned was, struct entry *e) UNCHECKED_LOCKS
{
    struct place p = call_place(c, i);

    shard_replace(&p, old, was, e);
}

void call_drop(struct call *c, int i, struct entry *e) UNCHECKED_LOCKS
{
    struct place p = call_place(c, i);

    shard_drop(&p, e);
}

void call_take(struct call *c, int i, struct entry *e) UNCHECKED_LOCKS
{
    struct place p = call_place(c, i);

    shard_take(&p, e);
}

struct entry *call_set_expire(struct call *c, int i, struct entry *e, int64_t expire) UNCHECKED_LOCKS
{
    struct place p = call_place(c, i);

    return shard_set_expire(&p, e, expire);
}

/* The blob in which an argument was received, if it is one. */
static struct blob *received_blob(const struct call *c, struct slice value)
{
    for (unsigned i = 0; i < c->blob_count; i++)
        if (c->blobs[i]->p == value.p && c->blobs[i]->len == value.n)
            return blob_ref(c->blobs[i]);
    return NULL;
}

/* Writes the new value over the old one, if that can be. */
static bool set_in_place(struct call *c, int i, struct entry *old, const struct entry_spec *s)
{
    if (old == NULL || entry_type(old) != TYPE_STRING || (entry_expire(old) != 0) != (s->expire != 0))
        return false;
    if (s->is_int && entry_encoding(old) == ENCODING_INT)
        entry_set_int(old, s->integer);
    else if (!s->is_int && s->blob == NULL && entry_fits(old, s->value.n))
        entry_overwrite(old, s->value);
    else
        return false;
    if (entry_expire(old) != s->expire)
        call_set_expire(c, i, old, s->expire);
    return true;
}

void call_set(struct call *c, int i, struct slice value, struct set_options options)
{
    struct entry *old = call_find(c, i);
    struct entry_spec s = {.key = c->argv[i], .value = value, .expire = options.expire};

    if (options.keep_expire && old != NULL)
        s.expire = entry_expire(old);
    s.is_int = entry_is_int(value, &s.integer);
    if (value.n > ENTRY_INLINE_MAX) {
        s.blob = received_blob(c, value);
        if (s.blob == NULL)
            s.blob = blob_copy(value);
        must(s.blob != NULL); /* the bytes are here already once: memory is out for everybody */
    }
    if (!set_in_place(c, i, old, &s))
        call_put(c, i, c->db, old, entry_new(&s));
}

void call_set_int(struct call *c, int i, struct entry *old, int64_t v)
{
    struct entry_spec s = {.key = c->argv[i], .is_int = true, .integer = v};

    if (old != NULL && entry_encoding(old) == ENCODING_INT) {
        entry_set_int(old, v);
        return;
    }
    s.expire = old ? entry_expire(old) : 0;
    call_put(c, i, c->db, old, entry_new(&s));
}

char *call_string_for_write(struct call *c, int i, struct entry *old,
                            size_t n) UNCHECKED_LOCKS /* dispatch holds the shards of the keys */
{
    struct entry_spec s = {.key = c->argv[i], .raw = true};
    struct place p = call_place(c, i);
    unsigned was = old != NULL ? old->flags & ENTRY_VOLATILE : 0;
    struct entry *e;

    if (old == NULL) {
        old = entry_new(&s);
        e = entry_resize(old, n);
        if (e != NULL)
            shard_insert(&p, e);
        else
            entry_free(old);
    } else {
        e = entry_resize(old, n);
        if (e != NULL && e != old)
            call_moved(c, i, old, was, e);
    }
    if (e == NULL) {
        reply_error(c->out, ERR_NO_MEMORY);
        return NULL;
    }
    return entry_bytes(e);
}

void call_changed_in(struct call *c, int i, unsigned db, enum event_class class,
                     const char *event) UNCHECKED_LOCKS /* dispatch holds the shards of the keys */
{
    struct place p = call_place_in(c, i, db);

    (void)class;
    (void)event;
    shard_changed(&p, c->argv[i]);
    counter_add(&c->runner->metrics->sums.changes, 1);
}

void call_changed(struct call *c, int i, enum event_class class, const char *event)
{
    call_changed_in(c, i, c->db, class, event);
}

void call_changed_unwatched(struct call *c, int i, enum event_class class, const char *event)
{
    (void)i;
    (void)class;
    (void)event;
    counter_add(&c->runner->metrics->sums.changes, 1);
}

/* ---- arguments ---- */

bool call_int_or(struct call *c, int i, int64_t *v, const char *error)
{
    if (LIKELY(num_parse_i64(c->argv[i], v)))
        return true;
    reply_error(c->out, error);
    return false;
}

bool call_int(struct call *c, int i, int64_t *v)
{
    return call_int_or(c, i, v, ERR_NOT_INT);
}

bool call_int_between(struct call *c, int i, int64_t least, int64_t most, int64_t *v, const char *error)
{
    if (num_parse_i64(c->argv[i], v) && *v >= least && *v <= most)
        return true;
    reply_error(c->out, error);
    return false;
}

bool call_int_negatable(struct call *c, int i, int64_t *v)
{
    if (!call_int(c, i, v))
        return false;
    if (*v != INT64_MIN)
        return true;
    reply_error(c->out, ERR_NOT_NEGATABLE);
    return false;
}

bool call_double(struct call *c, int i, double *v)
{
    if (num_parse_double(c->argv[i], v))
        return true;
    reply_error(c->out, ERR_NOT_FLOAT);
    return false;
}

bool call_long_double(struct call *c, int i, long double *v)
{
    if (num_parse_ld(c->argv[i], v))
        return true;
    reply_error(c->out, ERR_NOT_FLOAT);
    return false;
}

bool call_db(struct call *c, int i, unsigned *db)
{
    int64_t v;

    if (!call_int_or(c, i, &v, ERR_NOT_INT))
        return false;
    if (v < INT32_MIN || v > INT32_MAX) {
        reply_error(c->out, ERR_NOT_INT32);
        return false;
    }
    if (v < 0 || v >= c->instance->keyspace->databases) {
        reply_error(c->out, ERR_DB_INDEX);
        return false;
    }
    *db = v;
    return true;
}

bool call_args_fit(struct call *c, int i, size_t most)
{
    for (; i < c->argc; i++)
        if (UNLIKELY(c->argv[i].n > most)) {
            reply_error(c->out, ERR_TOO_LONG);
            return false;
        }
    return true;
}

size_t call_string_max(const struct call *c)
{
    return OPT(c->instance->options, proto_max_bulk_len);
}

/* ---- replies ---- */

void call_error_arity(struct call *c)
{
    reply_errorf(c->out, ERR_ARITY, command_full_name(c->cmd));
}

void call_error_syntax(struct call *c)
{
    reply_error(c->out, ERR_SYNTAX);
}

#define SHOWN_BYTES 128 /* of a word in an error */

void call_error_subcommand(struct call *c)
{
    struct slice word = c->argv[1];

    reply_errorf(c->out, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
                 word.n < SHOWN_BYTES ? (int)word.n : SHOWN_BYTES, word.p, c->cmd->parent);
}

void call_reply_string(struct call *c, const struct entry *e)
{
    struct entry_digits d;

    if (UNLIKELY(entry_encoding(e) == ENCODING_BLOB))
        reply_blob(c->out, entry_blob(e), 0, entry_blob(e)->len);
    else
        reply_bulk(c->out, entry_string(e, &d));
}

void call_reply_help(struct call *c, const char *const *lines)
{
    const char *name = c->cmd->parent ? c->cmd->parent : c->cmd->name;
    size_t n = 0;
    char head[160];

    while (lines[n] != NULL)
        n++;
    snprintf(head, sizeof head, "%s <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", name);
    reply_array(c->out, n + 3);
    reply_simple(c->out, head);
    for (size_t i = 0; i < n; i++)
        reply_simple(c->out, lines[i]);
    reply_simple(c->out, "HELP");
    reply_simple(c->out, "    Print this help.");
}
