/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * machine: what this process may use of the machine it runs on.
 *
 * Role:    memory and processors, by the kernel's figures, affinity and the limits of the cgroup (versions 1 and 2).
 * Owns:    nothing; asks anew at each call.
 * Threads: any.
 * Used by: conf, for `threads auto` and `maxmemory 50%`.
 * Why:     in a container the machine's own figures are far too large.
 */
#ifndef LARDER_CONF_MACHINE_H
#define LARDER_CONF_MACHINE_H

#include <stdint.h>

/* Bytes; at least 1 MiB. */
uint64_t machine_memory(void);
/* What the cgroup allows of it, bytes; 0: there is no cgroup with a limit below the machine's memory. */
uint64_t machine_memory_limit(void);
/* Whole processors, a fraction counts as one; at least 1. */
int machine_cpus(void);

#endif
