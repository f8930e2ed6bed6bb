/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main: connects the rooms of the server, starts its threads, and waits for signals.
 *
 * Role:    reads the options, sets the callbacks that lead upwards, starts the workers, stops them at the end.
 * Owns:    the instance, the workers, the listening sockets.
 * Threads: the main thread. Callbacks (apply_*, resume_all, request_shutdown): whoever changes an option or runs a
 *          command.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/huge.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/quiesce.h"
#include "base/rand.h"
#include "cmd/server/commands_doc.h"
#include "conf/load.h"
#include "conf/machine.h"
#include "conf/sample.h"
#include "net/listener.h"
#include "net/worker.h"
#include "obs/crash.h"
#include "obs/log.h"
#include "run/command.h"
#include "run/instance.h"
#include "run/version.h"
#include "store/freer.h"
#include "store/quota.h"

#define SHARDS_MIN        256
#define SHARDS_PER_THREAD 16
#define FILES_RESERVED    32 /* descriptors for other things than clients */
#define FILES_PER_THREAD  4
#define DEFAULT_PIDFILE   "/var/run/larder.pid"

#define SERVER_MAGIC 0x73657276u /* "serv" */

struct server {
    uint32_t magic;
    struct conf *conf;
    struct instance instance;
    struct workers workers;
    struct lock lock; /* guards tcp and port once clients can change them */
    struct listeners tcp, local;
    int64_t port; /* of tcp */
    char *pidfile;
    char *socket_path;
};

static struct server *server_of(void *arg)
{
    struct server *s = arg;

    must_be(s, SERVER_MAGIC);
    return s;
}

/* ---- options that change while the server runs ---- */

static bool apply_loglevel(void *arg, struct conf *conf, char *why, size_t size)
{
    (void)arg;
    (void)why;
    (void)size;
    log_set_level((enum log_level)OPT(conf_options(conf), loglevel));
    return true;
}

static bool apply_policy(void *arg, struct conf *conf, char *why, size_t size)
{
    struct server *s = server_of(arg);

    (void)why;
    (void)size;
    keyspace_choose(s->instance.keyspace, OPT(conf_options(conf), maxmemory_policy));
    return true;
}

/* The rest of the machine's memory is for what is not counted: fragmentation, and the kernel's buffers. */
static bool apply_ceilings(void *arg, struct conf *conf, char *why, size_t size)
{
    uint64_t memory = machine_memory();

    (void)arg;
    (void)why;
    (void)size;
    quota_set_ceilings((size_t)OPT(conf_options(conf), client_memory_ceiling), memory - memory / 16);
    return true;
}

/* Changes the working directory. */
static bool apply_dir(void *arg, struct conf *conf, char *why, size_t size)
{
    char *dir = conf_dup(conf, OPT_dir);
    bool ok = chdir(dir) == 0;

    (void)arg;
    if (!ok)
        snprintf(why, size, "Cannot change to the directory %s: %s", dir, strerror(errno));
    mem_free(dir);
    return ok;
}

/* Raises the limit of open files to what maxclients needs. Returns how many clients can connect, at most maxclients. */
static int64_t raise_files(struct conf *conf)
{
    int64_t reserved = FILES_RESERVED + FILES_PER_THREAD * conf_threads(conf);
    int64_t clients = OPT(conf_options(conf), maxclients);
    int64_t max = process_raise_files(clients + reserved) - reserved;

    must(clients > 0 && reserved > FILES_RESERVED);
    return max < clients ? max : clients;
}

static bool apply_maxclients(void *arg, struct conf *conf, char *why, size_t size)
{
    int64_t max = raise_files(conf);

    (void)arg;
    if (max == OPT(conf_options(conf), maxclients))
        return true;
    snprintf(why, size, "The operating system is not able to handle the specified number of clients, try with %lld",
             (long long)max);
    return false;
}

static void listen_all(struct server *s, const struct listeners *l)
{
    lock_must_hold(&s->lock);
    for (size_t i = 0; i < l->n; i++)
        workers_listen(&s->workers, l->fds[i]);
}

/* `bind` and `port` share a hook; the text blames the one that was changed. */
static bool apply_addresses(void *arg, struct conf *conf, char *why, size_t size)
{
    struct server *s = server_of(arg);
    int64_t port = OPT(conf_options(conf), port);
    struct listeners old;
    bool opened;

    lock_take(&s->lock);
    old = s->tcp;
    opened = listeners_reopen_tcp(conf, &s->tcp, why, size);
    if (!opened) {
        log_write(LOG_WARNING, "%s", why);
        snprintf(why, size, "%s",
                 port != s->port ? "Unable to listen on this port. Check server logs."
                                 : "Failed to bind to specified addresses.");
    } else {
        s->port = port;
    }
    for (size_t i = 0; i < old.n; i++)
        workers_unlisten(&s->workers, old.fds[i]);
    listeners_fini(&old, false);
    listen_all(s, &s->tcp);
    lock_drop(&s->lock);
    return opened;
}

