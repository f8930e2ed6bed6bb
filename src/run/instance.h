/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instance: the parts of one server that commands use.
 *
 * Role:    handed down by main; a command finds it in its call.
 * Owns:    nothing: main owns the parts, which outlive every worker.
 * Threads: the pointers never change; each part documents its own threads.
 * Used by: run, cmd, net.
 * Why:     instead of a global variable: a function accesses only its arguments.
 */
#ifndef LARDER_RUN_INSTANCE_H
#define LARDER_RUN_INSTANCE_H

#include "conf/conf.h"
#include "obs/log.h"
#include "obs/metrics.h"
#include "session/clients.h"
#include "session/pause.h"
#include "store/keyspace.h"

/* States in which only some commands may run (command.h: CMD_LOADING, CMD_STALE, CMD_ALLOW_BUSY). */
enum instance_state {
    INSTANCE_LOADING = 1 << 0, /* a snapshot is being loaded */
    INSTANCE_STALE = 1 << 1,   /* a replica without a connection to its primary that must not serve old data */
    INSTANCE_BUSY = 1 << 2,    /* a script runs for longer than busy-reply-threshold */
};

#define INSTANCE_MAGIC 0x696e7374u /* "inst" */

struct instance {
    uint32_t magic;
    struct keyspace *keyspace;
    struct conf *conf;
    const struct options *options; /* of conf */
    struct clients clients;
    struct pause pause;
    int64_t started;             /* ms since 1970 */
    int64_t started_mono;        /* ms, monotonic */
    char run_id[41];             /* 40 random hexadecimal digits, NUL */
    _Atomic unsigned replid_changes; /* by DEBUG CHANGE-REPL-ID */
    _Atomic uint32_t state;      /* of enum instance_state */
    _Atomic bool stops;          /* the server ends: commands that wait outside give up */
    _Atomic bool skip_checksums; /* DEBUG SET-SKIP-CHECKSUM-VALIDATION */
    _Atomic size_t loose_for, loose_least; /* a limit, and the least that was bounded since it was set: run/reclaim.c */
    struct log_limit failed_auth, http_requests;
    _Atomic uint64_t list_threshold; /* DEBUG QUICKLIST-PACKED-THRESHOLD; types/list.h */
    unsigned threads;
    const char *engine;     /* "io_uring" or "libev" */
    const char *executable; /* path, for INFO */
    /* Ends the server in an orderly way; returns at once. Set by main. */
    void (*shutdown)(void *arg);
    void *shutdown_arg;
    /* Wakes every worker, so that clients paused by CLIENT PAUSE continue. Set by main. */
    void (*resume)(void *arg);
    void *resume_arg;
};

/* Borrows the keyspace and the configuration until instance_fini. What else the server sets is 0. */
void instance_init(struct instance *in, struct keyspace *ks, struct conf *conf);
/* Forgets the clients. */
void instance_fini(struct instance *in);
/* Whether clients have to authenticate (requirepass). */
bool instance_has_password(const struct instance *in);
/* Whether protected mode refuses a client: no password is set, and the client is on another machine. */
#define INSTANCE_DENIED                                                                                                \
    "DENIED This server has no password and runs in protected mode: it serves clients on its own machine only. Set a " \
    "password (requirepass), or turn protected-mode off if the network keeps unknown clients out."
bool instance_denies(const struct instance *in, bool is_local);
/* Whether a client needs no password: none is set, and protected mode does not refuse the client. */
bool instance_is_open_to(const struct instance *in, bool is_local);

#endif
