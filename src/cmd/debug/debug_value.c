/* SPDX-License-Identifier: BSD-3-Clause */
#include "cmd/debug/debug_value.h"

#include <stdio.h>

#include "base/buf.h"
#include "run/collection.h"
#include "types/hash.h"
#include "types/list.h"
#include "types/list_large.h"
#include "types/set.h"
#include "types/zset.h"

static void print_listpack(const struct flat *f)
{
    struct listpack_digits d;
    int64_t i = 0, number;

    printf("{total bytes %zu} {num entries %zu}\n", f->n, listpack_count(f));
    for (size_t at = listpack_first(f); at != 0; at = listpack_next(f, at), i++) {
        struct slice s = listpack_get(f, at, &d);

        printf("{index %lld, offset %zu, %s} %.*s\n", (long long)i, at,
               listpack_get_number(f, at, &number) ? "integer" : "string", s.n < 64 ? (int)s.n : 64, s.p);
    }
}

void debug_value_listpack(struct call *c, const struct entry *e)
{
    struct value v;

    if (strncmp(entry_encoding_name(e), "listpack", strlen("listpack")) != 0) { /* listpackex too */
        reply_error(c->out, "ERR Not a listpack encoded object.");
        return;
    }
    v = entry_value(e);
    print_listpack(&v.flat);
    fflush(stdout);
    reply_simple(c->out, "Listpack structure printed on stdout");
}

static void print_chunks(const struct list_large *l, bool full)
{
    printf("{count %zu} {chunks %u}\n", l->count, l->chunks.used);
    for (size_t i = 0; i < l->chunks.used; i++) {
        const struct list_chunk *chunk = list_large_chunk(l, i);
        struct flat f = list_chunk_flat(chunk);

        printf("{chunk %zu, count %u, bytes %u, room %u%s}\n", i, chunk->count, chunk->bytes, chunk->room,
               chunk->plain ? ", plain" : "");
        if (full)
            print_listpack(&f);
    }
}

static bool is_large_list(const struct entry *e)
{
    return entry_type(e) == TYPE_LIST && entry_value(e).form == VALUE_LARGE;
}

void debug_value_quicklist(struct call *c, const struct entry *e)
{
    struct value v;

    if (!is_large_list(e)) {
        reply_error(c->out, "ERR Not a quicklist encoded object.");
        return;
    }
    v = entry_value(e);
    print_chunks(v.large, c->argc == 4 && !call_is(c, 3, "0"));
    fflush(stdout);
    reply_simple(c->out, "Quicklist structure printed on stdout");
}

void debug_value_fields(const struct call *c, const struct entry *e, char *text, size_t size)
{
    struct list_shape shape;
    struct value v;

    must(size > 0);
    text[0] = 0;
    if (!is_large_list(e))
        return;
    v = entry_value(e);
    shape = list_shape(&v);
    must(shape.chunks > 0);
    snprintf(text, size, " ql_nodes:%zu ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:0 ql_uncompressed_size:%zu",
             shape.chunks, (double)list_count(&v) / (double)shape.chunks, (int)collection_limits(c, TYPE_LIST).fill,
             shape.bytes);
}

/* The number of elements of a value that has a hash table. False: it has none. */
static bool count_table(const struct value *v, enum entry_type type, size_t *n)
{
    if (type == TYPE_LIST || type == TYPE_STREAM || v->form != VALUE_LARGE)
        return false;
    *n = type == TYPE_SET ? set_count(v) : type == TYPE_ZSET ? zset_count(v) : hash_count(v);
    return true;
}

void debug_value_htstats(struct call *c, const struct entry *e)
{
    struct value v = entry_type(e) == TYPE_STRING ? value_new((struct value_limits){0}) : entry_value(e);
    struct buf text = BUF_EMPTY;
    size_t n;

    if (!count_table(&v, entry_type(e), &n)) {
        reply_error(c->out, "ERR The value stored at the specified key is not represented using an hash table");
        return;
    }
    buf_printf(&text, "[Value HT]\n number of elements: %zu\n bytes: %zu\n", n, entry_size(e));
    reply_verbatim(c->out, "txt", buf_slice(&text));
    buf_fini(&text);
}