static void watch_options(struct server *s)
{
    conf_on_change(s->conf, OPT_loglevel, apply_loglevel, s);
    conf_on_change(s->conf, OPT_maxmemory_policy, apply_policy, s);
    conf_on_change(s->conf, OPT_client_memory_ceiling, apply_ceilings, s);
    conf_on_change(s->conf, OPT_dir, apply_dir, s);
    conf_on_change(s->conf, OPT_maxclients, apply_maxclients, s);
    conf_on_change(s->conf, OPT_bind, apply_addresses, s);
    conf_on_change(s->conf, OPT_port, apply_addresses, s);
}

/* ---- start ---- */

static unsigned shards_for(unsigned threads)
{
    unsigned n = SHARDS_MIN;

    must(threads > 0);
    while (n < threads * SHARDS_PER_THREAD)
        n *= 2;
    return n;
}

static void request_shutdown(void *arg)
{
    (void)arg;
    kill(getpid(), SIGTERM);
}

static void resume_all(void *arg)
{
    struct server *s = server_of(arg);

    workers_signal(&s->workers, SIGNAL_RESUME);
}

static void make_run_id(char id[41])
{
    unsigned char bytes[20];

    rand_bytes(bytes, sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

/* Tables and slabs use huge pages from now on, if that is asked for and the kernel has them. */
static void use_huge_pages(struct conf *conf)
{
    if (!OPT(conf_options(conf), huge_pages))
        return;
    if (huge_start())
        arena_start();
    else
        log_write(LOG_NOTICE, "The kernel has no huge pages of 2 MiB for this process: huge-pages has no effect");
}

static void build_instance(struct server *s)
{
    struct instance *in = &s->instance;

    must(in->magic == 0 && s->conf != NULL);
    instance_init(in, keyspace_new(shards_for(conf_threads(s->conf)), OPT(conf_options(s->conf), databases)), s->conf);
    in->threads = conf_threads(s->conf);
    keyspace_choose(in->keyspace, OPT(in->options, maxmemory_policy));
    apply_ceilings(s, s->conf, NULL, 0);
    out_set_guard(quota_clients_may_take);
    in->started = clock_ms();
    in->started_mono = clock_mono_ms();
    make_run_id(in->run_id);
    in->executable = process_executable();
    in->shutdown = request_shutdown;
    in->resume = resume_all;
    in->resume_arg = s;
}

/* The engine that io-engine asks for, or the fallback. NULL: it cannot be used; `why` has the reason. */
static const struct engine_ops *choose_engine(int64_t wanted, char *why, size_t size)
{
    if (wanted == IO_ENGINE_LIBEV)
        return &engine_libev;
#ifdef HAVE_IO_URING
    if (engine_io_uring_works(why, size))
        return &engine_io_uring;
    if (wanted == IO_ENGINE_IO_URING)
        return NULL;
    log_write(LOG_NOTICE, "io_uring cannot be used here (%s): the engine is libev", why);
#else
    snprintf(why, size, "this server was built without io_uring");
    if (wanted == IO_ENGINE_IO_URING)
        return NULL;
#endif
    return &engine_libev;
}

/* False: the reason was written to stderr. */
static bool open_log(struct conf *conf)
{
    const struct options *o = conf_options(conf);
    char *file = conf_dup(conf, OPT_logfile);
    char *ident = conf_dup(conf, OPT_syslog_ident);
    int error = log_open(file);

    log_set_level((enum log_level)OPT(o, loglevel));
    if (OPT(o, syslog_enabled))
        log_syslog(ident, (int)OPT(o, syslog_facility));
    if (error != 0)
        fprintf(stderr, "larder-server: cannot open the log file %s: %s\n", file, strerror(-error));
    mem_free(file);
    mem_free(ident);
    return error == 0;
}

static void write_pidfile(struct server *s)
{
    const struct options *o = conf_options(s->conf);
    char *absolute;
    int error;

    s->pidfile = conf_dup(s->conf, OPT_pidfile);
    if (s->pidfile[0] == 0 && OPT(o, daemonize)) {
        mem_free(s->pidfile);
        s->pidfile = mem_strdup(DEFAULT_PIDFILE);
    }
    if (s->pidfile[0] == 0)
        return;
    error = process_write_pid(s->pidfile);
    if (error != 0)
        log_write(LOG_WARNING, "Cannot write the pid file %s: %s", s->pidfile, strerror(-error));
    absolute = process_absolute(s->pidfile); /* dir may change */
    mem_free(s->pidfile);
    s->pidfile = absolute;
}

/* Lowers maxclients if the limit of open files does not allow for it, so that further clients are refused with an error
 * reply. False: not one client could connect; the reason was logged. */
static bool fit_maxclients(struct conf *conf)
{
    int64_t wanted = OPT(conf_options(conf), maxclients), max = raise_files(conf);
    struct conf_error error;
    char text[32];

    if (max == wanted)
        return true;
    if (max < 1) {
        log_write(LOG_WARNING, "The limit of open files leaves no room for a client: raise it by %lld (ulimit -n)",
                  (long long)(1 - max));
        return false;
    }
    log_write(LOG_WARNING,
              "The limit of open files allows for %lld clients, not for maxclients %lld, which is lowered: raise the "
              "limit (ulimit -n) or set maxclients lower",
              (long long)max, (long long)wanted);
    snprintf(text, sizeof text, "%lld", (long long)max);
    return conf_set(conf, &(struct conf_pair){SLICE("maxclients"), slice_str(text)}, 1, true, &error);
}

/* "127.0.0.1 ::1 port 6379 and /path": where clients find the server. */
static void add_listeners(struct buf *b, const struct server *s)
{
    if (s->tcp.n != 0) {
        char *bind = conf_dup(s->conf, OPT_bind);

        buf_printf(b, "%s port %d%s", bind, (int)OPT(s->instance.options, port), s->local.n != 0 ? " and " : "");
        mem_free(bind);
    }
    if (s->local.n != 0)
        buf_add_str(b, s->socket_path);
}

/* One line that says what was started. */
static void log_instance(struct server *s)
{
    struct instance *in = &s->instance;
    char *limit = conf_dup(s->conf, OPT_maxmemory);
    struct buf where = BUF_EMPTY;

    must(in->engine != NULL && in->threads > 0);
    add_listeners(&where, s);
    log_write(LOG_NOTICE, "Larder %s, PID: %d, engine %s, %u thread%s, listening on %s, maxmemory %s, policy %s",
              PACKAGE_VERSION, (int)getpid(), in->engine, in->threads, in->threads == 1 ? "" : "s", buf_cstr(&where),
              limit[0] == '0' ? "none" : limit, conf_word(s->conf, OPT_maxmemory_policy));
    buf_fini(&where);
    mem_free(limit);
}

static void log_notes(struct conf *conf)
{
    uint64_t limit = machine_memory_limit();
    struct buf line = BUF_EMPTY;

    if (limit != 0 && OPT(conf_options(conf), maxmemory) == 0)
        log_write(LOG_NOTICE,
                  "The cgroup allows %llu MiB of memory and maxmemory is not set: a full cache would be killed. Set "
                  "maxmemory to less, 75%% say",
                  (unsigned long long)(limit >> 20));

    if (conf_hints(conf, &line))
        log_write(LOG_NOTICE, "%s", buf_cstr(&line));
    buf_fini(&line);
    if (conf_unknown_variables(conf, &line))
        log_write(LOG_WARNING, "%s", buf_cstr(&line));
    buf_fini(&line);
}

/* False: the reason was logged. */
static bool open_listeners(struct server *s)
{
    char why[512];

    if (listeners_open_tcp(s->conf, &s->tcp, why, sizeof why) != 0 ||
        listeners_open_unix(s->conf, &s->local, why, sizeof why) != 0) {
        log_write(LOG_WARNING, "%s", why);
        return false;
    }
    must(s->tcp.n == 0 || OPT(conf_options(s->conf), port) != 0);
    s->port = OPT(conf_options(s->conf), port);
    if (s->tcp.n + s->local.n == 0)
        log_write(LOG_WARNING, "There is nothing to listen on: set port and bind, or unixsocket");
    return s->tcp.n + s->local.n != 0;
}

static void close_listeners(struct server *s)
{
    listeners_fini(&s->tcp, true);
    listeners_fini(&s->local, true);
}

/* Starts everything, and accepts clients last. False: the reason was logged. */
static bool start(struct server *s)
{
    char why[512] = "";
    const struct engine_ops *ops;

    must_be(s, SERVER_MAGIC);
    log_notes(s->conf);
    if (!fit_maxclients(s->conf) || !open_listeners(s))
        return false;
    use_huge_pages(s->conf);
    build_instance(s);
    ops = choose_engine(OPT(s->instance.options, io_engine), why, sizeof why);
    if (ops == NULL) {
        log_write(LOG_WARNING, "io-engine io_uring cannot be used: %s", why);
        return false;
    }
    s->instance.engine = ops->name;
    log_start();
    freer_start();
    log_instance(s);
    if (workers_start(&s->workers, &s->instance, ops, s->instance.threads, why, sizeof why) != 0) {
        log_write(LOG_WARNING, "Cannot start the workers: %s", why);
        return false;
    }
    watch_options(s);
    quota_start();
    log_write(LOG_NOTICE, "Server initialized");
    write_pidfile(s);
    lock_take(&s->lock); /* the first client may change the addresses: only when all are listened on */
    listen_all(s, &s->local);
    listen_all(s, &s->tcp);
    lock_drop(&s->lock);
    log_write(LOG_NOTICE, "Ready to accept connections");
    return true;
}

/* ---- running ---- */

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

/* Blocks them in every thread: only run takes them. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaddset(set, signals[i]);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void run(const sigset_t *set)
{
    int sig;

    while (sigwait(set, &sig) == 0 && sig == SIGHUP) {
        int error = log_reopen();

        if (error == 0)
            log_write(LOG_NOTICE, "Reopened the log file");
        else
            log_write(LOG_WARNING, "Cannot reopen the log file: %s", strerror(-error));
    }
    log_write(LOG_NOTICE, "Shutting down");
}

static void stop(struct server *s)
{
    must_be(s, SERVER_MAGIC);
    atomic_store(&s->instance.stops, true);
    workers_stop(&s->workers);
    close_listeners(s);
    process_remove_pid(s->pidfile);
    quiesce_collect(); /* no worker uses anything any more */
    freer_stop();      /* what is waiting to be freed goes with the process */
#if defined(LARDER_SANITIZE) || defined(LARDER_DEBUG)
    /* A leak checker does not see references of 6 bytes as pointers, and debug builds check the bytes that tables have
     * counted. Otherwise the kernel frees memory faster. */
    freer_drain();
    keyspace_free(s->instance.keyspace);
#endif
    log_write(LOG_NOTICE, "Larder is now ready to exit, bye bye...");
}

/* Changes to the working directory, opens the log, and daemonizes if asked to. False: the reason was written to
 * stderr. */
static bool prepare_process(struct server *s)
{
    char why[512];
    int error;

    if (!apply_dir(s, s->conf, why, sizeof why)) {
        fprintf(stderr, "larder-server: %s\n", why);
        return false;
    }
    if (!open_log(s->conf))
        return false;
    if (!OPT(conf_options(s->conf), daemonize))
        return true;
    error = process_daemonize();
    if (error != 0)
        fprintf(stderr, "larder-server: cannot go into the background: %s\n", strerror(-error));
    return error == 0 && open_log(s->conf); /* stdout is another file now */
}

static int serve(struct conf *conf)
{
    static struct server s = {.magic = SERVER_MAGIC, .lock = LOCK_INIT(LISTENERS)};
    sigset_t set;
    bool notify;

    s.conf = conf;
    s.socket_path = conf_dup(conf, OPT_unixsocket);
    notify = OPT(conf_options(conf), supervised) == SUPERVISED_SYSTEMD ||
             OPT(conf_options(conf), supervised) == SUPERVISED_AUTO;
    if (!prepare_process(&s))
        return 1;
    block_signals(&set);
    crash_install(PACKAGE_VERSION, runner_command);
    crash_thread_begin();
    hash_init();
    clock_calibrate();
    commands_init();
    if (!start(&s)) {
        close_listeners(&s);
        log_stop();
        return 1;
    }
    if (notify)
        process_notify("READY=1");
    run(&set);
    if (notify)
        process_notify("STOPPING=1");
    stop(&s);
    log_stop();
    return 0;
}

static int print(struct buf *text)
{
    bool ok = fwrite(text->p, 1, text->len, stdout) == text->len && fflush(stdout) == 0;

    buf_fini(text);
    return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct buf text = BUF_EMPTY;
    struct conf *conf;

    (void)argc;
    process_hold_standard();
    switch (load_start(argv, environ, &conf, &text)) {
    case LOAD_RUN:
        load_hide_secrets(argv, environ);
        buf_fini(&text);
        return serve(conf);
    case LOAD_CHECK:
        buf_fini(&text);
        conf_free(conf);
        buf_add_str(&text, "The configuration is valid.\n");
        return print(&text);
    case LOAD_HELP:
        sample_help(&text);
        return print(&text);
    case LOAD_SAMPLE:
        sample_file(&text);
        return print(&text);
    case LOAD_DOC:
        commands_init();
        commands_doc(&text);
        return print(&text);
    case LOAD_VERSION:
        buf_printf(&text, "Larder server v=%s malloc=%s\n", PACKAGE_VERSION, mem_allocator());
        return print(&text);
    case LOAD_REFUSED:
        fputs(buf_cstr(&text), stderr);
        return 1;
    }
    return 1;
}
