/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options: the values of the options, as the rest of the server reads them.
 *
 * Role:    one number for each option of the table (options.def): the value itself of a yes/no, a number, an
 *          amount of memory or a word from a list; for a string, a count that rises with each change of it, so
 *          that who keeps a copy (conf_dup) sees at the price of a load that it is old.
 * Owns:    nothing; embedded in struct conf.
 * Threads: any; relaxed atomics. An option stands for itself: nothing may be inferred from the order of two changes.
 * Used by: all rooms above.
 * Why:     workers read limits on every request: one load, no lock, no look-up by name. The struct is made
 *          from the same table as everything else, so there is no second list to keep in step.
 */
#ifndef LARDER_CONF_OPTIONS_H
#define LARDER_CONF_OPTIONS_H

#include <stdatomic.h>
#include <stdint.h>

enum option_id {
#define OPTION(field, ...) OPT_##field,
#include "conf/options.def"
#undef OPTION
    OPTION_COUNT
};

enum policy_id {
#define POLICY(id, word, functions) POLICY_##id,
#include "conf/policies.def"
#undef POLICY
    POLICY_COUNT
};

enum io_engine { IO_ENGINE_AUTO, IO_ENGINE_IO_URING, IO_ENGINE_LIBEV };

enum balance { BALANCE_ROUND_ROBIN, BALANCE_WEIGHTED, BALANCE_LEAST_CONNECTIONS, BALANCE_SOURCE_HASH };

/* Who may use DEBUG, MODULE and the protected options. */
enum access { ACCESS_NO, ACCESS_YES, ACCESS_LOCAL };

enum supervised { SUPERVISED_NO, SUPERVISED_SYSTEMD, SUPERVISED_AUTO, SUPERVISED_UPSTART };

/* In the order of enum log_level. */
enum loglevel { LOGLEVEL_DEBUG, LOGLEVEL_VERBOSE, LOGLEVEL_NOTICE, LOGLEVEL_WARNING, LOGLEVEL_NOTHING };

/* Bits of shutdown-on-sigint and shutdown-on-sigterm. */
enum shutdown_flag {
    SHUTDOWN_NOSAVE = 1,
    SHUTDOWN_SAVE = 2,
    SHUTDOWN_NOW = 4,
    SHUTDOWN_FORCE = 8,
};

/* The classes of client-output-buffer-limit. */
enum output_class { OUTPUT_NORMAL, OUTPUT_REPLICA, OUTPUT_PUBSUB, OUTPUT_CLASSES };

struct output_limit {
    _Atomic int64_t hard; /* bytes at which the client is cut at once; 0: never */
    _Atomic int64_t soft; /* bytes that may be passed for `seconds`; 0: no such limit */
    _Atomic int64_t seconds;
};

struct options {
#define OPTION(field, ...) _Atomic int64_t field;
#include "conf/options.def"
#undef OPTION
    struct output_limit output_limit[OUTPUT_CLASSES];
};

/* The number of one option, by the name of its field: OPT(options, maxclients). */
#define OPT(options, field) atomic_load_explicit(&(options)->field, memory_order_relaxed)

/* What maxmemory-clients allows all clients together, in bytes; 0: no limit. Resolves a percentage of maxmemory. */
static inline int64_t options_maxmemory_clients(const struct options *o)
{
    int64_t v = OPT(o, maxmemory_clients);

    return v >= 0 ? v : (int64_t)((double)OPT(o, maxmemory) * (double)-v / 100.0);
}

#endif
