/* SPDX-License-Identifier: BSD-3-Clause */
/* MEMORY: https://redis.io/docs/latest/commands/memory-usage/ */
#include <stdio.h>

#include "base/bucket.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/slab.h"
#include "run/call.h"
#include "store/quota.h"

CMD_CONTAINER(memory,
    .name = "MEMORY", .arity = -2, .group = "server", .since = "4.0.0", .cost = "Depends on the subcommand",
    .summary = "Reports memory usage.");

/* ---- USAGE ---- */

#define ENTRY_SHARE ((sizeof(struct bucket) + 5) / 6) /* bytes of its bucket, which holds six entries on average */

/* Parses [SAMPLES count], which has no effect. False: the error was replied. */
static bool parse_usage(struct call *c)
{
    for (int i = 3; i < c->argc; i += 2) {
        int64_t samples = -1;

        if (call_is(c, i, "SAMPLES") && i + 1 < c->argc && !call_int(c, i + 1, &samples))
            return false;
        if (samples < 0) {
            call_error_syntax(c);
            return false;
        }
    }
    return true;
}

/* Without the page that the allocator adds to a large block to keep such blocks apart, so that the figure compares with
 * that of Redis, which asks malloc_usable_size. used_memory includes it. */
static size_t usage_of(const struct entry *e)
{
    size_t bytes = entry_size(e) + ENTRY_SHARE;

    return entry_encoding(e) == ENCODING_BLOB ? bytes - mem_page_of(blob_bytes(entry_blob(e))) : bytes;
}

CMD(memory_usage,
    .name = "USAGE", .parent = "MEMORY", .arity = -3, .group = "server", .since = "4.0.0",
    .cost = "O(1)", .flags = CMD_READONLY, .keys = CMD_KEYS(2, 2, 1, KEY_RO),
    .syntax = "key [SAMPLES count]", .summary = "Returns the memory usage of a key and its value, in bytes.")
{
    struct entry *e;

    if (!parse_usage(c))
        return;
    e = call_peek(c, 2);
    if (e == NULL) {
        reply_null(c->out);
        return;
    }
    must(entry_size(e) > 0);
    reply_int(c->out, (int64_t)usage_of(e));
}

/* ---- STATS ---- */

struct usage {
    size_t used, peak, start, clients, tables; /* bytes */
    size_t keys;                               /* their number */
    size_t overhead;                           /* bytes of all that is not data */
    size_t dataset;
    size_t net;                                /* used since the start, at least 1 */
    size_t resident;
    struct mem_stats allocator;
};

static void measure(struct call *c, struct usage *o)
{
    struct keyspace *ks = c->instance->keyspace;

    *o = (struct usage){.used = mem_used(), .start = quota_started(), .resident = mem_resident()};
    mem_peak_sample();
    o->peak = mem_peak();
    o->clients = quota_clients();
    KEYSPACE_EACH_DB(ks, db) {
        o->tables += keyspace_overhead(ks, db);
        o->keys += keyspace_size(ks, db);
    }
    o->overhead = quota_overhead() + o->tables;
    o->dataset = o->used > o->overhead ? o->used - o->overhead : 0;
    o->net = o->used > o->start ? o->used - o->start : 1;
    mem_stats(&o->allocator);
    slab_stats(&o->allocator);
    must(o->net > 0 && o->overhead >= o->start);
}

static double ratio(size_t a, size_t b)
{
    return b ? (double)a / b : 0;
}

/* A map whose size becomes known while it is written. */
struct figures {
    struct out *out;
    struct reply_later later;
    size_t n;
};

static struct figures figures_begin(struct out *out)
{
    return (struct figures){out, reply_later_begin(out), 0};
}

static void figures_end(struct figures *f)
{
    must(f->n > 0);
    reply_map_end(f->out, f->later, f->n);
}

static void add_bytes(struct figures *f, const char *name, int64_t v)
{
    reply_bulk_str(f->out, name);
    reply_int(f->out, v);
    f->n++;
}

