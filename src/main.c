/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main: wires the rooms together: options in, callbacks up, threads on. Then waits for signals.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
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
#include "obs/log.h"
#include "run/command.h"
#include "run/instance.h"
#include "run/version.h"
#include "store/freer.h"
#include "store/quota.h"

#define SHARDS_LEAST       256
#define SHARDS_PER_THREAD  16
#define FILES_BESIDE       32 /* descriptors for other things than clients */
#define FILES_PER_THREAD   4
#define DEFAULT_PIDFILE    "/var/run/larder.pid"

struct server {
    struct conf *conf;
    struct instance instance;
    struct workers workers;
    struct lock lock; /* tcp, once there are clients */
    struct listeners tcp, local;
    int64_t port; /* where tcp listens */
    char *pidfile;
    char *socket_path;
};

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
    struct server *s = arg;

    (void)why;
    (void)size;
    keyspace_choose(s->instance.keyspace, OPT(conf_options(conf), maxmemory_policy));
    return true;
}

/* Goes to the working directory. */
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
static int64_t make_room(struct conf *conf)
{
    int64_t beside = FILES_BESIDE + FILES_PER_THREAD * conf_threads(conf);
    int64_t clients = OPT(conf_options(conf), maxclients);
    int64_t have = process_raise_files(clients + beside) - beside;

    return have < clients ? have : clients;
}

/* More clients need more descriptors. */
static bool apply_maxclients(void *arg, struct conf *conf, char *why, size_t size)
{
    int64_t have = make_room(conf);

    (void)arg;
    if (have == OPT(conf_options(conf), maxclients))
        return true;
    snprintf(why, size, "The operating system is not able to handle the specified number of clients, try with %lld",
             (long long)have);
    return false;
}

static void listen_all(struct server *s, const struct listeners *l)
{
    for (size_t i = 0; i < l->n; i++)
        workers_listen(&s->workers, l->fds[i]);
}

/* Stops listening at once, so that the same addresses can be opened anew. */
static void silence(const struct listeners *l)
{
    for (size_t i = 0; i < l->n; i++)
        shutdown(l->fds[i], SHUT_RDWR);
}

/* Listens again on sockets that were silenced, under descriptors the workers do not know yet. */
static struct listeners revived(const struct listeners *l, int backlog)
{
    struct listeners again = {mem_alloc((l->n + 1) * sizeof(int)), 0};

    for (size_t i = 0; i < l->n; i++) {
        int fd = dup(l->fds[i]);

        if (fd >= 0 && listen(fd, backlog) == 0)
            again.fds[again.n++] = fd;
        else if (fd >= 0)
            close(fd);
    }
    return again;
}

/* `bind` and `port` share a hook; the text blames the one that was changed. */
static bool apply_addresses(void *arg, struct conf *conf, char *why, size_t size)
{
    struct server *s = arg;
    int64_t port = OPT(conf_options(conf), port);
    struct listeners fresh;
    bool opened;

    lock_take(&s->lock);
    silence(&s->tcp);
    opened = listeners_open_tcp(conf, &fresh, why, size) == 0;
    if (!opened) {
        log_write(LOG_WARNING, "%s", why);
        snprintf(why, size, "%s",
                 port != s->port ? "Unable to listen on this port. Check server logs."
                                 : "Failed to bind to specified addresses.");
        fresh = revived(&s->tcp, OPT(conf_options(conf), tcp_backlog));
    } else {
        s->port = port;
    }
    for (size_t i = 0; i < s->tcp.n; i++)
        workers_unlisten(&s->workers, s->tcp.fds[i]);
    listeners_fini(&s->tcp, 0);
    s->tcp = fresh;
    listen_all(s, &s->tcp);
    lock_drop(&s->lock);
    return opened;
}

static void watch_options(struct server *s)
{
    conf_on_change(s->conf, OPT_loglevel, apply_loglevel, s);
    conf_on_change(s->conf, OPT_maxmemory_policy, apply_policy, s);
    conf_on_change(s->conf, OPT_dir, apply_dir, s);
    conf_on_change(s->conf, OPT_maxclients, apply_maxclients, s);
    conf_on_change(s->conf, OPT_bind, apply_addresses, s);
    conf_on_change(s->conf, OPT_port, apply_addresses, s);
}

/* ---- start ---- */

static unsigned shards_for(unsigned threads)
{
    unsigned n = SHARDS_LEAST;

    while (n < threads * SHARDS_PER_THREAD)
        n *= 2;
    return n;
}

static void order_shutdown(void *arg)
{
    (void)arg;
    kill(getpid(), SIGTERM);
}

static void resume_all(void *arg)
{
    struct server *s = arg;

    workers_signal(&s->workers, SIGNAL_RESUME);
}

