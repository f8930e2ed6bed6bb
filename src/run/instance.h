/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * instance: the parts of one server that commands may reach.
 *
 * Role:    handed down by main; a command finds it in its call.
 * Owns:    nothing: main owns the parts, which outlive every worker.
 * Threads: the pointers never change; what they point at says for itself.
 * Used by: cmd, net.
 * Why:     no global server: a function touches its arguments.
 */
#ifndef LARDER_RUN_INSTANCE_H
#define LARDER_RUN_INSTANCE_H

#include "conf/conf.h"
#include "obs/metrics.h"
#include "session/clients.h"
#include "session/pause.h"
#include "store/keyspace.h"

struct instance {
    struct keyspace *keyspace;
    struct conf *conf;
    const struct options *options; /* of conf */
    struct clients clients;
    struct pause pause;
    int64_t started;        /* ms since 1970 */
    int64_t started_mono;   /* ms, monotonic */
    char run_id[41];        /* 40 random hexadecimal digits, NUL */
    _Atomic size_t start_memory; /* bytes in use when the start was over */
    _Atomic bool skip_checksums; /* DEBUG SET-SKIP-CHECKSUM-VALIDATION */
    unsigned threads;
    const char *engine;     /* "io_uring" or "libev" */
    const char *executable; /* path, for INFO */
    /* Ends the server in an orderly way; returns at once. Set by main. */
    void (*shutdown)(void *arg);
    void *shutdown_arg;
    /* Wakes every worker so that clients put on hold by CLIENT PAUSE go on. Set by main. */
    void (*resume)(void *arg);
    void *resume_arg;
};

/* Whether clients have to say a password (requirepass). */
bool instance_has_password(const struct instance *in);

/* What one worker thread keeps between commands. */
struct runner {
    struct instance *instance;
    unsigned slot;           /* of the gate and of quiesce; the worker's number */
    struct metrics *metrics;
    int64_t now;             /* ms since 1970; read per batch, every millisecond in it, and after waiting for a lock */
    int64_t mono;            /* ms, monotonic; the same */
    uint64_t read_at;        /* the cycles at which these were read */
    uint64_t clock_cycles;   /* after so many they are read again */
    uint64_t cycles;         /* when the last command ended: where the next one's time begins */
    size_t beside;           /* bytes that maxmemory is not about: the server at its start, and clients as of read_at */
    int64_t next_evict;      /* when a slice of eviction is due, ns, monotonic; 0: there is nothing to evict */
    uint32_t unstamped;      /* commands since this worker advanced the stamps, and how many it takes (stamp.h) */
    uint32_t stamp_unit;
    struct lock_set *locks;  /* of the running unit; owned */
};

void runner_init(struct runner *r, struct instance *in, unsigned slot);
void runner_fini(struct runner *r);
/* A new batch begins: reads the clocks. */
void runner_tick(struct runner *r);
/* Evicts a slice where memory is over maxmemory, as commands do before they run: nobody may come for long. Sets
 * next_evict. */
void runner_make_room(struct runner *r);

#endif
