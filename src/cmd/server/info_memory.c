/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/slab.h"
#include "cmd/server/info.h"
#include "store/freer.h"
#include "store/quota.h"

/* ---- numbers ---- */

/* Adds the line "name:bytes". */
static void add_bytes(struct buf *b, const char *name, uint64_t v)
{
    buf_printf(b, "%s:%" PRIu64 "\r\n", name, v);
}

/* Adds the line "name_human:" with a unit. */
static void add_human(struct buf *b, const char *name, uint64_t v)
{
    static const char units[] = "BKMGTPE";
    double d = (double)v;
    int unit = 0;

    while (d >= 1024 && units[unit + 1]) {
        d /= 1024;
        unit++;
    }
    must(unit < (int)sizeof(units) - 1);
    buf_printf(b, unit ? "%s_human:%.2f%c\r\n" : "%s_human:%.0f%c\r\n", name, d, units[unit]);
}

static void add_both(struct buf *b, const char *name, uint64_t v)
{
    add_bytes(b, name, v);
    add_human(b, name, v);
}

static void add_percent(struct buf *b, const char *name, double part, double whole)
{
    buf_printf(b, "%s:%.2f%%\r\n", name, whole > 0 ? part / whole * 100 : 0);
}

static void add_ratio(struct buf *b, const char *name, double over, double under)
{
    buf_printf(b, "%s:%.2f\r\n", name, under > 0 ? over / under : 0);
}

static void add_difference(struct buf *b, const char *name, size_t over, size_t under)
{
    buf_printf(b, "%s:%" PRId64 "\r\n", name, (int64_t)over - (int64_t)under);
}

/* ---- measurements ---- */