static void make_run_id(char id[41])
{
    unsigned char bytes[20];

    rand_bytes(bytes, sizeof bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void build_instance(struct server *s)
{
    struct instance *in = &s->instance;

    in->conf = s->conf;
    in->options = conf_options(s->conf);
    in->threads = conf_threads(s->conf);
    in->keyspace = keyspace_new(shards_for(in->threads), OPT(in->options, databases));
    keyspace_choose(in->keyspace, OPT(in->options, maxmemory_policy));
    clients_init(&in->clients);
    in->started = clock_ms();
    in->started_mono = clock_mono_ms();
    make_run_id(in->run_id);
    in->executable = process_executable();
    in->shutdown = order_shutdown;
    in->resume = resume_all;
    in->resume_arg = s;
}

/* The engine that io-engine asks for, or falls back to. NULL: it cannot be had; `why` says so. */
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

/* False: said why on the standard error. */
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
}

/* Lowers maxclients where the limit of open files is too low for it, so that those beyond are told why they cannot be
 * served. False: there is no room for a single one; said so. */
static bool fit_maxclients(struct conf *conf)
{
    int64_t wanted = OPT(conf_options(conf), maxclients), have = make_room(conf);
    struct conf_error error;
    char text[32];

    if (have == wanted)
        return true;
    if (have < 1) {
        log_write(LOG_WARNING, "The limit of open files leaves no room for a client: raise it by %lld (ulimit -n)",
                  (long long)(1 - have));
        return false;
    }
    log_write(LOG_WARNING,
              "The limit of open files allows for %lld clients, not for maxclients %lld, which is lowered: raise the "
              "limit (ulimit -n) or set maxclients lower",
              (long long)have, (long long)wanted);
    snprintf(text, sizeof text, "%lld", (long long)have);
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

/* The one line that tells what was started. */
static void log_start(struct server *s)
{
    struct instance *in = &s->instance;
    char *limit = conf_dup(s->conf, OPT_maxmemory);
    struct buf where = BUF_EMPTY;

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

/* False: said why. */
static bool open_listeners(struct server *s)
{
    char why[512];

    if (listeners_open_tcp(s->conf, &s->tcp, why, sizeof why) != 0 ||
        listeners_open_unix(s->conf, &s->local, why, sizeof why) != 0) {
        log_write(LOG_WARNING, "%s", why);
        return false;
    }
    s->port = OPT(conf_options(s->conf), port);
    if (s->tcp.n + s->local.n == 0)
        log_write(LOG_WARNING, "There is nothing to listen on: set port and bind, or unixsocket");
    return s->tcp.n + s->local.n != 0;
}

static void close_listeners(struct server *s)
{
    if (s->local.n != 0)
        unlink(s->socket_path);
    listeners_fini(&s->tcp, 1);
    listeners_fini(&s->local, 1);
}

/* Everything up to the first client. False: said why. */
static bool start(struct server *s)
{
    char why[512] = "";
    const struct engine_ops *ops;

    log_notes(s->conf);
    if (!fit_maxclients(s->conf) || !open_listeners(s))
        return false;
    build_instance(s);
    ops = choose_engine(OPT(s->instance.options, io_engine), why, sizeof why);
    if (ops == NULL) {
        log_write(LOG_WARNING, "io-engine io_uring cannot be used: %s", why);
        return false;
    }
    s->instance.engine = ops->name;
    freer_start();
    log_start(s);
    if (workers_start(&s->workers, &s->instance, ops, s->instance.threads, why, sizeof why) != 0) {
        log_write(LOG_WARNING, "Cannot start the workers: %s", why);
        return false;
    }
    watch_options(s);
    quota_start();
    log_write(LOG_NOTICE, "Server initialized");
    write_pidfile(s);
    lock_take(&s->lock); /* the first client may change the list, when all of it is listened on */
    listen_all(s, &s->local);
    listen_all(s, &s->tcp);
    lock_drop(&s->lock);
    log_write(LOG_NOTICE, "Ready to accept connections");
    return true;
}

/* ---- running ---- */

static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

/* Blocked in every thread, so that they are taken in run alone. */
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
            log_write(LOG_NOTICE, "The log was opened anew");
        else
            log_write(LOG_WARNING, "The log could not be opened anew: %s", strerror(-error));
    }
    log_write(LOG_NOTICE, "Shutting down");
}

static void stop(struct server *s)
{
    workers_stop(&s->workers);
    close_listeners(s);
    if (s->pidfile[0] != 0)
        unlink(s->pidfile);
    quiesce_collect(); /* the workers have let go of everything */
    freer_stop();
#if defined(LARDER_SANITIZE) || defined(LARDER_DEBUG)
    /* To a leak checker its references are no pointers, and debug builds check the bytes that tables have counted;
     * elsewhere the kernel is faster. */
    keyspace_free(s->instance.keyspace);
#endif
    log_write(LOG_NOTICE, "Larder is now ready to exit, bye bye...");
}

/* Goes to its directory, opens the log, and goes into the background if that is asked for. False: said why. */
static bool settle_in(struct server *s)
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
    return error == 0 && open_log(s->conf); /* the standard output has become another */
}

static int serve(struct conf *conf)
{
    static struct server s = {.lock = LOCK_INIT(LISTENERS)};
    sigset_t set;
    bool notify;

    s.conf = conf;
    s.socket_path = conf_dup(conf, OPT_unixsocket);
    notify = OPT(conf_options(conf), supervised) == SUPERVISED_SYSTEMD ||
             OPT(conf_options(conf), supervised) == SUPERVISED_AUTO;
    if (!settle_in(&s))
        return 1;
    block_signals(&set);
    hash_init();
    clock_calibrate();
    commands_init();
    if (!start(&s)) {
        close_listeners(&s);
        return 1;
    }
    if (notify)
        process_notify("READY=1");
    run(&set);
    if (notify)
        process_notify("STOPPING=1");
    stop(&s);
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