static void add_double(struct figures *f, const char *name, double v)
{
    reply_bulk_str(f->out, name);
    reply_double(f->out, v);
    f->n++;
}

static void add_databases(struct figures *f, struct keyspace *ks)
{
    char name[32];

    KEYSPACE_EACH_DB(ks, db) {
        if (keyspace_size(ks, db) == 0)
            continue;
        snprintf(name, sizeof name, "db.%u", db);
        reply_bulk_str(f->out, name);
        f->n++;
        reply_map(f->out, 2);
        reply_bulk_str(f->out, "overhead.hashtable.main");
        reply_int(f->out, keyspace_overhead(ks, db));
        reply_bulk_str(f->out, "overhead.hashtable.expires"); /* an entry contains its expiry */
        reply_int(f->out, 0);
    }
}

static void add_allocator(struct figures *f, const struct usage *o)
{
    const struct mem_stats *a = &o->allocator;

    add_bytes(f, "allocator.allocated", a->allocated);
    add_bytes(f, "allocator.active", a->active);
    add_bytes(f, "allocator.resident", a->resident);
    add_double(f, "allocator-fragmentation.ratio", ratio(a->active, a->allocated));
    add_bytes(f, "allocator-fragmentation.bytes", (int64_t)a->active - (int64_t)a->allocated);
    add_double(f, "allocator-rss.ratio", ratio(a->resident, a->active));
    add_bytes(f, "allocator-rss.bytes", (int64_t)a->resident - (int64_t)a->active);
    add_double(f, "rss-overhead.ratio", ratio(o->resident, a->resident));
    add_bytes(f, "rss-overhead.bytes", (int64_t)o->resident - (int64_t)a->resident);
    add_double(f, "fragmentation", ratio(o->resident, o->used));
    add_bytes(f, "fragmentation.bytes", (int64_t)o->resident - (int64_t)o->used);
}

