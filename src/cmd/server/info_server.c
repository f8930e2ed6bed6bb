/* SPDX-License-Identifier: BSD-3-Clause */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "cmd/server/info.h"
#include "run/version.h"

#define LRU_CLOCK_BITS 24 /* of the clock of Redis, which counts seconds */

static void add_program(struct buf *b, struct call *c)
{
    struct utsname os;

    uname(&os);
    buf_add_str(b, "redis_version:" REDIS_VERSION "\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\n");
    buf_add_str(b, "redis_build_id:0\r\nredis_mode:standalone\r\nlarder_version:" PACKAGE_VERSION "\r\n");
    buf_printf(b, "os:%s %s %s\r\narch_bits:%zu\r\n", os.sysname, os.release, os.machine, sizeof(long) * 8);
    buf_printf(b, "monotonic_clock:POSIX clock_gettime\r\nmultiplexing_api:%s\r\n", c->instance->engine);
    buf_printf(b, "atomicvar_api:c11-builtin\r\ngcc_version:%d.%d.%d\r\n", __GNUC__, __GNUC_MINOR__,
               __GNUC_PATCHLEVEL__);
}

/* The addresses that the server listens on, one line for each kind. */
static void add_listeners(struct buf *b, struct call *c)
{
    char *bind = conf_dup(c->instance->conf, OPT_bind), *unix_path = conf_dup(c->instance->conf, OPT_unixsocket);
    int64_t port = OPT(c->instance->options, port);
    int n = 0;

    if (port) {
        buf_printf(b, "listener%d:name=tcp", n++);
        for (char *rest = bind, *word; (word = strsep(&rest, " ")) != NULL;)
            buf_printf(b, ",bind=%s", word);
        buf_printf(b, ",port=%" PRId64 "\r\n", port);
    }
    if (*unix_path)
        buf_printf(b, "listener%d:name=unix,bind=%s\r\n", n, unix_path);
    mem_free(bind);
    mem_free(unix_path);
}

void info_server(struct buf *b, struct call *c)
{
    const struct instance *in = c->instance;
    int64_t uptime = (c->runner->mono - in->started_mono) / 1000;
    const char *file = conf_file(in->conf);

    must(strlen(in->run_id) == sizeof(in->run_id) - 1 && in->threads > 0);
    add_program(b, c);
    buf_printf(b, "process_id:%d\r\nprocess_supervised:%s\r\nrun_id:%s\r\n", (int)getpid(),
               conf_word(in->conf, OPT_supervised), in->run_id);
    buf_printf(b, "tcp_port:%" PRId64 "\r\nserver_time_usec:%" PRId64 "\r\n", OPT(in->options, port), clock_us());
    buf_printf(b, "uptime_in_seconds:%" PRId64 "\r\nuptime_in_days:%" PRId64 "\r\n", uptime, uptime / 86400);
    buf_printf(b, "hz:%" PRId64 "\r\nconfigured_hz:%" PRId64 "\r\n", OPT(in->options, hz), OPT(in->options, hz));
    buf_printf(b, "lru_clock:%" PRId64 "\r\n", c->unit->now / 1000 & ((1 << LRU_CLOCK_BITS) - 1));
    buf_printf(b, "executable:%s\r\nconfig_file:%s\r\n", in->executable, file ? file : "");
    buf_printf(b, "worker_threads:%u\r\nio_threads_active:%d\r\n", in->threads, in->threads > 1);
    add_listeners(b, c);
}

/* ---- clients ---- */

/* Sums over all clients. */
struct client_sums {
    uint64_t max_in, max_out, watching, watched_keys, blocked;
};

static bool add_client(void *arg, struct card *card)
{
    struct client_sums *s = arg;
    uint64_t in = atomic_load_explicit(&card->in_bytes, memory_order_relaxed);
    uint64_t out = atomic_load_explicit(&card->out_bytes, memory_order_relaxed);
    uint32_t watching = atomic_load_explicit(&card->watching, memory_order_relaxed);

    s->max_in = in > s->max_in ? in : s->max_in;
    s->max_out = out > s->max_out ? out : s->max_out;
    s->watching += watching != 0;
    s->watched_keys += watching;
    s->blocked += card_has_flag(card, CARD_BLOCKED);
    return true;
}