/* The resident set size of this process, bytes; 0: unknown. */
static size_t resident(void)
{
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    unsigned long pages = 0;

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    if (sscanf(text, "%*u %lu", &pages) != 1)
        return 0;
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t table_bytes(const struct keyspace *ks)
{
    size_t sum = 0;

    KEYSPACE_EACH_DB(ks, db)
        sum += keyspace_overhead(ks, db);
    return sum;
}

/* ---- memory ---- */

struct memory {
    size_t used, peak, resident, tables, overhead, clients;
    struct mem_stats allocator, slabs, heap; /* the first is the sum of the others */
};

static void measure(struct memory *m, struct call *c)
{
    mem_peak_sample();
    m->used = mem_used();
    m->peak = mem_peak() > m->used ? mem_peak() : m->used;
    m->resident = resident();
    m->tables = table_bytes(c->instance->keyspace);
    m->clients = quota_clients();
    m->overhead = quota_overhead();
    mem_stats(&m->heap);
    m->slabs = (struct mem_stats){0};
    slab_stats(&m->slabs);
    m->allocator = m->heap;
    slab_stats(&m->allocator);
    must(m->peak >= m->used);
}

static void add_used(struct buf *b, const struct memory *m)
{
    size_t startup = quota_started();
    size_t overhead = m->overhead + m->tables;
    size_t dataset = m->used > overhead ? m->used - overhead : 0;

    add_both(b, "used_memory", m->used);
    add_both(b, "used_memory_rss", m->resident);
    add_both(b, "used_memory_peak", m->peak);
    add_percent(b, "used_memory_peak_perc", (double)m->used, (double)m->peak);
    add_bytes(b, "used_memory_overhead", overhead);
    add_bytes(b, "used_memory_startup", startup);
    add_bytes(b, "used_memory_dataset", dataset);
    add_percent(b, "used_memory_dataset_perc", (double)dataset,
                m->used > startup ? (double)(m->used - startup) : 0);
    add_bytes(b, "allocator_allocated", m->allocator.allocated);
    add_bytes(b, "allocator_active", m->allocator.active);
    add_bytes(b, "allocator_resident", m->allocator.resident);
    add_bytes(b, "allocator_muzzy", 0);
    add_both(b, "total_system_memory", (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void add_scripts(struct buf *b)
{
    buf_add_str(b, "used_memory_lua:0\r\nused_memory_vm_eval:0\r\nused_memory_lua_human:0B\r\n"
                   "used_memory_scripts_eval:0\r\nnumber_of_cached_scripts:0\r\nnumber_of_functions:0\r\n"
                   "number_of_libraries:0\r\nused_memory_vm_functions:0\r\nused_memory_vm_total:0\r\n"
                   "used_memory_vm_total_human:0B\r\nused_memory_functions:0\r\nused_memory_scripts:0\r\n"
                   "used_memory_scripts_human:0B\r\n");
}

static void add_fragmentation(struct buf *b, const struct memory *m)
{
    const struct mem_stats *a = &m->allocator;

    add_ratio(b, "allocator_frag_ratio", (double)a->active, (double)a->allocated);
    add_difference(b, "allocator_frag_bytes", a->active, a->allocated);
    add_ratio(b, "allocator_rss_ratio", (double)a->resident, (double)a->active);
    add_difference(b, "allocator_rss_bytes", a->resident, a->active);
    add_ratio(b, "rss_overhead_ratio", (double)m->resident, (double)a->resident);
    add_difference(b, "rss_overhead_bytes", m->resident, a->resident);
    add_ratio(b, "mem_fragmentation_ratio", (double)m->resident, (double)m->used);
    add_difference(b, "mem_fragmentation_bytes", m->resident, m->used);
}

/* Parts of mem_fragmentation_bytes: what threads keep at hand; free blocks in slabs and among the allocator's others;
 * free pages that are not returned to the kernel yet; the allocator's records; code, stacks and what the kernel maps
 * for us. */
static void add_causes(struct buf *b, const struct memory *m)
{
    add_difference(b, "mem_fragmentation_at_hand", m->allocator.allocated, m->used);
    add_difference(b, "mem_fragmentation_slab_blocks", m->slabs.active, m->slabs.allocated);
    add_difference(b, "mem_fragmentation_slab_pages", m->slabs.resident, m->slabs.active);
    add_difference(b, "mem_fragmentation_heap_blocks", m->heap.active, m->heap.allocated);
    add_difference(b, "mem_fragmentation_heap_pages", m->heap.resident, m->heap.active + m->heap.metadata);
    add_bytes(b, "mem_fragmentation_heap_records", m->heap.metadata);
    add_difference(b, "mem_fragmentation_other", m->resident, m->allocator.resident);
}

static unsigned compacting(struct keyspace *ks)
{
    return atomic_load_explicit(&ks->defrag.running, memory_order_relaxed);
}

void info_memory(struct buf *b, struct call *c)
{
    struct memory m;

    measure(&m, c);
    add_used(b, &m);
    add_scripts(b);
    add_both(b, "maxmemory", (uint64_t)OPT(c->instance->options, maxmemory));
    buf_printf(b, "maxmemory_policy:%s\r\n", conf_word(c->instance->conf, OPT_maxmemory_policy));
    add_fragmentation(b, &m);
    add_causes(b, &m);
    add_bytes(b, "mem_not_counted_for_evict", m.overhead);
    add_bytes(b, "mem_pinned_by_replies", quota_pinned());
    add_bytes(b, "mem_lazyfree_pending", quota_freeing());
    buf_add_str(b, "mem_replication_backlog:0\r\nmem_total_replication_buffers:0\r\nmem_clients_slaves:0\r\n");
    add_bytes(b, "mem_clients_normal", m.clients);
    buf_add_str(b, "mem_cluster_links:0\r\nmem_aof_buffer:0\r\n");
    buf_printf(b, "mem_allocator:%s\r\nmem_overhead_db_hashtable_rehashing:0\r\n", mem_allocator());
    buf_printf(b, "active_defrag_running:%u\r\nlazyfree_pending_objects:%zu\r\nlazyfreed_objects:%zu\r\n",
               compacting(c->instance->keyspace), freer_pending(), freer_freed());
}

/* ---- keyspace ---- */

#define TTL_SAMPLES 64 /* entries with an expiry that are averaged */
#define TTL_STEPS   32 /* scan steps to find them */

struct ttl_sum {
    int64_t now;
    unsigned __int128 sum; /* 64 times to live, of up to 2^63 ms each */
    unsigned n;
};

static void add_ttl(void *arg, struct shard *shard, struct entry *e)
{
    struct ttl_sum *s = arg;
    int64_t expire = entry_expire(e);

    (void)shard;
    if (expire > s->now && s->n < TTL_SAMPLES) {
        s->sum += (uint64_t)(expire - s->now);
        s->n++;
    }
}

/* The mean time to live of a sample of keys, ms. 0 inside a transaction, where some shards are held: Redis also reports
 * 0 until it has sampled. */
static int64_t mean_ttl(struct call *c, unsigned db)
{
    struct ttl_sum s = {.now = c->unit->now};
    uint64_t cursor = 0;

    if (c->in_exec || keyspace_volatile_size(c->instance->keyspace, db) == 0)
        return 0;
    for (int i = 0; i < TTL_STEPS && s.n < TTL_SAMPLES; i++)
        if (!call_scan(c, db, &cursor, add_ttl, &s) || cursor == 0)
            break; /* INFO waits for no long command */
    must(s.n <= TTL_SAMPLES);
    return s.n != 0 ? (int64_t)(s.sum / s.n) : 0;
}

void info_keyspace(struct buf *b, struct call *c)
{
    const struct keyspace *ks = c->instance->keyspace;

    KEYSPACE_EACH_DB(ks, db) {
        size_t keys = keyspace_size(ks, db), expires = keyspace_volatile_size(ks, db);

        if (keys)
            buf_printf(b, "db%u:keys=%zu,expires=%zu,avg_ttl=%" PRId64 ",subexpiry=%zu\r\n", db, keys, expires,
                       mean_ttl(c, db), keyspace_partial_size(ks, db));
    }
}