CMD(memory_stats,
    .name = "STATS", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "O(N) where N is the number of shards", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Returns details about memory usage.")
{
    struct figures f = figures_begin(c->out);
    struct usage o;

    measure(c, &o);
    add_bytes(&f, "peak.allocated", o.peak);
    add_bytes(&f, "total.allocated", o.used);
    add_bytes(&f, "startup.allocated", o.start);
    add_bytes(&f, "replication.backlog", 0);
    add_bytes(&f, "clients.slaves", 0);
    add_bytes(&f, "clients.normal", o.clients);
    add_bytes(&f, "cluster.links", 0);
    add_bytes(&f, "aof.buffer", 0);
    add_bytes(&f, "lua.caches", 0);
    add_bytes(&f, "functions.caches", 0);
    add_databases(&f, c->instance->keyspace);
    add_bytes(&f, "overhead.db.hashtable.lut", o.tables);
    add_bytes(&f, "overhead.db.hashtable.rehashing", 0);
    add_bytes(&f, "overhead.total", o.overhead);
    add_bytes(&f, "db.dict.rehashing.count", 0);
    add_bytes(&f, "keys.count", o.keys);
    add_bytes(&f, "keys.bytes-per-key", o.keys ? o.net / o.keys : 0);
    add_bytes(&f, "dataset.bytes", o.dataset);
    add_double(&f, "dataset.percentage", 100 * ratio(o.dataset, o.net));
    add_double(&f, "peak.percentage", 100 * ratio(o.used, o.peak));
    add_allocator(&f, &o);
    figures_end(&f);
}

/* ---- DOCTOR ---- */

#define MB               (1024 * 1024)
#define MIN_USED         (5 * MB)     /* below this, ratios are meaningless */
#define MIN_WASTE        (10 * MB)    /* worth reporting */
#define MAX_PER_CLIENT   (200 * 1024) /* bytes that are not worth reporting */

/* Whether `whole` exceeds `part` by more than the factor `times` and by MIN_WASTE. */
static bool wastes(size_t whole, size_t part, double times)
{
    return part != 0 && ratio(whole, part) > times && whole - part > MIN_WASTE;
}

static void diagnose(struct buf *b, const struct usage *o, uint64_t clients)
{
    const struct mem_stats *a = &o->allocator;

    if (ratio(o->peak, o->used) > 1.5)
        buf_printf(b, "- Peak: the highest usage was %.1f times the current one. The process may keep some of that "
                      "memory for later use; MEMORY PURGE returns free pages to the kernel.\n",
                   ratio(o->peak, o->used));
    if (wastes(o->resident, o->used, 1.4))
        buf_printf(b, "- Resident memory: the resident set is %.1f times the used memory. The points below, if any, "
                      "explain the difference.\n", ratio(o->resident, o->used));
    if (wastes(a->active, a->allocated, 1.1))
        buf_printf(b, "- Fragmentation: %zu MB of the pages in use are gaps between values. New values of similar "
                      "sizes will fill them.\n", (a->active - a->allocated) / MB);
    if (wastes(a->resident, a->active, 1.1))
        buf_printf(b, "- Free pages: the allocator holds %zu MB of unused pages. It returns them to the kernel over "
                      "time, or at once on MEMORY PURGE.\n", (a->resident - a->active) / MB);
    if (wastes(o->resident, a->resident, 1.1))
        buf_printf(b, "- Outside the allocator: %zu MB of the resident set do not belong to the allocator.\n",
                   (o->resident - a->resident) / MB);
    if (clients != 0 && o->clients / clients > MAX_PER_CLIENT)
        buf_printf(b, "- Clients: their buffers take %zu KB each on average. CLIENT LIST shows the large ones; "
                      "client-output-buffer-limit and maxmemory-clients limit them.\n", o->clients / clients / 1024);
}

CMD(memory_doctor,
    .name = "DOCTOR", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "O(N) where N is the number of shards", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Reports problems of memory usage.")
{
    struct buf report = BUF_EMPTY;
    struct usage o;

    measure(c, &o);
    if (o.used < MIN_USED)
        buf_add_str(&report, "The server uses too little memory for a diagnosis.\n");
    else
        diagnose(&report, &o, atomic_load_explicit(&c->instance->clients.count, memory_order_relaxed));
    if (report.len == 0)
        buf_add_str(&report, "No problem was found.\n");
    reply_verbatim(c->out, "txt", buf_slice(&report));
    buf_fini(&report);
}

/* ---- the allocator ---- */

static void add_text(void *arg, const char *text)
{
    buf_add_str(arg, text);
}

CMD(memory_malloc_stats,
    .name = "MALLOC-STATS", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "Depends on the amount of allocated memory", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Returns the statistics of the memory allocator.")
{
    struct buf report = BUF_EMPTY;

    mem_report(add_text, &report);
    reply_verbatim(c->out, "txt", buf_slice(&report));
    buf_fini(&report);
}

CMD(memory_purge,
    .name = "PURGE", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "Depends on the amount of allocated memory", .syntax = "",
    .hints = "request_policy:all_shards,response_policy:all_succeeded",
    .summary = "Returns free pages of the allocator to the kernel.")
{
    mem_purge();
    pages_purge();
    reply_ok(c->out);
}

CMD(memory_help,
    .name = "HELP", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .syntax = "", .summary = "Describes the subcommands of MEMORY.")
{
    static const char *const lines[] = {
        "DOCTOR",
        "    Report problems of memory usage.",
        "MALLOC-STATS",
        "    Return the statistics of the memory allocator.",
        "PURGE",
        "    Return free pages to the kernel.",
        "STATS",
        "    Return details about memory usage.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return the memory usage of a key and its value, in bytes. SAMPLES has no effect: the figure is exact.",
        NULL,
    };

    call_reply_help(c, lines);
}
