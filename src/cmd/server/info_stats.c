/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>

#include "cmd/server/info.h"
#include "obs/metrics.h"

static void add_number(struct buf *b, const char *name, uint64_t v)
{
    buf_printf(b, "%s:%" PRIu64 "\r\n", name, v);
}

static void add_rate(struct buf *b, const char *name, uint64_t bytes)
{
    buf_printf(b, "%s:%.2f\r\n", name, (double)bytes / 1024);
}

static uint64_t number(const _Atomic uint64_t *n)
{
    return atomic_load_explicit((_Atomic uint64_t *)n, memory_order_relaxed);
}

static void add_traffic(struct buf *b, struct call *c, const struct metrics_sums *sums)
{
    struct metrics_rates rates = metrics_rates();

    add_number(b, "total_connections_received", number(&c->instance->clients.accepted));
    add_number(b, "total_commands_processed", counter_get(&sums->commands));
    add_number(b, "instantaneous_ops_per_sec", rates.commands);
    add_number(b, "total_net_input_bytes", counter_get(&sums->bytes_in));
    add_number(b, "total_net_output_bytes", counter_get(&sums->bytes_out));
    buf_add_str(b, "total_net_repl_input_bytes:0\r\ntotal_net_repl_output_bytes:0\r\n");
    add_rate(b, "instantaneous_input_kbps", rates.bytes_in);
    add_rate(b, "instantaneous_output_kbps", rates.bytes_out);
    buf_add_str(b, "instantaneous_input_repl_kbps:0.00\r\ninstantaneous_output_repl_kbps:0.00\r\n");
    add_number(b, "rejected_connections", number(&c->instance->clients.rejected));
    buf_add_str(b, "sync_full:0\r\nsync_partial_ok:0\r\nsync_partial_err:0\r\n");
}

static void add_keys(struct buf *b, struct call *c, const struct metrics_sums *sums)
{
    struct keyspace *ks = c->instance->keyspace;
    const struct keyspace_stats stats = keyspace_stats(ks);
    uint64_t evicted_stamp = stats.evicted_stamp;
    uint64_t hits = counter_get(&sums->hits), misses = counter_get(&sums->misses);

    add_number(b, "expired_subkeys", stats.expired_fields);
    add_number(b, "expired_keys", stats.expired);
    buf_add_str(b, "expired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\n"
                   "expire_cycle_cpu_milliseconds:0\r\n");
    add_number(b, "evicted_keys", stats.evicted);
    add_number(b, "eviction_age", evicted_stamp ? (uint64_t)stamp_seconds(&ks->stamps, evicted_stamp) : 0);
    add_number(b, "evicted_clients", number(&c->instance->clients.evicted));
    buf_add_str(b, "evicted_scripts:0\r\ntotal_eviction_exceeded_time:0\r\ncurrent_eviction_exceeded_time:0\r\n");
    add_number(b, "keyspace_hits", hits);
    add_number(b, "keyspace_misses", misses);
    buf_printf(b, "keyspace_hit_ratio:%.4f\r\n", hits ? (double)hits / (double)(hits + misses) : 0.0);
    buf_printf(b, "keyspace_hit_ratio_1m:%.4f\r\nkeyspace_hit_ratio_15m:%.4f\r\n", metrics_hit_ratio(60),
               metrics_hit_ratio(900));
}

/* Adds the errors of failed authentication to *arg. */
static void count_auth_failures(void *arg, const char *code, uint64_t count)
{
    if (strcmp(code, "WRONGPASS") == 0)
        *(uint64_t *)arg += count;
}

static void add_errors(struct buf *b, struct call *c, const struct metrics_sums *sums)
{
    const struct clients *cs = &c->instance->clients;
    uint64_t auth_failures = 0;

    metrics_each_error(count_auth_failures, &auth_failures);
    add_number(b, "total_error_replies", counter_get(&sums->error_replies));
    buf_add_str(b, "dump_payload_sanitizations:0\r\n");
    add_number(b, "total_reads_processed", counter_get(&sums->reads));
    add_number(b, "total_writes_processed", counter_get(&sums->writes));
    buf_add_str(b, "io_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\n");
    add_number(b, "client_query_buffer_limit_disconnections", number(&cs->killed_for_input));
    add_number(b, "client_output_buffer_limit_disconnections", number(&cs->killed_for_output));
    buf_add_str(b, "reply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\n");
    add_number(b, "acl_access_denied_auth", auth_failures);
    buf_add_str(b, "acl_access_denied_cmd:0\r\nacl_access_denied_key:0\r\nacl_access_denied_channel:0\r\n");
}

void info_stats(struct buf *b, struct call *c)
{
    struct metrics_sums sums;

    metrics_total(&sums);
    add_traffic(b, c, &sums);
    add_keys(b, c, &sums);
    buf_add_str(b, "pubsub_channels:0\r\npubsub_patterns:0\r\npubsubshard_channels:0\r\nlatest_fork_usec:0\r\n"
                   "total_forks:0\r\nmigrate_cached_sockets:0\r\nslave_expires_tracked_keys:0\r\n");
    add_number(b, "active_defrag_hits", number(&c->instance->keyspace->defrag.moved));
    add_number(b, "active_defrag_misses", number(&c->instance->keyspace->defrag.kept));
    buf_add_str(b, "active_defrag_key_hits:0\r\n"
                   "active_defrag_key_misses:0\r\ntotal_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\n"
                   "tracking_total_keys:0\r\ntracking_total_items:0\r\ntracking_total_prefixes:0\r\n"
                   "unexpected_error_replies:0\r\n");
    add_errors(b, c, &sums);
}

void info_commandstats(struct buf *b, struct call *c)
{
    (void)c;
    for (unsigned i = 0; i < commands_count(); i++) {
        struct command_metrics m;
        uint64_t calls, us;

        must(command_by_number(i) != NULL);
        metrics_command(i, &m);
        calls = counter_get(&m.calls);
        us = counter_get(&m.ns) / 1000;
        if (!calls && !counter_get(&m.rejected) && !counter_get(&m.failed))
            continue;
        buf_printf(b, "cmdstat_%s:calls=%" PRIu64 ",usec=%" PRIu64 ",usec_per_call=%.2f",
                   command_full_name(command_by_number(i)), calls, us,
                   calls ? (double)counter_get(&m.ns) / 1000 / (double)calls : 0.0);
        buf_printf(b, ",rejected_calls=%" PRIu64 ",failed_calls=%" PRIu64 "\r\n", counter_get(&m.rejected),
                   counter_get(&m.failed));
    }
}

static void add_error(void *arg, const char *code, uint64_t count)
{
    buf_printf(arg, "errorstat_%s:count=%" PRIu64 "\r\n", code, count);
}

void info_errorstats(struct buf *b, struct call *c)
{
    (void)c;
    metrics_each_error(add_error, b);
}
