/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * options: the values of the options, as the rest of the server reads them.
 *
 * Role:    one number for each option of the table (options.def). It is the value of a yes/no, an integer, a memory
 *          size or a word of a list. For a string it is a change counter: whoever keeps a copy (conf_dup) can tell with
 *          one load whether it is out of date.
 * Owns:    nothing; embedded in struct conf.
 * Threads: any; relaxed atomics. Options are independent: other threads may see two changes in another order.
 * Used by: all rooms above.
 * Why:     workers read limits on every request: one load, no lock, no look-up by name. The struct is generated from
 *          the table, so there is no second list to maintain.
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

/* Which clients may use DEBUG, MODULE and the protected options. */
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
    _Atomic int64_t hard; /* bytes above which the client is disconnected at once; 0: no limit */
    _Atomic int64_t soft; /* bytes that may be exceeded for `seconds`; 0: no limit */
    _Atomic int64_t seconds;
};

struct options {
#define OPTION(field, ...) _Atomic int64_t field;
#include "conf/options.def"
#undef OPTION
    struct output_limit output_limit[OUTPUT_CLASSES];
};

/* The number of the option with this field name: OPT(options, maxclients). */
#define OPT(options, field) atomic_load_explicit(&(options)->field, memory_order_relaxed)

/* maxmemory-clients in bytes, with a percentage of maxmemory resolved; 0: no limit. */
static inline int64_t options_maxmemory_clients(const struct options *o)
{
    int64_t v = OPT(o, maxmemory_clients);

    return v >= 0 ? v : (int64_t)((double)OPT(o, maxmemory) * (double)-v / 100.0);
}

#endif