void info_clients(struct buf *b, struct call *c)
{
    struct clients *cs = &c->instance->clients;
    struct client_sums s = {0};

    clients_each(cs, add_client, &s);
    buf_printf(b, "connected_clients:%" PRIu64 "\r\ncluster_connections:0\r\nmaxclients:%" PRId64 "\r\n",
               atomic_load_explicit(&cs->count, memory_order_relaxed), OPT(c->instance->options, maxclients));
    buf_printf(b, "client_recent_max_input_buffer:%" PRIu64 "\r\nclient_recent_max_output_buffer:%" PRIu64 "\r\n",
               s.max_in, s.max_out);
    buf_printf(b, "blocked_clients:%" PRIu64 "\r\ntracking_clients:0\r\npubsub_clients:0\r\n", s.blocked);
    buf_printf(b, "watching_clients:%" PRIu64 "\r\nclients_in_timeout_table:0\r\n", s.watching);
    buf_printf(b, "total_watched_keys:%" PRIu64 "\r\ntotal_blocking_keys:0\r\ntotal_blocking_keys_on_nokey:0\r\n",
               s.watched_keys);
}

/* ---- unsupported features ---- */

void info_persistence(struct buf *b, struct call *c)
{
    struct metrics_sums sums;

    metrics_total(&sums);
    buf_add_str(b, "loading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\n"
                   "current_cow_size_age:0\r\ncurrent_fork_perc:0.00\r\ncurrent_save_keys_processed:0\r\n"
                   "current_save_keys_total:0\r\n");
    buf_printf(b, "rdb_changes_since_last_save:%" PRIu64 "\r\nrdb_bgsave_in_progress:0\r\n",
               counter_get(&sums.changes));
    /* Redis too reports the start as the last save. */
    buf_printf(b, "rdb_last_save_time:%" PRId64 "\r\n", c->instance->started / 1000);
    buf_add_str(b, "rdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:-1\r\nrdb_current_bgsave_time_sec:-1\r\n"
                   "rdb_saves:0\r\nrdb_last_cow_size:0\r\nrdb_last_load_keys_expired:0\r\n"
                   "rdb_last_load_keys_loaded:0\r\naof_enabled:0\r\naof_rewrite_in_progress:0\r\n"
                   "aof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:-1\r\naof_current_rewrite_time_sec:-1\r\n"
                   "aof_last_bgrewrite_status:ok\r\naof_rewrites:0\r\naof_rewrites_consecutive_failures:0\r\n"
                   "aof_last_write_status:ok\r\naof_last_cow_size:0\r\nmodule_fork_in_progress:0\r\n"
                   "module_fork_last_cow_size:0\r\n");
}

/* The replication id: the run id, until DEBUG CHANGE-REPL-ID derives others from it. */
static void add_replication_id(struct buf *b, const struct instance *in)
{
    unsigned changes = atomic_load_explicit(&in->replid_changes, memory_order_relaxed);
    uint8_t digest[SHA1_BYTES];
    char text[64];

    if (changes == 0) {
        buf_add_str(b, in->run_id);
        return;
    }
    snprintf(text, sizeof text, "%s %u", in->run_id, changes);
    sha1(slice_str(text), digest);
    for (int i = 0; i < SHA1_BYTES; i++)
        buf_printf(b, "%02x", digest[i]);
}

void info_replication(struct buf *b, struct call *c)
{
    buf_add_str(b, "role:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n");
    buf_add_str(b, "master_replid:");
    add_replication_id(b, c->instance);
    buf_printf(b, "\r\nmaster_replid2:%040d\r\n", 0);
    buf_add_str(b, "master_repl_offset:0\r\nsecond_repl_offset:-1\r\nrepl_backlog_active:0\r\n");
    buf_printf(b, "repl_backlog_size:%" PRId64 "\r\n", OPT(c->instance->options, repl_backlog_size));
    buf_add_str(b, "repl_backlog_first_byte_offset:0\r\nrepl_backlog_histlen:0\r\n");
}

void info_cluster(struct buf *b, struct call *c)
{
    (void)c;
    buf_add_str(b, "cluster_enabled:0\r\n");
}

/* ---- processor time ---- */

static void add_time(struct buf *b, const char *name, const struct timeval *t)
{
    buf_printf(b, "%s:%ld.%06ld\r\n", name, (long)t->tv_sec, (long)t->tv_usec);
}

void info_cpu(struct buf *b, struct call *c)
{
    struct rusage self, children;

    (void)c;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    add_time(b, "used_cpu_sys", &self.ru_stime);
    add_time(b, "used_cpu_user", &self.ru_utime);
    add_time(b, "used_cpu_sys_children", &children.ru_stime);
    add_time(b, "used_cpu_user_children", &children.ru_utime);
}
