/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the memory is: https://redis.io/docs/latest/commands/?group=server */
#include <stdio.h>

#include "base/bucket.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/pages.h"
#include "base/slab.h"
#include "run/call.h"
#include "store/quota.h"

CMD_CONTAINER(memory,
    .name = "MEMORY", .arity = -2, .group = "server", .since = "4.0.0", .cost = "Depends on the subcommand.",
    .summary = "Tells where the memory is.");

/* ---- USAGE ---- */

#define ENTRY_SHARE ((sizeof(struct bucket) + 5) / 6) /* of a bucket, which holds six entries on average */

/* SAMPLES matters to values of many elements only. False: the error was replied. */
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

CMD(memory_usage,
    .name = "USAGE", .parent = "MEMORY", .arity = -3, .group = "server", .since = "4.0.0",
    .cost = "O(N), N being the number of samples.", .flags = CMD_READONLY, .keys = CMD_KEYS(2, 2, 1, KEY_RO),
    .syntax = "key [SAMPLES count]", .summary = "Tells how many bytes a key takes with its value.")
{
    struct entry *e;

    if (!parse_usage(c))
        return;
    e = call_peek(c, 2);
    if (e == NULL)
        reply_null(c->out);
    else
        reply_int(c->out, entry_size(e) + ENTRY_SHARE);
}

/* ---- STATS ---- */

struct overview {
    size_t used, peak, start, clients, tables, keys; /* bytes, but for the keys */
    size_t overhead;                                 /* all that is not data */
    size_t dataset;
    size_t net;                                      /* used since the start */
    size_t resident;
    struct mem_stats allocator;
};

static void look_over(struct call *c, struct overview *o)
{
    struct keyspace *ks = c->instance->keyspace;

    *o = (struct overview){.used = mem_used(), .start = quota_started(), .resident = mem_resident()};
    mem_peak_sample();
    o->peak = mem_peak();
    o->clients = quota_clients();
    for (unsigned db = 0; db < ks->databases; db++) {
        o->tables += keyspace_overhead(ks, db);
        o->keys += keyspace_size(ks, db);
    }
    o->overhead = quota_overhead() + o->tables;
    o->dataset = o->used > o->overhead ? o->used - o->overhead : 0;
    o->net = o->used > o->start ? o->used - o->start : 1;
    mem_stats(&o->allocator);
    slab_stats(&o->allocator);
}

static double ratio(size_t a, size_t b)
{
    return b ? (double)a / b : 0;
}

/* A map whose size is known at its end. */
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

    for (unsigned db = 0; db < ks->databases; db++) {
        if (keyspace_size(ks, db) == 0)
            continue;
        snprintf(name, sizeof name, "db.%u", db);
        reply_bulk_str(f->out, name);
        f->n++;
        reply_map(f->out, 2);
        reply_bulk_str(f->out, "overhead.hashtable.main");
        reply_int(f->out, keyspace_overhead(ks, db));
        reply_bulk_str(f->out, "overhead.hashtable.expires"); /* an expiry is in its entry */
        reply_int(f->out, 0);
    }
}

static void add_allocator(struct figures *f, const struct overview *o)
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
    .cost = "O(N), N being the number of shards.", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Tells what the memory is used for.")
{
    struct figures f = figures_begin(c->out);
    struct overview o;

    look_over(c, &o);
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
#define TOO_LITTLE       (5 * MB)     /* used: below that the shares mean nothing */
#define NOTABLE          (10 * MB)    /* what is lost */
#define MUCH_PER_CLIENT  (200 * 1024)

/* Whether `whole` is more than `times` of `part`, by enough bytes to care. */
static bool wastes(size_t whole, size_t part, double times)
{
    return part != 0 && ratio(whole, part) > times && whole - part > NOTABLE;
}

static void diagnose(struct buf *b, const struct overview *o, uint64_t clients)
{
    const struct mem_stats *a = &o->allocator;

    if (ratio(o->peak, o->used) > 1.5)
        buf_printf(b, "- Peak: at its highest, use was %.1f times what it is now. The process may keep some of that "
                      "memory for later use; MEMORY PURGE gives back what is free.\n", ratio(o->peak, o->used));
    if (wastes(o->resident, o->used, 1.4))
        buf_printf(b, "- Resident memory: the process has %.1f times the memory that it uses. The points below, if "
                      "there are any, say where the rest is.\n", ratio(o->resident, o->used));
    if (wastes(a->active, a->allocated, 1.1))
        buf_printf(b, "- Fragmentation: %zu MB of the pages in use are gaps between values. They are filled again by "
                      "values of like sizes.\n", (a->active - a->allocated) / MB);
    if (wastes(a->resident, a->active, 1.1))
        buf_printf(b, "- Free pages: the allocator holds %zu MB that it does not use. It returns them by and by, and "
                      "at once on MEMORY PURGE.\n", (a->resident - a->active) / MB);
    if (wastes(o->resident, a->resident, 1.1))
        buf_printf(b, "- Outside the allocator: %zu MB of the process are not the allocator's.\n",
                   (o->resident - a->resident) / MB);
    if (clients != 0 && o->clients / clients > MUCH_PER_CLIENT)
        buf_printf(b, "- Clients: their buffers take %zu KB each on average. CLIENT LIST shows whose are large; "
                      "client-output-buffer-limit and maxmemory-clients bound them.\n", o->clients / clients / 1024);
}

CMD(memory_doctor,
    .name = "DOCTOR", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "O(N), N being the number of shards.", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Looks for what is wrong with the use of memory.")
{
    struct buf report = BUF_EMPTY;
    struct overview o;

    look_over(c, &o);
    if (o.used < TOO_LITTLE)
        buf_add_str(&report, "So little memory is in use that there is nothing to find.\n");
    else
        diagnose(&report, &o, atomic_load_explicit(&c->instance->clients.count, memory_order_relaxed));
    if (report.len == 0)
        buf_add_str(&report, "Nothing is wrong with the use of memory.\n");
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
    .cost = "Depends on how much memory is allocated.", .syntax = "",
    .hints = "nondeterministic_output,request_policy:all_shards,response_policy:special",
    .summary = "Replies with the allocator's report on itself.")
{
    struct buf report = BUF_EMPTY;

    mem_report(add_text, &report);
    reply_verbatim(c->out, "txt", buf_slice(&report));
    buf_fini(&report);
}

CMD(memory_purge,
    .name = "PURGE", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0",
    .cost = "Depends on how much memory is allocated.", .syntax = "",
    .hints = "request_policy:all_shards,response_policy:all_succeeded",
    .summary = "Gives the allocator's free pages back to the kernel.")
{
    mem_purge();
    pages_purge();
    reply_ok(c->out);
}

CMD(memory_help,
    .name = "HELP", .parent = "MEMORY", .arity = 2, .group = "server", .since = "4.0.0", .cost = "O(1)",
    .flags = CMD_LOADING | CMD_STALE, .syntax = "", .summary = "Lists the subcommands of MEMORY.")
{
    static const char *const lines[] = {
        "DOCTOR",
        "    What is wrong with the use of memory, if anything is.",
        "MALLOC-STATS",
        "    The allocator's report on itself.",
        "PURGE",
        "    Gives free pages back to the kernel.",
        "STATS",
        "    What the memory is used for.",
        "USAGE <key> [SAMPLES <count>]",
        "    The bytes that a key takes with its value. Of values of many elements <count> are looked at (default 5,",
        "    0: all).",
        NULL,
    };

    call_reply_help(c, lines);
}
